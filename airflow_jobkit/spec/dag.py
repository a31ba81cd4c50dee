"""A DAG, as YAML describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from airflow_jobkit.engines import engine_names
from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.fields import Duration, describe, mistake
from airflow_jobkit.problems import Issue, Path, choices_remedy
from airflow_jobkit.spec.callables import Callbacks, callback_issues
from airflow_jobkit.spec.code import Code, OwnCodeSpec, resolve_code
from airflow_jobkit.spec.common import AirflowKeys
from airflow_jobkit.spec.defaults import DefaultArgs, parse_default_args
from airflow_jobkit.spec.graph import Edges, edge_issues
from airflow_jobkit.spec.groups import Group, parse_group
from airflow_jobkit.spec.members import Members, members_of
from airflow_jobkit.spec.model import Spec, Texts
from airflow_jobkit.spec.notifiers import choice_issue
from airflow_jobkit.spec.project import parse_with_engines
from airflow_jobkit.spec.schedule import ScheduleField
from airflow_jobkit.spec.settings import Settings, merge_options
from airflow_jobkit.spec.task import SparkTask, Task, parse_task
from airflow_jobkit.spec.templates import TEMPLATES, extended
from airflow_jobkit.spec.typed import type_issues
from airflow_jobkit.spec.values import CodeVersion, Moment, Name, name_problem

MOST_TASKS = 2000
"""Airflow's scheduler and its graph view are slow with half as many."""

RESERVED_PARAMS = frozenset({"code_version", "notification_service_type"})

# What other factories have beside what is known here, and what to write instead.
_ELSEWHERE: Mapping[str, str] = {
    "schedule_interval": "write `schedule: ...`",
    "timetable": "write `schedule: {__type__: <timetable>, ...}`",
    "timezone": "write the zone into the dates, 2026-01-01T00:00:00+01:00, and into the timetable",
    "doc_md_file_path": "write the text below `doc_md: |`",
    "doc_md_python_callable_file": "write the text below `doc_md: |`",
    "doc_md_python_callable_name": "write the text below `doc_md: |`",
    "dagrun_timeout_sec": "write `dagrun_timeout: 2h`",
    "sla_miss_callback": "take it out; Airflow 3 has no SLAs",
    "user_defined_macros": "write a plugin with macros, which every DAG can use",
}


def parse_members(value: Any) -> Mapping[Any, Any] | list[Any]:
    """Read tasks or groups: a mapping of ids, or a list; what is in it is read by `members_of`."""
    if not isinstance(value, Mapping | list):
        raise mistake(
            f"expected a mapping of keys, got {describe(value)}", "write `key: value` lines", "type"
        )
    return value


MembersField = Annotated[Any, BeforeValidator(parse_members)]


class DagKeys(Spec):
    """What a DAG can set beside its tasks; the names are Airflow's.

    Attributes:
        tasks: The tasks, by id or as a list.
        task_groups: Groups of tasks, by name or as a list; a group holds tasks and groups of its own.
        description: What it does, in a line.
        dag_display_name: How the UI names it.
        doc_md: Its documentation, in Markdown.
        schedule: When it runs: cron in UTC, a preset, an interval, a timetable, or assets.
        start_date: The first day to run for.
        end_date: The last day to run for.
        catchup: Whether runs of the past are made up for.
        tags: Words to find it by.
        params: A default, or a JSON Schema with a default, by name; the trigger form shows them.
        max_active_runs: How many of its runs go on at a time.
        max_active_tasks: How many of its tasks run at a time.
        concurrency: The older word for max_active_tasks.
        max_consecutive_failed_dag_runs: After how many failed runs in a row it is paused.
        dagrun_timeout: How long a run may take.
        fail_fast: Whether the first failure ends the run.
        is_paused_upon_creation: Whether it waits to be switched on.
        render_template_as_native_obj: Whether templates become Python values instead of text.
        template_searchpath: Folders to look for template files in.
        owner_links: Where the names of owners lead.
        access_control: Who may do what, by role.
        default_view: What the UI of Airflow 2 shows first.
        orientation: Which way its graph runs, in Airflow 2.
        on_success_callback: Called when a run has succeeded.
        on_failure_callback: Called when a run has failed.
        default_args: Defaults of all its tasks.
        engine: The Engine of its jobs.
        code: Where its code is, instead of the project's.
        code_version: The version of its jobs.
        notification_service_type: The notifier of its jobs.
    """

    tasks: MembersField = Field(default_factory=dict)
    task_groups: MembersField = Field(default_factory=dict)
    description: str | None = None
    dag_display_name: str | None = None
    doc_md: str | None = None
    schedule: ScheduleField = None
    start_date: Moment | None = None
    end_date: Moment | None = None
    catchup: bool = False
    tags: Texts = ()
    params: Mapping[Name, Any] = Field(default_factory=dict)
    max_active_runs: Annotated[int, Field(ge=1)] | None = None
    max_active_tasks: Annotated[int, Field(ge=1)] | None = None
    concurrency: Annotated[int, Field(ge=1)] | None = None
    max_consecutive_failed_dag_runs: Annotated[int, Field(ge=0)] | None = None
    dagrun_timeout: Duration | None = None
    fail_fast: bool | None = None
    is_paused_upon_creation: bool | None = None
    render_template_as_native_obj: bool | None = None
    template_searchpath: str | Texts | None = None
    owner_links: Mapping[str, str] | None = None
    access_control: Mapping[str, Any] | None = None
    default_view: str | None = None
    orientation: str | None = None
    on_success_callback: Callbacks = ()
    on_failure_callback: Callbacks = ()
    default_args: Mapping[Name, Any] = Field(default_factory=dict)
    engine: str | None = None
    code: OwnCodeSpec = OwnCodeSpec()
    code_version: CodeVersion | None = None
    notification_service_type: str | None = None


@dataclass(frozen=True)
class DagSpec:
    """A DAG: its own keys, its tasks in the order of the file, and what holds for its Spark tasks.

    Attributes:
        dag_id: Its id.
        keys: Its own keys.
        tasks: The tasks.
        code: Where the code of its jobs is.
        code_version: Their version; None where it has no jobs, and nobody names one.
        notification_service_type: Their notifier.
        default_args: Defaults of its tasks.
        groups: The groups, outer ones before inner ones.
        upstream: For each task and group, the ids that it waits for.
        members: Its tasks and groups as the file has them: their places and names.
    """

    dag_id: str
    keys: DagKeys
    tasks: tuple[Task, ...]
    code: Code
    code_version: str | None
    notification_service_type: str
    default_args: DefaultArgs = field(default_factory=DefaultArgs)
    groups: tuple[Group, ...] = ()
    upstream: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    members: Members = field(default_factory=Members, repr=False, compare=False)

    @property
    def spark_tasks(self) -> tuple[SparkTask, ...]:
        """The tasks that run a Job."""
        return tuple(task for task in self.tasks if isinstance(task, SparkTask))

    @property
    def group_of(self) -> Mapping[str, str]:
        """For each task and group in a group, the id of that."""
        return self.members.group_of

    def depth(self, member_id: str) -> int:
        """In how many groups a task or a group is."""
        return self.members.depth(member_id)

    def path_of(self, member_id: str) -> Path:
        """Where a task or a group stands in the DAG."""
        found = self.members.tasks.get(member_id) or self.members.groups.get(member_id)
        return found.path if found is not None else ("tasks", member_id)

    def resolve(self, name: str, group: str | None) -> str | None:
        """The id that a name means in a group."""
        return self.members.resolve(name, group)


def parse_dag(dag_id: object, data: object, settings: Settings) -> tuple[DagSpec | None, list[Issue]]:
    """Make a DagSpec from what YAML gave, or say everything that is wrong with it.

    The Issues' paths start at the DAG.
    """
    data, issues = extended(data)
    own = (
        {key: value for key, value in data.items() if key != TEMPLATES} if isinstance(data, Mapping) else data
    )
    keys, options, found = parse_with_engines(DagKeys, own)
    issues += map(_as_elsewhere, found)
    problem = name_problem(dag_id, "a DAG id")
    if problem is not None:
        issues.append(Issue((), *problem, "bad-value", at="key"))
    if keys is not None:
        code = resolve_code(settings.code.spec.overlaid_by(keys.code), settings.base)
        if isinstance(code, Issue):
            issues.append(code)
        else:
            settings = replace(settings, code=code)
    members = members_of(own) if isinstance(own, Mapping) else Members()
    issues += members.issues
    engine = str((own.get("engine") if isinstance(own, Mapping) else None) or settings.engine)
    tasks, found = _parse_tasks(members, engine, settings, merge_options(settings.options, options))
    issues += found
    groups, found = _parse_groups(members)
    issues += found
    edges = Edges(members, tasks)
    issues += edge_issues(edges)
    listed = own.get("default_args") if isinstance(own, Mapping) else None
    defaults, found = parse_default_args(listed, settings.allowed_operators)
    issues += found
    if keys is None:
        return None, issues
    issues += _dag_issues(keys, defaults, members, settings)
    spec = DagSpec(
        dag_id=str(dag_id),
        keys=keys,
        tasks=tuple(tasks.values()),
        code=settings.code,
        code_version=keys.code_version or settings.code_version,
        notification_service_type=keys.notification_service_type or settings.notification_service_type,
        default_args=defaults,
        groups=tuple(groups),
        upstream=edges.upstream,
        members=members,
    )
    if spec.code_version is None and spec.spark_tasks:
        remedy = "set code.version in jobkit.yaml, or code_version in the DAG"
        issues.append(Issue((), "no code version for its Spark jobs", remedy, "missing-key", at="key"))
    return (None, issues) if issues else (spec, [])


def _as_elsewhere(issue: Issue) -> Issue:
    """The Issue of a key that another factory knows, with what to write here."""
    if issue.code != "unknown-key" or len(issue.path) != 1:
        return issue
    key = str(issue.path[0])
    remedy = _ELSEWHERE.get(key)
    if remedy is None and key in AirflowKeys.model_fields:
        remedy = "write it below `default_args:`, for all tasks, or in a task"
    if remedy is None:
        return issue
    return replace(issue, message=f"`{key}` is no key of a DAG", remedy=remedy, code="elsewhere")


def _parse_tasks(
    members: Members, engine: str, settings: Settings, options: Mapping[str, EngineOptions]
) -> tuple[dict[str, Task], list[Issue]]:
    """The tasks of a DAG and what is wrong with them, also where the DAG's own keys are wrong."""
    tasks: dict[str, Task] = {}
    issues: list[Issue] = []
    for member in members.tasks.values():
        task, found = parse_task(member.id, member.data, engine, options, settings)
        if found:
            issues += [issue.below(*member.path) for issue in found]
        if task is not None:
            tasks[member.id] = task
    return tasks, issues


def _parse_groups(members: Members) -> tuple[list[Group], list[Issue]]:
    groups: list[Group] = []
    issues: list[Issue] = []
    for member in members.groups.values():
        group, found = parse_group(member)
        issues += [issue.below(*member.path) for issue in found]
        if group is not None:
            groups.append(group)
    return groups, issues


def _dag_issues(keys: DagKeys, defaults: DefaultArgs, members: Members, settings: Settings) -> list[Issue]:
    """What is wrong with a DAG beyond its single keys and tasks."""
    issues: list[Issue] = [
        *callback_issues(keys, settings.allowed_operators),
        *type_issues(keys.params, ("params",)),
    ]
    if len(members.tasks) > MOST_TASKS:
        message = f"the DAG has {len(members.tasks):,} tasks, and {MOST_TASKS:,} are the most"
        remedy = "split it, or map one task over a list with `expand`"
        issues.append(Issue(("tasks",), message, remedy, "too-large", at="key"))
    if not (keys.tasks or keys.task_groups or members.tasks):
        issues.append(Issue(("tasks",), "the DAG has no tasks", "add a task", "no-tasks", at="key"))
    start, end = keys.start_date or defaults.keys.start_date, keys.end_date or defaults.keys.end_date
    if isinstance(keys.schedule, str) and start is None:
        remedy = "add `start_date: 2026-01-01`, the first day to run for"
        issues.append(Issue(("schedule",), "a schedule needs a start date", remedy, "missing-key", at="key"))
    if end is not None and start is not None and end < start:
        message, remedy = "the end is before the start", "correct one of the two dates"
        issues.append(Issue(("end_date",), message, remedy, "contradiction"))
    if keys.notification_service_type is not None:
        path, service = ("notification_service_type",), keys.notification_service_type
        issue = choice_issue(path, service, settings.notifiers, settings.environment)
        issues += [issue] if issue is not None else []
    for name in sorted(RESERVED_PARAMS.intersection(keys.params)):
        remedy = f"take it out; `{name}: ...` in the DAG sets its default"
        issues.append(Issue(("params", name), "every DAG has this param", remedy, "reserved-name", at="key"))
    return issues


def defaults_issues(data: Mapping[Any, Any]) -> list[Issue]:
    """What is wrong with defaults of DAGs by themselves: a layer that holds no DAG of its own."""
    keys, _, issues = parse_with_engines(DagKeys, {key: v for key, v in data.items() if key != TEMPLATES})
    issues = [*map(_as_elsewhere, issues)]
    known = {*DagKeys.model_fields, *engine_names(), TEMPLATES}
    issues += [
        Issue((key,), "a key is text", choices_remedy(key, known), "type", at="key")
        for key in data
        if not isinstance(key, str)
    ]
    if keys is not None:
        issues += parse_default_args(keys.default_args, None)[1]
    return issues

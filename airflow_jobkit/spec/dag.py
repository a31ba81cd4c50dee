"""A DAG, as YAML describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_jobkit.engines import engine_names
from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.problems import KEYS_LISTED, Issue, Path, choices_remedy
from airflow_jobkit.spec.callables import callback_issues, macro_issues
from airflow_jobkit.spec.code import Code, resolve_code
from airflow_jobkit.spec.common import AirflowKeys
from airflow_jobkit.spec.dag_keys import DagKeys, as_elsewhere
from airflow_jobkit.spec.defaults import DefaultArgs, parse_default_args
from airflow_jobkit.spec.file_functions import OF_CALLBACKS, FileKeys, with_file_functions
from airflow_jobkit.spec.graph import Edges, argument_issues, edge_issues
from airflow_jobkit.spec.groups import Group, parse_group
from airflow_jobkit.spec.members import members_of
from airflow_jobkit.spec.membership import Members
from airflow_jobkit.spec.notifiers import choice_issue
from airflow_jobkit.spec.params import param_issues
from airflow_jobkit.spec.project import parse_with_engines
from airflow_jobkit.spec.schedule import AssetSchedule
from airflow_jobkit.spec.settings import Settings, merge_options
from airflow_jobkit.spec.task import SparkTask, Task, parse_task
from airflow_jobkit.spec.templates import TEMPLATES, extended
from airflow_jobkit.spec.typed import type_issues
from airflow_jobkit.spec.values import name_problem
from airflow_jobkit.spec.zones import TIMEZONE, dag_in_timezone, members_in_timezone

MOST_TASKS = 2000
"""Airflow's scheduler and its graph view are slow with half as many."""

DAG_CALLBACKS = FileKeys({name: keys for name, keys in OF_CALLBACKS.items() if name in DagKeys.model_fields})
RESERVED_PARAMS = frozenset({"code_version", "notification_service_type"})


_READ_APART = frozenset({"tasks", "task_groups", "default_args"})
"""Keys whose data is not kept: what it describes stands beside the keys."""


@dataclass(frozen=True)
class DagSpec:
    """A DAG: its own keys, its tasks in the order of the file, and what holds for its Spark tasks.

    Attributes:
        dag_id: Its id.
        keys: Its own keys; without the data of its tasks, groups and default_args, which stand beside them.
        tasks: The tasks.
        code: Where the code of its jobs is.
        code_version: Their version or channel; None where it has no jobs, and nobody names one.
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
    def timezone(self) -> str:
        """The time zone of cron: the DAG's, else that of its first day where `default_args` say it."""
        of_defaults = self.default_args.timezone if self.keys.start_date is None else None
        return self.keys.timezone or of_defaults or "UTC"

    def defaults_of(self, task_id: str) -> Iterator[AirflowKeys]:
        """The `default_args` around a task, the nearest first: its groups', the DAG's."""
        groups = {group.group_id: group for group in self.groups}
        around = self.group_of.get(task_id)
        while around is not None:
            if around in groups:
                yield groups[around].default_args.keys
            around = self.group_of.get(around)
        yield self.default_args.keys

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
    own = {key: value for key, value in data.items() if key != TEMPLATES} if isinstance(data, dict) else data
    if isinstance(own, dict):
        own = dag_in_timezone(own) if TIMEZONE in own else own
        own, found = with_file_functions(own, DAG_CALLBACKS)
        issues += found
    keys, options, found = parse_with_engines(DagKeys, own)
    issues += map(as_elsewhere, found)
    broken = {issue.path[0] for issue in found if issue.path} & set(engine_names())
    problem = name_problem(dag_id, "a DAG id")
    if problem is not None:
        issues.append(Issue((), *problem, "bad-value", at="key"))
    if keys is not None and keys.code.model_fields_set:
        code = resolve_code(settings.code.spec.overlaid_by(keys.code), settings.base)
        if isinstance(code, Issue):
            issues.append(code)
        else:
            settings = replace(settings, code=code)
    members = members_of(own) if isinstance(own, dict) else Members()
    issues += members.issues
    if isinstance(own, dict) and TIMEZONE in own:
        members = members_in_timezone(members, own[TIMEZONE])
    engine = str((own.get("engine") if isinstance(own, dict) else None) or settings.engine)
    tasks, found = _parse_tasks(members, engine, settings, merge_options(settings.options, options))
    # What is missing because the DAG's own options are wrong is told with those.
    issues += [one for one in found if one.code != "missing-key" or not broken.intersection(one.path[-1:])]
    groups, found = _parse_groups(members, settings)
    issues += found
    edges = Edges(members, tasks)
    issues += edge_issues(edges)
    issues += argument_issues(members, tasks)
    listed = own.get("default_args") if isinstance(own, dict) else None
    defaults, found = parse_default_args(listed, settings)
    issues += found
    told = {issue.path for issue in issues}
    issues += [issue for issue in type_issues(own) if issue.path[:-1] not in told]
    if keys is None:
        return None, issues
    issues += _dag_issues(str(dag_id), keys, defaults, members, settings)
    spec = DagSpec(
        dag_id=str(dag_id),
        keys=keys.model_copy(update={name: {} for name in _READ_APART & keys.model_fields_set}),
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


def _parse_groups(members: Members, settings: Settings) -> tuple[list[Group], list[Issue]]:
    groups: list[Group] = []
    issues: list[Issue] = []
    for member in members.groups.values():
        group, found = parse_group(member, settings)
        issues += [issue.below(*member.path) for issue in found]
        if group is not None:
            groups.append(group)
    return groups, issues


def _dag_issues(
    dag_id: str, keys: DagKeys, defaults: DefaultArgs, members: Members, settings: Settings
) -> list[Issue]:
    """What is wrong with a DAG beyond its single keys and tasks."""
    issues: list[Issue] = [*callback_issues(keys, settings.allowed_operators)]
    for name in ("user_defined_macros", "user_defined_filters"):
        issues += macro_issues(getattr(keys, name), (name,), settings.allowed_operators)
    issues += _contradictions(dag_id, keys)
    many, noun = max((len(members.tasks), "tasks"), (len(members.groups), "groups"))
    if many > MOST_TASKS:
        message = f"the DAG has {many:,} {noun}, and {MOST_TASKS:,} are the most"
        remedy = "split it, or map one task over a list with `expand`"
        issues.append(Issue(("tasks",), message, remedy, "too-large", at="key"))
    if not (keys.tasks or keys.task_groups or members.tasks):
        issues.append(Issue(("tasks",), "the DAG has no tasks", "add a task", "no-tasks", at="key"))
    start, end = keys.start_date or defaults.keys.start_date, keys.end_date or defaults.keys.end_date
    timed = keys.schedule is not None and not isinstance(keys.schedule, AssetSchedule)
    if timed and keys.catchup and start is None:
        message, remedy = (
            "`catchup` needs a start date",
            "add `start_date: 2026-01-01`, the first day to run for",
        )
        issues.append(Issue(("catchup",), message, remedy, "missing-key", at="key"))
    if end is not None and start is not None and end < start:
        message, remedy = "the end is before the start", "correct one of the two dates"
        issues.append(Issue(("end_date",), message, remedy, "contradiction"))
    if keys.notification_service_type is not None:
        path, service = ("notification_service_type",), keys.notification_service_type
        issue = choice_issue(path, service, settings.notifiers, settings.environment)
        issues += [issue] if issue is not None else []
    issues += param_issues(keys.params)
    for name in sorted(RESERVED_PARAMS.intersection(keys.params)):
        remedy = f"take it out; `{name}: ...` in the DAG sets its default"
        issues.append(Issue(("params", name), "every DAG has this param", remedy, "reserved-name", at="key"))
    return issues


def _contradictions(dag_id: str, keys: DagKeys) -> Iterator[Issue]:
    """Keys of a DAG that say the same thing in two ways."""
    if keys.dag_id not in (None, dag_id):
        remedy = f"take it out, or rename the key {dag_id!r}"
        yield Issue(("dag_id",), "the id of a DAG is its key", remedy, "contradiction")
    for one, other, remedy in (
        ("doc_md", "doc_md_file_path", "take one of them out"),
        ("max_active_tasks", "concurrency", "take `concurrency` out, the older word"),
    ):
        if getattr(keys, one) is not None and getattr(keys, other) is not None:
            yield Issue((other,), f"both `{one}` and `{other}`", remedy, "contradiction", at="key")


def defaults_issues(data: Mapping[Any, Any]) -> list[Issue]:
    """What is wrong with defaults of DAGs by themselves: a layer that holds no DAG of its own."""
    passed_over = {TEMPLATES, *DAG_CALLBACKS.names}
    keys, _, issues = parse_with_engines(DagKeys, {k: v for k, v in data.items() if k not in passed_over})
    issues = [*map(as_elsewhere, issues)]
    known = {*DagKeys.model_fields, *engine_names(), TEMPLATES}
    issues += [
        Issue((key,), "a key is text", choices_remedy(key, known, KEYS_LISTED), "type", at="key")
        for key in data
        if not isinstance(key, str)
    ]
    if keys is not None:
        issues += parse_default_args(keys.default_args, None)[1]
    told = {issue.path for issue in issues}
    return [*issues, *(issue for issue in type_issues(data) if issue.path[:-1] not in told)]

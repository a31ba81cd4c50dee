"""A DAG, as YAML describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from pydantic import Field

from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.fields import Duration
from airflow_jobkit.problems import Issue
from airflow_jobkit.spec.code import Code, OwnCodeSpec, resolve_code
from airflow_jobkit.spec.graph import edge_issues
from airflow_jobkit.spec.model import Spec, Texts
from airflow_jobkit.spec.notifiers import choice_issue
from airflow_jobkit.spec.project import parse_with_engines
from airflow_jobkit.spec.settings import Settings, merge_options
from airflow_jobkit.spec.task import SparkTask, Task, parse_task
from airflow_jobkit.spec.values import CodeVersion, Moment, Name, Schedule, name_problem

RESERVED_PARAMS = frozenset({"code_version", "notification_service_type"})


class DefaultArgsSpec(Spec):
    """Defaults of all tasks of a DAG."""

    owner: str | None = None
    retries: Annotated[int, Field(ge=0)] | None = None
    retry_delay: Duration | None = None
    timeout: Duration | None = None


class DagKeys(Spec):
    """What a DAG can set beside its tasks; the names are Airflow's."""

    tasks: Mapping[Name, Any]
    description: str | None = None
    doc_md: str | None = None
    schedule: Schedule = None
    start_date: Moment | None = None
    end_date: Moment | None = None
    catchup: bool = False
    tags: Texts = ()
    params: Mapping[Name, Any] = Field(default_factory=dict)
    max_active_runs: Annotated[int, Field(ge=1)] | None = None
    max_active_tasks: Annotated[int, Field(ge=1)] | None = None
    dagrun_timeout: Duration | None = None
    default_args: DefaultArgsSpec = DefaultArgsSpec()
    engine: str | None = None
    code: OwnCodeSpec = OwnCodeSpec()
    code_version: CodeVersion | None = None
    notification_service_type: str | None = None


@dataclass(frozen=True)
class DagSpec:
    """A DAG: its own keys, its tasks in the order of the file, and what holds for its Spark tasks."""

    dag_id: str
    keys: DagKeys
    tasks: tuple[Task, ...]
    code: Code
    code_version: str | None
    notification_service_type: str

    @property
    def spark_tasks(self) -> tuple[SparkTask, ...]:
        """The tasks that run a Job."""
        return tuple(task for task in self.tasks if isinstance(task, SparkTask))


def parse_dag(dag_id: object, data: object, settings: Settings) -> tuple[DagSpec | None, list[Issue]]:
    """Make a DagSpec from what YAML gave, or say everything that is wrong with it.

    The Issues' paths start at the DAG.
    """
    keys, options, issues = parse_with_engines(DagKeys, data)
    problem = name_problem(dag_id, "a DAG id")
    if problem is not None:
        issues.append(Issue((), *problem, "bad-value", at="key"))
    if keys is not None:
        code = resolve_code(settings.code.spec.overlaid_by(keys.code), settings.base)
        if isinstance(code, Issue):
            issues.append(code)
        else:
            settings = replace(settings, code=code)
    tasks, task_issues = _parse_tasks(data, settings, merge_options(settings.options, options))
    issues += task_issues
    if keys is None:
        return None, issues
    issues += _dag_issues(keys, settings)
    spec = DagSpec(
        dag_id=str(dag_id),
        keys=keys,
        tasks=tuple(tasks),
        code=settings.code,
        code_version=keys.code_version or settings.code_version,
        notification_service_type=keys.notification_service_type or settings.notification_service_type,
    )
    if spec.code_version is None and spec.spark_tasks:
        remedy = "set code.version in jobkit.yaml, or code_version in the DAG"
        issues.append(Issue((), "no code version for its Spark jobs", remedy, "missing-key", at="key"))
    return (None, issues) if issues else (spec, [])


def _parse_tasks(
    data: object, settings: Settings, options: Mapping[str, EngineOptions]
) -> tuple[list[Task], list[Issue]]:
    """The tasks of a DAG and what is wrong with them, also where the DAG's own keys are wrong."""
    tasks_data = data.get("tasks") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(tasks_data, Mapping):
        return [], []
    engine = data.get("engine") or settings.engine
    tasks: list[Task] = []
    issues: list[Issue] = []
    for task_id, task_data in tasks_data.items():
        task, found = parse_task(str(task_id), task_data, str(engine), options, settings)
        issues += [issue.below("tasks", str(task_id)) for issue in found]
        if task is not None:
            tasks.append(task)
    edges = {str(task_id): _dependencies(task_data) for task_id, task_data in tasks_data.items()}
    return tasks, issues + edge_issues(edges)


def _dag_issues(keys: DagKeys, settings: Settings) -> list[Issue]:
    """What is wrong with a DAG beyond its single keys and tasks."""
    issues: list[Issue] = []
    if not keys.tasks:
        issues.append(Issue(("tasks",), "the DAG has no tasks", "add a task", "no-tasks", at="key"))
    if keys.schedule is not None and keys.start_date is None:
        remedy = "add `start_date: 2026-01-01`, the first day to run for"
        issues.append(Issue(("schedule",), "a schedule needs a start date", remedy, "missing-key", at="key"))
    if keys.end_date is not None and keys.start_date is not None and keys.end_date < keys.start_date:
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


def _dependencies(task_data: Any) -> list[object]:
    """A task's dependencies, as far as they can be read from a task that may be wrong."""
    listed = task_data.get("dependencies") if isinstance(task_data, Mapping) else None
    return listed if isinstance(listed, list) else []

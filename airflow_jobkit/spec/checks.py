"""What is wrong with a DAG as a whole, once every key of it is right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_jobkit.engines.options import RemoteOptions
from airflow_jobkit.fields import TYPE, duration_text
from airflow_jobkit.problems import Issue, Path
from airflow_jobkit.spec.code import Code, CodeLayout, CodeRoot, no_channel_issue
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.jobs import PublishedJobs, argument_issues
from airflow_jobkit.spec.references import reference_of
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.task import SparkTask, Task
from airflow_jobkit.spec.versions import is_channel

_BESIDE_CODE = '`code_version: "0.2.0"` beside it'
_TEMPLATE_MARKS = ("{{", "{%", "{#")


def dag_checks(spec: DagSpec, settings: Settings, jobs: PublishedJobs | None) -> list[Issue]:
    """Everything wrong with a DAG that its single keys and tasks do not show; paths start at the DAG.

    Args:
        spec: The DAG.
        settings: The Environment's Settings.
        jobs: The published jobs; None where they are not known, and what they would show is left out.
    """
    issues = [*_timeout_issues(spec, settings)]
    told: set[str] = set()
    for task in spec.spark_tasks:
        path = spec.path_of(task.task_id)
        for place, arguments in _argument_sets(task):
            found = task.options.argument_issues(_known(arguments))
            issues += [issue.below(*path, *place) for issue in found]
        issues += _layout_issues(spec, task, told)
        if jobs is not None and is_covered(task, jobs):
            issues += _published_issues(spec, task, jobs, told)
    return issues


def is_covered(task: SparkTask, jobs: PublishedJobs) -> bool:
    """Whether what is published tells of a task's job: its code is of the same code root."""
    return _is_of(task.code, jobs)


def _is_of(code: Code, jobs: PublishedJobs) -> bool:
    return isinstance(code, CodeRoot) and code.root == jobs.code_root


def takes_channels(spec: DagSpec) -> bool:
    """Whether a run of a DAG may be asked for a channel.

    Files that are named one by one have none, so one of their tasks makes it exact versions; but where the
    DAG's own is a channel, such tasks pin their versions, and the form has to take its own default.
    """
    if spec.code_version is not None and is_channel(spec.code_version):
        return True
    return not any(isinstance(code, CodeLayout) for code in (spec.code, *(t.code for t in spec.spark_tasks)))


def _layout_issues(spec: DagSpec, task: SparkTask, told: set[str]) -> Iterator[Issue]:
    """The Issue of a task whose version is a channel, where there are none, or whose code has none.

    A channel that a task pins is looked up where its code is; that of the DAG, where the DAG's is.

    Args:
        spec: The DAG.
        task: The task.
        told: The versions of the DAG whose mistakes are told already; grows.
    """
    version = task.keys.code_version or spec.code_version
    if version is None or not is_channel(version):
        return
    path = spec.path_of(task.task_id)
    if task.keys.code_version is not None:
        if isinstance(task.code, CodeLayout):
            yield no_channel_issue((*path, "code_version"))
    elif isinstance(spec.code, CodeLayout):
        if version not in told:
            told.add(version)
            if spec.keys.code_version is not None:
                yield no_channel_issue(("code_version",))
            else:
                yield no_channel_issue(("code",), _BESIDE_CODE)
    elif isinstance(task.code, CodeLayout):
        yield no_channel_issue((*path, "code"), _BESIDE_CODE)


def _timeout_issues(spec: DagSpec, settings: Settings) -> Iterator[Issue]:
    """The Issue of a DAG run that ends before one of its tasks may."""
    whole = spec.keys.dagrun_timeout
    if whole is None:
        return
    limits = {task.task_id: _limit(spec, task, settings) for task in spec.tasks}
    task_id, longest = max(
        ((name, limit) for name, limit in limits.items() if limit is not None),
        key=lambda pair: pair[1],
        default=(None, whole),
    )
    if longest > whole:
        message = f"a run may take {duration_text(whole)}, and its task {task_id} {duration_text(longest)}"
        remedy = f"write {duration_text(longest)} or more, or lower the task's time-out"
        yield Issue(("dagrun_timeout",), message, remedy, "contradiction")


def _limit(spec: DagSpec, task: Task, settings: Settings) -> dt.timedelta | None:
    """How long a task may take by what the DAG says; what the project says of every DAG is not meant."""
    limits = [_own_timeout(spec, task)]
    options = task.options if isinstance(task, SparkTask) else None
    if isinstance(task, SparkTask) and isinstance(options, RemoteOptions):
        of_project = settings.options.get(task.engine)
        if "timeout" in options.model_fields_set and _timeout(options) != _timeout(of_project):
            limits.append(_timeout(options))
    return min((limit for limit in limits if limit is not None), default=None)


def _own_timeout(spec: DagSpec, task: Task) -> dt.timedelta | None:
    """The time-out of a task: its own, the nearest group's, the DAG's."""
    for keys in (task.keys, *spec.defaults_of(task.task_id)):
        found = keys.timeout or keys.execution_timeout
        if found is not None:
            return found
    return None


def _timeout(options: object) -> dt.timedelta | None:
    found = getattr(options, "timeout", None)
    return found if isinstance(found, dt.timedelta) else None


def _published_issues(spec: DagSpec, task: SparkTask, jobs: PublishedJobs, told: set[str]) -> Iterator[Issue]:
    """What is wrong with a task's version, job and arguments.

    Args:
        spec: The DAG.
        task: The task.
        jobs: The published jobs.
        told: The versions of the DAG and the project whose mistakes are told already; grows.
    """
    path = spec.path_of(task.task_id)
    version = task.keys.code_version or spec.code_version
    if version is None:
        return
    if task.keys.code_version is None and is_channel(version) and not _is_of(spec.code, jobs):
        return  # it is a channel of the DAG's code root
    issue = jobs.version_issue(version)
    if issue is not None and task.keys.code_version is not None:
        yield issue.below(*path, "code_version")
    elif issue is not None and spec.keys.code_version is not None and version not in told:
        told.add(version)
        yield issue.below("code_version")
    job = jobs.job(version, task.keys.spark_job)
    if isinstance(job, Issue):
        yield job.below(*path, "spark_job")
    elif job is not None:
        for place, arguments in _argument_sets(task):
            found = argument_issues(job, arguments, _known(arguments))
            yield from (one.below(*path, *place) for one in found)


def _argument_sets(task: SparkTask) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The arguments of each run of a task's job, with where they stand; none where only a run knows them."""
    mapped, shared = task.keys.expand.get("job_args"), task.keys.partial.get("job_args")
    if isinstance(mapped, list):
        for position, item in enumerate(mapped):
            if isinstance(item, dict):
                yield ("expand", "job_args", position), item
    elif mapped is None and isinstance(shared, dict):
        yield ("partial", "job_args"), shared
    elif mapped is None and shared is None:
        yield ("args",), task.keys.args


def _known(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments whose values are known before the run."""
    return {name: value for name, value in arguments.items() if value is not None and not _is_open(value)}


def _is_open(value: Any) -> bool:
    """Whether only a run knows a value: a template, a reference to a task, an object."""
    if isinstance(value, str):
        return any(mark in value for mark in _TEMPLATE_MARKS) or reference_of(value) is not None
    if isinstance(value, dict):
        return TYPE in value or any(map(_is_open, value.values()))
    return isinstance(value, list | tuple) and any(map(_is_open, value))

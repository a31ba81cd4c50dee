"""What is wrong with a whole DAG: its time-outs with each other, its jobs against what is published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_jobkit.engines.options import RemoteOptions
from airflow_jobkit.fields import describe, duration_text
from airflow_jobkit.problems import Issue, choices_remedy, did_you_mean
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.task import SparkTask, Task


@dataclass(frozen=True)
class Parameter:
    """A parameter of a published job: the name of its type, and whether a run must give it."""

    type: str
    required: bool


@dataclass(frozen=True)
class PublishedJob:
    """A published job: its parameters, and whether it takes any further argument too."""

    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    accepts_others: bool = False


@dataclass(frozen=True)
class Published:
    """What is published at a code root.

    Attributes:
        code_root: The code root.
        releases: The jobs of each version, by their module names.
    """

    code_root: str
    releases: Mapping[str, Mapping[str, PublishedJob]]


def dag_checks(spec: DagSpec, published: Published | None, *, complete: bool = True) -> list[Issue]:
    """Everything wrong with a DAG that no single key shows; paths start at the DAG.

    Args:
        spec: The DAG.
        published: What is published; None: nobody knows, and jobs are not checked.
        complete: Whether all that is published is known; else a version that is missing may just be newer.
    """
    issues = [*_time_outs(spec)]
    if published is not None:
        for task in spec.spark_tasks:
            if getattr(task.code, "root", None) == published.code_root:
                path = spec.path_of(task.task_id)
                found = _job_issues(task, spec, published, complete=complete)
                issues += [issue.below(*path) for issue in found]
    return issues


def _time_outs(spec: DagSpec) -> Iterator[Issue]:
    """The DAG run's time-out, where a task alone may take longer."""
    limit = spec.keys.dagrun_timeout
    if limit is None:
        return
    for task in spec.tasks:
        longest = _own_time_out(task)
        if longest is not None and longest > limit:
            message = f"the DAG run may take {duration_text(limit)}, and its task {task.task_id} alone"
            message += f" {duration_text(longest)}"
            remedy = "raise dagrun_timeout, or lower the task's timeout"
            yield Issue(("dagrun_timeout",), message, remedy, "contradiction")
            return


def _own_time_out(task: Task) -> dt.timedelta | None:
    """How long a task may take, as far as somebody has said so."""
    said = task.keys.timeout or task.keys.execution_timeout
    if said is not None or not isinstance(task, SparkTask) or not isinstance(task.options, RemoteOptions):
        return said
    seconds = task.options.longest_run_seconds() if "timeout" in task.options.model_fields_set else None
    return dt.timedelta(seconds=seconds) if seconds is not None else None


def _job_issues(task: SparkTask, spec: DagSpec, published: Published, *, complete: bool) -> Iterator[Issue]:
    """A job, its version and its arguments, against what is published; paths start at the task."""
    version = task.keys.code_version or spec.code_version
    jobs = published.releases.get(str(version))
    if jobs is None:
        if complete and task.keys.code_version is not None and published.releases:
            remedy = choices_remedy(version, published.releases)
            yield Issue(("code_version",), f"no version {version} is published", remedy, "unknown-version")
        return
    name = task.keys.spark_job.partition(":")[0]
    job = jobs.get(task.keys.spark_job) or jobs.get(name)
    if job is None:
        message = f"no job {name} in version {version}"
        yield Issue(("spark_job",), message, choices_remedy(name, jobs), "unknown-job")
        return
    yield from _argument_issues(task, job, str(version))


def _argument_issues(task: SparkTask, job: PublishedJob, version: str) -> Iterator[Issue]:
    given = {name.replace("-", "_"): (name, value) for name, value in task.keys.args.items()}
    mapped = "job_args" in task.keys.expand or "job_args" in task.keys.partial
    for plain, (name, value) in given.items():
        parameter = job.parameters.get(plain)
        if parameter is not None:
            yield from _type_issues(name, value, parameter)
        elif not job.accepts_others:
            likely = did_you_mean(plain, job.parameters)
            remedy = f"did you mean {likely}?" if likely else _all_of(job)
            message = f"the job has no such parameter in {version}"
            yield Issue(("args", name), message, remedy, "unknown-argument", "key")
    missing = [name for name, one in job.parameters.items() if one.required and name not in given]
    if missing and not mapped:
        message = f"the job needs {', '.join(missing)}"
        yield Issue(("args",), message, f"add `args: {{{missing[0]}: ...}}`", "missing-argument", "key")


def _all_of(job: PublishedJob) -> str:
    return f"it has {', '.join(job.parameters)}" if job.parameters else "it has none; take this out"


_PLAIN: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "str": (str, int, float, bool, dt.date),
}


def _type_issues(name: str, value: Any, parameter: Parameter) -> Iterator[Issue]:
    """A plain value of a plainly wrong type; a template may become anything."""
    kinds = _PLAIN.get(parameter.type)
    if kinds is None or value is None:
        return
    if isinstance(value, str):
        is_template = "{{" in value or "{%" in value or value.startswith("+")
        fits = is_template or parameter.type == "str" or _reads_as(value, parameter.type)
    else:
        is_number = parameter.type in ("int", "float")
        fits = isinstance(value, kinds) and not (isinstance(value, bool) and is_number)
    if not fits:
        message = f"the job takes {parameter.type}, got {describe(value)}"
        yield Issue(("args", name), message, "correct the value", "bad-argument")


def _reads_as(text: str, kind: str) -> bool:
    """Whether a text on a command line reads as a number or a truth."""
    if kind == "bool":
        return text.lower() in ("true", "false", "1", "0", "yes", "no")
    try:
        {"int": int, "float": float}[kind](text)
    except ValueError:
        return False
    return True

"""What a YAML may set under `glue:`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field

from airflow_jobkit.engines.arguments import argument_text, plain_name
from airflow_jobkit.engines.glue.vocabulary import (
    ELSEWHERE,
    FLEX_WORKER_TYPES,
    OPTIONS_OF,
    RESERVED_ARGUMENTS,
    WorkerType,
    check_worker_type,
    check_workers,
)
from airflow_jobkit.engines.options import EngineOptions, RemoteOptions
from airflow_jobkit.fields import Duration, describe, duration_text, mistake
from airflow_jobkit.problems import Issue

MARKER_TAG = "airflow-jobkit"
PROJECT_TAG = "airflow-jobkit-project"

SHORTEST_TIMEOUT = dt.timedelta(minutes=1)
LONGEST_TIMEOUT = dt.timedelta(minutes=10_080)

LARGEST_ARGUMENTS = 260_000
"""All arguments of a run together, names and values, in bytes: Glue's limit of 260 KB."""

_OLDEST_GLUE = (4, 0)  # the first with the Python 3.10 that jobkit-runtime needs
_OLDEST_WITH_REQUIREMENTS = (5, 0)

# What a run takes from the job itself, and cannot be told: it must not be set beside an existing job.
_DEFINITION_ONLY = (
    "job_name",
    "iam_role_name",
    "iam_role_arn",
    "glue_version",
    "connections",
    "max_concurrent_runs",
    "tags",
)
_ROLES = ("iam_role_name", "iam_role_arn")

_PYTHON_MODULES = ("additional_python_modules", "python_modules_installer_option")


def _check_timeout(timeout: dt.timedelta) -> dt.timedelta:
    if not SHORTEST_TIMEOUT <= timeout <= LONGEST_TIMEOUT:
        raise mistake(
            f"not a time-out that Glue takes: {duration_text(timeout)}", "write one from 1m to 7d (10,080m)"
        )
    if timeout.total_seconds() % 60:
        raise mistake(
            f"Glue counts its time-out in whole minutes, got {duration_text(timeout)}",
            "round it to minutes, such as 5m or 1h30m",
        )
    return timeout


def _check_glue_version(version: str) -> str:
    if _version(version) < _OLDEST_GLUE:
        raise mistake(
            f"Glue {version} has a Python older than 3.10, which the jobs need", 'write "4.0" or a newer one'
        )
    return version


def _check_argument(name: str) -> str:
    if not re.fullmatch(r"--[A-Za-z][\w.-]*", name):
        raise mistake(f"not the name of a Glue argument: {describe(name)}", "start it with `--`")
    remedy = RESERVED_ARGUMENTS.get(plain_name(name))
    if remedy is not None:
        raise mistake(f"{name} cannot be set here", remedy, "reserved-name")
    return name


def _check_tag(name: str) -> str:
    if name in (MARKER_TAG, PROJECT_TAG) or name.startswith("aws:"):
        owner = "AWS" if name.startswith("aws:") else "jobkit"
        raise mistake(f"the tag {name} is set by {owner} itself", "rename the tag", "reserved-name")
    return name


class Options(RemoteOptions):
    """Options of AWS Glue.

    Attributes:
        job_name: The beginning of the definitions' names, `<job_name>-<hash>`; default: the project's name.
        existing_job: A job that is used as it is, instead of definitions of our own.
        iam_role_name: The role of the runs, by name; this, `iam_role_arn` or `existing_job` is needed.
        iam_role_arn: The role of the runs, by ARN.
        glue_version: Which Glue, and with it which Spark and Python, such as "5.0".
        worker_type: The size of a worker.
        number_of_workers: How many there are, the driver's among them.
        timeout: How long a run may take, in whole minutes; 8 hours is what Glue itself takes from 5.0 on.
        execution_class: FLEX is cheaper, and starts when there is room.
        connections: Glue connections, which give a network or credentials.
        security_configuration: Glue's security configuration, for encryption.
        max_concurrent_runs: How many runs of one definition there may be at a time.
        queueing: Whether a run waits where a limit is reached, instead of failing.
        tags: Tags of the definitions.
        requirements: An `s3://` URL of a requirements.txt, installed when the run starts; from Glue 5.0 on.
        arguments: Further arguments of Glue, such as `--enable-auto-scaling: "true"`; values are text.
        aws_conn_id: Airflow's connection; default: the project's.
        region_name: The AWS region; default: the connection's.
        lookup_window: How far Glue's list of runs may lag behind: so long after a request whose answer was
            lost its run is looked for before another one is started.
        stream_logs: Whether the driver's log is copied into the task's log.
    """

    elsewhere: ClassVar[Mapping[str, tuple[str, str]]] = ELSEWHERE
    waiting: ClassVar[frozenset[str]] = RemoteOptions.waiting | {"lookup_window", "stream_logs"}

    job_name: str | None = Field(default=None, pattern=r"^[\w.-]{1,200}$", examples=["dwh", "team-a.flights"])
    existing_job: str | None = Field(default=None, min_length=1, max_length=255)
    iam_role_name: str | None = Field(default=None, min_length=1)
    iam_role_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws[\w-]*:iam::\d{12}:role/.+$",
        examples=["arn:aws:iam::123456789012:role/glue-job-role"],
    )
    glue_version: Annotated[
        str, Field(pattern=r"^\d+\.\d+$", examples=['"5.0"', '"5.1"']), AfterValidator(_check_glue_version)
    ] = "5.0"
    worker_type: Annotated[WorkerType, BeforeValidator(check_worker_type)] = "G.1X"
    number_of_workers: Annotated[int, Field(ge=2), BeforeValidator(check_workers)] = 2
    timeout: Annotated[Duration, AfterValidator(_check_timeout)] = dt.timedelta(hours=8)
    execution_class: Literal["STANDARD", "FLEX"] = "STANDARD"
    connections: tuple[str, ...] = Field(default=(), strict=False)
    security_configuration: str | None = Field(default=None, min_length=1)
    max_concurrent_runs: int = Field(default=100, ge=1)
    queueing: bool = True
    tags: Mapping[Annotated[str, AfterValidator(_check_tag)], str] = Field(default_factory=dict)
    requirements: str | None = Field(
        default=None, pattern=r"^s3://[^/]+/.+$", examples=["s3://code-bucket/code-prefix/requirements.txt"]
    )
    arguments: Mapping[Annotated[str, AfterValidator(_check_argument)], str] = Field(
        default_factory=dict, examples=[{"--enable-auto-scaling": "true"}]
    )
    aws_conn_id: str | None = Field(default=None, min_length=1)
    region_name: str | None = Field(default=None, min_length=1)
    lookup_window: Duration = dt.timedelta(minutes=1)
    stream_logs: bool = True

    def overlaid_by(self, upper: EngineOptions) -> Self:
        """These options with those of a later layer on top, where a choice takes out its alternatives.

        A layer that names an existing job drops what a lower one said of definitions, one that names a role
        drops an existing job and the other way to name a role.
        """
        chosen = {name for name in upper.model_fields_set if getattr(upper, name) is not None}
        dropped: set[str] = set()
        if "existing_job" in chosen:
            dropped.update(_DEFINITION_ONLY)
        elif chosen.intersection(_ROLES):
            dropped.update(("existing_job", *_ROLES))
        kept = {name: getattr(self, name) for name in self.model_fields_set - dropped}
        return super(Options, type(self).model_validate(kept)).overlaid_by(upper)

    def longest_run_seconds(self) -> float | None:
        """How long a run may take by its own time-out; None where that is an existing job's."""
        if self.existing_job is not None and "timeout" not in self.model_fields_set:
            return None
        return self.timeout.total_seconds()

    def issues(self) -> list[Issue]:
        """What is missing or contradictory once all layers are together; paths start at `glue:`."""
        return [*self._job_issues(), *self._worker_issues(), *self._requirements_issues()]

    def argument_issues(self, arguments: Mapping[str, Any]) -> list[Issue]:
        """What is wrong with a job's own arguments on Glue; paths start at the arguments."""
        both = {plain_name(name): name for name in self.arguments}
        issues = [
            Issue(
                (name,),
                f"`glue: {{arguments: ...}}` sets {both[plain_name(name)]} too",
                "take it out there, or rename the job's parameter",
                "contradiction",
                at="key",
            )
            for name in arguments
            if plain_name(name) in both
        ]
        size = sum(
            len(f"--{name}".encode()) + len(argument_text(value).encode())
            for name, value in (*arguments.items(), *self.arguments.items())
        )
        if size > LARGEST_ARGUMENTS:
            message = f"the arguments have {size:,} bytes, and Glue takes {LARGEST_ARGUMENTS:,}"
            remedy = "put large ones into a file or a dataset, and pass its name"
            issues.append(Issue((), message, remedy, "too-large", at="key"))
        return issues

    def _job_issues(self) -> Iterator[Issue]:
        given = [name for name in _DEFINITION_ONLY if name in self.model_fields_set]
        if self.existing_job is not None:
            for name in given:
                if getattr(self, name) is not None:
                    message = f"the existing job {self.existing_job} has its own {name}"
                    remedy = f"take {name} out, or existing_job"
                    yield Issue((name,), message, remedy, "contradiction", at="key")
        elif self.iam_role_name is None and self.iam_role_arn is None:
            remedy = "set iam_role_name or iam_role_arn, or existing_job to use a job as it is"
            yield Issue((), "Glue needs a role for the runs", remedy, "missing-key", at="key")
        elif self.iam_role_name is not None and self.iam_role_arn is not None:
            message = "both iam_role_name and iam_role_arn are set"
            yield Issue(("iam_role_arn",), message, "take one of them out", "contradiction", at="key")

    def _worker_issues(self) -> Iterator[Issue]:
        for name in self.arguments:
            key = OPTIONS_OF.get(plain_name(name))
            if key is not None:
                message, remedy = f"`{key}` says this", f"set {key} instead"
                yield Issue(("arguments", name), message, remedy, "contradiction", at="key")
        if self.execution_class == "FLEX" and self.worker_type not in FLEX_WORKER_TYPES:
            message = f"FLEX has no {self.worker_type} workers"
            remedy = f"write {' or '.join(FLEX_WORKER_TYPES)}, or execution_class: STANDARD"
            yield Issue(("worker_type",), message, remedy, "contradiction")

    def _requirements_issues(self) -> Iterator[Issue]:
        if self.requirements is None:
            return
        # The version of an existing job is not known here.
        if self.existing_job is None and _version(self.glue_version) < _OLDEST_WITH_REQUIREMENTS:
            message = f"Glue {self.glue_version} installs no requirements file"
            remedy = 'set glue_version: "5.0" or newer, or name the modules in '
            remedy += '`arguments: {--additional-python-modules: "..."}`'
            yield Issue(("requirements",), message, remedy, "contradiction", at="key")
        for name in self.arguments:
            if plain_name(name) in _PYTHON_MODULES:
                message = f"`requirements` sets {name} too"
                yield Issue(("arguments", name), message, "take one of them out", "contradiction", at="key")


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)

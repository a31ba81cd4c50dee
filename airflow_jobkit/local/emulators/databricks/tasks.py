"""One task of a `runs/submit` request, checked as the service checks it.

Where the service's own words are known, from its users' reports, they are used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from airflow_jobkit.local.emulators.databricks.fields import (
    Document,
    as_text,
    items,
    mapping,
    mappings,
    text,
    whole,
)
from airflow_jobkit.local.emulators.databricks.refused import RefusedError, invalid

MOST_PARAMETER_BYTES = 10_000

_COMPUTE = ("new_cluster", "existing_cluster_id")
_PATHS = re.compile(r"/|dbfs:/|s3a?:/")
_ECHOED = ("description", "new_cluster", "existing_cluster_id", "libraries", "environment_key", "depends_on")


@dataclass(frozen=True)
class NewCluster:
    """A cluster of the run's own; `variables` are its `spark_env_vars`."""

    spark_version: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ExistingCluster:
    """A cluster that other runs share."""

    cluster_id: str


@dataclass(frozen=True)
class Serverless:
    """Compute of the service's own, with an environment of the run's."""


Compute = NewCluster | ExistingCluster | Serverless


@dataclass(frozen=True)
class TaskSpec:
    """One task of a run.

    Attributes:
        key: Its name, unique in the run.
        python_file: Where the script is.
        parameters: The script's arguments.
        compute: Where it runs.
        wheels: The wheels to install.
        others: Libraries of other kinds, as text, which the emulator does not install.
        timeout_seconds: 0: none.
        depends_on: Keys of the tasks that must have succeeded.
        document: What the service repeats of the request when it is asked for the run.
    """

    key: str
    python_file: str
    parameters: tuple[str, ...]
    compute: Compute
    wheels: tuple[str, ...]
    others: tuple[str, ...]
    timeout_seconds: int
    depends_on: tuple[str, ...]
    document: Document


def task_spec(
    document: Document, key: str, environments: Mapping[str, list[str]], *, single: bool
) -> TaskSpec:
    """Read one task.

    Args:
        document: The task, or in the older form (`single`) the whole request.
        key: The task's key.
        environments: The dependencies of each environment of the run.
        single: Whether it is the older form, which knows no serverless compute.

    Raises:
        RefusedError: The service would not take it.
    """
    _check_compute(document, single)
    kinds = sorted(name for name in document if name.endswith("_task") and document[name] is not None)
    if not kinds:
        raise invalid(f"A task type, such as spark_python_task, must be specified for task {key}.")
    if kinds != ["spark_python_task"]:
        raise not_emulated(next(kind for kind in kinds if kind != "spark_python_task"))
    if text(document, "run_if") not in ("", "ALL_SUCCESS"):
        raise not_emulated(f"run_if {document['run_if']}")
    python = mapping(document, "spark_python_task")
    compute = _compute(document)
    wheels, others = _libraries(document, key, compute, environments)
    return TaskSpec(
        key=key,
        python_file=_python_file(python),
        parameters=_parameters(python),
        compute=compute,
        wheels=wheels,
        others=others,
        # At the top of the older form it is the run's.
        timeout_seconds=0 if single else timeout_seconds(document),
        depends_on=tuple(text(needed, "task_key") for needed in mappings(document, "depends_on")),
        document={
            "spark_python_task": dict(python),
            **{name: document[name] for name in _ECHOED if document.get(name) is not None},
        },
    )


def _check_compute(document: Document, single: bool) -> None:
    if single and not any(document.get(kind) for kind in _COMPUTE):
        raise invalid("One of job_cluster_key, new_cluster, or existing_cluster_id must be specified.")
    if document.get("job_cluster_key"):
        raise shared_clusters()
    if all(document.get(kind) for kind in _COMPUTE):
        raise invalid("Only one of job_cluster_key, new_cluster, or existing_cluster_id can be specified.")


def _python_file(python: Document) -> str:
    if python.get("source") not in (None, "WORKSPACE"):
        raise not_emulated(f"source {python['source']}")
    file = text(python, "python_file")
    if not _PATHS.match(file):
        raise invalid(
            f"Invalid python file URI: {file}. Please visit Databricks user guide for supported URI schemes."
        )
    return file


def _parameters(python: Document) -> tuple[str, ...]:
    parameters = [as_text(value, "parameters") for value in items(python, "parameters")]
    size = len(json.dumps({"python_params": parameters}, separators=(",", ":"), ensure_ascii=False).encode())
    if size > MOST_PARAMETER_BYTES:
        raise invalid(
            f"The JSON representation of the parameters has {size} bytes; "
            f"it cannot exceed {MOST_PARAMETER_BYTES} bytes."
        )
    return tuple(parameters)


def _compute(document: Document) -> Compute:
    cluster_id = text(document, "existing_cluster_id")
    if cluster_id:
        return ExistingCluster(cluster_id)
    cluster = mapping(document, "new_cluster")
    if document.get("new_cluster") is None:
        return Serverless()
    by_policy = bool(text(cluster, "policy_id"))
    version = text(cluster, "spark_version")
    if not version and not by_policy:
        raise invalid("Missing required field: settings.cluster_spec.new_cluster.spark_version")
    sized = any(cluster.get(name) is not None for name in ("num_workers", "autoscale", "is_single_node"))
    if not sized and not by_policy:
        raise invalid("Missing required field: settings.cluster_spec.new_cluster.size")
    variables = mapping(cluster, "spark_env_vars")
    return NewCluster(version, {name: as_text(value, name) for name, value in variables.items()})


def _libraries(
    document: Document, key: str, compute: Compute, environments: Mapping[str, list[str]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The wheels of a task, and all else that it wants installed."""
    libraries = mappings(document, "libraries")
    if isinstance(compute, Serverless):
        if libraries:
            raise invalid(
                "Libraries field is not supported for serverless task, "
                "please specify libraries in environment."
            )
        dependencies = _dependencies(text(document, "environment_key"), key, environments)
        wheels = tuple(name for name in dependencies if _PATHS.match(name) and name.endswith(".whl"))
        return wheels, tuple(name for name in dependencies if name not in wheels)
    wheels = tuple(text(library, "whl") for library in libraries if library.get("whl"))
    return wheels, tuple(json.dumps(library) for library in libraries if not library.get("whl"))


def _dependencies(environment: str, key: str, environments: Mapping[str, list[str]]) -> list[str]:
    if not environment:
        raise invalid(
            f"An environment is required for serverless task {key}. "
            "Please define one using `environments` and `environment_key`."
        )
    if environment not in environments:
        raise invalid(
            f"Job environment '{environment}' used by task {key} is not defined in field 'environments'."
        )
    return environments[environment]


def timeout_seconds(document: Document) -> int:
    """The time-out of a run or a task; 0: none."""
    seconds = whole(document, "timeout_seconds")
    if seconds < 0:
        raise invalid("timeout_seconds must not be negative.")
    return seconds


def shared_clusters() -> RefusedError:
    """Clusters that several tasks of a run share exist for jobs alone."""
    return invalid("Shared job cluster feature is not supported in runs/submit API.")


def not_emulated(what: str) -> RefusedError:
    """Something that the service has and the emulator has not; not a 501, which clients would repeat."""
    message = f"The emulator has no {what}; it runs spark_python_task alone."
    return RefusedError(400, "NOT_IMPLEMENTED", message)

"""The params of a DAG: its own, and the two that every DAG with a Spark job has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_jobkit._compat import Param
from airflow_jobkit.factory.building import BuildError
from airflow_jobkit.problems import Issue
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.values import VERSION_PATTERN

SHOWN_VERSIONS = 20


def dag_params(spec: DagSpec, settings: Settings, versions: Sequence[str]) -> dict[str, Any]:
    """The params of a DAG.

    Args:
        spec: The DAG.
        settings: The Environment's Settings.
        versions: The published versions, newest first; the trigger form suggests them.

    Raises:
        BuildError: A param is none, or its default does not fit its schema.
    """
    params = {name: _param(name, value) for name, value in spec.keys.params.items()}
    if not spec.spark_tasks:
        return params
    suggestions: dict[str, Any] = {"examples": list(versions[:SHOWN_VERSIONS])} if versions else {}
    params["code_version"] = Param(
        spec.code_version,
        type="string",
        title="Code version",
        description="The release that this run executes; all its tasks and retries keep to it.",
        pattern=VERSION_PATTERN,
        **suggestions,
    )
    params["notification_service_type"] = Param(
        spec.notification_service_type,
        type="string",
        title="Notification service",
        description="Who is told when a job of this run ends.",
        enum=list(settings.notification_service_types),
    )
    return params


def _param(name: str, value: Any) -> Any:
    """A param from YAML: a JSON Schema with a default, or a plain default."""
    if not isinstance(value, Mapping) or not {"default", "type"}.intersection(value):
        return value
    try:
        param = Param(**value)
        if value.get("default") is not None:  # without one, the form asks for it
            param.resolve()
    except Exception as error:
        lines = str(error).splitlines() or [type(error).__name__]  # the others repeat the whole schema
        issue = Issue(("params", name), lines[0], "correct the default or its schema", "build")
        raise BuildError(issue) from error
    return param

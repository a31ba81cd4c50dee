"""The params of a DAG: its own, and the two that every DAG with a Spark job has."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from airflow_jobkit._compat import Param
from airflow_jobkit.factory.building import value_of
from airflow_jobkit.factory.findings import BuildError, made_each
from airflow_jobkit.fields import TYPE
from airflow_jobkit.problems import Issue
from airflow_jobkit.spec.checks import takes_channels
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.versions import CODE_VERSION_PATTERN, VERSION_PATTERN, is_channel

SHOWN_VERSIONS = 20


def dag_params(spec: DagSpec, settings: Settings, versions: Sequence[str]) -> dict[str, Any]:
    """The params of a DAG.

    Args:
        spec: The DAG.
        settings: The Environment's Settings.
        versions: The channels, then the published versions, newest first; the trigger form suggests them.

    Raises:
        BuildError: A param is none, or its default does not fit its schema.
    """
    scheduled = spec.keys.schedule is not None
    params = made_each(spec.keys.params, lambda name, value: _param(name, value, scheduled=scheduled))
    if not spec.spark_tasks:
        return params
    pattern = CODE_VERSION_PATTERN
    if not takes_channels(spec):
        pattern = VERSION_PATTERN
        versions = [version for version in versions if not is_channel(version)]
    suggestions: dict[str, Any] = {"examples": list(versions[:SHOWN_VERSIONS])} if versions else {}
    params["code_version"] = Param(
        spec.code_version,
        type="string",
        title="Code version",
        description="The release that this run executes: a version, or a channel, which is looked up once. "
        "All tasks and retries of the run keep to it.",
        pattern=pattern,
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


def _param(name: str, value: Any, *, scheduled: bool) -> Any:
    """A param from YAML: a JSON Schema with a default, a plain default, or one that is made already."""
    if isinstance(value, dict) and TYPE in value:
        return value_of(value, ("params", name))
    if not isinstance(value, dict) or not {"default", "type"}.intersection(value):
        return value
    try:
        param = Param(**value)
        # Without a default the form asks for it, which nobody answers where a schedule starts the run.
        if scheduled or value.get("default") is not None:
            _hold_to_schema(json.dumps(value, sort_keys=True, default=str))
    except Exception as error:
        lines = str(error).splitlines() or [type(error).__name__]  # the others repeat the whole schema
        message, remedy = lines[0], "correct the default or its schema"
        if value.get("default") is None and scheduled:
            message = f"a DAG with a schedule needs a default for each param: {message}"
        raise BuildError(Issue(("params", name), message, remedy, "build")) from error
    return param


@lru_cache(maxsize=4096)
def _hold_to_schema(document: str) -> None:
    """Check a default against its schema, once for all DAGs that have it.

    Raises:
        Exception: Airflow's, for a default that does not fit, or a schema that is none.
    """
    Param(**json.loads(document)).resolve()

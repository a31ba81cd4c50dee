"""What a YAML may set under `databricks:`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    WithJsonSchema,
    model_validator,
)

from airflow_jobkit.engines.arguments import job_arguments
from airflow_jobkit.engines.options import EngineOptions, RemoteOptions
from airflow_jobkit.fields import AlsoJson, Duration, describe, mistake
from airflow_jobkit.problems import Issue, Path

LARGEST_PARAMETERS = 10_000
"""The parameters of a task as JSON, in bytes: the limit of the Jobs API."""

COMPUTES = ("new_cluster", "existing_cluster_id", "serverless")
"""What a run can run on; exactly one of them is needed."""

_PRINCIPALS = ("user_name", "group_name", "service_principal_name")

_ONE_PRINCIPAL: list[JsonValue] = [
    {"required": [name], "properties": {name: {"type": "string"}}} for name in _PRINCIPALS
]

# What only a cluster made for the run can be told: our key, its place in new_cluster, and why.
_OF_NEW_CLUSTERS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "instance_profile_arn": (
        ("aws_attributes", "instance_profile_arn"),
        "it belongs to the cluster's machines",
    ),
    "environment": (("spark_env_vars",), "variables are set when a cluster starts"),
    "tags": (("custom_tags",), "they are those of the cluster's machines"),
}

# Fields of runs/submit that other keys stand for, those of its form with a single task among them.
_CODE = "take it out; script, arguments and wheels are those of the code version"
_RESERVED_FIELDS: Mapping[str, str] = {
    **{name: f"set `{name}` beside `submit`" for name in ("run_name", "access_control_list")},
    **{name: f"set `{name}` beside `submit`" for name in ("new_cluster", "existing_cluster_id")},
    "timeout_seconds": "set `timeout` beside `submit`",
    "environments": "set `serverless` beside `submit`",
    "idempotency_token": "take it out; jobkit sets it itself",
    "tasks": "take it out; a run has one task, made from the other keys",
    **dict.fromkeys(
        (
            "libraries",
            "spark_python_task",
            "python_wheel_task",
            "spark_jar_task",
            "spark_submit_task",
            "notebook_task",
            "pipeline_task",
            "sql_task",
            "dbt_task",
            "run_job_task",
        ),
        _CODE,
    ),
}


def _check_json(value: Any) -> Any:
    """Refuse what JSON has no form for, such as the date that YAML makes of an unquoted 2026-01-01."""
    _check_part(value, ())
    return value


def _check_part(value: Any, path: Path) -> None:
    match value:
        case None | bool() | int() | float() | str():
            pass
        case Mapping():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise mistake(f"a key is {describe(key)}, not text", "put the key in quotes", below=path)
                _check_part(item, (*path, key))
        case list() | tuple():
            for position, item in enumerate(value):
                _check_part(item, (*path, position))
        case _:
            message = f"the Jobs API takes no {type(value).__name__}: {describe(value)}"
            raise mistake(message, "put it in quotes", below=path)


def _check_field(name: str) -> str:
    remedy = _RESERVED_FIELDS.get(name)
    if remedy is not None:
        raise mistake(f"{name} cannot be set here", remedy, "reserved-name")
    return name


def _plain_serverless(value: Any) -> Any:
    if value is True:
        return {}
    if value is False:
        raise mistake("serverless: false has no meaning", "take it out, and name a cluster")
    return value


Json = Annotated[Any, AfterValidator(_check_json)]
_Field = Annotated[
    str,
    AfterValidator(_check_field),
    WithJsonSchema({"type": "string", "not": {"enum": [*_RESERVED_FIELDS]}}),
]


class Serverless(BaseModel):
    """Serverless compute.

    Attributes:
        environment_version: Which environment of Databricks, and with it which Python.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    environment_version: str = Field(default="4", pattern=r"^[1-9]\d*$", examples=['"2"', '"4"'])


class Permission(BaseModel):
    """What one user, group or service principal may do with the run.

    Attributes:
        user_name: The user; one of the three names is needed.
        group_name: The group.
        service_principal_name: The service principal.
        permission_level: What it may do.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, json_schema_extra={"oneOf": _ONE_PRINCIPAL}
    )

    user_name: str | None = Field(default=None, min_length=1)
    group_name: str | None = Field(default=None, min_length=1)
    service_principal_name: str | None = Field(default=None, min_length=1)
    permission_level: Literal["CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE", "IS_OWNER"]

    @model_validator(mode="after")
    def _name_one(self) -> Self:
        named = [name for name in _PRINCIPALS if getattr(self, name) is not None]
        if len(named) != 1:
            said = f"{' and '.join(named)} are set" if named else "it names nobody"
            raise mistake(f"a permission is for one: {said}", f"set one of {', '.join(_PRINCIPALS)}")
        return self


class Options(RemoteOptions):
    """Options of Databricks.

    Attributes:
        connection_id: Airflow's connection to the workspace.
        connection_name: The name by which the job itself knows a Databricks connection; it reaches the entry
            script as `--databricks_connection_name`.
        new_cluster: A cluster for this run alone, in the words of the Jobs API.
        existing_cluster_id: A running cluster. Its libraries are shared by all that runs on it, so the entry
            script takes the wheels into its own process: a job cannot live with that if its workers import
            the team's package too (in a UDF).
        serverless: Serverless compute: true, or `{environment_version: "4"}`.
        instance_profile_arn: The AWS instance profile of a new cluster.
        environment: Environment variables of a new cluster. A secret never stands here: write a reference
            such as `{{secrets/scope/key}}`, which Databricks resolves.
        access_control_list: Who may see or manage the run.
        timeout: How long a run may take; Databricks ends it then.
        run_name: The run's name; default: `<dag_id>.<task_id>`.
        tags: Tags of a new cluster.
        submit: Further fields of runs/submit, such as `email_notifications` or `queue`.
    """

    connection_id: str = Field(default="databricks_default", min_length=1)
    connection_name: str | None = Field(default=None, min_length=1)
    new_cluster: Mapping[str, Json] | None = Field(
        default=None,
        examples=[{"spark_version": "15.4.x-scala2.12", "node_type_id": "m5.large", "num_workers": 1}],
    )
    existing_cluster_id: str | None = Field(default=None, min_length=1)
    serverless: Annotated[
        Serverless | None, BeforeValidator(_plain_serverless), AlsoJson({"const": True})
    ] = None
    instance_profile_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws[\w-]*:iam::\d{12}:instance-profile/.+$",
        examples=["arn:aws:iam::123456789012:instance-profile/spark"],
    )
    environment: Mapping[str, str] = Field(
        default_factory=dict, examples=[{"TOKEN": "{{secrets/scope/key}}"}]
    )
    access_control_list: tuple[Permission, ...] = Field(default=(), strict=False)
    timeout: Duration | None = None
    run_name: str | None = Field(default=None, min_length=1, max_length=4096)
    tags: Mapping[str, str] = Field(default_factory=dict)
    submit: Mapping[_Field, Json] = Field(default_factory=dict)

    def overlaid_by(self, upper: EngineOptions) -> Self:
        """These options with those of a later layer on top, where a compute takes out the other ones.

        With a lower layer's new cluster goes what that layer said of it: instance profile, variables, tags.
        """
        chosen = {name for name in COMPUTES if getattr(upper, name, None) is not None}
        dropped = set(COMPUTES) - chosen if chosen else set()
        if chosen and "new_cluster" not in chosen:
            dropped.update(_OF_NEW_CLUSTERS)
        kept = {name: getattr(self, name) for name in self.model_fields_set - dropped}
        return super(Options, type(self).model_validate(kept)).overlaid_by(upper)

    def entry_arguments(self) -> tuple[tuple[str, str], ...]:
        """The name of the connection that the job itself uses."""
        if self.connection_name is None:
            return ()
        return (("databricks_connection_name", self.connection_name),)

    def longest_run_seconds(self) -> float | None:
        """How long a run may take by its own time-out; None: it has none."""
        return self.timeout.total_seconds() if self.timeout is not None else None

    def argument_issues(self, arguments: Mapping[str, Any]) -> list[Issue]:
        """What is wrong with a job's own arguments on Databricks; paths start at the arguments."""
        argv = [part for name, text in job_arguments(arguments) for part in (f"--{name}", text)]
        size = len(json.dumps(argv).encode())
        if size <= LARGEST_PARAMETERS:
            return []
        message = f"the arguments have {size:,} bytes as JSON, and Databricks takes {LARGEST_PARAMETERS:,}"
        remedy = "put large ones into a file or a dataset, and pass its name"
        return [Issue((), message, remedy, "too-large", at="key")]

    def issues(self) -> list[Issue]:
        """What is missing or contradictory once all layers are together; paths start at `databricks:`."""
        return [*self._compute_issues(), *self._cluster_issues()]

    def _compute_issues(self) -> Iterator[Issue]:
        given = [name for name in COMPUTES if getattr(self, name) is not None]
        if not given:
            remedy = "set one of new_cluster, existing_cluster_id and serverless"
            yield Issue((), "Databricks needs a compute for the runs", remedy, "missing-key", at="key")
        elif len(given) > 1:
            message = f"{' and '.join(given)} are set, and a run has one compute"
            yield Issue((given[-1],), message, f"keep one of {', '.join(given)}", "contradiction", at="key")

    def _cluster_issues(self) -> Iterator[Issue]:
        for name, (place, reason) in _OF_NEW_CLUSTERS.items():
            value = getattr(self, name)
            if not value:
                continue
            if self.new_cluster is None:
                message = f"{name} is for a new cluster: {reason}"
                yield Issue((name,), message, "take it out, or set new_cluster", "contradiction", at="key")
                continue
            for twice in _set_twice(self.new_cluster, place, value):
                message = f"new_cluster.{twice} says this too"
                yield Issue((name,), message, "take one of them out", "contradiction", at="key")


def _set_twice(cluster: Mapping[str, Any], place: tuple[str, ...], value: Any) -> list[str]:
    """The places in a cluster where our own key has something to put, and something stands already."""
    paths = [(*place, key) for key in value] if isinstance(value, dict) else [place]
    return [".".join(path) for path in paths if _stands_at(cluster, path)]


def _stands_at(cluster: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    found: Any = cluster
    for key in path:
        if not isinstance(found, dict) or key not in found:
            return False
        found = found[key]
    return True

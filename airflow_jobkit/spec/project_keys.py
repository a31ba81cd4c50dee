"""The keys of the project file, `dags/jobkit.yaml`, and of its Environments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema

from airflow_jobkit.fields import AlsoJson, Duration, describe, mistake
from airflow_jobkit.spec.code import CodeSpec
from airflow_jobkit.spec.model import Spec, Texts
from airflow_jobkit.spec.notifiers import BUILT_IN_NOTIFIERS, SERVICE
from airflow_jobkit.spec.schedule import CronField
from airflow_jobkit.spec.values import EngineName, Name


class DataSpec(Spec):
    """The folder of all datasets that have no path of their own.

    Attributes:
        root: The folder or URL; default: `.jobkit/data`.
    """

    root: str | None = Field(default=None, examples=[".jobkit/data", "s3://dwh-data/prod"])


class DatasetSpec(Spec):
    """Where a named dataset is, and how Spark reads it.

    Attributes:
        path: Its place; a relative one starts at the data root.
        format: How Spark reads and writes it.
        ddl: Its columns, in Spark's DDL.
        options: Options of Spark's reader and writer.
    """

    path: str = Field(examples=["raw/flights.csv", "s3://dwh-data/raw/flights"])
    format: str = Field(default="parquet", examples=["parquet", "csv", "delta"])
    ddl: str | None = Field(default=None, alias="schema", examples=["year INT, month INT, origin STRING"])
    options: Mapping[str, str] = Field(default_factory=dict, examples=[{"header": "true"}])

    def overlaid_by(self, upper: DatasetSpec) -> Self:
        """This dataset with what a later layer sets on top: options merge, everything else is replaced."""
        changes = {name: getattr(upper, name) for name in upper.model_fields_set}
        return self.model_copy(update={**changes, "options": {**self.options, **upper.options}})


class NotificationSpec(Spec):
    """Which notifier tells of a job's end, and the settings of each by its name, which may hold secrets.

    Attributes:
        service_type: The notifier of runs that choose none: `NOOP` tells nobody, `LOG` writes into the job's
            log, `SNS` sends to a topic, others are those of `services`; default: `NOOP`.
        services: The settings of each notifier, by its name: `topic_arn` of `SNS`, `class` of one of your
            own, as `package.module:Class`, with what its constructor takes.
    """

    service_type: str | None = Field(default=None, examples=[*BUILT_IN_NOTIFIERS])
    services: Mapping[Name, Annotated[Mapping[str, Any], WithJsonSchema(SERVICE)]] = Field(
        default_factory=dict, repr=False
    )


class OperatorsSpec(Spec):
    """Which import prefixes an `operator:` may come from, beside Airflow's own.

    Attributes:
        allow: The prefixes, such as `dwh.`, of operators, functions and callbacks.
    """

    allow: Texts = Field(default=(), examples=[["dwh."]])


class VariablesSpec(Spec):
    """Which environment variables a YAML may name as `${env:NAME}`; secrets never.

    Attributes:
        env: Their names.
    """

    env: Texts = Field(default=(), examples=[["TEAM", "REGION"]])


def _plain_sweeper(value: Any) -> Any:
    if isinstance(value, bool):
        return {"enabled": value}
    if not isinstance(value, dict):
        raise mistake(
            f"expected true, false or a mapping of keys, got {describe(value)}",
            'write `sweeper: false`, or `sweeper: {schedule: "*/10 * * * *"}`',
            "type",
        )
    return value


class SweeperSpec(Spec):
    """The DAG that stops orphaned runs; true and false are short for `enabled`.

    Attributes:
        enabled: Whether there is one.
        schedule: How often it runs; null: when somebody starts it.
        grace: The time between the two looks at a run before it is stopped.
    """

    enabled: bool = True
    schedule: CronField = "*/10 * * * *"
    grace: Duration = dt.timedelta(minutes=1)

    def overlaid_by(self, upper: SweeperSpec) -> Self:
        """This sweeper with what a later layer sets on top."""
        return self.model_copy(update={name: getattr(upper, name) for name in upper.model_fields_set})


class LayerSpec(Spec):
    """What both the project and each of its Environments can set.

    Attributes:
        engine: The Engine of tasks that name none; default: `local`.
        code: Where the code is, and the version that runs where nobody says otherwise.
        data: The folder of all datasets without a path of their own, as `root`.
        runs: Where Results go; default: `<code root>/runs`.
        aws_conn_id: Airflow's connection for S3 and Glue; default: `aws_default`.
        notification: The notifier, as `service_type`, and the settings of each, as `services`.
        datasets: Named datasets.
        sweeper: The DAG that stops orphaned runs.
        defaults: Keys of a DAG that hold for every DAG.
    """

    engine: EngineName | None = None
    code: CodeSpec = CodeSpec()
    data: DataSpec = DataSpec()
    runs: str | None = Field(default=None, examples=["s3://dwh-data/runs"])
    aws_conn_id: str | None = None
    notification: NotificationSpec = Field(default_factory=NotificationSpec)
    datasets: Mapping[Name, DatasetSpec] = Field(default_factory=dict)
    sweeper: Annotated[SweeperSpec, BeforeValidator(_plain_sweeper), AlsoJson({"type": "boolean"})] = (
        SweeperSpec()
    )
    defaults: Mapping[str, Any] = Field(default_factory=dict)


class ProjectKeys(LayerSpec):
    """The project file.

    Attributes:
        project: The project's name, which is also its wheel's.
        operators: Which import prefixes operators and functions may come from, as `allow`.
        variables: Which environment variables a YAML may name, as `env`.
        environments: The overlays by name.
    """

    project: Name
    operators: OperatorsSpec = OperatorsSpec()
    variables: VariablesSpec = VariablesSpec()
    environments: Mapping[Name, Any] = Field(default_factory=dict, repr=False)


class EnvironmentKeys(LayerSpec):
    """An overlay on the project, by the Environment's name.

    Attributes:
        mwaa: The names of the MWAA environments that are this one.
    """

    mwaa: Texts = Field(default=(), examples=[["dwh-prod-mwaa"]])

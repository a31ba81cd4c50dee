"""A task, as YAML describes it: one that runs a Job, or one of any operator class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from airflow_jobkit.engines import engine_names, options_class
from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.fields import Duration, describe, mistake
from airflow_jobkit.problems import Issue, did_you_mean
from airflow_jobkit.spec.code import Code, OwnCodeSpec, resolve_code
from airflow_jobkit.spec.model import Spec, Texts, parse_model
from airflow_jobkit.spec.project import parse_with_engines
from airflow_jobkit.spec.settings import Settings, merge_options
from airflow_jobkit.spec.values import CodeVersion, Name, TriggerRule

RESERVED_ARGUMENTS = frozenset(
    {"module_name", "notification_service_type", "databricks_connection_name", "jobkit_envelope"}
)
"""The entry script's own arguments; a job has none of these names."""


def parse_module_name(value: Any) -> str:
    """Read what a `spark_job` names: `package.module` or `package.module:Class`."""
    if not isinstance(value, str) or not re.fullmatch(
        r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*)?", value
    ):
        raise mistake(f"not a module name: {describe(value)}", "write package.module or package.module:Class")
    return value


def parse_class_path(value: Any) -> str:
    """Read what an `operator` names: `package.module.Class`."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", value):
        raise mistake(f"not a class path: {describe(value)}", "write package.module.Class")
    return value


class TaskKeys(Spec):
    """What every task can set; the names are Airflow's, but for `timeout` (its execution_timeout)."""

    dependencies: Texts = ()
    timeout: Duration | None = None
    retries: Annotated[int, Field(ge=0)] | None = None
    retry_delay: Duration | None = None
    trigger_rule: TriggerRule | None = None
    pool: str | None = None


class SparkTaskKeys(TaskKeys):
    """A task that runs a Job: its module, its arguments, its Engine and its own code version.

    `deferrable` has an effect where the run outlives the worker; null follows the Engine's options, and they
    Airflow's `[operators] default_deferrable`.
    """

    spark_job: Annotated[str, BeforeValidator(parse_module_name)]
    args: Mapping[Name, Any] = Field(default_factory=dict)
    engine: str | None = None
    code: OwnCodeSpec = OwnCodeSpec()
    code_version: CodeVersion | None = None
    deferrable: bool | None = None


class OperatorTaskKeys(TaskKeys):
    """A task of any operator class; every other key is one of its arguments."""

    operator: Annotated[str, BeforeValidator(parse_class_path)]


@dataclass(frozen=True)
class SparkTask:
    """A task that runs a Job, with the Engine it runs on, and the options and the code that hold for it."""

    task_id: str
    keys: SparkTaskKeys
    engine: str
    options: EngineOptions
    code: Code


@dataclass(frozen=True)
class OperatorTask:
    """A task of an operator class, with the arguments that go to its constructor."""

    task_id: str
    keys: OperatorTaskKeys
    arguments: Mapping[str, Any]


Task = SparkTask | OperatorTask


def parse_task(
    task_id: str, data: object, engine: str, options: Mapping[str, EngineOptions], settings: Settings
) -> tuple[Task | None, list[Issue]]:
    """Make a task from what YAML gave, or say everything that is wrong with it.

    Args:
        task_id: The task's id in its DAG.
        data: What stands under that id.
        engine: The Engine of the DAG.
        options: The Engines' options that hold for the DAG.
        settings: The Environment's Settings, with the code that holds for the DAG.

    Returns:
        The task, or None, and Issues whose paths start at the task.
    """
    kinds = [key for key in ("spark_job", "operator") if isinstance(data, Mapping) and key in data]
    if not isinstance(data, Mapping) or not kinds:
        return None, [_kindless(data)]
    if len(kinds) > 1:
        message, remedy = "the task says both `spark_job` and `operator`", "take one of them out"
        return None, [Issue(("operator",), message, remedy, "contradiction", at="key")]
    if kinds == ["spark_job"]:
        return _spark_task(task_id, data, engine, options, settings)
    return _operator_task(task_id, data, settings.allowed_operators)


def _kindless(data: object) -> Issue:
    """The Issue of a task that says neither `spark_job` nor `operator`, or misspells it."""
    for key in data if isinstance(data, Mapping) else ():
        meant = did_you_mean(key, ("spark_job", "operator"))
        if meant is not None:
            return Issue((str(key),), "unknown key", f"did you mean {meant}?", "unknown-key", at="key")
    message = "the task says neither `spark_job` nor `operator`"
    remedy = "add `spark_job: package.module` or `operator: package.module.Class`"
    return Issue((), message, remedy, "missing-key", at="key")


def _spark_task(
    task_id: str,
    data: Mapping[Any, Any],
    default_engine: str,
    options: Mapping[str, EngineOptions],
    settings: Settings,
) -> tuple[SparkTask | None, list[Issue]]:
    keys, own_options, issues = parse_with_engines(SparkTaskKeys, data)
    if keys is None:
        return None, issues
    for name in keys.args:
        if name.replace("-", "_") in RESERVED_ARGUMENTS:
            message, remedy = "the entry script has this argument itself", "rename the job's parameter"
            issues.append(Issue(("args", name), message, remedy, "reserved-name", at="key"))
    code = resolve_code(settings.code.spec.overlaid_by(keys.code), settings.base)
    if isinstance(code, Issue):
        return None, [*issues, code]
    engine = keys.engine or default_engine
    if issues or engine not in engine_names():
        return None, issues
    held = merge_options(options, own_options).get(engine) or options_class(engine)()
    issues = [issue.below(engine) for issue in held.issues()]
    return (None, issues) if issues else (SparkTask(task_id, keys, engine, held, code), [])


def _operator_task(
    task_id: str, data: Mapping[Any, Any], allowed: Sequence[str]
) -> tuple[OperatorTask | None, list[Issue]]:
    own = {key: value for key, value in data.items() if key in OperatorTaskKeys.model_fields}
    arguments = {key: value for key, value in data.items() if key not in own}
    issues = [
        Issue((key,), f"an argument's name is text, got {describe(key)}", "rename the key", "type", at="key")
        for key in arguments
        if not isinstance(key, str)
    ]
    keys = parse_model(OperatorTaskKeys, own)
    if isinstance(keys, list):
        return None, issues + keys
    if not keys.operator.startswith(tuple(allowed)):
        remedy = f"allow its package in jobkit.yaml: `operators: {{allow: [{keys.operator.split('.')[0]}.]}}`"
        issues.append(Issue(("operator",), f"{keys.operator} is not allowed", remedy, "not-allowed"))
    return (None, issues) if issues else (OperatorTask(task_id, keys, arguments), [])

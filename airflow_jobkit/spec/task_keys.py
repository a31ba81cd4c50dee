"""The keys of a task, of each kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from airflow_jobkit.fields import describe, mistake
from airflow_jobkit.spec.callables import PATH_SCHEMA, parse_function
from airflow_jobkit.spec.code import OwnCodeSpec
from airflow_jobkit.spec.common import TaskKeys
from airflow_jobkit.spec.values import EngineName, Name
from airflow_jobkit.spec.versions import CodeVersion

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*)?", re.ASCII)
_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)
_DECORATOR = re.compile(r"airflow\.(sdk|decorators|sdk\.definitions\.decorators)\.task(\.[a-z_]+)?")
# The function of a kind, in the module that it stands in.
_KIND_OF_MODULE = re.compile(r"airflow\.(?:providers\.standard\.)?decorators\.[a-z_]+\.([a-z_]+)_task")

_ANY_DECORATOR = re.compile(f"({_DECORATOR.pattern}|{_KIND_OF_MODULE.pattern})")


def parse_module_name(value: Any) -> str:
    """Read what a `spark_job` names: `package.module` or `package.module:Class`."""
    if not isinstance(value, str) or not _MODULE.fullmatch(value):
        raise mistake(f"not a module name: {describe(value)}", "write package.module or package.module:Class")
    return value


def parse_class_path(value: Any) -> str:
    """Read what an `operator` names: `package.module.Class`."""
    if not isinstance(value, str) or not _CLASS.fullmatch(value):
        raise mistake(f"not a class path: {describe(value)}", "write package.module.Class")
    return value


def parse_decorator(value: Any) -> str:
    """Read one of Airflow's task decorators: `airflow.sdk.task`, or one of its kinds, `...task.branch`."""
    by_module = _KIND_OF_MODULE.fullmatch(value) if isinstance(value, str) else None
    if by_module is not None:
        return f"airflow.sdk.task.{by_module[1]}"
    if not isinstance(value, str) or not _DECORATOR.fullmatch(value):
        raise mistake(
            f"not one of Airflow's task decorators: {describe(value)}",
            "write airflow.sdk.task or airflow.decorators.task, or one of its kinds such as `...task.branch`",
        )
    return value


def _written(title: str, pattern: re.Pattern[str], example: str) -> WithJsonSchema:
    """What a text of a form is in a JSON Schema."""
    refusal = f"Not a {title}: write it like {example}."
    form = {"type": "string", "pattern": f"^{pattern.pattern}$", "patternErrorMessage": refusal}
    return WithJsonSchema({"title": title, **form, "examples": [example]})


class SparkTaskKeys(TaskKeys):
    """A task that runs a Job.

    Attributes:
        spark_job: The job: `package.module`, or `package.module:Class`.
        args: The job's arguments; templates are filled in by Airflow, null leaves the job's default.
        engine: Where Spark runs; default: the DAG's, the Environment's, the project's.
        code: Where the code of this task is, instead of the DAG's.
        code_version: The version of this task alone, or a channel.
        deferrable: Whether to wait in the triggerer, where the run outlives the worker; null follows the
            Engine's options, and they Airflow's `[operators] default_deferrable`.
    """

    spark_job: Annotated[
        str, BeforeValidator(parse_module_name), _written("module", _MODULE, "dwh.jobs.flights:CleanFlights")
    ]
    args: Mapping[Name, Any] = Field(default_factory=dict, examples=[{"month": "{{ params.month }}"}])
    engine: EngineName | None = None
    code: OwnCodeSpec = OwnCodeSpec()
    code_version: CodeVersion | None = None
    deferrable: bool | None = None


class OperatorTaskKeys(TaskKeys):
    """A task of any operator class; every other key is one of its arguments.

    Attributes:
        operator: The class: `package.module.Class`.
    """

    operator: Annotated[
        str,
        BeforeValidator(parse_class_path),
        _written("class path", _CLASS, "airflow.providers.standard.operators.bash.BashOperator"),
    ]


class DecoratorTaskKeys(TaskKeys):
    """A task that calls a Python function (TaskFlow); every other key is an argument of it or the decorator.

    Attributes:
        decorator: Airflow's decorator, such as `airflow.sdk.task` or `airflow.decorators.task.branch`.
        python_callable: The function, by its import path; or `python_callable_file` and
            `python_callable_name`, a Python file of the DAGs folder and a function in it.
    """

    decorator: Annotated[
        str, BeforeValidator(parse_decorator), _written("decorator", _ANY_DECORATOR, "airflow.sdk.task")
    ]
    python_callable: Annotated[Any, BeforeValidator(parse_function), WithJsonSchema(PATH_SCHEMA)]

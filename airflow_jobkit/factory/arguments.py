"""Operators and their arguments: what the keys of tasks become, and which ones an operator takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from airflow_jobkit._compat import BaseOperator
from airflow_jobkit.engines.options import RemoteOptions
from airflow_jobkit.factory.building import asset_of, callback, imported, value_of
from airflow_jobkit.factory.file_functions import function_of_file
from airflow_jobkit.factory.findings import RAISED, BuildError, Findings, made_each, raised
from airflow_jobkit.factory.signatures import Signature, signature_of_class
from airflow_jobkit.problems import Issue, Path
from airflow_jobkit.spec.callables import CALLBACKS, CallableRef
from airflow_jobkit.spec.code import Code
from airflow_jobkit.spec.common import AirflowKeys
from airflow_jobkit.spec.defaults import DefaultArgs
from airflow_jobkit.spec.file_functions import FileFunction
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.task import SparkTask

_FROM_US = ("task_id", "dag", "task_group", "default_args", "params")
"""The arguments of operators that no file gives by these names."""
_STRUCTURE = frozenset({"dependencies", "expand", "partial", "params"})
_ASSETS = frozenset({"inlets", "outlets"})
# Of each kind of task its own keys, which are no arguments.
_KINDS = frozenset(
    {
        "spark_job",
        "args",
        "engine",
        "code",
        "code_version",
        "deferrable",
        "operator",
        "decorator",
        "python_callable",
    }
)


def airflow_arguments(keys: AirflowKeys, path: Path, folder: str) -> dict[str, Any]:
    """The arguments that the keys of a task are to Airflow; only those that are set.

    Args:
        keys: The keys.
        path: Where they stand in the DAG.
        folder: The DAGs folder.

    Raises:
        BuildError: A callback cannot be had, or an asset is none to Airflow.
    """
    arguments: dict[str, Any] = {}
    called: dict[str, Any] = {}
    for name in keys.model_fields_set:
        if name in _STRUCTURE or name in _KINDS:
            continue
        value = getattr(keys, name)
        if value is None:
            continue
        if name == "timeout":
            arguments.setdefault("execution_timeout", keys.execution_timeout or value)
        elif name in CALLBACKS:
            called[name] = value
        elif name in _ASSETS:
            arguments[name] = [asset_of(asset, (*path, name)) for asset in value]
        elif name == "executor_config":
            arguments[name] = value_of(value, (*path, name))
        elif name == "email":
            arguments[name] = list(value) if isinstance(value, tuple) else value
        else:
            arguments[name] = value
    if called:
        arguments |= made_each(called, lambda name, refs: callbacks(refs, (*path, name), folder))
    return arguments


def callbacks(refs: Any, path: Path, folder: str) -> Any:
    """One callback as it is, several as a list; those of files are in the DAGs folder.

    Raises:
        BuildError: Some cannot be had.
    """
    if len(refs) == 1:
        return _callback(refs[0], path, folder)
    findings = Findings()
    made = [findings.attempt(_callback, ref, (*path, position), folder) for position, ref in enumerate(refs)]
    findings.refuse()
    return made


def _callback(ref: CallableRef | FileFunction, path: Path, folder: str) -> Any:
    return function_of_file(ref, folder, path) if isinstance(ref, FileFunction) else callback(ref, path)


def default_arguments(defaults: DefaultArgs, path: Path, folder: str) -> dict[str, Any]:
    """The `default_args` of a DAG or a group.

    Raises:
        BuildError: Some cannot be made.
    """
    path = (*path, "default_args")
    findings = Findings()
    keys = findings.attempt(airflow_arguments, defaults.keys, path, folder)
    others = findings.attempt(
        made_each, defaults.arguments, lambda name, value: value_of(value, (*path, name))
    )
    findings.refuse()
    return {**keys, **others}


def default_names(defaults: DefaultArgs) -> frozenset[str]:
    """The names of the arguments that `default_args` set."""
    return frozenset((*defaults.keys.model_fields_set, *defaults.arguments))


def operator_class(class_path: str, path: Path) -> type[BaseOperator]:
    """Import an operator class; what is found there must be one, whatever its name.

    Raises:
        BuildError: There is no such class, or it is no operator.
    """
    found = imported(class_path, path, "no-operator")
    if not (isinstance(found, type) and issubclass(found, BaseOperator)):
        remedy = "name a class derived from BaseOperator"
        raise BuildError(Issue(path, f"{class_path} is no operator", remedy, "no-operator"))
    return found


@cache
def operator_signature(operator: type[BaseOperator]) -> Signature:
    """The arguments that an operator takes, its bases' among them."""
    return signature_of_class(operator, BaseOperator, _FROM_US)


def has_own_timeout(operator: type[BaseOperator]) -> bool:
    """Whether an operator has a `timeout` of its own, as sensors have."""
    known = operator_signature(operator).known
    return known is not None and "timeout" in known


def own_timeout(task: AirflowKeys, defaults: Iterable[AirflowKeys]) -> dict[str, Any]:
    """The time-outs of a task whose operator has one of its own, which its `timeout` then is.

    Args:
        task: The task's keys.
        defaults: The `default_args` around it, the nearest first.
    """
    layers = (task, *defaults)
    timeout = next((keys.timeout for keys in layers if keys.timeout is not None), None)
    if timeout is None:
        return {}
    limits = (keys.execution_timeout for keys in layers if keys.execution_timeout is not None)
    # Said outright, since `default_args` turn their `timeout` into a limit for the other tasks.
    return {"timeout": timeout.total_seconds(), "execution_timeout": next(limits, None)}


def spark_arguments(task: SparkTask, settings: Settings, dag_code: Code) -> Mapping[str, Any]:
    """The arguments of the operator that runs a Job.

    Args:
        task: The task.
        settings: The Environment's Settings.
        dag_code: Where the code of its DAG is.
    """
    arguments: dict[str, Any] = {
        "spark_job": task.keys.spark_job,
        "job_args": dict(task.keys.args),
        "settings": replace(settings, code=task.code, dag_code=dag_code if task.code != dag_code else None),
        "options": task.options,
    }
    if task.keys.code_version is not None:
        arguments["code_version"] = task.keys.code_version
    if task.keys.deferrable is not None and isinstance(task.options, RemoteOptions):
        arguments["deferrable"] = task.keys.deferrable
    return arguments


def made_operator(
    operator: type[BaseOperator],
    arguments: Mapping[str, Any],
    expand: Mapping[str, Any],
    partial: Mapping[str, Any],
    path: Path,
) -> Any:
    """The operator of a task, mapped where it is mapped over anything.

    Raises:
        BuildError: Its constructor raises, or Airflow does not map it.
    """
    if expand:
        arguments = {name: value for name, value in arguments.items() if name not in expand}
    try:
        if not expand:
            return operator(**arguments)
        return operator.partial(**arguments, **partial).expand(**expand)
    except RAISED as error:
        what = f"{operator.__name__} cannot be made"
        raise raised(error, path, what, "correct the task's arguments") from error

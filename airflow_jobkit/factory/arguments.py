"""The arguments of operators: what those that all tasks have become, and which ones an operator takes."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from airflow_jobkit._compat import BaseOperator
from airflow_jobkit.factory.building import BuildError, asset_of, callback, value_of
from airflow_jobkit.factory.file_functions import function_of_file
from airflow_jobkit.problems import Issue, Path, choices_remedy
from airflow_jobkit.spec.callables import CALLBACKS
from airflow_jobkit.spec.common import AirflowKeys
from airflow_jobkit.spec.defaults import DefaultArgs
from airflow_jobkit.spec.file_functions import FileFunction

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
        BuildError: A callback cannot be had.
    """
    arguments: dict[str, Any] = {}
    for name in keys.model_fields_set:
        if name in _STRUCTURE or name in _KINDS:
            continue
        value = getattr(keys, name)
        if value is None:
            continue
        if name == "timeout":
            if keys.execution_timeout is None:
                arguments["execution_timeout"] = value
        elif name in CALLBACKS:
            arguments[name] = callbacks(value, (*path, name), folder)
        elif name in _ASSETS:
            arguments[name] = [asset_of(asset) for asset in value]
        elif name == "executor_config":
            arguments[name] = value_of(value, (*path, name))
        elif name == "email":
            arguments[name] = list(value) if isinstance(value, tuple) else value
        else:
            arguments[name] = value
    return arguments


def callbacks(refs: Any, path: Path, folder: str) -> Any:
    """One callback as it is, several as a list; those of files are in the DAGs folder."""
    made = [
        function_of_file(ref, folder, path) if isinstance(ref, FileFunction) else callback(ref, path)
        for ref in refs
    ]
    return made[0] if len(made) == 1 else made


def default_arguments(defaults: DefaultArgs, path: Path, folder: str) -> dict[str, Any]:
    """The `default_args` of a DAG or a group."""
    arguments = airflow_arguments(defaults.keys, (*path, "default_args"), folder)
    for name, value in defaults.arguments.items():
        arguments[name] = value_of(value, (*path, "default_args", name))
    return arguments


@cache
def parameters(operator: type[BaseOperator]) -> frozenset[str] | None:
    """The names of all arguments that an operator takes, its bases' among them; None: any.

    Taken from the signatures of its constructor and of those that it hands the rest on to.
    """
    names: set[str] = set()
    for made in operator.__mro__:
        init = made.__dict__.get("__init__")
        if init is None:
            continue
        found = inspect.signature(init).parameters.values()
        names |= {one.name for one in found if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)}
        if not any(one.kind is one.VAR_KEYWORD for one in found):
            break
        if made is BaseOperator:
            break
    return frozenset(names - {"self"}) if names else None


def required(operator: type[BaseOperator]) -> frozenset[str]:
    """The arguments without which an operator cannot be made."""
    found = inspect.signature(operator.__init__).parameters.values()
    return frozenset(
        one.name
        for one in found
        if one.default is one.empty and one.kind is one.KEYWORD_ONLY and one.name != "task_id"
    )


def check_arguments(operator: type[BaseOperator], arguments: Mapping[str, Any], path: Path) -> None:
    """Refuse arguments that an operator does not have.

    Raises:
        BuildError: It does not take one; the first is told.
    """
    known = parameters(operator)
    for name in arguments:
        if known is not None and name not in known:
            own = sorted(known - set(AirflowKeys.model_fields))
            message = f"{operator.__name__} has no argument {name!r}"
            issue = Issue((*path, name), message, _remedy(name, own), "unknown-argument", at="key")
            raise BuildError(issue)


def _remedy(name: str, known: list[str]) -> str:
    remedy = choices_remedy(name, known)
    return remedy if remedy.startswith("did you") else "correct its name, or take it out"


def has_own_timeout(operator: type[BaseOperator]) -> bool:
    """Whether an operator has a `timeout` of its own, as sensors have."""
    known = parameters(operator)
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

"""Arguments of DAGs and tasks as our YAML writes them: each name has values of its own kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_jobkit.converting.python import names, schedules, times, to_yaml
from airflow_jobkit.converting.python.times import NotCarriedError, refused
from airflow_jobkit.converting.python.values import Made, Value
from airflow_jobkit.spec.callables import CALLBACKS

_DURATIONS = frozenset({"retry_delay", "max_retry_delay", "execution_timeout", "dagrun_timeout", "timeout"})
_MOMENTS = frozenset({"start_date", "end_date"})
_CALLABLES = frozenset({"python_callable", "execution_date_fn", "response_check", "response_filter"})
_RULES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}

OF_A_KIND = frozenset({"params", *_DURATIONS, *_MOMENTS, *_CALLABLES, *CALLBACKS})
"""The names of those whose values are of a kind of their own."""

FunctionPath = Callable[[Value], str]


def callback(found: Value, path_of: FunctionPath) -> Any:
    """A callback, or a list of them.

    Args:
        found: What the file says.
        path_of: Gives the import path of a function.

    Raises:
        NotCarriedError: It has no form in YAML.
    """
    if isinstance(found, list | tuple):
        if any(isinstance(item, list | tuple) for item in found):
            raise NotCarriedError("callbacks in lists of lists", "write one list")
        return [callback(item, path_of) for item in found]
    if found is None or isinstance(found, str):
        return found
    if not isinstance(found, Made):
        return path_of(found)
    name = found.path.rpartition(".")[2]
    if found.path == names.PARTIAL and found.args:
        path, args = path_of(found.args[0]), found.args[1:]
    elif names.is_class(found.path) or (names.is_airflows(found.path) and name.endswith("_notification")):
        path, args = found.path, found.args
    else:
        raise refused(found)
    if args:
        raise NotCarriedError(f"arguments of {name} without names", "write their names", found.place)
    return {"callback": path, **{key: to_yaml.value(item) for key, item in found.kwargs.items()}}


def params(found: Value) -> Any:
    """The params of a DAG or a task.

    Raises:
        NotCarriedError: They have no form in YAML.
    """
    if not isinstance(found, dict):
        raise refused(found)
    return {to_yaml.key_of(name): _param(item) for name, item in found.items()}


def _param(found: Value) -> Any:
    if isinstance(found, Made) and found.path.startswith("airflow.") and found.path.endswith(".Param"):
        positional = dict(zip(("default", "description"), found.args, strict=False))
        return {name: to_yaml.value(item) for name, item in {**positional, **found.kwargs}.items()}
    made = to_yaml.value(found)
    # A mapping with one of these keys is a schema to our loader.
    ambiguous = isinstance(made, Mapping) and {"default", "type"}.intersection(made)
    return {"default": made} if ambiguous else made


def rule(found: Value) -> Any:
    """A trigger rule or a weight rule; some have other names by now."""
    word = to_yaml.value(found)
    return _RULES.get(word, word) if isinstance(word, str) else word


def argument(name: str, found: Value, path_of: FunctionPath) -> Any:
    """An argument of a task, or one of `default_args`, by its name.

    Raises:
        NotCarriedError: It has no form in YAML.
    """
    if name in _DURATIONS:
        return times.duration(found)
    if name in _MOMENTS:
        return times.date(found)
    if name in CALLBACKS:
        return callback(found, path_of)
    if name in _CALLABLES:
        return path_of(found)
    if name in ("trigger_rule", "weight_rule"):
        return rule(found)
    if name in ("inlets", "outlets"):
        return [schedules.asset(item) for item in (found if isinstance(found, list | tuple) else [found])]
    if name == "params":
        return params(found)
    return to_yaml.value(found)

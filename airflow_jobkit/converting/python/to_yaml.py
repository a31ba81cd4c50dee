"""Values of a Python file as our YAML writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from airflow_jobkit.converting.python import names, times
from airflow_jobkit.converting.python.edges import outputs_in
from airflow_jobkit.converting.python.expressions import template_of
from airflow_jobkit.converting.python.times import NotCarriedError, refused
from airflow_jobkit.converting.python.values import GroupValue, Made, Output, Templated, Value
from airflow_jobkit.fields import ARGUMENTS, TIMEDELTA, TYPE
from airflow_jobkit.loading.bounds import MOST_LEVELS
from airflow_jobkit.spec.callables import CALLBACKS
from airflow_jobkit.spec.typed import ALL, ANY, is_asset, is_safe

DURATIONS = frozenset({"retry_delay", "max_retry_delay", "execution_timeout", "dagrun_timeout", "timeout"})
MOMENTS = frozenset({"start_date", "end_date"})
CALLABLES = frozenset({"python_callable", "execution_date_fn", "response_check", "response_filter"})

_MOST_CONDITIONS = 8
_RULES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}
_ASSET_FIELDS = {"Dataset": ("uri", "extra"), "Asset": ("name", "uri")}

_Made = dict[int, Any]
"""What was made already, by the identity of what it was made from."""

FunctionPath = Callable[[Value], str]


def value(found: Value, levels: int = MOST_LEVELS, made: _Made | None = None) -> Any:
    """Any value; what repeats in the file's memory is one object here too.

    Raises:
        NotCarriedError: It has no form in YAML.
    """
    if levels <= 0:
        raise NotCarriedError("a value nested too deep", "make it simpler")
    made = {} if made is None else made
    if id(found) not in made:
        made[id(found)] = _value(found, levels, made)
    return made[id(found)]


def _value(found: Value, levels: int, made: _Made) -> Any:
    match found:
        case str():
            return escaped(found)
        case None | bool() | int() | float():
            return found
        case list() | tuple():
            return [value(item, levels - 1, made) for item in found]
        case dict():
            return {key: value(item, levels - 1, made) for key, item in found.items()}
        case set():
            return {TYPE: "builtins.set", "items": sorted(found, key=repr)}
        case Output() | Templated():
            return template_of(found)
        case GroupValue():
            return f"+{found.group.id}.{found.name}"
        case Made():
            return _typed(found, levels - 1, made)
    raise refused(found)


def escaped(text: str) -> str:
    """A text that means itself to our loader: nothing in it is a reference of ours, but `${env:...}`."""
    return text.replace("${jobkit:", "$${jobkit:")


def _typed(found: Made, levels: int, made: _Made) -> Any:
    """An object that may be made when a DAG is built."""
    delta = times.timedelta_of(found)
    if delta is not None:
        return {TYPE: TIMEDELTA, **(dict(found.kwargs) if not found.args else {"seconds": _seconds(delta)})}
    moment = times.moment(found)
    if moment is not None and moment.tzinfo is None:
        return {TYPE: "datetime.datetime", ARGUMENTS: list(moment.timetuple()[:6])}
    if not is_safe(found.path):
        raise refused(found)
    args = [value(item, levels, made) for item in found.args]
    kwargs = {name: value(item, levels, made) for name, item in found.kwargs.items()}
    return {TYPE: found.path, **({ARGUMENTS: args} if args else {}), **kwargs}


def _seconds(delta: dt.timedelta) -> float:
    """Seconds, whole ones without a point."""
    found = delta.total_seconds()
    return int(found) if found.is_integer() else found


def schedule(found: Value, zone: str | None) -> Any:
    """When a DAG runs.

    Args:
        found: What the file says.
        zone: The DAG's time zone, where it is another than UTC.

    Raises:
        NotCarriedError: It has no form in YAML.
    """
    match found:
        case None:
            return None
        case str() if zone and not found.startswith(("@once", "@continuous")):
            path = "airflow.timetables.interval.CronDataIntervalTimetable"
            return {TYPE: path, "cron": found, "timezone": zone}
        case str():
            return found
        case Templated():
            return found.text
        case list() | tuple():
            return [asset(item) for item in found]
        case Made():
            return _made_schedule(found)
    raise refused(found)


def _made_schedule(made: Made) -> Any:
    if times.timedelta_of(made) is not None:
        return times.duration(made)
    if is_condition(made):
        found = condition(made)
        return found if ALL in found or ANY in found else [found]
    if made.path.endswith("OrTimeSchedule"):
        given = dict(made.kwargs)
        assets = given.get("assets", given.get("datasets"))
        return {"assets": condition(assets), "timetable": schedule(given.get("timetable"), None)}
    if is_safe(made.path) and "imetable" in made.path:
        first = "cron" if "Cron" in made.path and "Multiple" not in made.path else None
        kwargs = {name: value(item) for name, item in made.kwargs.items()}
        args = [value(item) for item in made.args]
        if first and args:
            kwargs, args = {first: args[0], **kwargs}, args[1:]
        return {TYPE: made.path, **({ARGUMENTS: args} if args else {}), **kwargs}
    raise refused(made)


def is_condition(made: Made) -> bool:
    """Whether something is an asset, or a condition on assets."""
    return made.path in (ALL, ANY) or is_asset(made.path)


def condition(found: Value, levels: int = _MOST_CONDITIONS) -> Any:
    """Assets that a DAG waits for.

    Raises:
        NotCarriedError: They have no form in YAML.
    """
    if levels <= 0:
        raise NotCarriedError("a condition nested too deep", "make it simpler")
    if isinstance(found, Made) and found.path in (ALL, ANY):
        return {found.path: [condition(item, levels - 1) for item in found.args]}
    if isinstance(found, Made) and found.path.endswith(("All", "Any")) and is_asset(found.path):
        word = ALL if found.path.endswith("All") else ANY
        return {word: [condition(item, levels - 1) for item in found.args]}
    if isinstance(found, list | tuple):
        return [condition(item, levels - 1) for item in found]
    return asset(found)


def asset(found: Value) -> Any:
    """An asset: its URI where that is all, else its fields.

    Raises:
        NotCarriedError: It is none.
    """
    if isinstance(found, str | Templated):
        return found if isinstance(found, str) else found.text
    kind = found.path.rpartition(".")[2] if isinstance(found, Made) else ""
    if not isinstance(found, Made) or kind not in _ASSET_FIELDS or not is_asset(found.path):
        raise refused(found)
    positional = dict(zip(_ASSET_FIELDS[kind], found.args, strict=False))
    fields = {name: value(item) for name, item in {**positional, **found.kwargs}.items() if item is not None}
    if not {"name", "uri", "group", "extra"}.issuperset(fields):
        raise refused(found)
    # An asset's name is its URI where it has no other, and the other way round.
    return next(iter(fields.values())) if len(fields) == 1 and {"name", "uri"} & set(fields) else fields


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
    return {"callback": path, **{key: value(item) for key, item in found.kwargs.items()}}


def params(found: Value) -> Any:
    """The params of a DAG or a task.

    Raises:
        NotCarriedError: They have no form in YAML.
    """
    if not isinstance(found, dict):
        raise refused(found)
    return {name: _param(item) for name, item in found.items()}


def _param(found: Value) -> Any:
    if isinstance(found, Made) and found.path.startswith("airflow.") and found.path.endswith(".Param"):
        positional = dict(zip(("default", "description"), found.args, strict=False))
        return {name: value(item) for name, item in {**positional, **found.kwargs}.items()}
    made = value(found)
    # A mapping with one of these keys is a schema to our loader.
    ambiguous = isinstance(made, Mapping) and {"default", "type"}.intersection(made)
    return {"default": made} if ambiguous else made


def rule(found: Value) -> Any:
    """A trigger rule or a weight rule; some have other names by now."""
    word = value(found)
    return _RULES.get(word, word) if isinstance(word, str) else word


def referring(found: Value) -> Any:
    """A value in which the results of other tasks are `+task`: what is mapped over, or given to a function.

    Raises:
        NotCarriedError: It has no form in YAML.
    """
    if isinstance(found, Output):
        key = f'["{found.key}"]' if found.key is not None else ""
        return f"+{found.task.id}{key}"
    if any(outputs_in(found)):
        if isinstance(found, list | tuple):
            return [referring(item) for item in found]
        if isinstance(found, dict):
            return {key: referring(item) for key, item in found.items()}
    return value(found)


def argument(name: str, found: Value, path_of: FunctionPath) -> Any:
    """An argument of a task, or one of `default_args`, by its name.

    Raises:
        NotCarriedError: It has no form in YAML.
    """
    if name in DURATIONS:
        return times.duration(found)
    if name in MOMENTS:
        return times.date(found)
    if name in CALLBACKS:
        return callback(found, path_of)
    if name in CALLABLES:
        return path_of(found)
    if name in ("trigger_rule", "weight_rule"):
        return rule(found)
    if name in ("inlets", "outlets"):
        return [asset(item) for item in (found if isinstance(found, list | tuple) else [found])]
    if name == "params":
        return params(found)
    return value(found)

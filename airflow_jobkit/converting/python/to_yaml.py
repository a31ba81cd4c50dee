"""Values of a Python file as our YAML writes them."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from airflow_jobkit.converting.python import times
from airflow_jobkit.converting.python.edges import outputs_in
from airflow_jobkit.converting.python.operations import template_of
from airflow_jobkit.converting.python.plain import NO_TEXT
from airflow_jobkit.converting.python.times import NotCarriedError, refused
from airflow_jobkit.converting.python.values import GroupValue, Made, Output, Templated, Value
from airflow_jobkit.fields import ARGUMENTS, TIMEDELTA, TYPE
from airflow_jobkit.loading.bounds import MOST_LEVELS
from airflow_jobkit.spec.typed import is_safe
from airflow_jobkit.spec.variables import escaped

_Made = dict[int, Any]
"""What was made already, by the identity of what it was made from."""


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
            return text(found)
        case float() if not math.isfinite(found):
            raise NotCarriedError(f"{found}, which is no number to Airflow", "write a number, or text")
        case None | bool() | int() | float():
            return found
        case list() | tuple():
            return [value(item, levels - 1, made) for item in found]
        case dict():
            return {key_of(key): value(item, levels - 1, made) for key, item in found.items()}
        case set():
            items = [value(item, levels - 1, made) for item in sorted(found, key=repr)]
            return {TYPE: "builtins.set", "items": items}
        case Output() | Templated():
            return _held(template_of(found))
        case GroupValue():
            return f"+{found.group.id}.{found.name}"
        case Made():
            return _typed(found, levels - 1, made)
    raise refused(found)


def text(found: str) -> str:
    """A text that means itself to our loader, which would fill in what looks like a reference of ours.

    Raises:
        NotCarriedError: It has characters that YAML has no form for.
    """
    return escaped(_held(found))


def key_of(found: Value) -> Any:
    """The key of a mapping, in which our loader fills in nothing.

    Raises:
        NotCarriedError: It has no form in YAML.
    """
    return _held(found) if isinstance(found, str) else value(found)


def _held(found: str) -> str:
    strange = NO_TEXT.search(found)
    if strange is None:
        return found
    raise NotCarriedError(f"a text with U+{ord(strange[0]):04X}, which YAML does not hold", "take it out")


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

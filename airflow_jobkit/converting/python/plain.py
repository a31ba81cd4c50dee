"""Operations on plain data, computed as Python would: those that constants need, within bounds."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

MOST_TEXT: Final = 100_000
"""Characters of a text that is put together."""
MOST_ITEMS: Final = 10_000
"""Items of a list that is put together."""
LARGEST: Final = 2**63
_MOST_BITS = 63

NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
"""Characters that no YAML holds, or no database of Airflow's."""

LONG_FIELD = re.compile(r"\d{4}|\*")


class RefusedError(ValueError):
    """An operation that is not computed here; the text says why."""


def is_plain(value: Any) -> bool:
    """Whether a value is plain data, with whatever in it."""
    return value is None or isinstance(value, str | int | float | bool | list | tuple | dict | set)


def is_single(value: Any) -> bool:
    """Whether a value is one text, number or truth value."""
    return value is None or isinstance(value, str | int | float | bool)


def checked(value: Any) -> Any:
    """A value that was computed.

    Raises:
        RefusedError: It is larger than any that people write.
    """
    if isinstance(value, str) and len(value) > MOST_TEXT:
        raise RefusedError("a text too long to be computed")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise RefusedError("a number too large to be computed")
    if isinstance(value, list | tuple | dict | set) and len(value) > MOST_ITEMS:
        raise RefusedError("a list too long to be computed")
    return value


_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
    "BitOr": operator.or_,
    "BitAnd": operator.and_,
    "LShift": operator.lshift,
    "RShift": operator.rshift,
}
_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Is": lambda left, right: left is right or left == right,
    "IsNot": lambda left, right: not (left is right or left == right),
    "In": lambda left, right: left in right,
    "NotIn": lambda left, right: left not in right,
}


def binary(name: str, left: Any, right: Any) -> Any:
    """What an operator between two plain values gives; its name is that of its class in `ast`.

    Raises:
        RefusedError: It is not computed here.
    """
    if name not in _ARITHMETIC or not (is_plain(left) and is_plain(right)):
        raise RefusedError("an operation that is not computed here")
    if name == "Mult":
        _check_product(left, right)
    if name == "LShift" and isinstance(right, int) and right > _MOST_BITS:
        raise RefusedError("a number too large to be computed")
    if name == "Mod" and isinstance(left, str) and LONG_FIELD.search(left):
        raise RefusedError("a text too long to be computed")
    return done(_ARITHMETIC[name], left, right)


def compare(name: str, left: Any, right: Any) -> Any:
    """What a comparison of two plain values gives.

    Raises:
        RefusedError: It is not computed here.
    """
    if not (is_shallow(left) and is_shallow(right)):
        raise RefusedError("a comparison that is not computed here")
    return done(_COMPARISONS[name], left, right)


def is_shallow(value: Any, levels: int = 2) -> bool:
    """Whether a value is compared in no time: what repeats within itself many levels deep is not."""
    if is_single(value):
        return True
    if not is_plain(value) or not levels:
        return False
    items = [*value, *value.values()] if isinstance(value, dict) else value
    return all(is_shallow(item, levels - 1) for item in items)


def done(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What a function gives.

    Raises:
        RefusedError: It raises, or gives too much.
    """
    try:
        return checked(function(*arguments, **named))
    except RefusedError:
        raise
    except Exception as error:
        raise RefusedError(f"Python itself would fail here: {type(error).__name__}") from error


def _check_product(left: Any, right: Any) -> None:
    for many, times in ((left, right), (right, left)):
        if isinstance(many, str | list | tuple) and isinstance(times, int):
            most = MOST_TEXT if isinstance(many, str) else MOST_ITEMS
            if len(many) * max(times, 0) > most:
                raise RefusedError("a text or a list too long to be computed")


_CONVERSIONS: Mapping[str, Callable[[Any], str]] = {"r": repr, "s": str, "a": ascii}


def format_value(value: Any, spec: str, conversion: str | None = None) -> str:
    """One field of an f-string or of `format`.

    Raises:
        RefusedError: It is not computed here.
    """
    if not is_single(value) or LONG_FIELD.search(spec):
        raise RefusedError("a text that is not computed here")
    shown = _CONVERSIONS[conversion](value) if conversion else value
    return str(done(format, shown, spec))

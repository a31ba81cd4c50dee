"""Operations on plain data, computed as Python would: those that constants need, within bounds."""

from __future__ import annotations

import json
import operator
import re
import string
import textwrap
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import PurePath
from typing import Any, Final

MOST_TEXT: Final = 100_000
"""Characters of a text that is put together."""
MOST_ITEMS: Final = 10_000
"""Items of a list that is put together."""
_LARGEST: Final = 2**63

_LONG_FIELD = re.compile(r"\d{4}|\*")


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
    if isinstance(value, int) and abs(value) > _LARGEST:
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
    if name == "Mod" and isinstance(left, str) and _LONG_FIELD.search(left):
        raise RefusedError("a text too long to be computed")
    return _done(_ARITHMETIC[name], left, right)


def compare(name: str, left: Any, right: Any) -> Any:
    """What a comparison of two plain values gives.

    Raises:
        RefusedError: It is not computed here.
    """
    if not (_is_shallow(left) and _is_shallow(right)):
        raise RefusedError("a comparison that is not computed here")
    return _done(_COMPARISONS[name], left, right)


def _is_shallow(value: Any, levels: int = 2) -> bool:
    """Whether a value is compared in no time: what repeats within itself many levels deep is not."""
    if is_single(value):
        return True
    if not is_plain(value) or not levels:
        return False
    items = [*value, *value.values()] if isinstance(value, dict) else value
    return all(_is_shallow(item, levels - 1) for item in items)


def _done(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
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
    if not is_single(value) or _LONG_FIELD.search(spec):
        raise RefusedError("a text that is not computed here")
    shown = _CONVERSIONS[conversion](value) if conversion else value
    return str(_done(format, shown, spec))


def _format(text: str, *args: Any, **kwargs: Any) -> str:
    """`text.format(...)` with fields that are names or numbers."""
    parts: list[str] = []
    size, position = 0, 0
    for literal, name, spec, conversion in string.Formatter().parse(text):
        parts.append(literal)
        if name is not None:
            key = name or str(position)
            position += 1
            if key.isdecimal() and int(key) < len(args):
                value = args[int(key)]
            elif key in kwargs:
                value = kwargs[key]
            else:
                raise RefusedError("a text that is not computed here")
            parts.append(format_value(value, spec or "", conversion))
        size += sum(map(len, parts[-2:]))
        if size > MOST_TEXT:
            raise RefusedError("a text too long to be computed")
    return "".join(parts)


def _replace(text: str, old: str, new: str) -> str:
    if text.count(old) * len(new) > MOST_TEXT:
        raise RefusedError("a text too long to be computed")
    return text.replace(old, new)


def _join(text: str, parts: Sequence[str]) -> str:
    if sum(len(part) + len(text) for part in parts) > MOST_TEXT:
        raise RefusedError("a text too long to be computed")
    return text.join(parts)


_METHODS: Mapping[type, Mapping[str, Callable[..., Any]]] = {
    str: {
        "format": _format,
        "replace": _replace,
        "join": _join,
        **{
            name: getattr(str, name)
            for name in (
                *("upper", "lower", "title", "capitalize", "strip", "lstrip", "rstrip", "split"),
                *("splitlines", "startswith", "endswith", "removeprefix", "removesuffix"),
            )
        },
    },
    list: {name: getattr(list, name) for name in ("append", "extend", "insert", "copy")},
    dict: {
        "items": lambda data: list(data.items()),
        "keys": lambda data: list(data),
        "values": lambda data: list(data.values()),
        **{name: getattr(dict, name) for name in ("get", "copy", "update", "setdefault")},
    },
}


def has_method(target: Any, name: str) -> bool:
    """Whether a plain value has a method that is computed here."""
    return name in _METHODS.get(type(target), {})


def call_method(target: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What a method of a plain value gives; one that changes the value changes it.

    Raises:
        RefusedError: It is not computed here.
    """
    result = _done(_METHODS[type(target)][name], target, *args, **kwargs)
    checked(target)
    return result


def _int(value: Any = 0) -> int:
    if isinstance(value, str) and len(value) > len(str(_LARGEST)):
        raise RefusedError("a number too large to be computed")
    return int(value)


def _listed(made: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda *args: made(list(islice(iter(args[0]), MOST_ITEMS + 1)) if args else [])


def _tree(value: Any) -> Any:
    """A value that is no larger as a text than it is in memory.

    Raises:
        RefusedError: It repeats itself within itself.
    """
    pending, seen = [value], 0
    while pending:
        one = pending.pop()
        seen += 1
        if seen > MOST_ITEMS:
            raise RefusedError("a value too large to be computed")
        if isinstance(one, list | tuple | dict):
            pending += one.values() if isinstance(one, dict) else one
    return value


def _known(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of `json.dumps` that take no room."""
    if not {"sort_keys", "ensure_ascii"}.issuperset(options):
        raise RefusedError("a text that is not computed here")
    return options


BUILTINS: Mapping[str, Callable[..., Any]] = {
    "str": lambda value="": format_value(value, ""),
    "int": _int,
    "float": float,
    "bool": bool,
    "len": len,
    "list": _listed(list),
    "tuple": _listed(tuple),
    "set": _listed(set),
    "sorted": _listed(sorted),
    "reversed": _listed(lambda items: items[::-1]),
    "enumerate": lambda items, start=0: list(enumerate(items, start)),
    "zip": lambda *many: list(zip(*many, strict=False)),
    "range": lambda *bounds: list(islice(range(*bounds), MOST_ITEMS + 1)),
    "dict": lambda *args, **kwargs: dict(*args, **kwargs),
    "min": min,
    "max": max,
    "sum": sum,
    "abs": abs,
    "round": round,
    "textwrap.dedent": textwrap.dedent,
    "json.dumps": lambda value, **options: json.dumps(_tree(value), **_known(options)),
    "json.loads": json.loads,
    "os.path.join": lambda *parts: str(PurePath(*parts)),
    "os.path.basename": lambda path: PurePath(path).name,
    "os.path.splitext": lambda path: (str(PurePath(path).with_suffix("")), PurePath(path).suffix),
}
"""By the path that they are imported from; those of Python itself by their names."""


def part_of_path(path: str, name: str) -> str | None:
    """The stem, the name or the ending of a file's path; None for anything else of it."""
    return str(getattr(PurePath(path), name)) if name in ("stem", "name", "suffix") else None


_COMPARING = frozenset({"sorted", "min", "max", "set"})


def call_builtin(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What a function of Python itself gives.

    Raises:
        RefusedError: It is not computed here.
    """
    if name in _COMPARING and not all(map(_is_shallow, args)):
        raise RefusedError("a comparison that is not computed here")
    return _done(BUILTINS[name], *args, **kwargs)

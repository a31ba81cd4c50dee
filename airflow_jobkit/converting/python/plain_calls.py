"""Functions and methods of Python itself on plain data: those that constants need, within bounds."""

from __future__ import annotations

import json
import string
import textwrap
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import PurePath
from typing import Any

from airflow_jobkit.converting.python.plain import (
    LARGEST,
    MOST_ITEMS,
    MOST_TEXT,
    RefusedError,
    checked,
    done,
    format_value,
    is_shallow,
)


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
    result = done(_METHODS[type(target)][name], target, *args, **kwargs)
    checked(target)
    return result


def _int(value: Any = 0) -> int:
    if isinstance(value, str) and len(value) > len(str(LARGEST)):
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
    if name in _COMPARING and not all(map(is_shallow, args)):
        raise RefusedError("a comparison that is not computed here")
    return done(BUILTINS[name], *args, **kwargs)

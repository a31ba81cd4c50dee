"""Text into typed values, by annotation."""

from __future__ import annotations

import dataclasses
import enum
import json
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from jobkit_runtime.errors import JobDefinitionError

# Airflow's Jinja renders None as the text "None".
_NONE = frozenset({"", "none", "null"})
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def convert(text: str, annotation: object) -> object:
    """`text` as a value of the annotated type.

    Raises:
        ValueError: the text does not fit; without a message, so that no secret leaks through one.
        JobDefinitionError: a type that arguments cannot have.
    """
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return _union(text, typing.get_args(annotation))
    if origin is typing.Literal:
        return _one_of(text, {str(value): value for value in typing.get_args(annotation)})
    if origin in _CONTAINERS:
        return _CONTAINERS[origin](text, typing.get_args(annotation))
    if isinstance(annotation, type):
        return _plain(text, annotation)
    if annotation is typing.Any:
        return text
    raise JobDefinitionError(f"arguments cannot be of type {type_text(annotation)}")


def type_text(annotation: object) -> str:
    """An annotation as one writes it: `int`, `str | None`, `list[int]`, `Literal['a', 'b']`."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(type_text(argument) for argument in arguments)
    if origin is typing.Literal:
        return f"Literal[{', '.join(repr(argument) for argument in arguments)}]"
    if annotation is type(None):
        return "None"
    if annotation is Ellipsis:
        return "..."
    if origin is not None:
        return f"{origin.__name__}[{', '.join(type_text(argument) for argument in arguments)}]"
    return getattr(annotation, "__name__", None) or str(annotation)


def as_text(value: object) -> str:
    """A value out of JSON as the text that `convert` takes."""
    return value if isinstance(value, str) else json.dumps(value)


def _union(text: str, members: Sequence[object]) -> object:
    if type(None) in members and text.strip().lower() in _NONE:
        return None
    for member in members:
        if member is not type(None):
            try:
                return convert(text, member)
            except ValueError:
                continue
    raise ValueError


def _plain(text: str, kind: type) -> object:
    if issubclass(kind, enum.Enum):
        by_value = {str(member.value): member for member in kind}
        return _one_of(text, {**kind.__members__, **by_value})
    if dataclasses.is_dataclass(kind):
        return _dataclass(text, kind)
    if kind in _CONTAINERS:
        return _CONTAINERS[kind](text, ())
    if kind not in _SCALARS:
        raise JobDefinitionError(f"arguments cannot be of type {type_text(kind)}")
    try:
        return _SCALARS[kind](text)
    except (ValueError, KeyError, InvalidOperation):
        raise ValueError from None


def _one_of(text: str, choices: Mapping[str, object]) -> object:
    if text not in choices:
        raise ValueError
    return choices[text]


def _json(text: str, kind: type) -> typing.Any:
    value = json.loads(text)
    if not isinstance(value, kind):
        raise ValueError
    return value


def _list(text: str, arguments: Sequence[object]) -> object:
    kind = arguments[0] if arguments else typing.Any
    return [_item(item, kind) for item in _json(text, list)]


def _tuple(text: str, arguments: Sequence[object]) -> object:
    if not arguments or arguments[-1] is Ellipsis:
        return tuple(typing.cast("list[object]", _list(text, arguments)))
    items = _json(text, list)
    if len(items) != len(arguments):
        raise ValueError
    return tuple(_item(item, kind) for item, kind in zip(items, arguments, strict=True))


def _dict(text: str, arguments: Sequence[object]) -> object:
    key_kind, kind = arguments or (str, typing.Any)
    return {convert(key, key_kind): _item(item, kind) for key, item in _json(text, dict).items()}


def _item(item: object, kind: object) -> object:
    """An element of a JSON document; where no type is asked for it stays as JSON has it."""
    return item if kind in (typing.Any, object) else convert(as_text(item), kind)


def _dataclass(text: str, kind: type) -> object:
    hints = typing.get_type_hints(kind)
    given = _json(text, dict)
    names = [field.name for field in dataclasses.fields(kind) if field.init]
    if not given.keys() <= set(names):
        raise ValueError
    try:
        return kind(**{name: _item(given[name], hints[name]) for name in names if name in given})
    except TypeError:  # a field without a default is missing
        raise ValueError from None


_SCALARS: dict[type, Callable[[str], object]] = {
    str: str,
    object: str,
    int: int,
    float: float,
    bool: lambda text: _BOOLEANS[text.strip().lower()],
    date: date.fromisoformat,
    datetime: lambda text: datetime.fromisoformat(text.replace("Z", "+00:00")),
    Decimal: Decimal,
}
_CONTAINERS: dict[object, Callable[[str, Sequence[object]], object]] = {
    list: _list,
    Sequence: _list,
    tuple: _tuple,
    dict: _dict,
    Mapping: _dict,
}

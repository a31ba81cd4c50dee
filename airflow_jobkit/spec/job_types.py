"""Whether a value can be what a job's parameter is annotated with, as far as an annotation's text tells.

The texts are those of `jobkit_runtime.describe`: `int`, `str | None`, `list[int]`, `Literal['a', 'b']`. What
is not known here (an enum, a dataclass) takes anything; the job itself has the last word.
"""

from __future__ import annotations

import ast
import datetime as dt
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from airflow_jobkit.engines.arguments import argument_text

_NOTHING = frozenset({"", "none", "null"})
_BOOLEANS = frozenset({"true", "false", "1", "0", "yes", "no"})


def fits(value: object, annotation: str) -> bool:
    """Whether a value, passed on as text, can be read back as the annotation says."""
    tree = _parsed(annotation)
    return tree is None or _fits(argument_text(value), tree)


@lru_cache(maxsize=256)
def _parsed(annotation: str) -> ast.expr | None:
    try:
        return ast.parse(annotation, mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _fits(text: str, tree: ast.expr) -> bool:
    match tree:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _fits(text, left) or _fits(text, right)
        case ast.Constant(value=None):
            return text.strip().lower() in _NOTHING
        case ast.Name(id=name) if name in _SCALARS:
            return _is_read(_SCALARS[name], text)
        case ast.Name(id=name) if name in _CONTAINERS:
            return isinstance(_json(text), _CONTAINERS[name])
        case ast.Subscript(value=ast.Name(id="Literal"), slice=of):
            return text in {str(choice) for choice in _choices(of)}
        case ast.Subscript(value=ast.Name(id=name), slice=of) if name in _CONTAINERS:
            return _fits_container(_json(text), _CONTAINERS[name], of)
    return True


def _fits_container(found: object, kind: type, of: ast.expr) -> bool:
    """Whether a JSON value is such a container, with such items where all are of one type."""
    if not isinstance(found, kind):
        return False
    parts = of.elts if isinstance(of, ast.Tuple) else [of]
    if isinstance(found, dict):
        return len(parts) != 2 or all(_fits(_item(item), parts[1]) for item in found.values())
    assert isinstance(found, list)  # noqa: S101 - there are two kinds
    if len(parts) == 1 or (isinstance(parts[1], ast.Constant) and parts[1].value is Ellipsis):
        return all(_fits(_item(item), parts[0]) for item in found)
    return len(found) == len(parts) and all(
        _fits(_item(item), part) for item, part in zip(found, parts, strict=True)
    )


def _choices(of: ast.expr) -> list[Any]:
    try:
        found = ast.literal_eval(of)
    except ValueError:  # the member of an enum
        return []
    return list(found) if isinstance(found, tuple) else [found]


def _item(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _json(text: str) -> object:
    try:
        found: object = json.loads(text)
    except ValueError:
        return None
    return found


def _is_read(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except (ValueError, ArithmeticError):
        return False
    return True


def _boolean(text: str) -> None:
    if text.strip().lower() not in _BOOLEANS:
        raise ValueError


_SCALARS: Mapping[str, Callable[[str], object]] = {
    "int": int,
    "float": float,
    "bool": _boolean,
    "date": dt.date.fromisoformat,
    "datetime": dt.datetime.fromisoformat,
    "Decimal": Decimal,
}
_CONTAINERS: Mapping[str, type] = {
    **dict.fromkeys(("list", "tuple", "Sequence"), list),
    **dict.fromkeys(("dict", "Mapping"), dict),
}

"""Values out of a request's JSON, each of the type that the service expects there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_jobkit.local.emulators.databricks.refused import malformed

Document = Mapping[str, Any]

_JSON_TYPES = ((bool, "BOOLEAN"), (str, "STRING"), (int, "NUMBER"), (float, "NUMBER"), (list, "ARRAY"))


def text(document: Document, field: str) -> str:
    """A text, or empty; the service also takes a number for one."""
    return as_text(document.get(field), field)


def as_text(value: Any, field: str) -> str:
    """A text; nothing is the empty one.

    Raises:
        RefusedError: It is neither a text nor a number.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise _unexpected("string", field, value)


def whole(document: Document, field: str) -> int:
    """A whole number, or 0; the service also takes a text of digits, which is what stock operators send."""
    value = document.get(field)
    if value is None:
        return 0
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.removeprefix("-").isdecimal():
        return int(value)
    raise _unexpected("number", field, value)


def flag(document: Document, field: str) -> bool:
    """A truth value, or False; a query has it as text."""
    value = document.get(field)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if value is None or isinstance(value, bool):
        return bool(value)
    raise _unexpected("boolean", field, value)


def mapping(document: Document, field: str) -> Document:
    """An object, or an empty one."""
    return as_mapping(document.get(field), field)


def as_mapping(value: Any, field: str) -> Document:
    """An object; nothing is an empty one.

    Raises:
        RefusedError: It is something else.
    """
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise _unexpected("object", field, value)


def items(document: Document, field: str) -> list[Any]:
    """A list, or an empty one."""
    value = document.get(field)
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise _unexpected("list", field, value)


def mappings(document: Document, field: str) -> list[Document]:
    """A list of objects, or an empty one."""
    return [as_mapping(item, field) for item in items(document, field)]


def _unexpected(expected: str, field: str, value: Any) -> Exception:
    found = next((name for kind, name in _JSON_TYPES if isinstance(value, kind)), "OBJECT")
    return malformed(f"Could not parse request object: Expected {expected} for field {field}, found {found}")

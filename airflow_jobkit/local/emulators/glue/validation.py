"""Requests held against botocore's model of the service, with complaints in the service's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from airflow_jobkit.local.emulators.glue.errors import GlueError

_TEXT = r"[^\u0000\uD800-\uDFFF]*"
"""Any text at all: no NUL, and no halves of characters."""


@cache
def service_model() -> Any:
    """Botocore's model of Glue."""
    import botocore.session

    return botocore.session.Session().get_service_model("glue")


def check_request(operation: str, request: Mapping[str, Any]) -> None:
    """Refuse a request that does not fit the model.

    Raises:
        GlueError: `ValidationException`, with all that is wrong.
    """
    from botocore.validate import ParamValidator

    shape = service_model().operation_model(operation).input_shape
    found = list(_constraints(shape, request, ""))
    if not found:
        report = ParamValidator().validate(request, shape)
        found = report.generate_report().splitlines() if report.has_errors() else []
    if found:
        many = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
        raise GlueError("ValidationException", f"{many}: {'; '.join(found)}")


def _constraints(shape: Any, value: Any, path: str) -> Iterator[str]:
    """The values that break a constraint which botocore itself leaves to the service."""
    if shape.type_name == "structure" and isinstance(value, Mapping):
        yield from _members(shape, value, path)
    elif shape.type_name == "map" and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(shape.key, key, f"{path}.key")
            yield from _constraints(shape.value, inner, f"{path}.{key}.member")
    elif shape.type_name == "list" and isinstance(value, list):
        for position, inner in enumerate(value, start=1):
            yield from _constraints(shape.member, inner, f"{path}.{position}.member")
        yield from _sizes(shape, len(value), value, path, "length")
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _texts(shape, value, path)
    elif shape.type_name in ("integer", "long", "double", "float") and isinstance(value, int | float):
        yield from _sizes(shape, value, value, path, "value")


def _members(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        where = f"{path}.{_lower(name)}" if path else _lower(name)
        if value.get(name) is not None:
            yield from _constraints(member, value[name], where)
        elif name in shape.required_members:
            yield _failed("null", where, "Member must not be null")


def _texts(shape: Any, value: str, path: str) -> Iterator[str]:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield _failed(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    yield from _sizes(shape, len(value), value, path, "length")
    if not re.fullmatch(_TEXT, value):
        yield _failed(value, path, f"Member must satisfy regular expression pattern: {_TEXT}")
    pattern = shape.metadata.get("pattern")
    # Those with surrogates, which Java has and Python has not, allow any text.
    if pattern and r"\uD800" not in pattern and not re.fullmatch(pattern, value):
        yield _failed(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _sizes(shape: Any, size: float, value: Any, path: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _failed(value, path, f"Member must have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _failed(value, path, f"Member must have {what} less than or equal to {most}")


def _failed(value: Any, path: str, constraint: str) -> str:
    shown = value if value == "null" else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]

"""The base of all Specs, and how a validation error becomes an Issue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from airflow_jobkit.problems import Issue, Path, choices_remedy

T = TypeVar("T", bound=BaseModel)

Texts = Annotated[tuple[str, ...], Field(strict=False)]
"""A list of text in YAML, a tuple in a Spec."""


class Spec(BaseModel):
    """A frozen, validated object made from YAML. Unknown keys and values of another type are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=False)


def mistake(message: str, remedy: str, code: str = "bad-value") -> PydanticCustomError:
    """What a validator raises: what is wrong and what to do, apart."""
    return PydanticCustomError("jobkit", "{message}", {"message": message, "remedy": remedy, "code": code})


def parse_model(model: type[T], data: object, *, also_known: Iterable[str] = ()) -> T | list[Issue]:
    """Make a Spec from plain data, or say everything that is wrong with it.

    Args:
        model: The Spec's class.
        data: What YAML gave.
        also_known: Keys of the same mapping that the caller took out before, for did-you-mean.
    """
    if not isinstance(data, Mapping):
        return [
            Issue((), f"expected a mapping of keys, got {describe(data)}", "write `key: value` lines", "type")
        ]
    try:
        return model.model_validate(data)
    except ValidationError as error:
        top = [*_keys(model), *also_known]
        return [_issue(detail, model, top) for detail in error.errors(include_url=False)]


def describe(value: object) -> str:
    """A value as it stands in a message: what it is, and how it reads."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"{str(value).lower()} (true or false)"
        case int() | float():
            return f"the number {value}"
        case dt.date():
            return f"the date {value}"
        case str():
            return f"{value[:60]!r}"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return f"a {type(value).__name__}"


def _issue(detail: ErrorDetails, model: type[BaseModel], top: list[str]) -> Issue:
    path: Path = tuple(part for part in detail["loc"] if part != "[key]")
    kind, value = detail["type"], detail["input"]
    if kind == "jobkit":
        context = detail["ctx"]
        return Issue(path, context["message"], context["remedy"], context["code"])
    if kind == "extra_forbidden":
        known = top if len(path) == 1 else _keys(_model_at(model, path[:-1]))
        return Issue(path, "unknown key", choices_remedy(path[-1], known), "unknown-key", at="key")
    if kind == "missing":
        return Issue(path[:-1], f"`{path[-1]}` is missing", f"add `{path[-1]}: ...`", "missing-key", at="key")
    message, remedy = _WORDING.get(kind, _other(detail))(value)
    return Issue(path, message, remedy, "type" if kind.endswith("_type") else "bad-value")


def _expected(what: str, remedy: str) -> Callable[[Any], tuple[str, str]]:
    return lambda value: (f"expected {what}, got {describe(value)}", remedy)


def _other(detail: ErrorDetails) -> Callable[[Any], tuple[str, str]]:
    return lambda value: (f"{describe(value)}: {detail['msg'][0].lower()}{detail['msg'][1:]}", "")


_WORDING: Mapping[str, Callable[[Any], tuple[str, str]]] = {
    "string_type": _expected("text", "put the value in quotes if it is meant as text"),
    "int_type": _expected("a whole number", "write digits without quotes"),
    "float_type": _expected("a number", "write digits without quotes"),
    "bool_type": _expected("true or false", "write true or false without quotes"),
    "tuple_type": _expected("a list", "write [a, b] or one `- item` per line"),
    "dict_type": _expected("a mapping of keys", "write `key: value` lines"),
    "mapping_type": _expected("a mapping of keys", "write `key: value` lines"),
    "model_type": _expected("a mapping of keys", "write `key: value` lines"),
}


def _keys(model: type[BaseModel] | None) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model_at(model: type[BaseModel] | None, path: Path) -> type[BaseModel] | None:
    """The Spec class that stands at a path, found through the annotations."""
    for part in path:
        if model is None:
            return None
        found = next((f for n, f in model.model_fields.items() if part in (f.alias, n)), None)
        model = _inner_model(found.annotation) if found else model
    return model


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_inner_model(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model is not None), None)

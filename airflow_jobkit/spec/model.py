"""The base of all Specs, and how a validation error becomes an Issue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from pydantic_core import ErrorDetails

from airflow_jobkit.fields import describe
from airflow_jobkit.problems import KEYS_LISTED, Issue, Path, choices_remedy, did_you_mean
from airflow_jobkit.spec.values import NAME_SCHEMA, Name, parse_texts

T = TypeVar("T", bound=BaseModel)

Texts = Annotated[tuple[str, ...], Field(strict=False)]
"""A list of text in YAML, a tuple in a Spec."""

TextOrTexts = Annotated[
    str | tuple[str, ...] | None,
    BeforeValidator(parse_texts),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]}
    ),
]
"""One text or several, a tuple in a Spec."""

ByName = Annotated[
    Mapping[Name, Any],
    BeforeValidator(lambda value: {} if value is None else value),
    WithJsonSchema({"anyOf": [{"type": "object", "propertyNames": NAME_SCHEMA}, {"type": "null"}]}),
]
"""Values by name; a key without a value is none of them."""


class Spec(BaseModel):
    """A frozen, validated object made from YAML. Unknown keys and values of another type are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=False)


def parse_model(model: type[T], data: object, *, also_known: Iterable[str] = ()) -> T | list[Issue]:
    """Make a Spec from plain data, or say everything that is wrong with it.

    Args:
        model: The Spec's class.
        data: What YAML gave.
        also_known: Keys of the same mapping that the caller took out before, for did-you-mean.
    """
    if not isinstance(data, dict):
        return [
            Issue((), f"expected a mapping of keys, got {describe(data)}", "write `key: value` lines", "type")
        ]
    try:
        return model.model_validate(data)
    except ValidationError as error:
        top = [*_keys(model), *also_known]
        details = _without_consequences(error.errors(include_url=False), model, top)
        return [_issue(detail, model, top) for detail in details]


def _issue(detail: ErrorDetails, model: type[BaseModel], top: list[str]) -> Issue:
    kind, path = detail["type"], detail["loc"]
    at: Literal["key", "value"] = "value"
    if path[-1:] == ("[key]",):
        path, at = (*path[:-2], str(detail["input"])), "key"
    if kind == "jobkit":
        context = detail["ctx"]
        below = () if at == "key" else context["below"]
        return Issue((*path, *below), context["message"], context["remedy"], context["code"], at)
    if kind == "extra_forbidden":
        owner = _model_at(model, path[:-1])
        elsewhere: Mapping[object, tuple[str, str]] = getattr(owner, "elsewhere", {})
        if path[-1] in elsewhere:
            message, remedy = elsewhere[path[-1]]
            return Issue(path, message, remedy, "elsewhere", at="key")
        known = top if len(path) == 1 else _keys(owner)
        return Issue(
            path, "unknown key", choices_remedy(path[-1], known, KEYS_LISTED), "unknown-key", at="key"
        )
    if kind == "missing":
        return Issue(path[:-1], f"`{path[-1]}` is missing", f"add `{path[-1]}: ...`", "missing-key", at="key")
    expected, remedy = _expectation(detail, model)
    message = f"expected {expected}, got {describe(detail['input'])}"
    return Issue(path, message, remedy, "type" if kind.endswith("_type") else "bad-value", at)


def _without_consequences(
    details: list[ErrorDetails], model: type[BaseModel], top: list[str]
) -> list[ErrorDetails]:
    """The errors but for keys that are missing only because they are misspelt."""
    misspelt = {
        (*path[:-1], did_you_mean(path[-1], top if len(path) == 1 else _keys(_model_at(model, path[:-1]))))
        for path in (detail["loc"] for detail in details if detail["type"] == "extra_forbidden")
    }
    return [detail for detail in details if detail["type"] != "missing" or detail["loc"] not in misspelt]


def _expectation(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """What a value should have been, and what to write."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _EXPECTED:
        return _EXPECTED[kind]
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(**context), "correct the number"
    if kind == "string_too_long":
        return f"at most {context['max_length']:,} characters", "shorten it"
    if kind == "string_too_short":
        return "a text that is not empty", "write one, or take the key out"
    if kind in ("literal_error", "enum"):
        return f"one of {context['expected']}", "write one of these"
    if kind == "string_pattern_mismatch":
        examples = _examples(model, detail["loc"])
        form = f"like {' or '.join(examples)}" if examples else f"of the form {context['pattern']}"
        return f"text {form}", "write it in this form"
    said = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return f"{said[:1].lower()}{said[1:]}", ""


_EXPECTED: Mapping[str, tuple[str, str]] = {
    "string_type": ("text", "put the value in quotes if it is meant as text"),
    "int_type": ("a whole number", "write digits without quotes"),
    "float_type": ("a number", "write digits without quotes"),
    "bool_type": ("true or false", "write true or false without quotes"),
    **dict.fromkeys(("tuple_type", "list_type"), ("a list", "write [a, b] or one `- item` per line")),
    **dict.fromkeys(
        ("dict_type", "mapping_type", "model_type"), ("a mapping of keys", "write `key: value` lines")
    ),
}
_BOUNDS: Mapping[str, str] = {
    "greater_than_equal": "{ge:g} or more",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "{le:,.10g} or less",
    "less_than": "less than {lt:,.10g}",
}


def _examples(model: type[BaseModel], path: Path) -> list[str]:
    """The examples of the field at a path, as its annotation gives them."""
    owner, name = _model_at(model, path[:-1]), path[-1] if path else None
    field = next((f for n, f in owner.model_fields.items() if name in (f.alias, n)), None) if owner else None
    return [str(example) for example in field.examples or ()] if field else []


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

"""Specs as JSON Schemas: described, named, with one definition of each kind of value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from airflow_jobkit.fields import TYPE, duration_text
from airflow_jobkit.spec.described import descriptions, summary
from airflow_jobkit.spec.joined import JOIN, LIST

Schema = dict[str, Any]

_REF: Final = "#/$defs/"
_OF_ITS_PLACE: Final = ("default", "description")
"""What belongs to a property, and not to the kind of its value."""
_BOUNDS: Final = frozenset({"$ref", "enum", "const", "pattern", "minLength", "anyOf", "oneOf", "not"})
_REFERENCES: Schema = {
    "Reference": {
        "type": "string",
        "pattern": r"\$\{((env|jobkit):[^{}]*|(item|key)(\.\w+)*)\}",
        "$comment": "A text with ${env:NAME}, ${jobkit:name}, ${item} or ${key} in it.",
    },
    "Item": {
        "type": "string",
        "pattern": r"^\$\{(item|key)(\.\w+)*\}$",
        "$comment": "${item}, ${item.field} or ${key} of a for_each.",
    },
    "Joined": {
        "type": "object",
        "required": [JOIN],
        "properties": {JOIN: {"type": "array", "description": "The parts of a text."}},
        "$comment": "A text in parts, as dag-factory has it.",
    },
    "TypedList": {
        "type": "object",
        "required": [TYPE, "items"],
        "properties": {
            TYPE: {"const": LIST, "description": "The class of a list."},
            "items": {"type": "array", "description": "What is in it."},
        },
        "$comment": "A list, as dag-factory has it.",
    },
}


class _Generator(GenerateJsonSchema):
    """Pydantic's schemas with our own meanings, and defaults as YAML writes them."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        texts = descriptions(model)
        for name, field in model.model_fields.items():
            key = field.alias or name
            own = found["properties"][key]
            default = plain_default(field)
            shown = {} if default is None else {"default": default}
            found["properties"][key] = {**own, **_examples(own), **shown, "description": texts.get(name, "")}
        return {**found, "description": summary(model)}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        keys = self.generate_inner(schema["keys_schema"]) if "keys_schema" in schema else {}
        values = self.generate_inner(schema["values_schema"]) if "values_schema" in schema else {}
        named = {"propertyNames": keys} if keys not in ({}, {"type": "string"}) else {}
        return {"type": "object", **named, "additionalProperties": values or True}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - ours have meanings instead
        return False


def _examples(schema: Schema) -> Schema:
    """Examples without the quotes that YAML, and so a message, has around text that looks like a number."""
    found = [one.strip('"') if isinstance(one, str) else one for one in schema.get("examples", ())]
    return {"examples": found} if found else {}


def plain_default(field: FieldInfo) -> str | int | float | bool | None:
    """The default of a field as YAML writes it; None where there is none to tell."""
    value = field.default  # what a factory makes is empty
    if isinstance(value, dt.timedelta):
        return duration_text(value)
    return value if isinstance(value, str | int | float | bool) else None


def definitions(models: Mapping[str, type[BaseModel]]) -> Schema:
    """The schemas of these models, under these names, and of all that they hold."""
    made, found = models_json_schema(
        [(model, "validation") for model in models.values()], schema_generator=_Generator
    )
    named = {made[model, "validation"]["$ref"].removeprefix(_REF): name for name, model in models.items()}
    renamed: Schema = _renamed(found["$defs"], named)
    for body in renamed.values():
        body.pop("title", None)  # the class's name; a title is that of a kind of value
    return {named.get(name, name): body for name, body in renamed.items()}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    match value:
        case {"$ref": str(found), **rest}:
            name = found.removeprefix(_REF)
            return {**reference(names.get(name, name)), **_renamed(rest, names)}
        case dict():
            return {key: _renamed(part, names) for key, part in value.items()}
        case list():
            return [_renamed(part, names) for part in value]
    return value


def reference(name: str) -> Schema:
    """What stands for a definition."""
    return {"$ref": f"{_REF}{name}"}


def references(value: Any) -> Iterator[str]:
    """The names of the definitions that a schema refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].removeprefix(_REF)
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def reachable(schema: Schema, defs: Schema) -> Schema:
    """Those definitions that a schema needs, by name."""
    found: dict[str, Any] = {}
    waiting = [*references(schema)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = defs[name]
            waiting += references(defs[name])
    return dict(sorted(found.items()))


def with_values_named(defs: Schema) -> Schema:
    """The definitions, with every value that has a title, such as `duration`, in a definition of its own."""
    values: Schema = {}

    def moved(schema: Any) -> Any:
        if not isinstance(schema, dict):
            return schema
        inner = changed_inside(schema, moved, moved)
        if "title" not in inner:
            return inner
        name = "".join(word.capitalize() for word in inner["title"].split())
        values[name] = {key: part for key, part in inner.items() if key not in _OF_ITS_PLACE}
        return {**reference(name), **{key: inner[key] for key in _OF_ITS_PLACE if key in inner}}

    named = {name: moved(body) for name, body in defs.items()}
    return {**named, **values}


def with_references(defs: Schema) -> Schema:
    """The definitions, with `${...}` and the like wherever the loader fills them in first."""

    def opened(schema: Any) -> Any:
        """A value: what is in it, and a reference in its place."""
        if not isinstance(schema, dict) or schema.get("not") == {} or schema.keys() <= {*_OF_ITS_PLACE}:
            return inside(schema)
        takes_text = _takes_text(schema, defs)
        more = [reference("Joined")] if takes_text else []
        more += [reference("TypedList")] if _takes_list(schema, defs) else []
        if not _is_free(schema):
            more.append(reference("Reference" if takes_text else "Item"))
        inner = inside(schema)
        own = {key: inner.pop(key) for key in _OF_ITS_PLACE if key in inner}
        choices = inner["anyOf"] if inner.keys() == {"anyOf"} else [inner]
        return {"anyOf": [*choices, *more], **own}

    def inside(schema: Any) -> Any:
        return changed_inside(schema, opened, inside) if isinstance(schema, dict) else schema

    return {**{name: inside(body) for name, body in defs.items()}, **_REFERENCES}


def _is_free(schema: Schema) -> bool:
    """Whether any text fits."""
    if any(_is_free(choice) for choice in schema.get("anyOf", ())):
        return True
    return not _BOUNDS.intersection(schema) and schema.get("type", "string") == "string"


def _takes_text(schema: Schema, defs: Schema) -> bool:
    """Whether some text fits, so that a text with a reference in it may."""
    if "$ref" in schema:
        return _takes_text(defs[schema["$ref"].removeprefix(_REF)], defs)
    if "anyOf" in schema and schema.get("type") is None:
        return any(_takes_text(choice, defs) for choice in schema["anyOf"])
    words = schema.get("enum", [schema.get("const")])
    return "string" in schema.get("type", ()) or any(isinstance(word, str) for word in words)


def _takes_list(schema: Schema, defs: Schema) -> bool:
    """Whether some list fits."""
    if "$ref" in schema:
        return _takes_list(defs[schema["$ref"].removeprefix(_REF)], defs)
    return "array" in schema.get("type", ()) or any(_takes_list(one, defs) for one in schema.get("anyOf", ()))


def changed_inside(
    schema: Schema, value: Callable[[Any], Any], choice: Callable[[Any], Any]
) -> dict[str, Any]:
    """A schema with a change made to the schemas right in it.

    Args:
        schema: The schema.
        value: The change of those of values inside: of properties and items.
        choice: The change of those of the same value: of `anyOf` and the like.
    """
    new = dict(schema)
    new.update({key: value(schema[key]) for key in ("items", "additionalProperties") if key in schema})
    new.update({key: choice(schema[key]) for key in ("then", "else", "propertyNames") if key in schema})
    new.update({key: [*map(choice, schema[key])] for key in ("anyOf", "oneOf", "allOf") if key in schema})
    if "properties" in schema:
        new["properties"] = {name: value(part) for name, part in schema["properties"].items()}
    return new

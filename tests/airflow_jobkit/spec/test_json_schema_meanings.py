"""Every property and every definition of the JSON Schemas says what it means, and none is there in vain."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_jobkit.spec.json_schema import dag_file_schema, defaults_schema, project_schema

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "a DAG file": dag_file_schema,
    "defaults.yaml": defaults_schema,
    "jobkit.yaml": project_schema,
}


def properties(schema: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every property below a schema that can be written, with its path; what is forbidden is left out."""
    if isinstance(schema, list):
        for position, part in enumerate(schema):
            yield from properties(part, f"{path}[{position}]")
    elif isinstance(schema, dict):
        for key, part in schema.items():
            if key == "properties":
                yield from ((f"{path}.{name}", one) for name, one in part.items())
                yield from properties([*part.values()], path)
            elif key not in ("not", "if", "default", "examples"):
                yield from properties(part, f"{path}/{key}")


ANY_TEXT = {"type": "string"}
JOINED = {"$ref": "#/$defs/Joined"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_property_says_what_it_means(name: str) -> None:
    # What only tells choices apart, such as that one of three keys is a text, has its meaning elsewhere.
    found = [
        (path, one)
        for path, one in properties(SCHEMAS[name](), "")
        if isinstance(one, dict) and one not in (ANY_TEXT, {"anyOf": [ANY_TEXT, JOINED]})
    ]
    assert len(found) > 200
    assert [path for path, one in found if not one.get("description", one.get("errorMessage"))] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_definition_is_needed_and_says_what_it_is(name: str) -> None:
    schema = SCHEMAS[name]()
    defs = schema.pop("$defs")
    reached: set[str] = set()
    waiting = [json.dumps(schema)]
    while waiting:
        found = {*re.findall(r'"#/\$defs/(\w+)"', waiting.pop())} - reached
        reached |= found
        waiting += [json.dumps(defs[one]) for one in found]
    assert reached == defs.keys()
    meanings = ("title", "description", "$comment")
    assert [one for one, body in defs.items() if not any(map(body.get, meanings))] == []

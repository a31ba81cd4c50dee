"""Params: what is wrong with their schemas, which Airflow finds only when a run is triggered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_jobkit.fields import describe
from airflow_jobkit.problems import Issue, choices_remedy

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
"""The types of JSON Schema."""
_OF_PYTHON = {
    "bool": "boolean",
    "dict": "object",
    "float": "number",
    "int": "integer",
    "list": "array",
    "str": "string",
}


def param_issues(params: Mapping[str, Any]) -> Iterator[Issue]:
    """The types that params have and JSON Schema has not; paths start at the DAG or the task."""
    for name, schema in params.items():
        if not isinstance(schema, dict) or "type" not in schema:
            continue
        path, given = ("params", name, "type"), schema["type"]
        many = isinstance(given, list | tuple)
        for position, word in enumerate(given if many else [given]):
            if not isinstance(word, str) or word not in TYPES:
                place = (*path, position) if many else path
                yield Issue(place, f"no type of a param: {describe(word)}", _remedy(word), "bad-value")


def _remedy(word: object) -> str:
    if word is None:
        return 'put it in quotes, "null"'
    meant = _OF_PYTHON.get(word) if isinstance(word, str) else None
    return f"write {meant}" if meant else choices_remedy(word, TYPES)

"""The parts of the JSON Schemas that are about tasks: their kinds, their places, and templates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import chain
from typing import Final

from airflow_jobkit.fields import TYPE
from airflow_jobkit.problems import did_you_mean
from airflow_jobkit.spec.callables import PATH_SCHEMA
from airflow_jobkit.spec.common import AirflowKeys
from airflow_jobkit.spec.defaults import LIKENESS
from airflow_jobkit.spec.file_functions import OF_CALLBACKS, OF_TASKS
from airflow_jobkit.spec.json_models import Schema, reference
from airflow_jobkit.spec.task import CALLABLES, ELSEWHERE, KINDS, RESERVED_ARGUMENTS
from airflow_jobkit.spec.templates import EXTENDS
from airflow_jobkit.spec.typed import SAFE_PREFIXES, SAFE_TYPES
from airflow_jobkit.spec.values import NAME_SCHEMA

NAME: Final[Schema] = NAME_SCHEMA
LISTED_NAME: Final[Schema] = {"anyOf": [NAME, {"type": "integer"}]}
"""A name as a value, where YAML may make a number of it."""

_STRUCTURE: Schema = {
    "task_group_name": {"type": ["string", "integer"], "description": "The group that it is in."},
    "for_each": {
        "anyOf": [
            {
                "type": "array",
                "minItems": 1,
                "items": {"title": "entry", "anyOf": [NAME, {"type": ["integer", "boolean"]}]},
            },
            {"type": "object", "minProperties": 1, "propertyNames": NAME},
        ],
        "description": "A list or a mapping: a task for each item; `${item}` and `${key}` are filled in.",
        "examples": [["jfk", "lga"], {"jfk": {"runways": 4}}],
    },
    EXTENDS: {
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        "description": "The task template, or a list of them, that it takes over.",
    },
}
_MODEL_OF: Mapping[str, str] = {
    "spark_job": "SparkTask",
    "operator": "OperatorTask",
    "decorator": "DecoratorTask",
}


_FUNCTIONS = ("python_callable", "python_callable_file", "python_callable_name")


def task_definitions(defs: Schema, blocks: Schema) -> Schema:
    """The definitions of tasks.

    Args:
        defs: Those of the Specs.
        blocks: The Engines' options, by the Engine's name.
    """
    # In a mapping it may say its key once more.
    task_id: Schema = {"description": "Its id, where tasks are a list."}
    structure = {**_STRUCTURE, "task_id": task_id, **functions_of_files(OF_CALLBACKS)}
    spark = _spark_task(defs["SparkTask"], {**structure, **blocks})
    free = {name: _free_task(defs[name], structure) for name in ("OperatorTask", "DecoratorTask")}
    return {
        "SparkTask": spark,
        **free,
        "TaskTemplate": _template(spark, free, structure),
        "Task": {
            **reference("TaskTemplate"),
            "description": "A task: it says `spark_job`, `operator` or `decorator`, or extends what does.",
            "anyOf": [{"required": [key]} for key in (*KINDS, EXTENDS)],
            "if": {"required": ["decorator"], "not": {"required": [EXTENDS]}},
            "then": {"anyOf": [{"required": [key]} for key in _FUNCTIONS]},
        },
        "TaskById": {**reference("Task"), "description": "A task in a mapping."},
        "ListedTask": {
            **reference("Task"),
            "description": "A task in a list.",
            "properties": {"task_id": {**LISTED_NAME, **task_id}},
            "required": ["task_id"],
        },
        "Value": _value(),
    }


def functions_of_files(known: Mapping[str, tuple[str, str]]) -> Schema:
    """The keys that name a function by a Python file and a name in it."""
    return {
        key: {"type": "string", "description": f"{what} that is the `{argument}`."}
        for argument, keys in known.items()
        for key, what in zip(
            keys, ("A Python file of the DAGs folder with the function", "The function"), strict=True
        )
    }


def _template(spark: Schema, free: Mapping[str, Schema], structure: Schema) -> Schema:
    """A task of which parts may stand elsewhere: what its kind asks for, where it says that."""
    kinds = {
        kind: owner["properties"][kind] for kind, owner in zip(KINDS, (spark, *free.values()), strict=True)
    }
    return {
        "type": "object",
        "description": "What tasks share.",
        "properties": {**kinds, **structure},
        "allOf": [{"if": {"required": [kind]}, "then": reference(name)} for kind, name in _MODEL_OF.items()],
    }


def _spark_task(keys: Schema, more: Schema) -> Schema:
    properties = {**keys["properties"], **more}
    reserved = sorted({spelt for name in RESERVED_ARGUMENTS for spelt in (name, name.replace("_", "-"))})
    named = {"allOf": [NAME, {"not": {"enum": reserved}}]}
    properties["args"] = {**properties["args"], "propertyNames": named}
    for place in ("expand", "partial"):
        properties[place] = {**properties[place], "propertyNames": {"const": "job_args"}}
    return {**keys, "properties": properties, "required": []}


def _free_task(keys: Schema, more: Schema) -> Schema:
    """A task whose further keys are arguments, but for those that are written in another way here."""
    elsewhere = {
        name: {"not": {}, "errorMessage": remedy, "deprecationMessage": remedy}
        for name, remedy in ELSEWHERE.items()
    }
    callables = {name: _callable(name) for name in CALLABLES} if "operator" in keys["properties"] else {}
    callables |= functions_of_files(
        OF_TASKS if callables else {"python_callable": OF_TASKS["python_callable"]}
    )
    return {
        **keys,
        "properties": {**elsewhere, **callables, **keys["properties"], **more},
        "required": [],
        "additionalProperties": reference("Value"),
        "not": {"anyOf": [{"required": [kind]} for kind in KINDS if kind not in keys["properties"]]},
    }


def _callable(name: str) -> Schema:
    return {
        "pattern": PATH_SCHEMA["pattern"],
        "description": f"The function that is `{name}`, by its import path.",
    }


def _value() -> Schema:
    """Anything, in which `__type__` names a class that may be called."""
    safe = [{"enum": sorted(SAFE_TYPES)}, {"type": "null"}]
    safe += [{"type": "string", "pattern": f"^{prefix.replace('.', '[.]')}"} for prefix in SAFE_PREFIXES]
    named = {"anyOf": safe, "description": "The class of an object; the other keys are its arguments."}
    return {
        "description": "Any value.",
        "properties": {TYPE: named},
        "additionalProperties": reference("Value"),
        "items": reference("Value"),
    }


@cache
def misspelt_defaults() -> Schema:
    """The names in `default_args`: none that only looks like one that every task can have.

    Of those that the validation takes for misspelt, these are the likely ones: a letter left out, doubled or
    swapped with the next, and the words of other factories.
    """
    known = tuple(AirflowKeys.model_fields)
    likely = {*chain.from_iterable(map(_slips, known)), *ELSEWHERE} - {*known}
    caught = sorted(word for word in likely if did_you_mean(word, known, cutoff=LIKENESS))
    return {"not": {"enum": caught}, "errorMessage": "Looks like a misspelt key of tasks."}


def _slips(word: str) -> set[str]:
    places = range(len(word))
    return {
        *(word[:n] + word[n + 1 :] for n in places),
        *(word[:n] + word[n] + word[n:] for n in places),
        *(word[:n] + word[n + 1] + word[n] + word[n + 2 :] for n in places[:-1]),
    }

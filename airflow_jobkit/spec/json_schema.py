"""JSON Schemas (2020-12) of DAG files, folders' defaults and the project file, made from the Specs.

They say what a single file shows: keys, types, choices, forms. What holds between keys and files is
`jobkit validate`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from pydantic import BaseModel

from airflow_jobkit.engines import engine_names, options_class
from airflow_jobkit.spec.common import AirflowKeys, GroupKeys
from airflow_jobkit.spec.dag import RESERVED_PARAMS
from airflow_jobkit.spec.dag_keys import DagKeys
from airflow_jobkit.spec.described import summary
from airflow_jobkit.spec.file_functions import OF_CALLBACKS
from airflow_jobkit.spec.json_models import (
    Schema,
    definitions,
    reachable,
    reference,
    with_references,
    with_values_named,
)
from airflow_jobkit.spec.json_tasks import (
    LISTED_NAME,
    NAME,
    functions_of_files,
    misspelt_defaults,
    task_definitions,
)
from airflow_jobkit.spec.project_keys import EnvironmentKeys, ProjectKeys
from airflow_jobkit.spec.task_keys import DecoratorTaskKeys, OperatorTaskKeys, SparkTaskKeys
from airflow_jobkit.spec.templates import TEMPLATES

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_MODELS: Mapping[str, type[BaseModel]] = {
    "Dag": DagKeys,
    "DefaultArgs": AirflowKeys,
    "Group": GroupKeys,
    "SparkTask": SparkTaskKeys,
    "OperatorTask": OperatorTaskKeys,
    "DecoratorTask": DecoratorTaskKeys,
    "Project": ProjectKeys,
    "Environment": EnvironmentKeys,
    **{f"{engine.capitalize()}Options": options_class(engine) for engine in engine_names()},
}
_MEMBERS = ("tasks", "task_groups")
_OF_GROUPS: Schema = {
    "parent_group_name": {"type": ["string", "null"], "description": "The group around it."},
    "tasks": {
        "anyOf": [
            {"type": "object", "propertyNames": NAME, "additionalProperties": reference("TaskById")},
            {"type": "array", "items": reference("ListedTask")},
            {"type": "null"},
        ],
        "description": "Its tasks, by id or as a list.",
    },
    "task_groups": {
        "anyOf": [
            {
                "type": "object",
                "propertyNames": NAME,
                "additionalProperties": {"anyOf": [reference("Group"), {"type": "null"}]},
            },
            {"type": "array", "items": reference("ListedGroup")},
            {"type": "null"},
        ],
        "description": "The groups in it, by name or as a list.",
    },
}
_TEMPLATES: Schema = {
    "anyOf": [{"type": "object", "additionalProperties": reference("TaskTemplate")}, {"type": "null"}],
    "description": "What tasks share, by name; a task takes it over with `extends: <name>`.",
}
_PARTS: Schema = {
    "tasks": {
        "anyOf": [
            {
                "type": "object",
                "additionalProperties": {"anyOf": [reference("TaskTemplate"), {"type": "null"}]},
            },
            {"type": "array"},
        ],
        "description": "Tasks of every DAG, or parts of tasks of the same id.",
    },
    "task_groups": {
        "type": ["object", "array", "null"],
        "description": "Groups of every DAG, or parts of them.",
    },
}
"""The members of a layer above a DAG, which only together with the DAG's own have to be whole."""


def dag_file_schema() -> Schema:
    """The schema of a DAG file."""
    no_default = {"properties": {"default": True}}
    schema: Schema = {
        "description": "A DAG file of airflow-jobkit: the keys are DAG ids.",
        "type": "object",
        "propertyNames": NAME,
        "properties": {
            "default": {
                "anyOf": [reference("DagDefaults"), {"type": "null"}],
                "description": "Defaults of all DAGs of this file.",
            }
        },
        # Where the defaults have tasks, a DAG needs none, or a part of each.
        "if": {"required": ["default"], "properties": {"default": {"type": "object", **_some_members()}}},
        "then": {**no_default, "additionalProperties": reference("DagDefaults")},
        "else": {**no_default, "additionalProperties": reference("Dag")},
    }
    return _document({**schema, "dependentSchemas": {"default": {"minProperties": 2}}}, references=True)


def defaults_schema() -> Schema:
    """The schema of a folder's `defaults.yaml`."""
    schema: Schema = {
        "description": "Defaults of airflow-jobkit for every DAG of a folder, and of those below it.",
        "anyOf": [reference("DagDefaults"), {"type": "null"}],
    }
    return _document(schema, references=True)


def project_schema() -> Schema:
    """The schema of `jobkit.yaml`, in which no `${...}` is filled in."""
    schema = {"description": "The project file of airflow-jobkit, dags/jobkit.yaml.", **reference("Project")}
    return _document(schema, references=False)


def _document(schema: Schema, *, references: bool) -> Schema:
    defs = all_definitions()
    opened = with_references(defs) if references else defs
    return {"$schema": DIALECT, **schema, "$defs": reachable(schema, opened)}


@cache
def all_definitions() -> Schema:
    """Every definition, by name; those of values have a title."""
    defs = definitions(_MODELS)
    blocks = {
        engine: {
            "anyOf": [reference(f"{engine.capitalize()}Options"), {"type": "null"}],
            "description": summary(options_class(engine)),
        }
        for engine in engine_names()
    }
    defs |= task_definitions(defs, blocks)
    defs |= _group_definitions(defs["Group"])
    defs |= _dag_definitions(defs["Dag"], blocks)
    said = "The time zone of the dates here, and of cron where the DAG has none itself; default: the DAG's."
    zone = {**defs["Dag"]["properties"]["timezone"], "description": said}
    more = {"timezone": zone, **functions_of_files(OF_CALLBACKS)}
    defs["DefaultArgs"]["properties"] |= more
    defs["DefaultArgs"] |= {"additionalProperties": reference("Value"), "propertyNames": misspelt_defaults()}
    defs |= _project_definitions(defs, blocks)
    return reachable({"anyOf": [reference("Dag"), reference("Project")]}, with_values_named(defs))


def _group_definitions(group: Schema) -> Schema:
    own = {**group["properties"], "default_args": _default_args(group), **_OF_GROUPS}
    names = {
        "group_name": {**LISTED_NAME, "description": "Its name."},
        "group_id": {**LISTED_NAME, "description": "The same, in another word."},
    }
    listed = {
        "description": "A group in a list.",
        "properties": {**own, **names},
        "anyOf": [{"required": [key]} for key in names],
    }
    return {"Group": {**group, "properties": own}, "ListedGroup": {**group, **listed}}


def _dag_definitions(dag: Schema, blocks: Schema) -> Schema:
    found = dag["properties"]
    params = {
        "propertyNames": {"allOf": [NAME, {"not": {"enum": sorted(RESERVED_PARAMS)}}]},
        "additionalProperties": reference("Value"),
    }
    properties = {
        **found,
        **blocks,
        "default_args": _default_args(dag),
        "params": {**found["params"], **params},
        TEMPLATES: _TEMPLATES,
        **functions_of_files({name: keys for name, keys in OF_CALLBACKS.items() if name in found}),
    }
    members = {name: {**found[name], "anyOf": _OF_GROUPS[name]["anyOf"]} for name in _MEMBERS}
    return {
        "Dag": {**dag, "description": "A DAG.", "properties": {**properties, **members}, **_some_members()},
        "DagDefaults": {
            **dag,
            "description": "Keys of a DAG that hold for several DAGs.",
            "properties": {**properties, **_PARTS},
        },
    }


def _some_members() -> Schema:
    """That there is a task or a group; what is empty is refused in words that editors do not complete."""
    empty: Schema = {"properties": {name: {"enum": [{}, [], None]} for name in _MEMBERS}}
    return {
        "anyOf": [{"required": [name]} for name in _MEMBERS],
        "not": {"anyOf": [{"required": [name], **empty} for name in _MEMBERS]},
    }


def _default_args(owner: Schema) -> Schema:
    return {**reference("DefaultArgs"), "description": owner["properties"]["default_args"]["description"]}


def _project_definitions(defs: Schema, blocks: Schema) -> Schema:
    more = {**blocks, "defaults": {**reference("DagDefaults")}}
    more["defaults"]["description"] = defs["Project"]["properties"]["defaults"]["description"]
    project, environment = defs["Project"], defs["Environment"]
    environments = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": NAME,
        "additionalProperties": {"anyOf": [reference("Environment"), {"type": "null"}]},
        "description": project["properties"]["environments"]["description"],
    }
    return {
        "Environment": {**environment, "properties": {**environment["properties"], **more}},
        "Project": {
            **project,
            "properties": {**project["properties"], **more, "environments": environments},
            "required": ["project", "environments"],
        },
    }

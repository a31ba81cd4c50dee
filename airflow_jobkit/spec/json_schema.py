"""JSON Schemas (2020-12) of DAG files and of the project file, for editors, made from the Specs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from airflow_jobkit.engines import engine_names, options_class
from airflow_jobkit.spec.callables import CALLBACKS
from airflow_jobkit.spec.common import AirflowKeys, GroupKeys
from airflow_jobkit.spec.cron import PRESETS
from airflow_jobkit.spec.dag_keys import DagKeys
from airflow_jobkit.spec.described import descriptions, summary
from airflow_jobkit.spec.file_functions import OF_CALLBACKS
from airflow_jobkit.spec.project import EnvironmentKeys, ProjectKeys
from airflow_jobkit.spec.task_keys import DecoratorTaskKeys, OperatorTaskKeys, SparkTaskKeys
from airflow_jobkit.spec.templates import EXTENDS, TEMPLATES
from airflow_jobkit.spec.values import TRIGGER_RULES, VERSION_PATTERN

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

_TYPED: Schema = {"type": "object", "required": ["__type__"], "properties": {"__type__": {"type": "string"}}}
_DURATION: Schema = {
    "anyOf": [
        {"type": "string", "pattern": r"^((\d+d)?(\d+h)?(\d+m)?(\d+s)?|P(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?)$"},
        {"type": "integer", "minimum": 1},
        _TYPED,
    ],
    "examples": ["30m", "1h30m", "2d", "PT30M"],
}
_MOMENT: Schema = {"anyOf": [{"type": "string"}, _TYPED], "examples": ["2026-01-31"]}
_ASSETS: Schema = {"anyOf": [{"type": "string"}, {"type": "object"}, {"type": "array"}]}
_CALLBACK: Schema = {
    "anyOf": [
        {"type": "string"},
        {"type": "object", "required": ["callback"], "properties": {"callback": {"type": "string"}}},
    ],
    "examples": ["team.callbacks.tell", {"callback": "team.notifiers.Pager", "channel": "night"}],
}
_REFERENCED: Mapping[str, Schema] = {
    "schedule": {
        "anyOf": [{"type": ["string", "null"]}, {"type": "array", "items": _ASSETS}, {"type": "object"}],
        "examples": ["0 6 * * *", *PRESETS, "6h", ["s3://bucket/flights"]],
    },
    "tasks": {
        "anyOf": [
            {"type": "object", "additionalProperties": {"$ref": "#/$defs/Task"}},
            {"type": "array", "items": {"$ref": "#/$defs/Task"}},
        ]
    },
    "task_groups": {
        "anyOf": [
            {
                "type": "object",
                "additionalProperties": {"anyOf": [{"$ref": "#/$defs/Group"}, {"type": "null"}]},
            },
            {"type": "array", "items": {"$ref": "#/$defs/Group"}},
        ]
    },
    "default_args": {"$ref": "#/$defs/DefaultArgs"},
    "python_callable": {"type": "string", "examples": ["team.functions.clean"]},
    "trigger_rule": {"enum": [*TRIGGER_RULES]},
    "code_version": {"type": "string", "pattern": VERSION_PATTERN, "examples": ["0.2.0"]},
    "engine": {"enum": [*engine_names()]},
    "inlets": _ASSETS,
    "outlets": _ASSETS,
    **{name: {"anyOf": [_CALLBACK, {"type": "array", "items": _CALLBACK}]} for name in CALLBACKS},
}
_TASK_KINDS = ("spark_job", "operator", "decorator")
_OF_TASKS: Schema = {
    "task_id": {"type": "string", "description": "Its id, where tasks are a list."},
    "task_group_name": {"type": "string", "description": "The group that it is in."},
    "for_each": {
        "type": ["array", "object"],
        "description": "A task for each item, in a group; `${item}` and `${key}` are filled in.",
    },
    EXTENDS: {"type": ["string", "array"], "description": "The task templates that it takes over."},
}
_OF_GROUPS: Schema = {
    "group_name": {"type": "string", "description": "Its name, where groups are a list."},
    "parent_group_name": {"type": "string", "description": "The group around it."},
    "tasks": _REFERENCED["tasks"],
    "task_groups": _REFERENCED["task_groups"],
}


class _Generator(GenerateJsonSchema):
    """Pydantic's schemas, but for what YAML writes in words."""

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:  # noqa: ARG002
        return dict(_DURATION)

    def datetime_schema(self, schema: core_schema.DatetimeSchema) -> JsonSchemaValue:  # noqa: ARG002
        return dict(_MOMENT)


def dag_file_schema() -> Schema:
    """The schema of a DAG file."""
    schema = _document("A DAG file of airflow-jobkit: the keys are DAG ids.")
    schema["properties"] = {
        "default": {**_closed("DagDefaults"), "description": "Defaults of all DAGs of this file."}
    }
    schema["additionalProperties"] = {"$ref": "#/$defs/Dag"}
    return schema


def project_schema() -> Schema:
    """The schema of `jobkit.yaml`."""
    schema = _document("The project file of airflow-jobkit, dags/jobkit.yaml.")
    return {**schema, "$ref": "#/$defs/Project", "additionalProperties": True}


def _closed(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _document(description: str) -> Schema:
    engines = {engine: options_class(engine) for engine in engine_names()}
    models = (
        *(AirflowKeys, DagKeys, GroupKeys, SparkTaskKeys, OperatorTaskKeys, DecoratorTaskKeys),
        *(ProjectKeys, EnvironmentKeys),
    )
    whole: list[type[BaseModel]] = [*models, *engines.values()]
    made, found = models_json_schema([(model, "validation") for model in whole], schema_generator=_Generator)
    defs: Schema = found["$defs"]
    names = {model: made[model, "validation"]["$ref"].rpartition("/")[2] for model in whole}
    for model, name in names.items():
        _describe(defs[name], model)
    blocks = {engine: {"$ref": f"#/$defs/{names[options]}"} for engine, options in engines.items()}
    _assemble(defs, names, blocks)
    return {"$schema": DIALECT, "description": description, "type": "object", "$defs": defs}


def _assemble(defs: Schema, names: Mapping[type[BaseModel], str], blocks: Schema) -> None:
    """The parts that are of several Specs, under names of their own."""
    dag = defs[names[DagKeys]]
    templates = {TEMPLATES: {"type": "object", "description": "Tasks to extend, by name."}}
    callbacks = _named_by_file(name for name in OF_CALLBACKS if name in dag["properties"])
    whole = {**dag, "properties": {**dag["properties"], **callbacks, **blocks, **templates}}
    defs["Dag"] = {**whole, "additionalProperties": False}
    defs["DagDefaults"] = defs["Dag"]
    common = defs[names[AirflowKeys]]
    defs["DefaultArgs"] = {**common, "additionalProperties": True}
    group = defs[names[GroupKeys]]
    defs["Group"] = {**group, "properties": {**group["properties"], **_OF_GROUPS}}
    defs["Task"] = {
        "type": "object",
        "oneOf": [
            _task(defs[names[SparkTaskKeys]], blocks, "spark_job", closed=True),
            _task(defs[names[OperatorTaskKeys]], {}, "operator", closed=False),
            _task(defs[names[DecoratorTaskKeys]], {}, "decorator", closed=False),
            {
                "required": [EXTENDS],
                "properties": _OF_TASKS,
                "not": {"anyOf": [{"required": [kind]} for kind in _TASK_KINDS]},
            },
        ],
    }
    for model in (ProjectKeys, EnvironmentKeys):
        own = defs[names[model]]
        own["properties"] = {**own["properties"], **blocks, "defaults": _closed("DagDefaults")}
    project = defs[names[ProjectKeys]]
    environment = {"anyOf": [{"$ref": f"#/$defs/{names[EnvironmentKeys]}"}, {"type": "null"}]}
    project["properties"]["environments"] = {
        "type": "object",
        "description": "The overlays, by the environment's name.",
        "additionalProperties": environment,
    }
    defs["Project"] = project


def _task(keys: Schema, blocks: Schema, kind: str, *, closed: bool) -> Schema:
    properties = {**keys["properties"], **_named_by_file(OF_CALLBACKS), **blocks, **_OF_TASKS}
    return {
        "description": keys.get("description", ""),
        "properties": properties,
        "required": [kind],
        "additionalProperties": not closed,
        "not": {"anyOf": [{"required": [other]} for other in _TASK_KINDS if other != kind]},
    }


def _named_by_file(callbacks: Iterable[str]) -> Schema:
    """The keys that name a callback by a Python file and a function in it."""
    return {
        key: {"type": "string", "description": f"{what} that is the `{name}`."}
        for name in callbacks
        for key, what in zip(
            OF_CALLBACKS[name],
            ("A Python file of the DAGs folder with the function", "The function"),
            strict=True,
        )
    }


def _describe(schema: Schema, model: type[BaseModel]) -> None:
    """Put the meanings of the fields, and what YAML writes in its own words, into a model's schema."""
    schema["description"] = summary(model)
    texts = descriptions(model)
    for name, field in model.model_fields.items():
        key = field.alias or name
        found = schema["properties"].get(key)
        if found is None:
            continue
        if name in _REFERENCED and "options" not in model.__module__:
            found = dict(_REFERENCED[name])
        found.pop("title", None)
        if name in texts:
            found["description"] = texts[name]
        schema["properties"][key] = found
    schema.pop("title", None)

"""Specs as plain data, as a YAML would have them: who reads the data again gets the same Spec."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from airflow_jobkit.fields import TIMEDELTA, TYPE, duration_text
from airflow_jobkit.spec.callables import CallableRef
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.defaults import DefaultArgs
from airflow_jobkit.spec.file_functions import OF_CALLBACKS, OF_TASKS, FileFunction
from airflow_jobkit.spec.schedule import AliasSpec, AssetCondition, AssetSchedule, AssetSpec, Timetable
from airflow_jobkit.spec.task import SparkTask, Task
from airflow_jobkit.spec.typed import ALL, ANY
from airflow_jobkit.spec.zones import TIMEZONE

_OF_FILES = {**OF_TASKS, **OF_CALLBACKS}
_PLAIN_URI = re.compile(r"[^\s&|()]+")


def dag_data(spec: DagSpec) -> dict[str, Any]:
    """A DAG with its groups and tasks; what came from layers above it stands in it."""
    defaults = default_args_data(spec.default_args)
    return {
        **keys_data(spec.keys),
        **({"default_args": defaults} if defaults else {}),
        **_members_data(spec, None),
    }


def _members_data(spec: DagSpec, group: str | None) -> dict[str, Any]:
    """The groups and the tasks right in a group, or in none."""
    groups: dict[str, Any] = {}
    for one in spec.groups:
        if one.parent == group:
            defaults = default_args_data(one.default_args)
            own = {**keys_data(one.keys), **({"default_args": defaults} if defaults else {})}
            groups[one.name] = {**own, **_members_data(spec, one.group_id)}
    tasks = {
        spec.members.tasks[task.task_id].name: task_data(task)
        for task in spec.tasks
        if spec.group_of.get(task.task_id) == group
    }
    return {**({"task_groups": groups} if groups else {}), **({"tasks": tasks} if tasks else {})}


def task_data(task: Task) -> dict[str, Any]:
    """A task with its arguments, or with all options of its Engine, whoever set them."""
    if not isinstance(task, SparkTask):
        keys = keys_data(task.keys)
        partial = {"partial": _with_spans(task.keys.partial)} if "partial" in keys else {}
        return {**keys, **partial, **by_file(_with_spans(task.arguments))}
    options = keys_data(task.options)
    return {**keys_data(task.keys), **({task.engine: options} if options else {})}


def default_args_data(defaults: DefaultArgs) -> dict[str, Any]:
    """The `default_args` of a DAG or a group."""
    zone = {TIMEZONE: defaults.timezone} if defaults.timezone is not None else {}
    return {**zone, **keys_data(defaults.keys), **defaults.arguments}


def keys_data(keys: BaseModel) -> dict[str, Any]:
    """What is set of a Spec's keys."""
    fields = type(keys).model_fields.items()
    found = {
        field.alias or name: getattr(keys, name) for name, field in fields if name in keys.model_fields_set
    }
    return {name: value_data(value) for name, value in by_file(found).items()}


def by_file(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by name, with two names in the place of one for a function that is named by its file."""
    data: dict[str, Any] = {}
    for name, value in values.items():
        one = value[0] if isinstance(value, tuple) and len(value) == 1 else value
        if isinstance(one, FileFunction):
            data |= zip(_OF_FILES[name], (one.file, one.name), strict=True)
        else:
            data[name] = value
    return data


def value_data(value: Any) -> Any:
    """The value of a key; mappings that are free in what they hold are plain data already."""
    match value:
        case dt.timedelta():
            return _interval_data(value)
        case dt.date():
            return value.isoformat()
        case tuple():
            return [value_data(item) for item in value]
        case BaseModel():
            return keys_data(value)
        case CallableRef(path, arguments):
            return {"callback": path, **arguments} if arguments else path
        case AliasSpec():
            return {TYPE: "airflow.sdk.AssetAlias", "name": value.name}
        case AssetSpec() | AssetCondition():
            return _assets_data(value)
        case AssetSchedule(condition, timetable):
            beside = {"timetable": value_data(timetable)} if timetable is not None else {}
            return {"assets": _assets_data(condition), **beside}
        case Timetable(class_path, arguments):
            return {TYPE: class_path, **arguments}
    return value


def _with_spans(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with spans of time as a YAML has them."""
    return {n: _interval_data(v) if isinstance(v, dt.timedelta) else v for n, v in arguments.items()}


def _interval_data(value: dt.timedelta) -> Any:
    if value > dt.timedelta() and not value.microseconds:
        return duration_text(value)
    return {TYPE: TIMEDELTA, "days": value.days, "seconds": value.seconds, "microseconds": value.microseconds}


def _assets_data(value: AssetSpec | AssetCondition) -> Any:
    if isinstance(value, AliasSpec):
        return value_data(value)
    if isinstance(value, AssetCondition):
        return {ALL if value.every else ANY: [_assets_data(part) for part in value.of]}
    parts = {"uri": value.uri, "name": value.name, "group": value.group, "extra": dict(value.extra)}
    fields = {name: part for name, part in parts.items() if part not in (None, {})}
    # A text with signs in it may be read as a condition, one with spaces around it as another text.
    is_plain = set(fields) == {"uri"} and _PLAIN_URI.fullmatch(str(value.uri))
    return value.uri if is_plain else fields

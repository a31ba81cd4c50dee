"""`jobkit render`: what a YAML file comes to."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from airflow_jobkit.cli.origins import Origins, annotated
from airflow_jobkit.cli.project import dag_file_of, dags_folder_of, settings_of
from airflow_jobkit.cli.requests import task_requests
from airflow_jobkit.engines import operator_class_path
from airflow_jobkit.loading.dags import load_file
from airflow_jobkit.loading.folder import read_file
from airflow_jobkit.loading.listing import PROJECT_FILE
from airflow_jobkit.problems import ProblemsError
from airflow_jobkit.spec.code import Code, CodeRoot
from airflow_jobkit.spec.common import TaskKeys
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.task import DecoratorTask, OperatorTask, Task
from airflow_jobkit.spec.writing import by_file, default_args_data, keys_data, value_data


def run(arguments: argparse.Namespace) -> int:
    """Print the DAGs of a file with every default filled in.

    Raises:
        ProblemsError: The file or its project is wrong.
    """
    file: Path = arguments.file
    settings = settings_of(dags_folder_of(file), arguments.env)
    loaded = load_file(dag_file_of(file), settings)
    if loaded.problems:
        raise ProblemsError(loaded.problems)
    document = {dag.spec.dag_id: render_dag(dag.spec, settings) for dag in loaded.dags}
    project = read_file(dags_folder_of(file) / PROJECT_FILE)
    origins = {dag.spec.dag_id: Origins(dag, project, settings.environment) for dag in loaded.dags}
    plain = as_plain(document)
    if arguments.format == "json":
        print(json.dumps(plain, indent=2))
    else:
        text = yaml.safe_dump(plain, sort_keys=False, width=100, allow_unicode=True)
        print(annotated(text, origins) if arguments.origins else text, end="")
    return 0


def as_plain(document: Mapping[str, Any]) -> dict[str, Any]:
    """A rendered document as JSON has it: dates of a job's arguments, too, are text."""
    plain: dict[str, Any] = json.loads(json.dumps(document, default=value_data))
    return plain


def render_dag(spec: DagSpec, settings: Settings) -> dict[str, Any]:
    """A DAG with everything that holds for it."""
    return {
        "environment": settings.environment,
        **_held(spec.keys, but=_APART),
        **({"default_args": defaults} if (defaults := default_args_data(spec.default_args)) else {}),
        "code_version": spec.code_version,
        "notification_service_type": spec.notification_service_type,
        **({"task_groups": groups} if (groups := _groups(spec)) else {}),
        "tasks": {task.task_id: render_task(task, spec, settings) for task in spec.tasks},
    }


def render_task(task: Task, spec: DagSpec, settings: Settings) -> dict[str, Any]:
    """A task with everything that holds for it."""
    common = _held(task.keys, but=set(type(task.keys).model_fields) - set(TaskKeys.model_fields))
    if upstream := spec.upstream.get(task.task_id):
        common["dependencies"] = list(upstream)
    if isinstance(task, DecoratorTask):
        called = by_file({"python_callable": task.keys.python_callable})
        return {"decorator": task.keys.decorator, **called, **common, **task.arguments}
    if isinstance(task, OperatorTask):
        return {"operator": task.keys.operator, **common, **by_file(task.arguments)}
    return {
        "operator": operator_class_path(task.engine),
        "spark_job": task.keys.spark_job,
        "engine": task.engine,
        "code_version": task.keys.code_version or spec.code_version,
        "code": _code(task.code),
        "args": dict(task.keys.args),
        **common,
        **({"deferrable": task.keys.deferrable} if task.keys.deferrable is not None else {}),
        task.engine: {name: value_data(value) for name, value in task.options},
        **({"requests": requests} if (requests := task_requests(task, spec, settings)) else {}),
    }


_APART = {
    *("tasks", "task_groups", "default_args", "engine", "code", "code_version"),
    "notification_service_type",
}


_GROUPS_APART = {"dependencies", "default_args"}


def _held(keys: BaseModel, but: AbstractSet[str]) -> dict[str, Any]:
    """What holds of some keys, set or by default, without those that are empty."""
    values = {name: getattr(keys, name) for name in type(keys).model_fields if name not in but}
    held = by_file({name: value for name, value in values.items() if value not in (None, (), {})})
    return {name: value_data(value) for name, value in held.items()}


def _groups(spec: DagSpec) -> dict[str, Any]:
    """The groups by id, with what is set of them."""
    found: dict[str, Any] = {}
    for group in spec.groups:
        own = {name: value for name, value in keys_data(group.keys).items() if name not in _GROUPS_APART}
        defaults = default_args_data(group.default_args)
        upstream = spec.upstream.get(group.group_id)
        found[group.group_id] = {
            **own,
            **({"default_args": defaults} if defaults else {}),
            **({"dependencies": list(upstream)} if upstream else {}),
        }
    return found


def _code(code: Code) -> dict[str, Any]:
    if isinstance(code, CodeRoot):
        return {"root": code.root}
    return {"entry_point": code.entry_point, "wheels": list(code.wheels)}

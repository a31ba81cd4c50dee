"""`jobkit render`: what a YAML file comes to."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import yaml

from airflow_jobkit.cli.origins import Origins, annotated
from airflow_jobkit.cli.project import dag_file_of, dags_folder_of, settings_of
from airflow_jobkit.cli.requests import task_requests
from airflow_jobkit.engines import operator_class_path
from airflow_jobkit.fields import duration_text
from airflow_jobkit.loading.dags import load_file
from airflow_jobkit.loading.folder import PROJECT_FILE, read_file
from airflow_jobkit.problems import ProblemsError
from airflow_jobkit.spec.code import Code, CodeRoot
from airflow_jobkit.spec.common import TaskKeys
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.defaults import DefaultArgs
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.task import DecoratorTask, OperatorTask, Task


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
    # Through JSON, so that dates and durations are text in both forms.
    plain = json.loads(json.dumps(document, default=_as_text))
    if arguments.format == "json":
        print(json.dumps(plain, indent=2))
    else:
        text = yaml.safe_dump(plain, sort_keys=False, width=100)
        print(annotated(text, origins) if arguments.origins else text, end="")
    return 0


def _as_text(value: Any) -> Any:
    """A date, a duration, an asset or a callback as the YAML would have it."""
    if isinstance(value, dt.timedelta):
        return duration_text(value)
    if is_dataclass(value) and not isinstance(value, type):
        fields = {name: item for name, item in asdict(value).items() if item not in (None, {}, ())}
        return next(iter(fields.values())) if len(fields) == 1 else fields
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def render_dag(spec: DagSpec, settings: Settings) -> dict[str, Any]:
    """A DAG with everything that holds for it."""
    own = spec.keys.model_dump(exclude=_APART, exclude_none=True)
    return {
        "environment": settings.environment,
        **{key: _pruned(value) for key, value in own.items() if value not in ((), {})},
        **({"default_args": defaults} if (defaults := _default_args(spec.default_args)) else {}),
        "code_version": spec.code_version,
        "notification_service_type": spec.notification_service_type,
        **({"task_groups": groups} if (groups := _groups(spec)) else {}),
        "tasks": {task.task_id: render_task(task, spec, settings) for task in spec.tasks},
    }


def render_task(task: Task, spec: DagSpec, settings: Settings) -> dict[str, Any]:
    """A task with everything that holds for it."""
    shared = task.keys.model_dump(include=set(TaskKeys.model_fields), exclude_none=True)
    common = {key: _pruned(value) for key, value in shared.items() if value not in ((), {})}
    if upstream := spec.upstream.get(task.task_id):
        common["dependencies"] = list(upstream)
    if isinstance(task, DecoratorTask):
        called = {"decorator": task.keys.decorator, "python_callable": task.keys.python_callable}
        return {**called, **common, **task.arguments}
    if isinstance(task, OperatorTask):
        return {"operator": task.keys.operator, **common, **task.arguments}
    return {
        "operator": operator_class_path(task.engine),
        "spark_job": task.keys.spark_job,
        "engine": task.engine,
        "code_version": task.keys.code_version or spec.code_version,
        "code": _code(task.code),
        "args": dict(task.keys.args),
        **common,
        **({"deferrable": task.keys.deferrable} if task.keys.deferrable is not None else {}),
        task.engine: task.options.model_dump(),
        **({"requests": requests} if (requests := task_requests(task, spec, settings)) else {}),
    }


def _pruned(value: Any) -> Any:
    """A value without what an asset, a condition or a callback in it does not set."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {field: item for field, item in asdict(value).items() if item is not None}
    if isinstance(value, dict) and "uri" in value:
        return {key: item for key, item in value.items() if item not in (None, {})}
    if isinstance(value, dict):
        return {key: _pruned(item) for key, item in value.items()}
    return [_pruned(item) for item in value] if isinstance(value, list | tuple) else value


_APART = {
    *("tasks", "task_groups", "default_args", "engine", "code", "code_version"),
    "notification_service_type",
}


def _default_args(defaults: DefaultArgs) -> dict[str, Any]:
    zone = {"timezone": defaults.timezone} if defaults.timezone is not None else {}
    return {**zone, **defaults.keys.model_dump(exclude_unset=True), **defaults.arguments}


def _groups(spec: DagSpec) -> dict[str, Any]:
    """The groups by id, with what is set of them."""
    found: dict[str, Any] = {}
    for group in spec.groups:
        own = group.keys.model_dump(exclude_unset=True, exclude={"dependencies", "default_args"})
        defaults = _default_args(group.default_args)
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

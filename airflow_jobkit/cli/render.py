"""`jobkit render`: what a YAML file comes to."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from pathlib import Path
from typing import Any

import yaml

from airflow_jobkit.cli.project import dag_file_of, dags_folder_of, settings_of
from airflow_jobkit.cli.requests import task_requests
from airflow_jobkit.engines import operator_class_path
from airflow_jobkit.fields import duration_text
from airflow_jobkit.loading.dags import load_file
from airflow_jobkit.problems import ProblemsError
from airflow_jobkit.spec.code import Code, CodeRoot
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.task import SparkTask, Task, TaskKeys


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
    # Through JSON, so that dates and durations are text in both forms.
    plain = json.loads(json.dumps(document, default=_as_text))
    if arguments.format == "json":
        print(json.dumps(plain, indent=2))
    else:
        print(yaml.safe_dump(plain, sort_keys=False, width=100), end="")
    return 0


def _as_text(value: Any) -> str:
    """A date or a duration as the YAML would have it."""
    if isinstance(value, dt.timedelta):
        return duration_text(value)
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def render_dag(spec: DagSpec, settings: Settings) -> dict[str, Any]:
    """A DAG with everything that holds for it."""
    own = spec.keys.model_dump(exclude={"tasks", "engine", "code", "code_version"}, exclude_none=True)
    return {
        "environment": settings.environment,
        **{key: value for key, value in own.items() if value not in ((), {})},
        "code_version": spec.code_version,
        "notification_service_type": spec.notification_service_type,
        "tasks": {task.task_id: render_task(task, spec, settings) for task in spec.tasks},
    }


def render_task(task: Task, spec: DagSpec, settings: Settings) -> dict[str, Any]:
    """A task with everything that holds for it."""
    shared = task.keys.model_dump(include=set(TaskKeys.model_fields), exclude_none=True)
    common = {key: value for key, value in shared.items() if value != ()}
    if not isinstance(task, SparkTask):
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


def _code(code: Code) -> dict[str, Any]:
    if isinstance(code, CodeRoot):
        return {"root": code.root}
    return {"entry_point": code.entry_point, "wheels": list(code.wheels)}

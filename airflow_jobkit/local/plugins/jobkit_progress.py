"""An Airflow plugin that reports a DAG run's progress to `jobkit run`; only that command loads it."""

from __future__ import annotations

import sys
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

from airflow_jobkit.local.events import TaskFinished, TaskRunning, send


@hookimpl
def on_task_instance_running(task_instance: Any) -> None:
    """Report that a task began."""
    send(TaskRunning(task_instance.task_id))


@hookimpl
def on_task_instance_success(task_instance: Any) -> None:
    """Report that a task succeeded."""
    send(TaskFinished(task_instance.task_id, "success"))


@hookimpl
def on_task_instance_failed(task_instance: Any, error: object) -> None:
    """Report that a try failed, and why."""
    send(TaskFinished(task_instance.task_id, "failed", str(error) if error is not None else None))


class JobkitProgress(AirflowPlugin):
    """Registers this module as a listener."""

    name = "jobkit_progress"
    listeners: list[object] = [sys.modules[__name__]]  # noqa: RUF012 - as Airflow declares it

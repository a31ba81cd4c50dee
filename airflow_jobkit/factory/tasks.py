"""One task of a DAG: its operator, checked and called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airflow_jobkit._compat import DAG, BaseOperator
from airflow_jobkit.engines import operator_class_path
from airflow_jobkit.engines.options import RemoteOptions
from airflow_jobkit.problems import Issue
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.task import SparkTask, Task, TaskKeys


class BuildError(Exception):
    """Something that only building a DAG shows; `issue` says it, its path starts at the DAG."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue
        super().__init__(f"{issue.message}; {issue.remedy}")


def build_task(task: Task, settings: Settings, dag: DAG) -> BaseOperator:
    """Make the operator of a task.

    Raises:
        BuildError: The operator does not exist, is none, or does not take these arguments.
    """
    common = {"task_id": task.task_id, "dag": dag, **_common_arguments(task.keys)}
    if isinstance(task, SparkTask):
        operator = operator_class(operator_class_path(task.engine), task.task_id)
        arguments = _spark_arguments(task, settings)
    else:
        operator = operator_class(task.keys.operator, task.task_id)
        arguments = dict(task.arguments)
    try:
        return operator(**common, **arguments)
    except Exception as error:
        message = f"{operator.__name__} cannot be made: {type(error).__name__}: {error}"
        issue = Issue(("tasks", task.task_id), message, "correct the task's arguments", "build", at="key")
        raise BuildError(issue) from error


def operator_class(class_path: str, task_id: str) -> type[BaseOperator]:
    """Import an operator class; what is found there must be one, whatever its name.

    Raises:
        BuildError: There is no such class, or it is no operator.
    """
    path = ("tasks", task_id, "operator")
    module_name, _, name = class_path.rpartition(".")
    try:
        found = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError) as error:
        remedy = "correct the path, or install the provider it comes from"
        raise BuildError(Issue(path, f"no {class_path}: {error}", remedy, "no-operator")) from error
    except Exception as error:
        message = f"{module_name} cannot be imported: {type(error).__name__}: {error}"
        raise BuildError(Issue(path, message, "correct that module", "no-operator")) from error
    if not (isinstance(found, type) and issubclass(found, BaseOperator)):
        remedy = "name a class derived from BaseOperator"
        raise BuildError(Issue(path, f"{class_path} is no operator", remedy, "no-operator"))
    return found


def _common_arguments(keys: TaskKeys) -> dict[str, Any]:
    arguments = {
        "execution_timeout": keys.timeout,
        "retries": keys.retries,
        "retry_delay": keys.retry_delay,
        "trigger_rule": keys.trigger_rule,
        "pool": keys.pool,
    }
    return {name: value for name, value in arguments.items() if value is not None}


def _spark_arguments(task: SparkTask, settings: Settings) -> Mapping[str, Any]:
    arguments: dict[str, Any] = {
        "spark_job": task.keys.spark_job,
        "job_args": dict(task.keys.args),
        "settings": replace(settings, code=task.code),
        "options": task.options,
    }
    if task.keys.code_version is not None:
        arguments["code_version"] = task.keys.code_version
    if task.keys.deferrable is not None and isinstance(task.options, RemoteOptions):
        arguments["deferrable"] = task.keys.deferrable
    return arguments

"""Which of a DAG's `default_args` no task takes: Airflow drops them without a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow_jobkit._compat import DAG
from airflow_jobkit.factory.arguments import operator_signature
from airflow_jobkit.factory.file_functions import named_function
from airflow_jobkit.factory.signatures import signature_of_function
from airflow_jobkit.problems import Path
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.task import DecoratorTask, Task


def default_uses(spec: DagSpec, dag: DAG, folder: str) -> Iterator[tuple[Path, bool]]:
    """Each default that not every operator has: its path in the DAG, and whether a task takes it.

    Args:
        spec: The DAG.
        dag: Airflow's, built.
        folder: The DAGs folder.
    """
    holders: list[tuple[str | None, Path, Any]] = [(None, (), spec.default_args)]
    holders += [(one.group_id, spec.path_of(one.group_id), one.default_args) for one in spec.groups]
    for group, path, defaults in holders:
        tasks = [task for task in spec.tasks if group is None or group in _around(task, spec)]
        for name in defaults.arguments:
            taken = any(_takes(task, dag.task_dict[task.task_id], name, folder) for task in tasks)
            yield (*path, "default_args", name), taken


def _around(task: Task, spec: DagSpec) -> Iterator[str]:
    """The groups around a task."""
    group = spec.group_of.get(task.task_id)
    while group is not None:
        yield group
        group = spec.group_of.get(group)


def _takes(task: Task, operator: Any, name: str, folder: str) -> bool:
    made: Any = type(operator)
    known = operator_signature(getattr(operator, "operator_class", made)).known
    if known is None or name in known:
        return True
    if not isinstance(task, DecoratorTask):
        return False
    called = signature_of_function(named_function(task.keys.python_callable, folder, ()))
    return called.known is None or name in called.known

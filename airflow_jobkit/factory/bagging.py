"""What Airflow does to a DAG when it bags it, done to a copy first.

What it raises then would be an import error of the loader: Airflow marks all its DAGs and schedules none.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from airflow_jobkit._compat import DAG, BaseOperator, apply_policies, executor_names
from airflow_jobkit.factory.findings import BuildError, told
from airflow_jobkit.problems import Issue, Path, choices_remedy
from airflow_jobkit.spec.dag import DagSpec


def check_operators(spec: DagSpec, operators: Mapping[str, Any]) -> None:
    """Refuse operators that Airflow would not bag.

    Args:
        spec: The DAG's Spec.
        operators: Its operators by task id.

    Raises:
        BuildError: This Airflow has no such executor, or an operator cannot prepare its templates.
    """
    for task_id, operator in operators.items():
        if operator.executor:
            _check_executor(operator.executor, (*spec.path_of(task_id), "executor"))
        if isinstance(operator, BaseOperator) and _prepares(type(operator)):
            what = f"{type(operator).__name__} cannot prepare its templates"
            with told(spec.path_of(task_id), what, "correct the task's arguments"):
                copy.copy(operator).resolve_template_files()


def check_policies(dag: DAG) -> None:
    """Refuse a DAG that a policy of this Airflow's operators refuses.

    Raises:
        BuildError: A policy does.
    """
    with told((), "a cluster policy refuses this DAG", "do what it says, or ask who runs this Airflow"):
        apply_policies(dag)


def _check_executor(name: str, path: Path) -> None:
    known = executor_names()
    if known is not None and name not in known:
        remedy = choices_remedy(name, known)
        raise BuildError(Issue(path, f"this Airflow has no executor {name!r}", remedy, "no-executor"))


def _prepares(operator: type[BaseOperator]) -> bool:
    return operator.prepare_template is not BaseOperator.prepare_template

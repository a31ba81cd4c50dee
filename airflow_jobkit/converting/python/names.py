"""Which import paths are the things of Airflow that make up a DAG, on whatever version."""

from __future__ import annotations

import re
from typing import Final

_DAG = re.compile(r"airflow\.(DAG|sdk\.DAG|models\.DAG|models\.dag\.DAG|sdk\.definitions\.dag\.DAG)")
_GROUP = re.compile(r"airflow\.(sdk|utils\.task_group|sdk\.definitions\.taskgroup)\.TaskGroup")
_DECORATORS = r"airflow\.(decorators|sdk|sdk\.definitions\.(decorators|dag)|decorators\.\w+|models\.dag)"
_DAG_DECORATOR = re.compile(_DECORATORS + r"\.dag")
_TASK_DECORATOR = re.compile(r"airflow\.(decorators|sdk|sdk\.definitions\.decorators)\.task(\.[a-z_]+)?")
_GROUP_DECORATOR = re.compile(_DECORATORS + r"\.task_group")
_OPERATOR = re.compile(r"[A-Z]\w*")

VARIABLE_GET: Final = re.compile(r"airflow\.(sdk|models|models\.variable)\.Variable\.get")
DAYS_AGO: Final = "airflow.utils.dates.days_ago"
PARTIAL: Final = "functools.partial"


def word_of(path: str, name: str) -> str | None:
    """The word that a constant of Airflow's trigger rules or weight rules stands for."""
    is_rule = is_airflows(path) and _last(path) in ("TriggerRule", "WeightRule") and name.isupper()
    return name.lower() if is_rule else None


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def is_airflows(path: str) -> bool:
    """Whether something is Airflow's own, or one of its providers'."""
    return path.startswith("airflow.")


def is_dag(path: str) -> bool:
    """Whether a path is the class DAG."""
    return bool(_DAG.fullmatch(path))


def is_group(path: str) -> bool:
    """Whether a path is the class TaskGroup."""
    return bool(_GROUP.fullmatch(path))


def is_dag_decorator(path: str) -> bool:
    """Whether a path is `@dag`."""
    return bool(_DAG_DECORATOR.fullmatch(path))


def is_task_decorator(path: str) -> bool:
    """Whether a path is `@task`, or one of its kinds."""
    return bool(_TASK_DECORATOR.fullmatch(path))


def is_group_decorator(path: str) -> bool:
    """Whether a path is `@task_group`."""
    return bool(_GROUP_DECORATOR.fullmatch(path))


def edge_function(path: str) -> str | None:
    """The name of a function that draws edges: `chain`, `chain_linear` or `cross_downstream`."""
    name = _last(path)
    return name if is_airflows(path) and name in ("chain", "chain_linear", "cross_downstream") else None


def is_label(path: str) -> bool:
    """Whether a path is the class of an edge's label."""
    return is_airflows(path) and _last(path) == "Label"


def is_xcom_arg(path: str) -> bool:
    """Whether a path is the class of what a task returns."""
    return is_airflows(path) and _last(path) == "XComArg"


def is_class(path: str) -> bool:
    """Whether a path looks like a class's."""
    return bool(_OPERATOR.fullmatch(_last(path)))


def is_operator(path: str) -> bool:
    """Whether a path is surely an operator's or a sensor's, by its name."""
    return is_class(path) and _last(path).endswith(("Operator", "Sensor", "SensorAsync", "OperatorAsync"))

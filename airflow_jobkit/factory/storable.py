"""Whether Airflow will bag and store a DAG, at the price that the answer is worth.

An exception while Airflow bags or stores one DAG of a file takes all DAGs of that file down, so it is
provoked here first. That costs more than building the DAG. But whether a DAG can be stored depends on what it
is made of, not on its texts and numbers: on its operators' classes, on their arguments' names, and on values
that are no plain data. So a DAG of plain data alone is not stored again once one like it has been, and not at
all where its operators are a provider's or ours.
"""

from __future__ import annotations

import datetime as dt
import inspect
import json
from collections.abc import Container, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from airflow_jobkit._compat import DAG, BaseOperator, serialize_dag, serialize_task
from airflow_jobkit.factory.bagging import check_operators, check_policies
from airflow_jobkit.factory.building import is_plain_data
from airflow_jobkit.factory.findings import told
from airflow_jobkit.fields import TYPE
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.task import DecoratorTask, SparkTask, Task

# Keys whose values are checked whole when the file is read, and are plain data to Airflow.
_PLAIN_DAG_KEYS = frozenset(
    {
        *(
            "tasks",
            "description",
            "dag_display_name",
            "doc_md",
            "schedule",
            "start_date",
            "end_date",
            "catchup",
        ),
        *("tags", "params", "max_active_runs", "max_active_tasks", "max_consecutive_failed_dag_runs"),
        *("dagrun_timeout", "fail_fast", "is_paused_upon_creation", "render_template_as_native_obj"),
        *("default_args", "engine", "code", "code_version", "notification_service_type"),
    }
)
_PLAIN_TASK_KEYS = frozenset(
    {
        *("spark_job", "args", "engine", "code", "code_version", "deferrable", "operator"),
        *("dependencies", "timeout", "execution_timeout", "retries", "retry_delay", "max_retry_delay"),
        *("retry_exponential_backoff", "trigger_rule", "pool", "pool_slots", "queue", "owner"),
        *("email", "email_on_failure", "email_on_retry", "depends_on_past", "wait_for_downstream"),
        *("start_date", "end_date", "do_xcom_push", "doc", "doc_md", "task_display_name"),
    }
)
_RELEASED = ("airflow.providers.", "airflow_jobkit.")
_PLAIN_TYPES = (str, int, float, bool, type(None), dt.date, dt.timedelta)


@dataclass
class StoreChecks:
    """What has been stored so far by the shapes of the DAGs; one for all DAGs that are built together."""

    seen: set[Hashable] = field(default_factory=set)

    def check(
        self, spec: DagSpec, dag: DAG, operators: Mapping[str, Any], plain: Container[str] = frozenset()
    ) -> None:
        """Refuse a DAG that Airflow would not take.

        Args:
            spec: The DAG's Spec.
            dag: The DAG.
            operators: Its operators by task id.
            plain: The ids of those whose arguments are plain data for sure.

        Raises:
            BuildError: Airflow would not bag or store it, or a cluster policy refuses it.
        """
        check_policies(dag)
        shape = _shape(spec, operators, plain)
        if shape is not None and (shape in self.seen or all(map(_is_known_to_store, operators.values()))):
            self.seen.add(shape)
            return
        check_operators(spec, operators)
        with told((), "Airflow does not take this DAG", "correct what it names"):
            dag.validate()  # type: ignore[no-untyped-call] # Airflow's own is not typed
            try:
                json.dumps(serialize_dag(dag))
            except Exception:
                _blame(spec, operators)  # it names the DAG alone
                raise
        if shape is not None:
            self.seen.add(shape)


def _blame(spec: DagSpec, operators: Mapping[str, Any]) -> None:
    """Find the task that makes storing its DAG fail.

    Raises:
        BuildError: One is found.
    """
    for task_id, operator in operators.items():
        what = f"Airflow cannot store {type(operator).__name__}"
        with told(spec.path_of(task_id), what, "correct the task's arguments, or its operator"):
            serialize_task(operator)


def _shape(spec: DagSpec, operators: Mapping[str, Any], plain: Container[str]) -> Hashable | None:
    """What decides whether a DAG of plain data can be stored; None for a DAG of anything else."""
    keys = spec.keys
    if spec.groups or not keys.model_fields_set <= _PLAIN_DAG_KEYS or spec.default_args.arguments:
        return None
    defaults = spec.default_args.keys.model_fields_set
    if not isinstance(keys.schedule, str | None) or not defaults <= _PLAIN_TASK_KEYS:
        return None
    if not is_plain(keys.params):  # each is held to its schema when it is made
        return None
    tasks = [_task_shape(task, type(operators[task.task_id]), task.task_id in plain) for task in spec.tasks]
    if None in tasks:
        return None
    return (
        frozenset(keys.model_fields_set),
        frozenset(defaults),
        keys.schedule is None,
        frozenset(tasks),
    )


def _task_shape(task: Task, operator: type, has_plain_arguments: bool) -> Hashable | None:
    keys = task.keys
    if isinstance(task, DecoratorTask) or not keys.model_fields_set <= _PLAIN_TASK_KEYS:
        return None
    arguments = task.keys.args if isinstance(task, SparkTask) else task.arguments
    if not (has_plain_arguments or is_plain(arguments)) or not _has_plain_templates(operator):
        return None
    names: Iterable[str] = () if isinstance(task, SparkTask) else arguments
    return operator, frozenset(keys.model_fields_set), frozenset(names)


def is_plain(value: Any) -> bool:
    """Whether a value is plain data all through, without a `{__type__: ...}` in it."""
    return is_plain_data(value) or _is_plain(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, _PLAIN_TYPES):
        return True
    if isinstance(value, dict):
        return TYPE not in value and all(map(_is_plain, value.values()))
    return isinstance(value, list | tuple) and all(map(_is_plain, value))


def _is_known_to_store(operator: Any) -> bool:
    """Whether an operator of a release, ours or a provider's, has all that Airflow stores of it.

    What else storing asks of it, its class decides, and that has been tried by those who released it.
    """
    module = type(operator).__module__
    return module.startswith(_RELEASED) and all(hasattr(operator, n) for n in type(operator).template_fields)


@cache
def _has_plain_templates(operator: type[BaseOperator]) -> bool:
    """Whether an operator's template fields are read, and its templates prepared, by no code of its own.

    What that raises depends on the values.
    """
    if operator.prepare_template is not BaseOperator.prepare_template:
        return False
    names = getattr(operator, "template_fields", ())
    return isinstance(names, list | tuple) and not any(
        hasattr(inspect.getattr_static(operator, name, None), "__get__") for name in names
    )

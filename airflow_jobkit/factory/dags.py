"""One DAG: built from its Spec, and checked before Airflow sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_jobkit._compat import DAG, CronDataIntervalTimetable, serialize_dag
from airflow_jobkit.factory.params import dag_params
from airflow_jobkit.factory.tasks import BuildError, build_task
from airflow_jobkit.problems import Issue
from airflow_jobkit.spec.dag import DagKeys, DagSpec
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.values import NO_CRON


def build_dag(spec: DagSpec, settings: Settings, versions: Sequence[str] = ()) -> DAG:
    """Make the DAG of a Spec, ready to be bagged.

    An exception while Airflow bags one DAG of a file takes all DAGs of that file down, so everything that
    Airflow would check then is checked here first.

    Args:
        spec: The DAG.
        settings: The Environment's Settings.
        versions: The published versions of the Environment's code root, newest first, for the trigger form.

    Raises:
        BuildError: An operator or an argument is wrong, or Airflow would not store the DAG.
    """
    params = dag_params(spec, settings, versions if spec.code == settings.code else ())
    try:
        dag = DAG(dag_id=spec.dag_id, params=params, **_arguments(spec.keys))
    except Exception as error:
        raise _dag_error(error) from error
    tasks = {task.task_id: build_task(task, settings, dag) for task in spec.tasks}
    for task in spec.tasks:
        tasks[task.task_id].set_upstream([tasks[upstream] for upstream in task.keys.dependencies])
    try:
        dag.validate()  # type: ignore[no-untyped-call] # Airflow's own is not typed
        serialize_dag(dag)
    except Exception as error:
        raise _dag_error(error) from error
    return dag


def _arguments(keys: DagKeys) -> dict[str, Any]:
    arguments = {
        "description": keys.description,
        "doc_md": keys.doc_md,
        "start_date": keys.start_date,
        "end_date": keys.end_date,
        "max_active_runs": keys.max_active_runs,
        "max_active_tasks": keys.max_active_tasks,
        "dagrun_timeout": keys.dagrun_timeout,
    }
    return {
        "schedule": timetable(keys.schedule),
        "catchup": keys.catchup,
        "tags": list(keys.tags),
        "default_args": _default_args(keys),
        **{name: value for name, value in arguments.items() if value is not None},
    }


def timetable(schedule: str | None) -> Any:
    """The same timetable on every Airflow: on 3.x a bare cron string would have no data interval."""
    if schedule is None or schedule in NO_CRON:
        return schedule
    return CronDataIntervalTimetable(schedule, timezone="UTC")


def _default_args(keys: DagKeys) -> dict[str, Any]:
    defaults = keys.default_args
    arguments = {
        "owner": defaults.owner,
        "retries": defaults.retries,
        "retry_delay": defaults.retry_delay,
        "execution_timeout": defaults.timeout,
    }
    return {name: value for name, value in arguments.items() if value is not None}


def _dag_error(error: Exception) -> BuildError:
    message = f"Airflow does not take this DAG: {type(error).__name__}: {error}"
    return BuildError(Issue((), message, "correct what it names", "build", at="key"))

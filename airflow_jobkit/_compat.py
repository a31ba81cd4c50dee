"""The names that Airflow 2.10 to 3.x keep in different places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import DAG, BaseOperator, CronDataIntervalTimetable, Param, get_parsing_context
    from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
else:
    try:
        from airflow.sdk import DAG, BaseOperator, Param, get_parsing_context
    except ImportError:  # Airflow 2
        from airflow.models.baseoperator import BaseOperator
        from airflow.models.dag import DAG
        from airflow.models.param import Param
        from airflow.utils.dag_parsing_context import get_parsing_context
    try:
        from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
    except ImportError:  # before Airflow 3.2
        from airflow.exceptions import AirflowFailException, TaskDeferred
    try:
        from airflow.sdk import CronDataIntervalTimetable
    except ImportError:  # before Airflow 3.2
        from airflow.timetables.interval import CronDataIntervalTimetable

__all__ = [
    "DAG",
    "AirflowFailException",
    "BaseOperator",
    "CronDataIntervalTimetable",
    "Param",
    "TaskDeferred",
    "default_deferrable",
    "get_parsing_context",
    "serialize_dag",
]


def default_deferrable() -> bool:
    """What `[operators] default_deferrable` says now."""
    try:
        from airflow.sdk.configuration import conf
    except ImportError:  # before Airflow 3.2
        from airflow.configuration import conf
    return bool(conf.getboolean("operators", "default_deferrable", fallback=False))


def serialize_dag(dag: DAG) -> dict[str, Any]:
    """The DAG as Airflow stores it; raises what Airflow raises for one that cannot be stored."""
    # Imported here, since only the DAG processor needs it and it is slow.
    from airflow.serialization import serialized_objects

    name = "DagSerialization" if hasattr(serialized_objects, "DagSerialization") else "SerializedDAG"
    return dict(getattr(serialized_objects, name).to_dict(dag))


def collect_dags() -> Any:
    """Airflow's bag of the configured DAGs folder: `dags`, `import_errors` and `dag_folder`."""
    # Imported here, since this is slow.
    try:
        from airflow.dag_processing import dagbag
    except ImportError:  # before Airflow 3.2
        from airflow.models import dagbag  # type: ignore[no-redef, unused-ignore]
    return dagbag.DagBag()

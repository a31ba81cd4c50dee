"""The names that Airflow 2.10 to 3.x keep in different places."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import (
        DAG,
        BaseNotifier,
        BaseOperator,
        CronDataIntervalTimetable,
        Param,
        TaskGroup,
        get_parsing_context,
        task,
        task_group,
    )
    from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
else:
    try:
        from airflow.sdk import (
            DAG,
            BaseNotifier,
            BaseOperator,
            Param,
            TaskGroup,
            get_parsing_context,
            task,
            task_group,
        )
    except ImportError:  # Airflow 2
        from airflow.decorators import task, task_group
        from airflow.models.baseoperator import BaseOperator
        from airflow.models.dag import DAG
        from airflow.models.param import Param
        from airflow.notifications.basenotifier import BaseNotifier
        from airflow.utils.dag_parsing_context import get_parsing_context
        from airflow.utils.task_group import TaskGroup
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
    "BaseNotifier",
    "BaseOperator",
    "CronDataIntervalTimetable",
    "Param",
    "TaskDeferred",
    "TaskGroup",
    "asset_class",
    "asset_or_time_schedule",
    "context_names",
    "current_group",
    "default_deferrable",
    "get_parsing_context",
    "import_from",
    "serialize_dag",
    "task",
    "task_group",
]


def asset_class(name: str) -> Any:
    """Airflow's class of an asset or a condition on assets: Airflow 2 calls an Asset a Dataset.

    Args:
        name: `Asset`, `AssetAlias`, `AssetAny` or `AssetAll`; or the same with `Dataset`.
    """
    name = name.replace("Dataset", "Asset")
    try:
        from airflow.sdk.definitions import asset as module
    except ImportError:  # Airflow 2
        from airflow import datasets as module  # type: ignore[no-redef, attr-defined, unused-ignore]

        name = name.replace("Asset", "Dataset")
    return getattr(module, name)


def asset_or_time_schedule() -> Any:
    """Airflow's timetable that runs by the clock and when assets are updated."""
    places = (
        ("airflow.sdk", "AssetOrTimeSchedule"),
        ("airflow.timetables.assets", "AssetOrTimeSchedule"),  # before Airflow 3.2
        ("airflow.timetables.datasets", "DatasetOrTimeSchedule"),  # Airflow 2
    )
    for module, name in places:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):  # noqa: PERF203 - at most two
            continue
    raise ImportError("this Airflow has no timetable of assets and time")


def context_names() -> frozenset[str]:
    """The names of what Airflow gives to the functions of tasks when they run, such as `ds`."""
    try:
        from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS
    except ImportError:  # Airflow 2
        from airflow.utils.context import (  # type: ignore[no-redef, attr-defined, unused-ignore]
            KNOWN_CONTEXT_KEYS,
        )
    return frozenset(KNOWN_CONTEXT_KEYS)


def current_group(dag: DAG) -> Any:
    """The task group whose `with` block, or function, is running."""
    try:
        from airflow.sdk.definitions._internal.contextmanager import TaskGroupContext
    except ImportError:  # Airflow 2
        from airflow.utils.task_group import (  # type: ignore[no-redef, import-not-found, unused-ignore]
            TaskGroupContext,
        )

        return TaskGroupContext.get_current_task_group(dag)  # type: ignore[attr-defined, unused-ignore]
    return TaskGroupContext.get_current(dag)


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
    from airflow.settings import DAGS_FOLDER

    import_from(DAGS_FOLDER)
    return dagbag.DagBag()


def import_from(folder: str) -> None:
    """Let modules of a DAGs folder be imported, as the DAG processor and the workers of every Airflow do."""
    if folder not in sys.path:
        sys.path.append(folder)

"""The names that Airflow 2.10 to 3.x keep in different places."""

from __future__ import annotations

import copy
import importlib
import importlib.util
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
    "apply_policies",
    "asset_class",
    "asset_or_time_schedule",
    "context_names",
    "current_group",
    "default_deferrable",
    "executor_names",
    "get_parsing_context",
    "has_mapped_instances",
    "import_from",
    "serialize_dag",
    "serialize_task",
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


def executor_names() -> tuple[str, ...] | None:
    """What a task can call the executors of this Airflow; None where teams have executors of their own."""
    from airflow.configuration import conf
    from airflow.executors.executor_loader import ExecutorLoader

    if conf.getboolean("core", "multi_team", fallback=False):
        return None
    found = ExecutorLoader.get_executor_names()
    paths = [one.module_path for one in found]
    short = [name for one in found for name in (one.alias, one.module_path.rpartition(".")[2]) if name]
    return tuple(dict.fromkeys((*short, *paths)))


def has_mapped_instances(dag_id: str, task_id: str) -> bool:
    """Whether instances of a mapped task run on Airflow 2, by its database; False on Airflow 3."""
    if importlib.util.find_spec("airflow.sdk") is not None:
        return False
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session  # type: ignore[attr-defined, unused-ignore]
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with create_session() as session:
            found = session.query(TaskInstance).filter(
                TaskInstance.dag_id == dag_id,
                TaskInstance.task_id == task_id,
                TaskInstance.map_index >= 0,
                TaskInstance.state.in_(("queued", "running")),
            )
            return found.first() is not None
    except SQLAlchemyError:
        return False


def apply_policies(dag: DAG) -> None:
    """Apply the cluster policies to a copy of a DAG; raises what Airflow would raise when it bags the DAG."""
    settings = sys.modules.get("airflow.settings")  # which reads them when Airflow starts
    if settings is None:
        return
    if hasattr(settings, "get_policy_plugin_manager"):
        manager = settings.get_policy_plugin_manager()
    else:  # before Airflow 3.2
        manager = settings.POLICY_PLUGIN_MANAGER
    of_dags, of_tasks = manager.hook.dag_policy, manager.hook.task_policy
    if not (of_dags.get_hookimpls() or of_tasks.get_hookimpls()):
        return
    from airflow.exceptions import AirflowClusterPolicySkipDag

    try:
        dag = copy.deepcopy(dag)
    except Exception:  # noqa: BLE001 - an operator's own, which Airflow may never copy
        return
    try:
        of_dags(dag=dag)
        for one in dag.tasks:
            of_tasks(task=one)
    except AirflowClusterPolicySkipDag:
        return  # Airflow leaves the DAG out in silence, as the policy wants


def serialize_dag(dag: DAG) -> dict[str, Any]:
    """The DAG as Airflow stores it; raises what Airflow raises for one that cannot be stored."""
    # Imported here, since only the DAG processor needs it and it is slow.
    from airflow.serialization import serialized_objects

    name = "DagSerialization" if hasattr(serialized_objects, "DagSerialization") else "SerializedDAG"
    return dict(getattr(serialized_objects, name).to_dict(dag))


def serialize_task(task: Any) -> None:
    """Raise what Airflow raises for a task, mapped or not, that cannot be stored."""
    from airflow.serialization import serialized_objects as module

    name = "OperatorSerialization" if hasattr(module, "OperatorSerialization") else "SerializedBaseOperator"
    serializer = getattr(module, name)
    mapped = not isinstance(task, BaseOperator)
    (serializer.serialize_mapped_operator if mapped else serializer.serialize_operator)(task)


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

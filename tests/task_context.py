"""Tasks as Airflow runs them, without a database, a scheduler or a supervisor.

`TaskContext` is one try of any task; `ProbeProject` makes tasks that run the jobs of `releases.py`.
"""

from __future__ import annotations

import atexit
import copy
import datetime as dt
import inspect
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from releases import PACKAGE, publish_release_of

from airflow_jobkit.release import Published
from airflow_jobkit.spec.code import CodeRoot
from airflow_jobkit.spec.settings import Settings

if TYPE_CHECKING:
    from airflow_jobkit._compat import BaseOperator
    from airflow_jobkit.operators.local import LocalSparkJobOperator

LOGICAL_DATE = dt.datetime(2026, 1, 1, 6, tzinfo=dt.timezone.utc)


def use_temporary_airflow_home() -> None:
    """Let Airflow write into a folder of its own; to be called before it is imported."""
    if "AIRFLOW_HOME" not in os.environ:
        home = tempfile.mkdtemp(prefix="airflow-home-")
        atexit.register(shutil.rmtree, home, ignore_errors=True)
        os.environ["AIRFLOW_HOME"] = home


@dataclass(frozen=True)
class TaskInstance:
    """What Airflow documents of a running task instance."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    max_tries: int
    xcoms: dict[str, Any]

    def xcom_push(self, key: str, value: Any, **others: Any) -> None:
        """Keep a value for other tasks and for links."""
        self.xcoms[key] = value


@dataclass(frozen=True)
class DagRun:
    """What Airflow documents of a DAG run."""

    run_id: str
    conf: Mapping[str, Any]


@dataclass(frozen=True)
class TaskContext:
    """One try of a task of a real DAG, and the context that Airflow would give it.

    Attributes:
        task: The operator, in its DAG.
        run_id: The DAG run.
        conf: What the trigger form sent.
        try_number: Counted from 1; `retried` and `cleared` raise it.
        max_tries: The task instance's; `cleared` raises it.
        map_index: -1 for a task that is not mapped.
        xcoms: What the task has pushed.
    """

    task: BaseOperator
    run_id: str = "manual__2026-01-01T06:00:00+00:00"
    conf: Mapping[str, Any] = field(default_factory=dict)
    try_number: int = 1
    max_tries: int = 0
    map_index: int = -1
    xcoms: dict[str, Any] = field(default_factory=dict)

    def retried(self) -> TaskContext:
        """The next try after a failure."""
        return replace(self, try_number=self.try_number + 1)

    def cleared(self) -> TaskContext:
        """The try after somebody cleared the finished task."""
        return replace(self, try_number=self.try_number + 1, max_tries=self.try_number)

    def context(self) -> dict[str, Any]:
        """The context, its params merged and validated by Airflow itself."""
        instance = TaskInstance(
            self.task.dag_id,
            self.run_id,
            self.task.task_id,
            self.map_index,
            self.try_number,
            self.max_tries,
            self.xcoms,
        )
        return {
            "ti": instance,
            "task_instance": instance,
            "task": self.task,
            "dag": self.task.dag,
            "dag_run": DagRun(self.run_id, self.conf),
            "run_id": self.run_id,
            "params": self._params(),
            "logical_date": LOGICAL_DATE,
            "data_interval_start": LOGICAL_DATE,
            "data_interval_end": LOGICAL_DATE + dt.timedelta(days=1),
        }

    def execute(self) -> Any:
        """Execute the task as it is, its templates unrendered; what it returns would go to XCom."""
        # Around `execute` is Airflow's guard against calls by anybody else, which in 2.x fails in a thread.
        return inspect.unwrap(type(self.task).execute)(self.task, self.context())

    def run(self) -> Any:
        """Execute a copy of the task with its templates rendered, as Airflow does."""
        prepared = self.task.prepare_for_execution()
        prepared.render_template_fields(self.context())
        return replace(self, task=prepared).execute()

    def _params(self) -> dict[str, Any]:
        # Merging changes the task's own Params, which elsewhere live for one task run only.
        task = copy.copy(self.task)
        task.params = copy.deepcopy(task.params)
        try:
            from airflow.sdk.definitions.param import process_params
        except ImportError:  # Airflow 2
            from airflow.models.param import process_params

            return process_params(task.dag, task, DagRun(self.run_id, self.conf), suppress_exception=False)
        return process_params(task.dag, task, dict(self.conf), suppress_exception=False)


def probe_settings(root: str, **changes: Any) -> Settings:
    """Settings of code version 1.0.0, all places below one folder or URL, but for these fields."""
    settings = Settings(
        project=PACKAGE,
        environment="local",
        engine="local",
        code=CodeRoot(f"{root}/code"),
        code_version="1.0.0",
        data_root=f"{root}/data",
        runs_root=f"{root}/runs",
        notification_service_type="NOOP",
        notifiers={},
        datasets={},
        options={},
        allowed_operators=("airflow.",),
    )
    return replace(settings, **changes)


@dataclass(frozen=True)
class ProbeProject:
    """A project in a folder of its own, with the package `probe` and the local engine."""

    folder: Path

    @property
    def code_root(self) -> Path:
        """Where its Releases are."""
        return self.folder / "code"

    @property
    def runs_root(self) -> Path:
        """Where Results and records are written."""
        return self.folder / "runs"

    def publish(self, version: str, /, **modules: str) -> Published:
        """Publish a Release whose package has these modules, given as source text."""
        return publish_release_of(modules, version, self.code_root)

    def settings(self, **changes: Any) -> Settings:
        """The Settings, of code version 1.0.0 and without notifiers of its own, but for these fields."""
        return probe_settings(str(self.folder), **changes)

    def task(
        self,
        module: str,
        *,
        task_id: str = "task",
        default: str | None = "1.0.0",
        settings: Settings | None = None,
        **arguments: Any,
    ) -> LocalSparkJobOperator:
        """A task that runs a module of `probe`, in a DAG of its own whose code version is the default."""
        from airflow_jobkit._compat import DAG, Param
        from airflow_jobkit.operators.local import LocalSparkJobOperator

        params = {
            "code_version": Param(default, type=["null", "string"]),
            "notification_service_type": Param("NOOP", type="string"),
        }
        return LocalSparkJobOperator(
            task_id=task_id,
            dag=DAG("probe_dag", params=params, schedule=None),
            spark_job=f"{PACKAGE}.{module}",
            settings=settings or self.settings(),
            **arguments,
        )

"""One Engine as the shared rig sees it: how to make a task for it, and what it keeps of a run.

A new Engine passes the rig by adding a class here and its name to `ENGINES`.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import boto3
from emulators import RunningEmulators
from releases import PACKAGE, publish_release_of
from task_context import probe_settings

from airflow_jobkit.engines import operator_class_path, options_class
from airflow_jobkit.release import Published
from airflow_jobkit.spec.settings import Settings

QUICKLY = dt.timedelta(milliseconds=200)


@dataclass(frozen=True)
class EngineUnderTest(ABC):
    """An Engine and the places of one test.

    Attributes:
        root: The folder or URL of this test's code, data and Results.
        emulators: The services that the Engine talks to; the local one needs none.
    """

    root: str
    emulators: RunningEmulators

    name: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}
    timed_out: ClassVar[Mapping[str, Any] | None] = None
    """Options that make the Engine itself end a run after some seconds; None where it has no time-out."""
    stopped: ClassVar[str]
    """The state of a run that was stopped."""

    def publish(self, version: str, /, **modules: str) -> Published:
        """Publish a Release whose package `probe` has these modules, given as source text."""
        return publish_release_of(modules, version, f"{self.root}/code")

    def settings(self, **changes: Any) -> Settings:
        """The Settings, of code version 1.0.0, but for these fields."""
        return probe_settings(self.root, **{"environment": "test", "engine": self.name, **changes})

    def task(
        self,
        module: str,
        *,
        task_id: str = "task",
        version: str = "1.0.0",
        settings: Settings | None = None,
        options: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> Any:
        """A task that runs a module of `probe`, in a DAG of its own."""
        from airflow_jobkit._compat import DAG, Param
        from airflow_jobkit.factory.tasks import operator_class

        params = {
            "code_version": Param(version, type="string"),
            "notification_service_type": Param("NOOP", type="string"),
        }
        operator = operator_class(operator_class_path(self.name), task_id)
        return operator(
            task_id=task_id,
            dag=DAG(f"probe_{task_id}", params=params, schedule=None),
            spark_job=f"{PACKAGE}.{module}",
            settings=settings or self.settings(),
            options=options_class(self.name)(**{**self.options, **(options or {})}),
            **arguments,
        )

    @abstractmethod
    def state(self, xcoms: Mapping[str, Any]) -> str:
        """How the Engine says that the run of a task stands."""

    @abstractmethod
    def printed(self, xcoms: Mapping[str, Any]) -> str:
        """All that the Engine keeps of what the script printed, beside the task's own log."""


class LocalEngine(EngineUnderTest):
    """Embedded Spark: what runs is a process of this machine, and its output is the task's log."""

    name = "local"
    stopped = "gone"

    def state(self, xcoms: Mapping[str, Any]) -> str:
        return self.stopped

    def printed(self, xcoms: Mapping[str, Any]) -> str:
        return ""


class GlueEngine(EngineUnderTest):
    """AWS Glue, emulated."""

    name = "glue"
    options: ClassVar[Mapping[str, Any]] = {"iam_role_name": "glue-job-role", "poll_interval": QUICKLY}
    timed_out: ClassVar[Mapping[str, Any]] = {"timeout": dt.timedelta(minutes=1)}
    stopped = "STOPPED"

    def state(self, xcoms: Mapping[str, Any]) -> str:
        run = boto3.client("glue").get_job_run(JobName=xcoms["glue_job_name"], RunId=xcoms["glue_job_run_id"])
        return run["JobRun"]["JobRunState"]

    def printed(self, xcoms: Mapping[str, Any]) -> str:
        logs = boto3.client("logs")
        events = [
            event["message"]
            for group in ("/aws-glue/jobs/output", "/aws-glue/jobs/error")
            for event in logs.filter_log_events(
                logGroupName=group, logStreamNames=[xcoms["glue_job_run_id"]]
            )["events"]
        ]
        return "\n".join(events)


class DatabricksEngine(EngineUnderTest):
    """Databricks, emulated."""

    name = "databricks"
    options: ClassVar[Mapping[str, Any]] = {
        "new_cluster": {"spark_version": "15.4.x-scala2.12", "node_type_id": "m5.large", "num_workers": 1},
        "poll_interval": QUICKLY,
    }
    timed_out: ClassVar[Mapping[str, Any]] = {"timeout": dt.timedelta(seconds=6)}
    stopped = "CANCELED"

    def state(self, xcoms: Mapping[str, Any]) -> str:
        state = self._hook().get_run(int(xcoms["run_id"]))["state"]
        return state.get("result_state") or state["life_cycle_state"]

    def printed(self, xcoms: Mapping[str, Any]) -> str:
        (task,) = self._hook().get_run(int(xcoms["run_id"]))["tasks"]
        output = self._hook().get_run_output(task["run_id"])
        return "\n".join(str(output.get(key) or "") for key in ("logs", "error", "error_trace"))

    def _hook(self) -> Any:
        from airflow.providers.databricks.hooks.databricks import DatabricksHook

        return DatabricksHook("databricks_default", caller="tests")


ENGINES: tuple[type[EngineUnderTest], ...] = (LocalEngine, GlueEngine, DatabricksEngine)

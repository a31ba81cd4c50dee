"""Tasks of the Databricks operator that talk to a workspace of the test's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from fake_workspace import RUNNING, SUCCEEDED, FakeWorkspace
from task_context import ProbeProject
from tenacity import stop_after_attempt

from airflow_jobkit._compat import DAG, Param
from airflow_jobkit.engines.databricks.options import Options
from airflow_jobkit.operators.databricks import DatabricksSparkJobOperator

QUICKLY = dt.timedelta(milliseconds=10)
CLUSTER = {"spark_version": "15.4.x-scala2.12", "num_workers": 1}


class NearbyDatabricksOperator(DatabricksSparkJobOperator):
    """For a workspace that reaches folders of this machine, as one that executes nothing does."""

    reaches = ("s3://", "/")


def databricks_options(**changes: Any) -> Options:
    """Options of a new cluster, whose runs are looked at quickly, but for these fields."""
    return Options(**{"new_cluster": CLUSTER, "connection_id": "lake", "poll_interval": QUICKLY, **changes})


@dataclass(frozen=True)
class DatabricksTasks:
    """Tasks of a project whose code is published, and the workspace that they talk to."""

    project: ProbeProject
    workspace: FakeWorkspace

    @classmethod
    @contextmanager
    def serving(cls, project: ProbeProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabricksTasks]:
        """The tasks of a project, while its workspace listens; a run succeeds at the third look."""
        with FakeWorkspace(states=(RUNNING, RUNNING, SUCCEEDED)).serving() as workspace:
            monkeypatch.setenv("AIRFLOW_CONN_LAKE", workspace.connection)
            project.publish("1.0.0", report="def main(**kwargs): pass\n")
            yield cls(project, workspace)

    def task(
        self,
        dag: DAG | None = None,
        options: Options | None = None,
        operator: type[DatabricksSparkJobOperator] = NearbyDatabricksOperator,
        **arguments: Any,
    ) -> Any:
        """A task; a hook of its own gives up after three attempts, without waiting between them."""
        params = {"code_version": Param("1.0.0"), "notification_service_type": Param("NOOP")}
        return operator(
            task_id="task",
            dag=dag or DAG("probe_dag", params=params, schedule=None),
            options=options or databricks_options(),
            **{
                "spark_job": "probe.report",
                "settings": self.project.settings(engine="databricks"),
                "databricks_retry_args": {"stop": stop_after_attempt(3)},
                **arguments,
            },
        )

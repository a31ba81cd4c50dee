"""Tasks of the Glue operator that talk to a Glue of the test's own."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from fake_glue import FakeGlue, running_fake_glue
from task_context import ProbeProject

from airflow_jobkit._compat import DAG, Param
from airflow_jobkit.engines.glue.client import GlueClient
from airflow_jobkit.engines.glue.options import Options
from airflow_jobkit.engines.glue.service import GlueService
from airflow_jobkit.operators.glue import GlueSparkJobOperator

QUICKLY = dt.timedelta(milliseconds=10)
ONE_ATTEMPT = {"retries": {"total_max_attempts": 1}}
"""Settings of a botocore client that sends nothing again by itself."""


class NearbyGlueOperator(GlueSparkJobOperator):
    """For a Glue that reaches folders of this machine, as one that executes nothing does."""

    reaches = ("s3://", "/")


class QuickGlueOperator(NearbyGlueOperator):
    """For tests of what is behind Airflow's hook, which makes a session for each client and is slow."""

    def open_service(self) -> GlueService:
        client = _session().client(
            "glue",
            endpoint_url=json.loads(os.environ["AIRFLOW_CONN_AWS_DEFAULT"])["extra"]["endpoint_url"],
            region_name="eu-west-1",
            config=Config(**ONE_ATTEMPT),
        )
        window = self._glue_options().lookup_window.total_seconds()
        return GlueService(GlueClient(client, lambda: client), lookup_window=window)


@cache
def _session() -> Any:
    return boto3.session.Session(aws_access_key_id="an-access-key", aws_secret_access_key="a-secret-key")  # noqa: S106


def glue_options(**changes: Any) -> Options:
    """Options whose runs are looked at and looked up quickly, and their logs not, but for these fields."""
    quick = {
        "poll_interval": QUICKLY,
        "lookup_window": dt.timedelta(milliseconds=200),
        "stream_logs": False,
    }
    return Options(**{"iam_role_name": "glue-job-role", **quick, **changes})


@dataclass(frozen=True)
class GlueTasks:
    """Tasks of a project whose code is published, and the Glue that they talk to."""

    project: ProbeProject
    glue: FakeGlue

    @classmethod
    @contextmanager
    def serving(cls, project: ProbeProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[GlueTasks]:
        """The tasks of a project, while its Glue listens; a run succeeds at the third look."""
        with running_fake_glue() as glue:
            connection = {
                "conn_type": "aws",
                "login": "an-access-key",
                "password": "a-secret-key",
                "extra": {"region_name": "eu-west-1", "endpoint_url": glue.url},
            }
            monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
            project.publish("1.0.0", report="def main(**kwargs): pass\n")
            yield cls(project, glue)

    def task(
        self,
        dag: DAG | None = None,
        options: Options | None = None,
        operator: type[GlueSparkJobOperator] = QuickGlueOperator,
        **arguments: Any,
    ) -> Any:
        """A task of the project."""
        params = {"code_version": Param("1.0.0"), "notification_service_type": Param("NOOP")}
        return operator(
            task_id="task",
            dag=dag or DAG("probe_dag", params=params, schedule=None),
            spark_job="probe.report",
            settings=self.project.settings(engine="glue"),
            options=options or glue_options(),
            **arguments,
        )

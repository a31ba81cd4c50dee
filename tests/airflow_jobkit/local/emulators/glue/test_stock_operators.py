"""The stock Glue operator and sensor work against the emulated Glue as they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from emulators import RunningEmulators, emulators_process
from glue_caller import GlueCaller
from task_context import TaskContext, use_temporary_airflow_home

use_temporary_airflow_home()
pytest.importorskip("airflow.providers.amazon", reason="needs the amazon provider")

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulators]:
    """A process of their own, maybe of another environment than Airflow's, which need not have moto."""
    with emulators_process(tmp_path_factory.mktemp("emulators"), "code") as running:
        running.client("iam").create_role(RoleName="glue-job-role", AssumeRolePolicyDocument="{}")
        yield running


@pytest.fixture
def job() -> str:
    """The name of a job of this test's own."""
    return f"flights-{uuid4().hex}"


@pytest.fixture
def stock(
    emulators: RunningEmulators, job: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., TaskContext]:
    """A stock operator of the job, whose script is given."""
    from airflow.providers.amazon.aws.operators.glue import GlueJobOperator

    from airflow_jobkit._compat import DAG

    for name, value in emulators.variables.items():
        monkeypatch.setenv(name, value)

    def make(text: str, **arguments: Any) -> TaskContext:
        emulators.client("s3").put_object(Bucket="code", Key="job.py", Body=text.encode())
        operator = GlueJobOperator(
            task_id="stock",
            dag=DAG("stock", start_date=dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc), schedule=None),
            job_name=job,
            script_location="s3://code/job.py",
            s3_bucket="code",
            iam_role_name="glue-job-role",
            aws_conn_id=None,
            job_poll_interval=0.2,
            create_job_kwargs={"GlueVersion": "5.0", "NumberOfWorkers": 2, "WorkerType": "G.1X"},
            **arguments,
        )
        # To find a run again after a crash needs a store of Airflow's own, which is not here.
        operator.durable = False
        return TaskContext(operator)

    return make


def test_the_operator_makes_and_updates_the_job_and_waits_for_its_runs(
    stock: Callable[..., TaskContext], emulators: RunningEmulators, job: str
) -> None:
    from airflow.providers.amazon.aws.sensors.glue import GlueJobSensor

    run_id = stock("print('hello from the job')", verbose=True).execute()
    assert emulators.client("glue").get_job_run(JobName=job, RunId=run_id)["JobRun"]["Timeout"] == 480
    stock("", update_config=True, job_desc="new").execute()
    assert {"call": "UpdateJob", "job": job} in emulators.calls()
    sensor = GlueJobSensor(task_id="wait", job_name=job, run_id=run_id, aws_conn_id=None, verbose=True)
    assert sensor.poke({})


def test_the_operator_fails_with_the_job(stock: Callable[..., TaskContext]) -> None:
    with pytest.raises(Exception, match="FAILED"):
        stock("raise ValueError('no')").execute()


def test_killing_the_task_stops_the_run(
    stock: Callable[..., TaskContext], emulators: RunningEmulators, job: str
) -> None:
    trying = stock("import time; time.sleep(600)", wait_for_completion=False, stop_job_run_on_kill=True)
    run_id = trying.execute()
    trying.task.on_kill()
    GlueCaller(emulators.aws_url).await_state(job, run_id, "STOPPED")

"""The flights DAG, deferred on both emulated services at once, while workers and the triggerer are killed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from emulators import RunningEmulators, emulators_process
from project_copy import ProjectCopy
from running_airflow import RunningAirflow, running_airflow, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.engines,
    pytest.mark.airflow,
    pytest.mark.xdist_group("airflow"),
    pytest.mark.timeout(600),
]

SPARK_PYTHON = os.environ.get("JOBKIT_SPARK_PYTHON") or sys.executable
"""It builds the release and makes the sample data too; an MWAA version's pins have no tools for that."""

RUN = "deferred"
TASKS = ("clean_flights", "carrier_delays")
CALLS = {"glue": ("StartJobRun", "GetJobRun"), "databricks": ("runs/submit", "runs/get")}
XCOM = {"glue": "glue_job_run_id", "databricks": "run_id"}
SUCCEEDED = {"glue": "SUCCEEDED", "databricks": "TERMINATED/SUCCESS"}
ROWS = {
    "clean_flights": {"clean_flights": 327_346, "dropped_flights": 9_430},
    "carrier_delays": {"carrier_delays": 16, "carrier_delays_daily": 5_432},
}

SETTINGS = {
    "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": "True",
    "AIRFLOW__CORE__DEFAULT_TASK_RETRIES": "3",
    "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    # A new triggerer takes over from a dead one after this time.
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "6",
}

LOADER = """\
from airflow_jobkit import load_dags

load_dags(globals(), {folder!r}, environment="local-{engine}")
"""


def dag_id(engine: str) -> str:
    return f"flights_{engine}"


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ProjectCopy]:
    """The project once for each Engine, under a DAG id of its own."""
    copies = {}
    for engine in CALLS:
        copy = ProjectCopy.make(tmp_path_factory.mktemp(engine), SPARK_PYTHON)
        copy.edit("dags/flights.yaml", "flights_daily:", f"{dag_id(engine)}:")
        copy.edit("dags/flights.yaml", '"0 6 * * *"', "null")
        # One Airflow has one DAG of a name.
        copy.edit("dags/jobkit.yaml", "project: dwh\n", "project: dwh\nsweeper: false\n")
        copies[engine] = copy
    return copies


@pytest.fixture(scope="module")
def emulators(
    projects: dict[str, ProjectCopy], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningEmulators]:
    """The emulated services with the sample data and the release, which kill two workers of each DAG."""
    with emulators_process(tmp_path_factory.mktemp("emulators"), "code-bucket", "data-bucket") as running:
        projects["glue"].done("release", "build")
        release = str(projects["glue"].folder / "build" / "release")
        for engine, project in projects.items():
            there = ("--env", f"local-{engine}")
            project.done("sample-data", *there, **running.variables)
            project.done("release", "publish", "--from", release, *there, **running.variables)
        running.plan(*plans())
        yield running


def plans() -> Iterator[dict[str, Any]]:
    """All runs are real; a worker dies while it submits the first task, one while it collects the second."""
    faults = {
        "clean_flights": [{"call": start, "do": "kill_after"} for start, _ in CALLS.values()],
        # The first look at a run that has ended is the triggerer's.
        "carrier_delays": [
            {"call": look, "state": SUCCEEDED[engine], "nth": 2, "do": "kill_before"}
            for engine, (_, look) in CALLS.items()
        ],
    }
    for task_id in TASKS:
        match = f"dwh.jobs.flights.{task_id}_factory"
        yield {"name": task_id, "match": match, "faults": faults[task_id]}


@pytest.fixture(scope="module")
def airflow(
    projects: dict[str, ProjectCopy], emulators: RunningEmulators, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningAirflow]:
    folder = tmp_path_factory.mktemp("deferred")
    dags = folder / "dags"
    dags.mkdir()
    for engine, project in projects.items():
        source = LOADER.format(folder=str(project.folder / "dags"), engine=engine)
        (dags / f"{engine}.py").write_text(source)
    variables = {**emulators.variables, **SETTINGS}
    with running_airflow(folder, dags, variables, triggerer=True) as running:
        wanted = {dag_id(engine) for engine in CALLS}
        wait_for(lambda: wanted <= set(running.dags_shown()), "the DAGs", 90, running.tail)
        yield running


def test_flights_survive_the_loss_of_workers_and_triggerer_with_one_right_result(
    airflow: RunningAirflow, emulators: RunningEmulators
) -> None:
    airflow.trigger(*((dag_id(engine), RUN, {}) for engine in CALLS))
    for engine in CALLS:
        wait_for(
            lambda: airflow.task_states(dag_id(engine), RUN).get("clean_flights") == "deferred",  # noqa: B023
            f"the deferral on {engine}",
            120,
            lambda: airflow.log(dag_id(engine), RUN, "clean_flights")[-5000:] + airflow.tail(),  # noqa: B023
        )
    airflow.restart("triggerer")
    for engine in CALLS:
        states = airflow.finished(dag_id(engine), RUN, 240)
        assert states == dict.fromkeys(TASKS, "success"), airflow.tail()
    for task_id, seen in emulators.plans().items():
        # A run of each engine and no more, in spite of a dead worker of each.
        assert sorted(run["state"] for run in seen["runs"]) == sorted(SUCCEEDED.values())
        assert not any(run["asked_to_stop"] for run in seen["runs"])
        assert len({fault["pid"] for fault in seen["fired"]} - {None}) == len(CALLS)
        for engine in CALLS:
            assert_right_result(emulators, engine, task_id)
            xcoms = pushed(airflow, engine, task_id)
            # What was said before the deferral is still there.
            assert str(xcoms[XCOM[engine]]) in {str(run["run_id"]) for run in seen["runs"]}
            assert xcoms["return_value"]["status"] == "success"


def assert_right_result(emulators: RunningEmulators, engine: str, task_id: str) -> None:
    """There is one Result, of the first try's run, and what it wrote is what readers find."""
    s3 = emulators.client("s3")

    def read(bucket: str, key: str) -> Any:
        return json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])

    folder = f"code-prefix/runs/{dag_id(engine)}/{RUN}/{task_id}/"
    found = s3.list_objects_v2(Bucket="code-bucket", Prefix=folder)["Contents"]
    (key,) = [each["Key"] for each in found if each["Key"].endswith("/result.json")]
    document = read("code-bucket", key)
    assert (document["status"], document["engine"]) == ("success", engine)
    written = [dataset for dataset in document["datasets"] if dataset["role"] == "output"]
    assert {dataset["name"]: dataset["rows"] for dataset in written} == ROWS[task_id]
    for dataset in written:
        current = read("data-bucket", f"{engine}/{dataset['name']}/_current.json")
        assert document["run_key"] in current["path"]


def pushed(airflow: RunningAirflow, engine: str, task_id: str) -> dict[str, Any]:
    """The task's XComs, as Airflow's database has them."""
    query = "select key, value from xcom where dag_id = ? and task_id = ?"
    rows = airflow.query(query, dag_id(engine), task_id)
    # SQLite makes a number of the JSON of a number.
    return {key: value if isinstance(value, int) else json.loads(value) for key, value in rows}

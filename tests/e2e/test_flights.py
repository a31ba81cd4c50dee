"""The whole way, as `make run` goes it: sample data, release, a real Airflow DAG run on a real Spark."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest
from project_copy import ProjectCopy
from running_airflow import RunningAirflow, alive, running_airflow, wait_for

pytestmark = [pytest.mark.spark, pytest.mark.packaging, pytest.mark.xdist_group("flights")]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """The project with its sample data, and release 0.1.0 published."""
    copy = ProjectCopy.make(tmp_path_factory.mktemp("flights"))
    assert "31.1 MB" in copy.done("sample-data")
    assert "published dwh 0.1.0" in copy.done("release", "publish")
    return copy


def results(project: ProjectCopy, task_id: str) -> list[dict]:
    """The Results of a task, the oldest DAG run first."""
    runs = project.folder / ".jobkit" / "code" / "runs" / "flights_daily"
    files = sorted(runs.glob(f"*/{task_id}/*/*/result.json"), key=lambda path: path.stat().st_mtime)
    return [json.loads(path.read_text()) for path in files]


def test_flights_daily_runs_over_all_flights_and_shows_tasks_and_the_latest_carriers(
    project: ProjectCopy,
) -> None:
    output = project.done("run", "dags/flights.yaml")
    assert re.search(r"clean_flights\s.*success.*336,776 .*336,776 .*0\.1\.0", output), output
    assert re.search(r"carrier_delays\s.*success.*336,776 .*5,448 .*0\.1\.0", output), output
    assert "wrote clean_flights: 327,346 rows" in output, "progress shows what the job says"
    carriers = re.findall(r"│ ([A-Z0-9]{2})\s+│", output)
    assert len(carriers) == 10
    assert carriers[:3] == ["F9", "FL", "EV"]
    digest = json.loads((project.folder / "dags/.jobkit/releases.json").read_text())["releases"]["0.1.0"][
        "digest"
    ]
    assert digest[:12] in output


def test_a_run_with_another_code_version_runs_that_code(project: ProjectCopy) -> None:
    transformations = "job_code/dwh/dwh/jobs/flights/transformations.py"
    project.edit("job_code/dwh/pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"')
    project.edit(transformations, "arr_delay IS NOT NULL", "arr_delay IS NOT NULL AND distance > 1000")
    assert "published dwh 0.2.0" in project.done("release", "publish")
    only = ("run", "dags/flights.yaml", "--task", "clean_flights", "--param", "month=1")
    old, new = project.done(*only), project.done(*only, "--param", "code_version=0.2.0")
    assert re.search(r"clean_flights\s.*success.*0\.1\.0", old), old
    assert re.search(r"clean_flights\s.*success.*0\.2\.0", new), new
    before, after = results(project, "clean_flights")[-2:]
    assert (before["code_version"], after["code_version"]) == ("0.1.0", "0.2.0")
    assert before["metrics"]["flights"] > after["metrics"]["flights"]


def test_a_failing_task_exits_1_and_shows_the_jobs_error(project: ProjectCopy) -> None:
    project.edit("dags/flights.yaml", 'args: {month: "{{ params.month }}"}', "args: {min_rows: 999999}")
    try:
        failed = project.jobkit("run", "dags/flights.yaml")
    finally:
        project.edit("dags/flights.yaml", "args: {min_rows: 999999}", 'args: {month: "{{ params.month }}"}')
    assert failed.returncode == 1
    assert "clean_flights failed" in failed.stdout
    assert "row_count(at_least=999999)" in failed.stdout
    assert "327346" in failed.stdout.replace(",", "")
    assert "at code version 0.1.0" in failed.stdout
    assert re.search(r"carrier_delays\s.*upstream_failed", failed.stdout)


def test_ctrl_c_ends_the_run_and_its_spark(project: ProjectCopy) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "airflow_jobkit.cli", "run", "dags/flights.yaml"],
        cwd=project.folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        # As in a terminal: what a shell puts into the background ignores Ctrl-C, and so do its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        java = wait_for(lambda: _java_below(process.pid), "Spark's JVM", 90)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130, output
    assert "Traceback" not in output
    wait_for(lambda: not alive(java), "the end of Spark's JVM", 20)


@pytest.fixture(scope="module")
def airflow(project: ProjectCopy) -> Iterator[RunningAirflow]:
    """A running Airflow over the project's own DAGs."""
    folder = project.folder / "running"
    folder.mkdir()
    with running_airflow(folder, project.folder / "dags") as running:
        wait_for(lambda: "flights_daily" in running.dags_shown(), "the DAG", 90, running.tail)
        yield running


@pytest.mark.slow
@pytest.mark.airflow
def test_a_task_marked_failed_leaves_no_spark_process_behind(airflow: RunningAirflow) -> None:
    airflow.trigger(("flights_daily", "killed", {}))
    scheduler = airflow.processes[-1].pid
    java = wait_for(lambda: _java_below(scheduler), "Spark's JVM", 90, airflow.tail)
    airflow.query("update task_instance set state = 'failed' where run_id = 'killed'")
    wait_for(lambda: not alive(java), "the end of Spark's JVM", 30, airflow.tail)


def _java_below(pid: int) -> list[int]:
    """The Java processes among all that a process has started."""
    found: list[int] = []
    for process in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has just ended
            if process.name() == "java":
                found.append(process.pid)
    return found

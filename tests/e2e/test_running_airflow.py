"""What users see in a running Airflow: scheduler, workers and, on 3.x, API server are real processes.

The jobs need no Spark, so that all of this runs with the pins of every MWAA version.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from releases import publish_release_of
from running_airflow import AIRFLOW_3, RunningAirflow, alive, running_airflow, wait_for

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("airflow")]

EMPTY = f"airflow.{'providers.standard.' if AIRFLOW_3 else ''}operators.empty.EmptyOperator"

PROJECT = """\
project: probe
code: {root: code, version: "0.1.0"}
environments:
  local: {data: {root: data}}
"""

DAGS = f"""\
ticking:
  schedule: "* * * * *"
  start_date: "{(datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="minutes")}"
  catchup: true
  max_active_runs: 1
  tasks:
    tick: {{operator: {EMPTY}}}

versions:
  tasks:
    first: {{spark_job: probe.gate, args: {{gate: "{{{{ params.gate }}}}"}}}}
    second: {{spark_job: probe.says, dependencies: [first]}}
  params: {{gate: ""}}

failing:
  tasks:
    fails: {{spark_job: probe.fails}}

sleeping:
  tasks:
    sleeps: {{spark_job: probe.sleeps, args: {{pids: "{{{{ params.pids }}}}"}}}}
  params: {{pids: ""}}
"""

FRAGILE = """\
fragile:
  tasks:
    first: {spark_job: probe.gate, args: {gate: "{{ params.gate }}"}}
    second: {spark_job: probe.says, dependencies: [first]}
    many: {spark_job: probe.says, expand: {job_args: [{}, {}]}, dependencies: [first]}
  task_groups:
    group:
      dependencies: [first]
      tasks:
        inner: {spark_job: probe.says}
  params: {gate: ""}
"""

GATE = """\
import pathlib, time

def main(gate: str = ""):
    while gate and not pathlib.Path(gate).exists():
        time.sleep(0.1)
    return {"said": VERSION}
"""

JOBS = {
    "gate": "VERSION = 'VERSION_HERE'\n" + GATE,
    "says": "def main():\n    return {'said': 'VERSION_HERE'}\n",
    "fails": "def main():\n    raise ValueError('the moon is in the wrong house')\n",
    "sleeps": (
        "import os, pathlib, subprocess, time\n\n"
        "def main(pids: str):\n"
        "    child = subprocess.Popen(['sleep', '300'])\n"
        "    pathlib.Path(pids).write_text(f'{os.getpid()} {child.pid}')\n"
        "    time.sleep(300)\n"
    ),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    dags = folder / "dags"
    dags.mkdir()
    (dags / "jobkit.yaml").write_text(PROJECT)
    (dags / "good.yaml").write_text(DAGS)
    (dags / "fragile.yaml").write_text(FRAGILE)
    (dags / "jobkit_dags.py").write_text("from airflow_jobkit import load_dags\n\nload_dags(globals())\n")
    for version in ("0.1.0", "0.2.0"):
        modules = {name: source.replace("VERSION_HERE", version) for name, source in JOBS.items()}
        publish_release_of(modules, version, folder / "code")
    return folder


@pytest.fixture(scope="module")
def airflow(project: Path) -> Iterator[RunningAirflow]:
    with running_airflow(project, project / "dags") as running:
        wait_for(lambda: "versions" in running.dags_shown(), "the first DAGs", 90, running.tail)
        # All at once, since starting Python and Airflow takes most of the time.
        running.trigger(
            ("versions", "new", {"code_version": "0.2.0"}),
            ("versions", "old", {"gate": str(project / "old.gate")}),
            ("failing", "once", {}),
            ("failing", "missing", {"code_version": "0.9.0"}),
            ("sleeping", "killed", {"pids": str(project / "killed.pids")}),
            ("sleeping", "orphaned", {"pids": str(project / "orphaned.pids")}),
            ("fragile", "broken", {"gate": str(project / "broken.gate")}),
        )
        yield running


def said(project: Path, dag_id: str, run_id: str, task_id: str) -> str:
    """What the version of the job that ran says of itself, in its Result."""
    (result,) = (project / "code" / "runs" / dag_id / run_id / task_id).rglob("result.json")
    return str(json.loads(result.read_text())["metrics"]["said"])


def test_a_bad_file_is_shown_and_the_other_dags_stay_scheduled_and_unmarked(
    project: Path, airflow: RunningAirflow
) -> None:
    def runs() -> int:
        ended = "select count(*) from dag_run where dag_id = 'ticking' and state = 'success'"
        return int(airflow.query(ended)[0][0])

    wait_for(lambda: runs() >= 1, "a first scheduled run", 60, airflow.tail)
    good = {"ticking", "versions", "failing", "sleeping", "fragile"}
    bad = project / "dags" / "bad.yaml"
    bad.write_text("broken:\n  schedul: '@daily'\n  tasks:\n    a: {spark_job: probe.says, engine: locl}\n")
    try:
        shown = wait_for(
            lambda: found if (found := airflow.dags_shown()).get("jobkit_problems") is False else None,
            "the DAG of problems",
            60,
            airflow.tail,
        )
        assert {name: shown[name] for name in good} == dict.fromkeys(good, False)
        before = runs()
        wait_for(lambda: runs() > before + 1, "further scheduled runs", 60, airflow.tail)
        (document,) = airflow.query("select data from serialized_dag where dag_id = 'jobkit_problems'")[0]
        assert "bad.yaml:2:3 broken.schedul: unknown key; did you mean schedule?" in str(document)
        assert "bad.yaml:4:40 broken.tasks.a.engine: no engine 'locl'; did you mean local?" in str(document)
        time.sleep(3)  # several more rounds of the DAG processor
        assert {name: airflow.dags_shown()[name] for name in good} == dict.fromkeys(good, False)
        assert airflow.query("select count(*) from import_error")[0][0] == 0
    finally:
        bad.unlink()


def test_a_run_triggered_with_a_code_version_runs_that_version(
    project: Path, airflow: RunningAirflow
) -> None:
    states = airflow.finished("versions", "new")
    assert states == {"first": "success", "second": "success"}, airflow.log("versions", "new", "first")
    assert said(project, "versions", "new", "first") == "0.2.0"
    assert said(project, "versions", "new", "second") == "0.2.0"


def test_a_changed_default_changes_nothing_for_a_run_that_has_begun_and_runs_at_once_do_not_mix(
    project: Path, airflow: RunningAirflow
) -> None:
    gate = project / "old.gate"
    wait_for(lambda: airflow.task_states("versions", "old").get("first") == "running", "the first task")
    record = project / "code" / "runs" / "versions" / "old" / "code.json"
    wait_for(record.exists, "the recorded version")
    file = project / "dags" / "jobkit.yaml"
    file.write_text(PROJECT.replace("0.1.0", "0.2.0"))
    try:
        airflow.trigger(("versions", "later", {"gate": str(gate)}))
        wait_for(
            (project / "code" / "runs" / "versions" / "later" / "code.json").exists, "the other run's version"
        )
        gate.touch()
        assert set(airflow.finished("versions", "old").values()) == {"success"}
        assert set(airflow.finished("versions", "later").values()) == {"success"}
    finally:
        file.write_text(PROJECT)
    assert [said(project, "versions", "old", task) for task in ("first", "second")] == ["0.1.0", "0.1.0"]
    assert [said(project, "versions", "later", task) for task in ("first", "second")] == ["0.2.0", "0.2.0"]


def test_a_job_that_raises_fails_its_task_with_its_message_and_version_in_the_log(
    airflow: RunningAirflow,
) -> None:
    assert airflow.finished("failing", "once") == {"fails": "failed"}
    log = airflow.log("failing", "once", "fails")
    assert "ValueError: the moon is in the wrong house" in log
    assert "probe.fails at code version 0.1.0, try 1" in log


def test_a_version_that_is_not_published_fails_before_anything_starts_and_names_those_that_are(
    project: Path, airflow: RunningAirflow
) -> None:
    assert airflow.finished("failing", "missing") == {"fails": "failed"}
    log = airflow.log("failing", "missing", "fails")
    assert "0.9.0" in log
    assert "0.2.0, 0.1.0" in log
    assert "running as process" not in log
    assert not (project / "code" / "runs" / "failing" / "missing").exists()


def test_a_task_marked_failed_leaves_no_process_behind(project: Path, airflow: RunningAirflow) -> None:
    file = project / "killed.pids"
    wait_for(lambda: file.exists() and file.read_text(), "the job's processes", 60, airflow.tail)
    pids = [int(pid) for pid in file.read_text().split()]
    assert alive(pids) == pids
    airflow.query("update task_instance set state = 'failed' where run_id = 'killed'")
    wait_for(lambda: not alive(pids), "the end of the job's processes", 30, airflow.tail)


def test_a_worker_that_is_killed_leaves_no_job_behind(project: Path, airflow: RunningAirflow) -> None:
    file = project / "orphaned.pids"
    wait_for(lambda: file.exists() and file.read_text(), "the job's processes", 60, airflow.tail)
    job, child = (int(pid) for pid in file.read_text().split())
    task_process = psutil.Process(job).parent()
    assert task_process is not None
    task_process.kill()
    wait_for(lambda: not alive([job, child]), "the end of the job's processes", 30, airflow.tail)
    airflow.query("update task_instance set state = 'failed' where run_id = 'orphaned'")


def test_a_task_whose_file_became_bad_fails_with_the_problem_in_its_log(
    project: Path, airflow: RunningAirflow
) -> None:
    gate, file = project / "broken.gate", project / "dags" / "fragile.yaml"
    wait_for(lambda: airflow.task_states("fragile", "broken").get("first") == "running", "the first task")
    wait_for((project / "code" / "runs" / "fragile" / "broken" / "code.json").exists, "the job's start")
    file.write_text(FRAGILE.replace("dependencies", "dependenceis"))
    try:
        gate.touch()
        states = airflow.finished("fragile", "broken")
        assert states == {
            "first": "success",
            **dict.fromkeys(("second", "many", "group.inner"), "failed"),
        }
        for task in ("second", "many", "group.inner"):
            assert "unknown key; did you mean dependencies?" in airflow.log("fragile", "broken", task)
    finally:
        file.write_text(FRAGILE)

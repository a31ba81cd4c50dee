"""`jobkit run` on every Airflow: a real DAG run of jobs that need no Spark."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from project_copy import ProjectCopy
from releases import publish_release_of

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("jobkit_run")]

PROJECT = """\
project: probe
code: {root: code, version: "0.1.0"}
environments:
  local: {}
"""

DAGS = """\
counting:
  params: {to: {type: integer, default: 3, maximum: 12}}
  tasks:
    counts: {spark_job: probe.counts, args: {to: "{{ params.to }}"}}
    ends: {spark_job: probe.counts, dependencies: [counts]}

failing:
  tasks:
    fails: {spark_job: probe.fails}
    after: {spark_job: probe.counts, dependencies: [fails]}
"""

UNBUILT = """\
unbuilt:
  params: {month: {type: integer, default: one}}
  tasks: {counts: {spark_job: probe.counts}}
"""

JOBS = {
    "counts": (
        "def main(to: int = 1):\n"
        "    rows = [{'number': n, 'square': float(n * n)} for n in range(1, to + 1)]\n"
        "    return {'count': to, 'squares': rows}\n"
    ),
    "fails": "def main():\n    raise ValueError('no flights on the moon')\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    folder: Path = tmp_path_factory.mktemp("run")
    (folder / "dags").mkdir()
    (folder / "dags" / "jobkit.yaml").write_text(PROJECT)
    (folder / "dags" / "probe.yaml").write_text(DAGS)
    (folder / "dags" / "unbuilt.yaml").write_text(UNBUILT)
    loader = "from airflow_jobkit import load_dags\n\nload_dags(globals())\n"
    (folder / "dags" / "jobkit_dags.py").write_text(loader)
    publish_release_of(JOBS, "0.1.0", folder / "code")
    return ProjectCopy(folder)


@pytest.fixture(scope="module")
def first_runs(project: ProjectCopy) -> tuple[str, str]:
    """What a whole DAG and one task of it print, both started at once where there is no Airflow home yet."""
    counting = ("run", "dags/probe.yaml", "--dag", "counting")
    with ThreadPoolExecutor() as threads:
        whole = threads.submit(project.done, *counting, "--param", "to=2")
        one = threads.submit(project.done, *counting, "--task", "ends")
    return whole.result(), one.result()


def test_a_run_shows_its_tasks_and_the_tables_that_jobs_return_and_exits_0(
    first_runs: tuple[str, str],
) -> None:
    output, _ = first_runs
    assert re.search(r"counts\s.*success.*0\.1\.0", output), output
    assert re.search(r"ends\s.*success.*0\.1\.0", output), output
    assert "counts: squares" in output
    assert re.search(r"│\s+2 │\s+4\.00 │", output), output


def test_one_task_runs_without_those_it_waits_for(first_runs: tuple[str, str]) -> None:
    _, output = first_runs
    assert re.search(r"ends\s.*success", output), output
    assert "counts:" not in output


def test_runs_at_the_same_time_have_a_log_each(project: ProjectCopy, first_runs: tuple[str, str]) -> None:
    logs = sorted((project.folder / ".jobkit" / "airflow" / "runs").glob("counting-*.log"))
    shown = [set(re.findall(r"DAG TEST\] starting task_id=(\w+)", log.read_text())) for log in logs]
    assert {"ends"} in shown
    assert {"counts", "ends"} in shown


def test_a_failed_run_exits_1_and_shows_the_jobs_error_and_version(project: ProjectCopy) -> None:
    failed = project.jobkit("run", "dags/probe.yaml", "--dag", "failing")
    assert failed.returncode == 1
    assert re.search(r"fails\s.*failed", failed.stdout), failed.stdout
    assert re.search(r"after\s.*upstream_failed", failed.stdout)
    assert "ValueError: no flights on the moon (in execute)" in failed.stdout
    assert "probe.fails at code version 0.1.0" in failed.stdout
    assert "raise ValueError('no flights on the moon')" in failed.stdout


def test_a_run_of_a_channel_shows_the_version_that_it_names(project: ProjectCopy) -> None:
    project.done("release", "promote", "0.1.0", "--channel", "canary")
    output = project.done("run", "dags/probe.yaml", "--dag", "counting", "--param", "code_version=canary")
    assert re.search(r"counts\s.*success.*0\.1\.0", output), output
    assert re.search(r"ends\s.*success.*0\.1\.0", output), output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dags/probe.yaml"], "describes several DAGs; add --dag counting or --dag failing"),
        (
            ["dags/probe.yaml", "--dag", "countin"],
            "no DAG 'countin' in dags/probe.yaml; did you mean counting?",
        ),
        (["dags/probe.yaml", "--dag", "counting", "--task", "end"], "did you mean ends?"),
        (["dags/probe.yaml", "--dag", "counting", "--param", "to"], "--param to: write it as name=value"),
        (["dags/probe.yaml", "--dag", "counting", "--param", "too=2"], "no param 'too'"),
        (
            ["dags/probe.yaml", "--dag", "counting", "--param", "to=two"],
            "jobkit: counting does not start: Invalid input for param to: 'two' is not of type 'integer'; ",
        ),
        (
            ["dags/unbuilt.yaml"],
            "dags/unbuilt.yaml:2:19 unbuilt.params.month: 'one' is not of type 'integer'; correct the",
        ),
        (["dags/prob.yaml"], "there is no dags/prob.yaml"),
        (["dags/probe.yaml", "--env", "prod"], "no environment 'prod'"),
    ],
    ids=[
        "which of several DAGs",
        "a misspelt DAG",
        "a misspelt task",
        "a param without a value",
        "a param that the DAG does not have",
        "a param of another type",
        "a DAG that cannot be built",
        "a file that is not there",
        "an environment that is not there",
    ],
)
def test_a_wrong_call_says_what_to_do(project: ProjectCopy, arguments: list[str], said: str) -> None:
    failed = project.jobkit("run", *arguments)
    assert failed.returncode == 1
    assert said in failed.stdout + failed.stderr
    assert "Traceback" not in failed.stdout + failed.stderr

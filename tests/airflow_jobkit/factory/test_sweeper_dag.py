"""The DAG that stops orphans is there where runs can outlive their tasks, and costs nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_jobkit._compat import serialize_dag

Load = Callable[[], dict[str, Any]]
Write = Callable[[str, str], Path]

SWEEPER = "jobkit_sweeper"
LOCAL = """
    nearby:
      tasks:
        report: {spark_job: probe.report, engine: local}
"""
GLUE = """
    far:
      tasks:
        one: {spark_job: probe.report, engine: glue, glue: {existing_job: nightly}}
        two: {spark_job: probe.report, engine: glue, glue: {iam_role_name: other, region_name: eu-west-1}}
"""
DATABRICKS = """
    lake:
      tasks:
        report: {spark_job: probe.report, engine: databricks, databricks: {serverless: true}}
"""


@pytest.fixture
def environment(dags: Path) -> Callable[..., None]:
    """Write a project file whose Environment, and whose project, have these keys."""

    def write_project(keys: str = "{}", project: str = "") -> None:
        lines = ["project: probe", 'code: {version: "1.0.0"}', project, f"environments: {{local: {keys}}}"]
        (dags / "jobkit.yaml").write_text("\n".join(lines))

    return write_project


def engines(loaded: dict[str, Any]) -> list[str]:
    return [task.engine for task in loaded[SWEEPER].tasks] if SWEEPER in loaded else []


def timetable(dag: Any) -> str:
    """The timetable as Airflow stores it."""
    return str(serialize_dag(dag)["dag"].get("timetable"))


@pytest.mark.parametrize(
    ("keys", "project", "dag", "expected"),
    [
        pytest.param("{}", "", LOCAL, [], id="a local environment has none"),
        pytest.param(
            "{}",
            "glue: {iam_role_name: role}",
            LOCAL,
            [],
            id="a local environment has none, though the project has options",
        ),
        pytest.param("{engine: glue}", "", LOCAL, ["glue"], id="the environment's engine"),
        pytest.param(
            "{databricks: {serverless: true}}", "", LOCAL, ["databricks"], id="the environment's options"
        ),
        pytest.param("{}", "", GLUE, ["glue"], id="the engine of a task"),
        pytest.param("{engine: glue}", "", DATABRICKS, ["databricks", "glue"], id="both"),
        pytest.param("{engine: glue, sweeper: false}", "", GLUE, [], id="switched off here"),
        pytest.param("{engine: glue}", "sweeper: false", GLUE, [], id="switched off for all"),
        pytest.param("{sweeper: true}", "sweeper: false", GLUE, ["glue"], id="switched on here alone"),
        pytest.param("{sweeper: true}", "", LOCAL, [], id="switched on, with nothing to sweep"),
    ],
)
def test_there_is_a_task_per_engine_whose_runs_can_be_orphaned(
    environment: Callable[..., None],
    write: Write,
    load: Load,
    keys: str,
    project: str,
    dag: str,
    expected: list[str],
) -> None:
    environment(keys, project)
    write("one.yaml", dag)
    loaded = load()
    assert "jobkit_problems" not in loaded
    assert engines(loaded) == expected


def test_it_runs_every_ten_minutes_one_at_a_time_and_from_the_first_moment(
    environment: Callable[..., None], load: Load
) -> None:
    environment("{engine: glue}")
    dag = load()[SWEEPER]
    assert "'*/10 * * * *'" in timetable(dag)
    assert (dag.catchup, dag.max_active_runs, set(dag.tags)) == (False, 1, {"jobkit"})
    assert dag.is_paused_upon_creation is False
    assert dag.get_task("glue").retries == 0
    assert "environment local" in dag.doc_md


def test_its_schedule_can_be_chosen(environment: Callable[..., None], load: Load) -> None:
    environment("{engine: glue, sweeper: {schedule: '30 * * * *'}}")
    assert "'30 * * * *'" in timetable(load()[SWEEPER])
    environment("{engine: glue, sweeper: {schedule: null}}")
    assert "* * *" not in timetable(load()[SWEEPER])


def test_it_looks_where_the_options_of_the_tasks_lead(
    environment: Callable[..., None], write: Write, load: Load
) -> None:
    environment("{engine: glue, glue: {iam_role_name: role}}")
    write("one.yaml", GLUE)
    (task,) = load()[SWEEPER].tasks
    assert [(options.existing_job, options.region_name) for options in task.options] == [
        ("nightly", None),
        (None, "eu-west-1"),
    ]


def test_a_users_dag_of_its_id_is_a_problem_and_does_not_take_its_place(
    environment: Callable[..., None], write: Write, load: Load
) -> None:
    environment("{engine: glue}")
    write("one.yaml", LOCAL.replace("nearby", SWEEPER))
    loaded = load()
    assert engines(loaded) == ["glue"]
    assert "rename yours" in loaded["jobkit_problems"].doc_md


@pytest.mark.parametrize(("wanted", "built"), [("far", {"far"}), (SWEEPER, {SWEEPER})])
def test_only_the_dag_of_a_wanted_task_is_built(
    environment: Callable[..., None],
    write: Write,
    load: Load,
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    built: set[str],
) -> None:
    environment("{}")
    write("one.yaml", GLUE)
    write("two.yaml", DATABRICKS)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", wanted)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "one" if wanted == "far" else "glue")
    loaded = load()
    assert loaded.keys() == built
    assert engines(loaded) == (["databricks", "glue"] if wanted == SWEEPER else [])


def test_it_can_be_stored(environment: Callable[..., None], load: Load) -> None:
    environment("{engine: glue, databricks: {serverless: true}}")
    dag = load()[SWEEPER]
    dag.validate()
    assert serialize_dag(dag)

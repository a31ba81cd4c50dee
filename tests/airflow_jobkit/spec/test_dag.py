"""A DAG from YAML's data: which layer wins, and that every mistake is found at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_jobkit.problems import dotted
from airflow_jobkit.spec.dag import DagSpec, parse_dag
from airflow_jobkit.spec.graph import Edges, edge_issues
from airflow_jobkit.spec.members import members_of
from airflow_jobkit.spec.project import parse_project
from airflow_jobkit.spec.settings import Settings, resolve_settings
from airflow_jobkit.spec.task import OperatorTask


@pytest.fixture
def settings() -> Settings:
    project, issues = parse_project(
        {
            "project": "dwh",
            "code": {"version": "1.0"},
            "notification": {"service_type": "LOG"},
            "local": {"master": "local[2]", "conf": {"a": "project", "b": "project", "c": "project"}},
            "environments": {"local": {}},
        }
    )
    assert project is not None
    assert issues == []
    return resolve_settings(project, "local", Path("/srv"))


def good(data: dict[str, Any], settings: Settings) -> DagSpec:
    spec, issues = parse_dag("flights", data, settings)
    assert issues == []
    assert spec is not None
    return spec


def test_a_dag_that_sets_nothing_has_the_environments_values(settings: Settings) -> None:
    spec = good({"tasks": {"clean": {"spark_job": "dwh.a"}}}, settings)
    assert (spec.code_version, spec.notification_service_type) == ("1.0", "LOG")
    assert spec.keys.catchup is False
    assert spec.keys.schedule is None
    (task,) = spec.spark_tasks
    assert task.engine == "local"
    assert task.options == settings.options["local"]


def test_a_dags_own_version_and_notifier_go_before_the_environments(settings: Settings) -> None:
    data = {
        "code_version": "2.0",
        "notification_service_type": "NOOP",
        "tasks": {"clean": {"spark_job": "dwh.a"}},
    }
    spec = good(data, settings)
    assert (spec.code_version, spec.notification_service_type) == ("2.0", "NOOP")


def test_engine_options_merge_from_the_project_over_the_dag_to_the_task(settings: Settings) -> None:
    data = {
        "local": {"conf": {"b": "dag", "c": "dag"}},
        "tasks": {"clean": {"spark_job": "dwh.a", "local": {"conf": {"c": "task"}}}},
    }
    (task,) = good(data, settings).spark_tasks
    assert task.options.model_dump(exclude_unset=True) == {
        "master": "local[2]",
        "conf": {"a": "project", "b": "dag", "c": "task"},
    }


def test_every_other_key_of_an_operator_task_is_an_argument_of_its_operator(settings: Settings) -> None:
    data = {"tasks": {"say": {"operator": "airflow.X", "retries": 2, "bash_command": "echo", "local": 1}}}
    (task,) = good(data, settings).tasks
    assert isinstance(task, OperatorTask)
    assert task.keys.retries == 2
    assert task.arguments == {"bash_command": "echo", "local": 1}


def test_a_dag_of_operators_alone_needs_no_code_version() -> None:
    project, _ = parse_project({"project": "dwh", "environments": {"local": {}}})
    assert project is not None
    spec = good(
        {"tasks": {"say": {"operator": "airflow.X"}}}, resolve_settings(project, "local", Path("/srv"))
    )
    assert spec.code_version is None


def test_a_spec_cannot_be_changed(settings: Settings) -> None:
    spec = good({"tasks": {"clean": {"spark_job": "dwh.a"}}}, settings)
    with pytest.raises(AttributeError):
        spec.dag_id = "other"  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        spec.keys.catchup = True  # type: ignore[misc]


def test_mistakes_of_the_dag_its_tasks_and_its_edges_come_at_once(settings: Settings) -> None:
    data = {
        "schedul": "@daily",
        "local": {"cores": 2},
        "tasks": {
            "a": {"spark_job": "a b", "dependencies": [7, "b", "nobody"]},
            "b": {"operator": "os.system", "dependencies": ["a"]},
        },
    }
    spec, issues = parse_dag("flights daily", data, settings)
    assert spec is None
    assert sorted((dotted(issue.path), issue.code) for issue in issues) == [
        ("", "bad-value"),
        ("local.cores", "unknown-key"),
        ("schedul", "unknown-key"),
        ("tasks.a.dependencies[0]", "type"),
        ("tasks.a.dependencies[1]", "cycle"),
        ("tasks.a.dependencies[2]", "unknown-dependency"),
        ("tasks.a.spark_job", "bad-value"),
        ("tasks.b.operator", "not-allowed"),
    ]


@pytest.mark.parametrize(
    ("edges", "cycles"),
    [
        pytest.param({}, [], id="no tasks"),
        pytest.param({"a": [], "b": ["a"], "c": ["a", "b"]}, [], id="a diamond is no cycle"),
        pytest.param({"a": ["a"]}, ["the task waits for itself"], id="a task that waits for itself"),
        pytest.param(
            {"a": ["c"], "b": ["a"], "c": ["b", "b"]},
            ["the tasks wait for each other: a -> b -> c -> a"],
            id="a cycle of three, with a dependency said twice",
        ),
        pytest.param(
            {"a": ["b"], "b": ["a"], "c": ["d"], "d": ["a", "c"]},
            [
                "the tasks wait for each other: a -> b -> a",
                "the tasks wait for each other: d -> c -> d",
            ],
            id="two cycles",
        ),
        pytest.param({"a": ["nobody"]}, [], id="an unknown task is no cycle"),
    ],
)
def test_each_cycle_is_named_as_a_path(edges: dict[str, list[object]], cycles: list[str]) -> None:
    members = members_of({"tasks": {task: {"dependencies": waits} for task, waits in edges.items()}})
    found = edge_issues(Edges(members, {}))
    assert [issue.message for issue in found if issue.code == "cycle"] == cycles

"""When a DAG is stored by way of trial: the first of its shape, and every one that is not plain data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_jobkit._compat import DAG
from airflow_jobkit.factory import storable
from airflow_jobkit.factory.dags import build_dag
from airflow_jobkit.factory.together import Together
from airflow_jobkit.loading.dags import load_files
from airflow_jobkit.loading.folder import load_project
from airflow_jobkit.loading.listing import dag_files

Write = Callable[[str, str], Path]

PLAIN = """
    {0}:
      params: {{month: {{type: integer, default: {1}}}}}
      tasks:
        report: {{operator: team_operators.CountedOperator, doc: "{0}", retries: {1}}}
"""


@pytest.fixture
def stored(dags: Path, monkeypatch: pytest.MonkeyPatch, team_operators: Any) -> Callable[[], list[str]]:
    """Build the DAGs of the folder; the ids of those that were stored by way of trial."""

    def build() -> list[str]:
        tried: list[str] = []

        def counted(dag: DAG) -> Any:
            tried.append(dag.dag_id)
            return original(dag)

        original = storable.serialize_dag
        monkeypatch.setattr(storable, "serialize_dag", counted)
        settings = load_project(dags).settings
        assert settings is not None
        together = Together()
        loaded = load_files(dag_files(dags), settings)
        assert loaded.problems == ()
        for dag in loaded.dags:
            build_dag(dag.spec, settings, (), together)
        monkeypatch.setattr(storable, "serialize_dag", original)
        return tried

    return build


def test_dags_of_one_shape_are_stored_once(write: Write, stored: Callable[[], list[str]]) -> None:
    write("one.yaml", PLAIN.format("one", 1) + PLAIN.format("two", 2) + PLAIN.format("three", 3))
    assert stored() == ["one"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("{operator: team_operators.CountedOperator, pool: big}", id="another argument"),
        pytest.param("{spark_job: probe.a, outlets: ['s3://bucket/a']}", id="what is no plain data"),
        pytest.param("{spark_job: probe.a, expand: {job_args: [{a: 1}]}}", id="a mapped task"),
    ],
)
def test_a_dag_of_another_shape_is_stored_too(
    write: Write, stored: Callable[[], list[str]], other: str
) -> None:
    write("one.yaml", PLAIN.format("one", 1) + f"    other:\n      tasks: {{a: {other}}}\n")
    assert stored() == ["one", "other"]


def test_operators_of_a_release_with_plain_data_are_known_to_store(
    write: Write, stored: Callable[[], list[str]]
) -> None:
    write("one.yaml", "    one:\n      tasks: {a: {spark_job: probe.a, args: {month: 1}, retries: 2}}\n")
    assert stored() == []


def test_what_is_no_plain_data_is_stored_each_time(write: Write, stored: Callable[[], list[str]]) -> None:
    task = "{spark_job: probe.a, inlets: ['s3://bucket/a']}"
    write("one.yaml", f"    one:\n      tasks: {{a: {task}}}\n    two:\n      tasks: {{a: {task}}}\n")
    assert stored() == ["one", "two"]


def test_an_operator_that_computes_a_template_field_is_stored_each_time(
    write: Write, stored: Callable[[], list[str]], team_operators: Any
) -> None:
    """Whether that raises may depend on any value."""
    team_operators.UnstorableOperator.sql = property(lambda task: f"select {task.task_id}")
    task = "{operator: team_operators.UnstorableOperator}"
    write("one.yaml", f"    one:\n      tasks: {{a: {task}}}\n    two:\n      tasks: {{a: {task}}}\n")
    assert stored() == ["one", "two"]

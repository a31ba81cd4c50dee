"""What DAGs share that are built together, and what is let go of when they are."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from airflow_jobkit._compat import DAG
from airflow_jobkit.factory import dags as factory_dags
from airflow_jobkit.factory import load as factory_load
from airflow_jobkit.spec.dag import DagSpec

Write = Callable[[str, str], Path]
Load = Callable[[], dict[str, DAG]]


def _named(*names: str) -> str:
    body = """
    {}:
      tasks:
        extract: {{operator: team_operators.CountedOperator}}
"""
    return "".join(map(body.format, names))


def test_what_the_configuration_says_holds_for_each_dag_that_says_nothing(
    write: Write, load: Load, team_operators: Any
) -> None:
    write("many.yaml", _named("one", "two") + "      max_active_runs: 3\n" + _named("three"))
    dags = load()
    alone = DAG(dag_id="alone", schedule=None)
    for name in ("max_active_tasks", "max_active_runs", "max_consecutive_failed_dag_runs"):
        given = 3 if name == "max_active_runs" else getattr(alone, name)
        found = [getattr(dags[dag_id], name) for dag_id in ("one", "two", "three")]
        assert found == [getattr(alone, name), given, getattr(alone, name)]


def test_what_a_dag_says_itself_is_not_taken_for_the_configuration(
    write: Write, load: Load, team_operators: Any
) -> None:
    write("many.yaml", _named("one") + "      max_active_runs: 3\n" + _named("two"))
    dags = load()
    assert dags["one"].max_active_runs == 3
    assert dags["two"].max_active_runs == DAG(dag_id="alone", schedule=None).max_active_runs


def test_the_configuration_is_asked_for_the_first_dag_alone(
    write: Write, load: Load, team_operators: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[set[str]] = []

    class NotingDag(DAG):
        @wraps(DAG.__init__)
        def __init__(self, **arguments: Any) -> None:
            given.append({"max_active_tasks", "max_active_runs"} & arguments.keys())
            super().__init__(**arguments)

    monkeypatch.setattr(factory_dags, "DAG", NotingDag)
    write("many.yaml", _named("one", "two", "three"))
    load()
    assert given == [set(), *[{"max_active_tasks", "max_active_runs"}] * 2]


def test_a_spec_is_let_go_of_without_a_search_for_garbage(
    write: Write, load: Load, team_operators: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs: list[weakref.ref[DagSpec]] = []
    build = factory_dags.build_dag

    def noted(spec: DagSpec, *given: Any) -> DAG:
        specs.append(weakref.ref(spec))
        return build(spec, *given)

    monkeypatch.setattr(factory_load, "build_dag", noted)
    write("many.yaml", _named("one", "two"))
    gc.disable()
    try:
        dags = load()
        assert sorted(dags) == ["one", "two"]
        assert [spec() for spec in specs] == [None, None]
    finally:
        gc.enable()

"""What a worker gets when it asks for the DAG of its task: that DAG as everyone sees it, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from types import FrameType
from typing import Any

import pytest

from airflow_jobkit._compat import BaseOperator, serialize_dag
from airflow_jobkit.loading.yaml_text import read_document

Load = Callable[[], dict[str, Any]]

COUNTED = "team_operators.CountedOperator"

FILES = {
    "defaults.yaml": "default_args: {owner: everyone, retries: 1}\ntags: [all]\n",
    "team/defaults.yaml": "default_args: {owner: team}\nmax_active_runs: 3\n",
    "mapped.yaml": f"""
        mapped:
          tasks:
            years: {{spark_job: probe.years, expand: {{job_args: [{{year: 1}}, {{year: 2}}]}}}}
            after: {{operator: {COUNTED}, dependencies: [years]}}
        """,
    "grouped.yaml": f"""
        grouped:
          task_groups:
            outer:
              task_groups:
                inner:
                  tasks:
                    deep: {{operator: {COUNTED}}}
                months:
                  dependencies: [inner]
                  expand: {{month: [1, 2, 3]}}
                  tasks:
                    count: {{spark_job: probe.count, args: {{month: +months.month}}}}
          tasks:
            last: {{operator: {COUNTED}, dependencies: [outer]}}
        """,
    "fanned.yaml": f"""
        fanned:
          tasks:
            load:
              for_each: {{jfk: {{runways: 4}}, lga: {{runways: 2}}}}
              operator: {COUNTED}
              doc: "${{key}} with ${{item.runways}} runways"
            done: {{operator: {COUNTED}, dependencies: [load]}}
        """,
    "team/layered.yaml": f"""
        default:
          default_args: {{queue: file}}
          task_templates:
            shell: {{operator: {COUNTED}, doc: "of the file"}}
        layered:
          task_templates:
            careful: {{extends: shell, retries: 5}}
          tasks:
            slow: {{extends: careful, pool: slow}}
        beside_it:
          tasks:
            quick: {{extends: shell}}
        """,
    "other.yaml": f"other: {{tasks: {{alone: {{operator: {COUNTED}}}}}}}\n",
    "bad.yaml": "bad: {tasks: {a: {spark_jbo: probe.a}}}\n",
    "elsewhere/defaults.yaml": "tags: [\n",
    "elsewhere/below.yaml": f"below: {{tasks: {{a: {{operator: {COUNTED}}}}}}}\n",
}

WANTED = [
    pytest.param("mapped", "years", "mapped.yaml", id="a mapped task"),
    pytest.param("grouped", "outer.inner.deep", "grouped.yaml", id="a task in a group of a group"),
    pytest.param("grouped", "outer.months.count", "grouped.yaml", id="a task of a mapped group"),
    pytest.param("fanned", "load.jfk", "fanned.yaml", id="a task of a fan-out"),
    pytest.param("layered", "slow", "team/layered.yaml", id="a task of many layers"),
]


@pytest.fixture
def folder(dags: Path, team_operators: Any) -> Path:
    """The DAGs folder with all the files."""
    for name, text in FILES.items():
        (dags / name).parent.mkdir(exist_ok=True)
        (dags / name).write_text(dedent(text).lstrip())
    return dags


@contextmanager
def parsed_files() -> Iterator[set[str]]:
    """The names of the files whose text is parsed meanwhile."""
    names: set[str] = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code is read_document.__code__:
            names.add(frame.f_locals["file"])

    sys.setprofile(note)
    try:
        yield names
    finally:
        sys.setprofile(None)


def want(monkeypatch: pytest.MonkeyPatch, dag_id: str, task_id: str) -> None:
    """Set what Airflow sets when it runs a task."""
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", task_id)


@pytest.mark.parametrize(("dag_id", "task_id", "file"), WANTED)
def test_the_dag_is_the_same_as_when_all_are_loaded(
    folder: Path, load: Load, monkeypatch: pytest.MonkeyPatch, dag_id: str, task_id: str, file: str
) -> None:
    everything = load()
    assert everything.keys() == {
        *("mapped", "grouped", "fanned", "layered", "beside_it", "other", "jobkit_problems")
    }
    want(monkeypatch, dag_id, task_id)
    loaded = load()
    assert loaded.keys() == {dag_id}
    assert serialize_dag(loaded[dag_id]) == serialize_dag(everything[dag_id])
    assert loaded[dag_id].has_task(task_id)


@pytest.mark.parametrize(("dag_id", "task_id", "file"), WANTED)
def test_no_other_file_is_parsed_and_no_operator_of_another_dag_made(
    folder: Path,
    load: Load,
    monkeypatch: pytest.MonkeyPatch,
    team_operators: Any,
    dag_id: str,
    task_id: str,
    file: str,
) -> None:
    with parsed_files() as parsed:
        load()
    assert {f"dags/{name}" for name in FILES} < parsed
    team_operators.made.clear()
    want(monkeypatch, dag_id, task_id)
    with parsed_files() as parsed:
        load()
    above = {"dags/jobkit.yaml", "dags/defaults.yaml", f"dags/{Path(file).parent / 'defaults.yaml'}"}
    assert parsed - above == {f"dags/{file}"}
    assert {made_for for made_for, _ in team_operators.made} <= {dag_id}


def test_the_values_of_all_layers_reach_the_task(
    folder: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    want(monkeypatch, "layered", "slow")
    (dag,) = load().values()
    task: BaseOperator = dag.get_task("slow")
    assert (dag.max_active_runs, set(dag.tags)) == (3, {"all"})
    assert (task.owner, task.queue, task.retries, task.pool) == ("team", "file", 5, "slow")
    assert task.doc == "of the file"

"""A DAGs folder to write into and to load."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from task_context import use_temporary_airflow_home

use_temporary_airflow_home()

PROJECT = """
    project: probe
    code: {version: "1.0.0"}
    operators: {allow: [team_operators., broken_operators.]}
    environments:
      local: {}
"""

TEAM_OPERATORS = """
    from airflow_jobkit._compat import BaseOperator

    made = []

    class CountedOperator(BaseOperator):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            made.append((self.dag_id, self.task_id))

    class UnstorableOperator(BaseOperator):
        template_fields = ("sql",)

        @property
        def sql(self):
            raise ValueError("the sql cannot be had")

    class FailingOperator(BaseOperator):
        def __init__(self, *, bucket, **kwargs):
            raise LookupError(f"no bucket {bucket}")

    class SurprisingOperator(BaseOperator):
        def set_upstream(self, *others, **options):
            raise LookupError("there is none")

    class NotAnOperator:
        def __init__(self, **kwargs):
            made.append("not an operator")

    def a_function(**kwargs):
        made.append("a function")

    def say(word):
        made.append(word)
"""


@pytest.fixture
def dags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_environment: None) -> Path:
    """A DAGs folder with a project file, in the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "_AIRFLOW_PARSING_CONTEXT_TASK_ID"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "jobkit.yaml").write_text(dedent(PROJECT))
    return folder


@pytest.fixture
def write(dags: Path) -> Callable[[str, str], Path]:
    """Write a file of the DAGs folder."""

    def write_file(name: str, text: str) -> Path:
        file = dags / name
        file.write_text(dedent(text))
        return file

    return write_file


@pytest.fixture
def load(dags: Path) -> Callable[[], dict[str, Any]]:
    """Load the folder as its loader does; the DAGs by their id."""
    from airflow_jobkit import load_dags

    def load_folder() -> dict[str, Any]:
        namespace: dict[str, Any] = {"__file__": str(dags / "jobkit_dags.py")}
        load_dags(namespace)
        return {dag.dag_id: dag for name, dag in namespace.items() if name != "__file__"}

    return load_folder


@pytest.fixture
def team_operators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module `team_operators`, which the project allows; its `made` tells what was called."""
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "team_operators.py").write_text(dedent(TEAM_OPERATORS))
    monkeypatch.syspath_prepend(tmp_path / "team")
    import team_operators

    yield team_operators
    del sys.modules["team_operators"]

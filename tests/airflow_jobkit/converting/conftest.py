"""DAGs of a Python file, and those of the YAML that it is converted to."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from task_context import use_temporary_airflow_home

use_temporary_airflow_home()

CASES = Path(__file__).parents[2] / "cases" / "convert"

PROJECT = """
    project: probe
    code: {version: "1.0.0"}
    sweeper: false
    operators: {allow: [team_functions.]}
    variables: {env: [AWS_REGION, RAW_BUCKET]}
    glue: {iam_role_name: glue-job-role}
    environments: {local: {}}
"""

TEAM = """
    def numbers():
        return [1, 2, 3]

    def double(number, factor=2):
        return number * factor

    def tell(context=None, channel=None):
        return channel
"""


@pytest.fixture
def team_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The module `team_functions`, which the files import and the project allows."""
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "team_functions.py").write_text(dedent(TEAM))
    monkeypatch.syspath_prepend(tmp_path / "team")
    yield
    sys.modules.pop("team_functions", None)


@pytest.fixture
def python_dags(
    team_functions: None, no_environment: None, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path], dict[str, Any]]:
    """Run a Python DAG file; its DAGs by their ids."""
    from airflow_jobkit._compat import DAG

    monkeypatch.setenv("AWS_REGION", "us-east-1")

    def run(file: Path) -> dict[str, Any]:
        found = (value for value in runpy.run_path(str(file)).values() if isinstance(value, DAG))
        return {dag.dag_id: dag for dag in found}

    return run


@pytest.fixture
def yaml_dags(
    team_functions: None, no_environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], dict[str, Any]]:
    """Load a YAML text as a DAGs folder's loader does; its DAGs by their ids."""
    from airflow_jobkit import load_dags

    monkeypatch.setenv("AWS_REGION", "us-east-1")

    def load(text: str) -> dict[str, Any]:
        folder = tmp_path / "dags"
        folder.mkdir()
        (folder / "jobkit.yaml").write_text(dedent(PROJECT))
        (folder / "converted.yaml").write_text(text)
        namespace: dict[str, Any] = {"__file__": str(folder / "jobkit_dags.py")}
        load_dags(namespace)
        dags = {dag.dag_id: dag for name, dag in namespace.items() if name != "__file__"}
        assert "jobkit_problems" not in dags, dags["jobkit_problems"].doc_md
        return dags

    return load

"""`.airflowignore`, in both of Airflow's syntaxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_jobkit.loading.ignore import Syntax
from airflow_jobkit.loading.listing import configured_syntax, dag_files

FILES = (
    "one.yaml",
    "two_test.yaml",
    "team/one.yaml",
    "team/two_test.yaml",
    "old/one.yaml",
    "old/deep/one.yaml",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    return tmp_path


def found(folder: Path, syntax: Syntax) -> set[str]:
    return {str(path.relative_to(folder)) for path in dag_files(folder, syntax)}


@pytest.mark.parametrize(
    ("syntax", "patterns", "left"),
    [
        pytest.param("glob", "*_test.yaml\nold/\n", {"one.yaml", "team/one.yaml"}, id="globs"),
        pytest.param(
            "glob",
            "*.yaml\n!one.yaml\n",
            {"one.yaml", "team/one.yaml", "old/one.yaml", "old/deep/one.yaml"},
            id="a glob that takes back",
        ),
        pytest.param("glob", "/one.yaml # at the top\n", set(FILES) - {"one.yaml"}, id="an anchored glob"),
        pytest.param("regexp", "_te.t\n^old/\n", {"one.yaml", "team/one.yaml"}, id="expressions"),
        pytest.param("regexp", "[\n# nothing\n", set(FILES), id="an expression that is none"),
        pytest.param("glob", "# nothing\n\n", set(FILES), id="comments alone"),
    ],
)
def test_patterns_of_the_top_folder_hold_for_all(
    folder: Path, syntax: Syntax, patterns: str, left: set[str]
) -> None:
    (folder / ".airflowignore").write_text(patterns)
    assert found(folder, syntax) == left


def test_patterns_of_a_folder_below_hold_for_that_one(folder: Path) -> None:
    (folder / "team" / ".airflowignore").write_text("one.yaml\n")
    assert found(folder, "glob") == set(FILES) - {"team/one.yaml"}


def test_the_syntax_is_what_airflow_is_told(tmp_path: Path) -> None:
    config = tmp_path / "airflow.cfg"
    config.write_text("[core]\ndag_ignore_file_syntax = regexp\n")
    told = {"AIRFLOW_CONFIG": str(config)}
    assert configured_syntax(told) == "regexp"
    assert configured_syntax({**told, "AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX": "glob"}) == "glob"

"""`.airflowignore`, in both of Airflow's syntaxes."""

from __future__ import annotations

import os
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from airflow_jobkit.loading.ignore import Syntax
from airflow_jobkit.loading.listing import configured_syntax, dag_files

AIRFLOW_2 = version("apache-airflow").startswith("2.")

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


@pytest.mark.skipif(not AIRFLOW_2, reason="Airflow 3 itself looks with Python's expressions, and hangs")
def test_a_hostile_expression_takes_no_time_where_airflow_has_an_engine_for_it(folder: Path) -> None:
    (folder / ("a" * 200 + ".yaml")).write_text("")
    (folder / ".airflowignore").write_text("(a+)+$\n(.*)*(.*)*(.*)*x$\n_te.t\n")
    started = time.perf_counter()
    assert len(found(folder, "regexp")) == len(FILES) - 1
    assert time.perf_counter() - started < 5


def test_an_expression_that_this_airflow_does_not_take_leaves_nothing_out(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """That of Airflow 2 looks neither ahead nor back."""
    (folder / ".airflowignore").write_text("^(?!team/)\n")
    assert found(folder, "regexp") == ({*FILES} if AIRFLOW_2 else {"team/one.yaml", "team/two_test.yaml"})
    assert capfd.readouterr().err == ""


def test_a_name_that_is_not_utf_8_is_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff_test.yaml")).write_text("")
    (tmp_path / ".airflowignore").write_text("_te.t\n")
    assert found(tmp_path, "regexp") == set()


def test_patterns_of_a_folder_below_hold_for_that_one(folder: Path) -> None:
    (folder / "team" / ".airflowignore").write_text("one.yaml\n")
    assert found(folder, "glob") == set(FILES) - {"team/one.yaml"}


def test_the_syntax_is_what_airflow_is_told(tmp_path: Path) -> None:
    config = tmp_path / "airflow.cfg"
    config.write_text("[core]\ndag_ignore_file_syntax = regexp\n")
    told = {"AIRFLOW_CONFIG": str(config)}
    assert configured_syntax(told) == "regexp"
    assert configured_syntax({**told, "AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX": "glob"}) == "glob"

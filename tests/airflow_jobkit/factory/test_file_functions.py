"""Functions and documentation that a YAML names by file: run when a DAG is built, only from its folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from airflow_jobkit.cli import main

Load = Callable[[], dict[str, Any]]
Write = Callable[[str, str], Path]

try:
    import airflow.providers.standard.operators.python  # noqa: F401 - only whether it is there

    PYTHON = "airflow.providers.standard.operators.python.PythonOperator"
except ImportError:  # Airflow 2
    PYTHON = "airflow.operators.python.PythonOperator"

FUNCTIONS = """
    from __future__ import annotations

    import typing
    from dataclasses import dataclass

    ran = __name__

    @dataclass
    class Day:
        month: typing.ClassVar[int] = 3

    def clean(**context):
        return Day.month

    def tell(context):
        return None
"""
TASK = """
    one:
      tasks:
        a: {{operator: {operator}, python_callable_file: {file}, python_callable_name: {name}}}
"""


@pytest.fixture(autouse=True)
def no_modules_left() -> Iterator[None]:
    """Modules of files stay for their process; a test begins without those of another."""
    yield
    for name in [name for name in sys.modules if name.startswith("jobkit_dag_file_")]:
        del sys.modules[name]


@pytest.fixture
def functions(dags: Path) -> Callable[[str, str], Path]:
    """Write a Python file of the DAGs folder."""

    def write(name: str, text: str) -> Path:
        file = dags / "functions" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(dedent(text))
        return file

    return write


Functions = Callable[[str, str], Path]


def task(file: str | Path, name: str = "clean") -> str:
    return TASK.format(operator=PYTHON, file=file, name=name)


def modules() -> list[str]:
    return [name for name in sys.modules if name.startswith("jobkit_dag_file_")]


def shown(load: Load) -> str:
    return str(load()["jobkit_problems"].doc_md)


def test_a_function_is_found_by_its_file_and_name(write: Write, load: Load, functions: Functions) -> None:
    file = functions("cleaning.py", FUNCTIONS)
    write("relative.yaml", task("dags/functions/cleaning.py"))
    called = load()["one"].get_task("a").python_callable
    assert called() == 3
    write("relative.yaml", task(file))
    assert load()["one"].get_task("a").python_callable is called


def test_callbacks_are_found_so_too(write: Write, load: Load, functions: Functions) -> None:
    functions("cleaning.py", FUNCTIONS)
    write(
        "one.yaml",
        """
        one:
          on_failure_callback_file: dags/functions/cleaning.py
          on_failure_callback_name: tell
          default_args: {on_retry_callback_file: dags/functions/cleaning.py, on_retry_callback_name: tell}
          tasks: {a: {spark_job: probe.a}}
        """,
    )
    one = load()["one"]
    assert one.on_failure_callback({}) is None
    retry = one.get_task("a").on_retry_callback
    assert retry in (one.on_failure_callback, [one.on_failure_callback])


def test_a_file_takes_no_other_module_s_place(write: Write, load: Load, functions: Functions) -> None:
    functions("json.py", FUNCTIONS)
    write("one.yaml", task("dags/functions/json.py"))
    called = load()["one"].get_task("a").python_callable
    assert called.__module__ == modules()[0] != "json"
    assert sys.modules["json"] is json


def test_a_file_is_run_once_until_it_changes(write: Write, load: Load, functions: Functions) -> None:
    file = functions("cleaning.py", FUNCTIONS)
    write("one.yaml", task(file))
    write("two.yaml", task(file).replace("one:", "two:"))
    loaded = load()
    first = loaded["one"].get_task("a").python_callable
    assert loaded["two"].get_task("a").python_callable is first
    functions("cleaning.py", "def clean(**context):\n    return 'changed'\n")
    assert load()["one"].get_task("a").python_callable() == "changed"
    assert len(modules()) == 1


def test_a_file_that_fails_leaves_nothing_behind(write: Write, load: Load, functions: Functions) -> None:
    functions("cleaning.py", FUNCTIONS + "\n    raise LookupError('no table')\n")
    write("one.yaml", task("dags/functions/cleaning.py"))
    write("good.yaml", "good:\n  tasks: {a: {spark_job: probe.a}}\n")
    loaded = load()
    assert (
        "dags/functions/cleaning.py cannot be loaded: LookupError: no table"
        in loaded["jobkit_problems"].doc_md
    )
    assert "good" in loaded
    assert modules() == []


def test_a_file_that_loads_the_dags_that_name_it_does_so_once(
    write: Write, load: Load, functions: Functions, dags: Path
) -> None:
    functions(
        "loader.py",
        f"""
        from airflow_jobkit import load_dags

        load_dags({{}}, {str(dags)!r})

        def clean(): ...
        """,
    )
    write("one.yaml", task("dags/functions/loader.py"))
    assert [*load()] == ["one"]
    assert len(modules()) == 1


def test_what_is_no_function_is_a_problem(write: Write, load: Load, functions: Functions) -> None:
    functions("cleaning.py", FUNCTIONS)
    write("one.yaml", task("dags/functions/cleaning.py", "Day"))
    assert "Day of dags/functions/cleaning.py is no function" in shown(load)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        pytest.param("cleen", FUNCTIONS, "defines no cleen; did you mean clean?", id="a misspelt name"),
        pytest.param("clean", "def clean(:\n", "is no Python, line 1: invalid syntax", id="no Python"),
        pytest.param(
            "clean", "#" * 300_000, "has 300,000 bytes, and 262,144 are the most", id="a large file"
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_told_without_running_it(
    name: str, text: str, said: str, write: Write, functions: Functions, capsys: pytest.CaptureFixture[str]
) -> None:
    functions("cleaning.py", text)
    file = write("one.yaml", task("dags/functions/cleaning.py", name))
    assert main(["validate", str(file)]) == 1
    assert said in capsys.readouterr().out
    assert modules() == []


def test_validation_runs_no_file(write: Write, functions: Functions, tmp_path: Path) -> None:
    functions("cleaning.py", "open('ran', 'w')\ndef clean(): ...\n")
    assert main(["validate", str(write("one.yaml", task("dags/functions/cleaning.py")))]) == 0
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["clean", "late", "other", "anything"])
def test_names_are_found_however_a_file_defines_them(name: str, write: Write, functions: Functions) -> None:
    functions(
        "cleaning.py",
        """
        from somewhere import *
        try:
            from elsewhere import other
        except ImportError:
            async def late(): ...
        if True:
            clean = lambda: 1
        """,
    )
    assert main(["validate", str(write("one.yaml", task("dags/functions/cleaning.py", name)))]) == 0


def test_a_link_out_of_the_folder_is_a_problem(
    write: Write, load: Load, functions: Functions, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere.py").write_text("def clean(): ...\n")
    functions("good.py", "")
    (tmp_path / "dags" / "functions" / "linked.py").symlink_to(tmp_path / "elsewhere.py")
    write("one.yaml", task("dags/functions/linked.py"))
    assert "dags/functions/linked.py is outside the DAGs folder, dags/" in shown(load)
    assert modules() == []


def test_documentation_is_read_from_a_file(write: Write, load: Load, dags: Path) -> None:
    (dags / "about.md").write_text("# About flights\n")
    write("one.yaml", "one:\n  doc_md_file_path: dags/about.md\n  tasks: {a: {spark_job: probe.a}}\n")
    assert load()["one"].doc_md.startswith("# About flights\n\n#### From ")


def test_documentation_that_is_no_text_is_a_problem(write: Write, load: Load, dags: Path) -> None:
    (dags / "about.md").write_bytes(b"\xff\xfe")
    write("one.yaml", "one:\n  doc_md_file_path: dags/about.md\n  tasks: {a: {spark_job: probe.a}}\n")
    assert "dags/about.md is not UTF-8 text: byte 0; save it as UTF-8" in shown(load)


def test_a_file_is_found_through_the_defaults_of_a_folder(
    write: Write, load: Load, functions: Functions
) -> None:
    functions("cleaning.py", FUNCTIONS)
    write(
        "defaults.yaml",
        "on_failure_callback_file: dags/functions/cleaning.py\non_failure_callback_name: tel\n",
    )
    write("one.yaml", "one:\n  tasks: {a: {spark_job: probe.a}}\n")
    assert "dags/defaults.yaml:2:27 on_failure_callback_name: " in shown(load)


def test_a_task_that_runs_finds_its_function(
    write: Write, load: Load, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions("cleaning.py", FUNCTIONS)
    write("one.yaml", task("dags/functions/cleaning.py"))
    write("two.yaml", task("dags/functions/nowhere.py").replace("one:", "two:"))
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "one")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "a")
    loaded = load()
    assert [*loaded] == ["one"]
    assert loaded["one"].get_task("a").python_callable() == 3

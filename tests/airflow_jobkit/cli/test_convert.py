"""`jobkit convert`: where it writes, what it says, how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from files import Write

from airflow_jobkit.cli import main

BASH = "airflow.providers.standard.operators.bash.BashOperator"
PYTHON = """\
    from airflow import DAG
    from airflow.operators.bash import BashOperator

    with DAG("{name}", schedule=None):
        BashOperator(task_id="t", bash_command="ls")
    """
LOADS = f"a:\n  tasks: {{t: {{operator: {BASH}, bash_command: ls}}}}   # as it is\n"


@pytest.fixture
def flights(write: Write) -> Path:
    """A Python file of which everything is carried."""
    return write("flights.py", PYTHON.replace("{name}", "flights"))


def test_the_yaml_is_printed_and_the_rest_said_on_the_side(
    flights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", "flights.py"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("flights:\n  schedule: null\n  tasks:\n    t:\n")
    assert said.err == "flights.py: 1 DAG, all of it carried\n"


def test_what_could_not_be_carried_ends_it_with_1(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("a.py", PYTHON.replace("{name}", "a").replace('"ls"', "open('x').read()"))
    assert main(["convert", "a.py"]) == 1
    said = capsys.readouterr()
    assert "a.py:5:44 a.tasks.t.bash_command: " in said.err
    assert said.err.endswith("a.py: 1 DAG, 1 thing not carried\n")
    assert "    # not carried (line 5): bash_command: " in said.out


def test_several_files_are_one_document_that_names_them(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("a.py", PYTHON.replace("{name}", "a"))
    write("b.py", PYTHON.replace("{name}", "b"))
    assert main(["convert", "a.py", "b.py"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("# from a.py\na:\n")
    assert "\n\n# from b.py\nb:\n" in out


def test_it_writes_a_file(flights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "flights.py", "--out", "dags/night.yaml"]) == 0
    assert (tmp_path / "dags" / "night.yaml").read_text().startswith("flights:\n")
    assert capsys.readouterr().out == "wrote dags/night.yaml\n"


def test_it_writes_into_a_folder(write: Write, flights: Path, tmp_path: Path) -> None:
    write("a.yml", LOADS)
    assert main(["convert", "flights.py", "a.yml", "--out", "dags"]) == 0
    assert sorted(path.name for path in (tmp_path / "dags").iterdir()) == ["a.yaml", "flights.yaml"]
    assert (tmp_path / "dags" / "a.yaml").read_bytes() == (tmp_path / "a.yml").read_bytes()


def test_it_writes_over_nothing_unless_it_is_told_to(
    write: Write, flights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("night.yaml", "mine: 1\n")
    assert main(["convert", "flights.py", "--out", "night.yaml"]) == 1
    assert "night.yaml is there already; remove it, or write over it with --force" in capsys.readouterr().err
    assert (tmp_path / "night.yaml").read_text() == "mine: 1\n"
    assert main(["convert", "flights.py", "--out", "night.yaml", "--force"]) == 0
    assert (tmp_path / "night.yaml").read_text().startswith("flights:\n")


def test_nothing_is_written_where_one_of_several_files_is_there(
    write: Write, flights: Path, tmp_path: Path
) -> None:
    write("a.py", PYTHON.replace("{name}", "a"))
    write("dags/flights.yaml", "mine: 1\n")
    assert main(["convert", "a.py", "flights.py", "--out", "dags"]) == 1
    assert [path.name for path in (tmp_path / "dags").iterdir()] == ["flights.yaml"]


def test_a_file_that_loads_is_said_to_stay(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write("a.yaml", LOADS)
    before = file.stat().st_mtime_ns
    assert main(["convert", "a.yaml", "--out", "a.yaml"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "a.yaml: 1 DAG; it loads as it is, and is left as it is\n")
    assert file.stat().st_mtime_ns == before


def test_check_prints_no_yaml_and_writes_none(
    flights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", "flights.py", "--check", "--out", "dags"]) == 0
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "dags").exists()


def test_two_files_of_one_name_are_wrong_options(
    write: Write, flights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("old/flights.py", PYTHON.replace("{name}", "old"))
    assert main(["convert", "flights.py", "old/flights.py", "--out", "dags"]) == 2
    assert "two files would be written to one place" in capsys.readouterr().err


def test_several_files_are_not_written_to_one(
    write: Write, flights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("a.yaml", LOADS)
    assert main(["convert", "flights.py", "a.yaml", "--out", "night.yaml"]) == 2
    assert "night.yaml is one file, and there are 2 to write; name a folder" in capsys.readouterr().err
    assert not (tmp_path / "night.yaml").exists()


@pytest.mark.parametrize("name", ["jobkit.yaml", "defaults.yml"])
def test_a_file_that_holds_no_dags_is_not_written_over_even_with_force(
    name: str, flights: Path, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(f"dags/{name}", "project: dwh\n")
    assert main(["convert", "flights.py", "--force", "--out", f"dags/{name}"]) == 2
    told = f"jobkit: dags/{name} would hold no DAGs, by its name; give the file another one\n"
    assert capsys.readouterr().err == told
    assert file.read_text() == "project: dwh\n"


def test_a_file_that_is_not_there_is_said(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", "nothing.py"]) == 1
    assert capsys.readouterr().err == "jobkit: there is no nothing.py; correct the path\n"


def test_a_folder_is_no_file(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dags").mkdir()
    assert main(["convert", "dags"]) == 1
    told = "jobkit: dags is a folder; name the files in it, such as dags/*.yaml or dags/*.py\n"
    assert capsys.readouterr().err == told


def test_no_file_is_a_wrong_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["convert"])
    assert ended.value.code == 2


def test_what_is_converted_validates(
    project: Write, flights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", "flights.py", "--out", "dags/night.yaml"]) == 0
    project("dags/flights.yaml", "other: {tasks: {clean: {spark_job: dwh.a}}}\n")
    assert main(["validate", "dags"]) == 0, capsys.readouterr().out

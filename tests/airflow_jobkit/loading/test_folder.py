"""The files of a DAGs folder: which are read, and what becomes of those that cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_jobkit.loading.bounds import MOST_BYTES
from airflow_jobkit.loading.folder import display_name, load_project, project_environments, read_file
from airflow_jobkit.loading.listing import dag_files

Write = Callable[[str, str], Path]


def test_dag_files_are_the_yaml_files_at_any_depth_but_for_hidden_ones(folder: Path, write: Write) -> None:
    names = ["b.yaml", "a.yml", "team/z.yaml", "team/deep/c.yaml"]
    others = [
        ".hidden.yaml",
        ".jobkit/releases.yaml",
        "team/.git/config.yaml",
        "team/jobkit.yaml",
        "notes.md",
        "loader.py",
        "x.yaml.bak",
    ]
    for name in names + others:
        write(name, "")
    assert [str(path.relative_to(folder)) for path in dag_files(folder)] == sorted(names)


def test_a_folder_that_is_not_there_has_no_files() -> None:
    assert dag_files(Path("nothing")) == []


def test_a_file_that_is_not_utf8_is_a_problem(folder: Path) -> None:
    path = folder / "latin.yaml"
    path.write_bytes("# é\n".encode() + 'flights: "é'.encode() + '"café"\n'.encode("latin-1"))
    (problem,) = read_file(path).problems
    assert problem.headline() == (
        "dags/latin.yaml:2:16 not UTF-8 text: invalid continuation byte at byte 21; save it as UTF-8"
    )


def test_a_byte_order_mark_is_passed_over(folder: Path) -> None:
    path = folder / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbfflights: 1\r\n")
    assert read_file(path).data == {"flights": 1}


def test_a_path_that_cannot_be_read_is_a_problem(folder: Path) -> None:
    (folder / "folder.yaml").mkdir()
    (problem,) = read_file(folder / "folder.yaml").problems
    assert problem.code == "unreadable"
    assert problem.message.startswith("cannot be read: ")


def test_a_link_to_nowhere_is_an_empty_document(folder: Path) -> None:
    (folder / "link.yaml").symlink_to(folder / "gone.yaml")
    assert read_file(folder / "link.yaml").data is None


def test_a_file_is_named_as_a_person_would_type_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "a.yaml"
    assert display_name(file) == "dags/a.yaml"
    monkeypatch.chdir(folder)
    assert display_name(file) == "a.yaml"
    monkeypatch.chdir("/")
    assert display_name(file) == str(file.relative_to("/"))
    (folder / "other").mkdir()
    monkeypatch.chdir(folder / "other")
    assert display_name(file) == str(file)


def test_relative_places_of_a_project_start_at_the_folder_that_holds_dags(folder: Path) -> None:
    settings = load_project(Path("dags")).settings
    assert settings is not None
    assert settings.code_root == f"{folder.parent}/.jobkit/code"


def test_a_mistake_in_one_environment_leaves_the_others_usable(folder: Path, write: Write) -> None:
    write("jobkit.yaml", "project: dwh\nenvironments: {local: {}, dev: {engin: local}}\n")
    assert project_environments(folder) == ("local", "dev")
    loaded = load_project(folder, "local")
    assert loaded.settings is not None
    assert [problem.where for problem in loaded.problems] == ["environments.dev.engin"]


def test_a_wrong_environment_gives_no_settings_and_only_its_own_mistake(folder: Path, write: Write) -> None:
    write("jobkit.yaml", "project: dwh\nenvironments: {dev: {engin: local}}\n")
    loaded = load_project(folder, "dev")
    assert loaded.settings is None
    assert [problem.where for problem in loaded.problems] == ["environments.dev.engin"]


@pytest.mark.parametrize("text", ["", "[", "- a\n", "environments: {dev: {}}\n", "project: dwh\n"], ids=repr)
def test_a_project_that_is_wrong_has_no_settings_and_one_unnamed_environment(
    text: str, folder: Path, write: Write
) -> None:
    write("jobkit.yaml", text)
    assert project_environments(folder) == (None,)
    loaded = load_project(folder)
    assert loaded.settings is None
    assert len(loaded.problems) == 1


def test_a_folder_without_a_project_says_what_to_write(tmp_path: Path) -> None:
    (problem,) = load_project(tmp_path).problems
    assert problem.message == "there is no project file"
    assert "project: <name>" in problem.remedy


def test_a_file_that_grows_while_it_is_read_is_bounded(
    folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = write("small.yaml", "# "), write("large.yaml", "# " * (MOST_BYTES + 1))
    monkeypatch.setattr("airflow_jobkit.loading.folder.os.fstat", lambda _: small.stat())
    (problem,) = read_file(large).problems
    assert problem.code == "too-large"


def test_a_file_that_grows_a_little_while_it_is_read_is_read_whole(
    folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty, written = write("empty.yaml", ""), write("written.yaml", "flights: 1\nothers: 2\n")
    monkeypatch.setattr("airflow_jobkit.loading.folder.os.fstat", lambda _: empty.stat())
    assert read_file(written).data == {"flights": 1, "others": 2}

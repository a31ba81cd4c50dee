"""Which files of a DAGs folder there are, in which order, and which of them hold an id."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from airflow_jobkit.loading.listing import dag_files, files_with_bytes

Write = Callable[[str, str], Path]


def test_files_and_folders_come_in_the_order_of_their_paths(folder: Path, write: Write) -> None:
    names = ("a.yaml", "a/z.yaml", "a-b.yaml", "a/b/c.yaml", "B.yaml", "ab.yml", "a b/x.yaml", "é.yaml")
    paths = [write(name, "") for name in names]
    assert dag_files(folder) == sorted(paths)


def test_a_folder_that_is_named_like_a_file_is_a_folder(folder: Path, write: Write) -> None:
    inner = write("team.yaml/flights.yaml", "")
    (folder / "link.yaml").symlink_to(folder / "team.yaml")
    assert dag_files(folder) == [inner]


def test_a_link_to_a_file_is_one(folder: Path, write: Write) -> None:
    path = write("flights.yaml", "")
    (folder / "link.yml").symlink_to(path)
    assert dag_files(folder) == [path, folder / "link.yml"]


def test_an_id_is_found_wherever_it_stands(folder: Path, write: Write) -> None:
    filler = "# nothing\n" * 40_000
    late, last = write("late.yaml", f"{filler}flights:\n"), write("other.yaml", "flights:")
    write("none.yaml", filler)
    assert list(files_with_bytes("flights", folder)) == [late, last]


def test_an_id_across_the_borders_of_what_is_read_at_once_is_found(folder: Path, write: Write) -> None:
    at_once = 64 * 1024
    paths = [write(f"{cut}.yaml", "#" * (at_once - 1 - cut) + "\nflights:\n") for cut in range(7)]
    assert list(files_with_bytes("flights", folder)) == paths


def test_the_file_of_its_name_comes_first_and_once(folder: Path, write: Write) -> None:
    first, named = write("a.yaml", "flights:"), write("flights.yaml", "flights:")
    assert list(files_with_bytes("flights", folder)) == [named, first]


def test_a_pipe_is_not_waited_for(folder: Path, write: Write) -> None:
    os.mkfifo(folder / "a.yaml")
    path = write("b.yaml", "flights:")
    assert list(files_with_bytes("flights", folder)) == [path]


def test_a_pipe_keeps_what_is_in_it(folder: Path, write: Write) -> None:
    os.mkfifo(folder / "a.yaml")
    pipe = os.open(folder / "a.yaml", os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(pipe, b"flights:")
        assert list(files_with_bytes("flights", folder)) == []
        assert os.read(pipe, 100) == b"flights:"
    finally:
        os.close(pipe)


def test_the_file_of_its_name_comes_first_also_where_others_are_ignored(folder: Path, write: Write) -> None:
    first, named = write("a.yaml", "flights:"), write("flights.yaml", "flights:")
    write(".airflowignore", "old.yaml\n")
    assert list(files_with_bytes("flights", folder)) == [named, first]
    write(".airflowignore", "flights.yaml\n")
    assert list(files_with_bytes("flights", folder)) == [first]

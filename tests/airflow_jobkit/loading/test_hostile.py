"""A hostile file ends in a Problem, in bounded time and memory, and the other files load."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

GOOD = "good:\n  tasks: {a: {spark_job: probe.a}}\n"
PROJECT = 'project: probe\ncode: {version: "1.0.0"}\nenvironments: {local: {}}\n'
MEMORY = 1536 * 1024 * 1024
SECONDS = 60

TASKS = "".join(f"    t{n}: {{spark_job: probe.a}}\n" for n in range(10_000))
NINE = ", ".join(["*a{}"] * 9)


def laughs(first: str, form: str) -> str:
    """Aliases that repeat each other, nine times in each line."""
    lines = [f"a0: &a0 {first}"]
    for number in range(1, 12):
        inner = form.replace("INNER", NINE.replace("{}", str(number - 1)))
        lines.append(f"a{number}: &a{number} {inner}")
    return "\n".join(lines) + "\n"


def write(text: str | bytes) -> Callable[[Path], None]:
    """A file with this content."""
    data = text if isinstance(text, bytes) else text.encode()
    return lambda path: Path.write_bytes(path, data) and None


def huge(path: Path) -> None:
    """A file of 100 MB that takes no room."""
    with path.open("wb") as file:
        file.truncate(100_000_000)


def outside(path: Path) -> None:
    target = path.parent.parent / "secret.yaml"
    target.write_text("secret: {tasks: {a: {spark_job: probe.secret}}}\n")
    path.symlink_to(target)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def folder_loop(path: Path) -> None:
    (path.parent / "loop").symlink_to(path.parent, target_is_directory=True)
    path.write_text("bad: 7\n")


CASES = {
    "billion laughs": (
        write(laughs("[x, x]", "[INNER]")),
        "more than 200,000 values, with what its aliases repeat",
    ),
    "merge keys that repeat each other": (
        write(laughs("{x: 1}", "{<<: [INNER]}")),
        "more than 200,000 values",
    ),
    "100 MB": (huge, "the file has 100,000,000 bytes, and 1,048,576 are the most; split it"),
    "brackets without end": (write("a: " + "[" * 500_000), "more than 100 levels deep"),
    "indentation without end": (
        write("".join(" " * n + "a:\n" for n in range(1200))),
        "more than 100 levels deep",
    ),
    "dashes without end": (write("a:\n  " + "- " * 5000 + "b\n"), "more than 100 levels deep"),
    "binary": (write(os.urandom(4096) + b"\xff\xfe\xff"), "not UTF-8 text"),
    "a NUL byte": (write("a: \0\n"), "the character U+0000 is not allowed"),
    "a link to itself": (loop, "cannot be read: "),
    "a folder that links to itself": (folder_loop, "bad.yaml:1:6 bad: "),
    "a link out of the folder": (outside, "outside the DAGs folder; put a file in its place"),
    "an object constructor": (
        write("a: !!python/object/apply:os.system ['touch owned']\n"),
        "the tag !!python/object/apply:os.system is not known here",
    ),
    "a typed object": (
        write("a: {tasks: {b: {operator: airflow.X, c: {__type__: os.system, command: touch owned}}}}\n"),
        "no safe type: 'os.system'",
    ),
    "a pipe": (lambda path: os.mkfifo(path), "not a file"),
    "a folder with the name of a file": (Path.mkdir, None),
    "10,000 tasks": (write(f"bad:\n  tasks:\n{TASKS}"), "the DAG has 10,000 tasks, and 2,000 are the most"),
    "a Cyrillic letter in an id": (
        write("b\N{CYRILLIC SMALL LETTER A}d: {tasks: {a: {spark_job: probe.a}}}\n"),
        "(it holds U+0430 CYRILLIC SMALL LETTER A)",
    ),
    "a mark that turns the text around": (
        write('"b\\u202Ead": {tasks: {a: {spark_job: probe.a}}}\n'),
        "(it holds U+202E RIGHT-TO-LEFT OVERRIDE)",
    ),
    "a letter without width": (
        write('"b\\u200Bad": {tasks: {a: {spark_job: probe.a}}}\n'),
        "(it holds U+200B ZERO WIDTH SPACE)",
    ),
    "a number of 100,000 digits": (write("a: " + "9" * 100_000), "a number of 100,000 characters"),
    "mistakes without end": (write("a: 1\n" * 50_000), "and 49,900 more in this file; mend these first"),
    "a line of a megabyte": (write("a: {tasks: " + "x" * 1_000_000 + "}\n"), "expected a mapping of keys"),
}


def validated(folder: Path) -> subprocess.CompletedProcess[str]:
    """`jobkit validate`, with bounds on its memory and its time."""
    return subprocess.run(
        [sys.executable, "-m", "airflow_jobkit.cli", "validate", "dags"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_ends_in_a_problem_and_the_others_load(
    name: str, tmp_path: Path, no_environment: None
) -> None:
    make, said = CASES[name]
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "jobkit.yaml").write_text(PROJECT)
    (dags / "good.yaml").write_text(GOOD)
    make(dags / "bad.yaml")
    done = validated(tmp_path)
    assert done.stderr.splitlines() == [line for line in done.stderr.splitlines() if line[:6] == "note: "]
    if said is None:
        assert "no problems: 1 DAG in 1 file" in done.stdout
        return
    assert said in done.stdout
    assert "dags/bad.yaml:" in done.stdout
    assert ", 1 good DAG in 2 files" in done.stdout
    assert len(done.stdout) < 100_000
    assert not list(tmp_path.rglob("owned"))

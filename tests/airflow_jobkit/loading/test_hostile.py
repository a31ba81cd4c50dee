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


def beside(path: Path, name: str, text: str) -> None:
    """A file of the folder that the bad one names."""
    (path.parent / name).write_text(text)


def function_file(name: str) -> str:
    """A DAG that names a Python file."""
    task = f"{{operator: airflow.providers.standard.operators.python.PythonOperator, {name}}}"
    return f"bad:\n  tasks:\n    a: {task}\n"


def nowhere(path: Path) -> None:
    path.symlink_to("gone.yaml")


def linked_function(path: Path) -> None:
    (path.parent / "f.py").symlink_to("f.py")
    path.write_text(function_file("python_callable_file: dags/f.py, python_callable_name: f"))


def many_functions(path: Path) -> None:
    beside(path, "f.py", "".join(f"def f{n}(): pass\n" for n in range(12_000)))
    task = "operator: airflow.providers.standard.operators.python.PythonOperator"
    tasks = (
        f"    t{n}: {{{task}, python_callable_file: dags/f.py, python_callable_name: g{n}}}\n"
        for n in range(1_900)
    )
    path.write_text("bad:\n  tasks:\n" + "".join(tasks))


def many_assets(path: Path) -> None:
    entries = (f"- {{name: n{n}, uri: 's3://{n}'}}\n" for n in range(6_000))
    beside(path, "assets.txt", "datasets:\n" + "".join(entries))
    asset = "{file: dags/assets.txt, datasets: [n1]}"
    tasks = (f"    t{n}: {{spark_job: probe.a, outlets: {asset}}}\n" for n in range(2_001))
    path.write_text("bad:\n  tasks:\n" + "".join(tasks))


def long_condition(path: Path) -> None:
    beside(path, "assets.txt", f"datasets: [{{name: a, uri: 's3://{'u' * 200_000}'}}]\n")
    names = " & ".join("a" * 200_000)
    path.write_text(f'bad: {{schedule: {{file: dags/assets.txt, datasets: "{names}"}}}}\n')


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
    "a link to nothing": (nowhere, ", where there is no file; remove it, or put a file in its place"),
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
    "a name of a file that no system takes": (
        write(function_file('python_callable_file: "dags/\\0.py", python_callable_name: f')),
        "the character U+0000 is not allowed",
    ),
    "a Python file that links to itself": (linked_function, "no file dags/f.py"),
    "a large Python file for every task": (many_functions, "dags/f.py defines no g0; "),
    "a large file of assets for every task": (many_assets, "the DAG has 2,001 tasks"),
    "a condition on assets without end": (long_condition, "assets of more than 1,048,576 characters"),
    "a text joined of itself": (
        write(
            f"a: &a {'x' * 400_000}\nbad: {{description: {{__join__: [{', '.join(['*a '] * 100_000)}]}}}}\n"
        ),
        "more than 1,048,576 characters are joined in this file",
    ),
    "joined texts that repeat each other": (
        write(
            f"a: &a {{__join__: [{'x' * 400_000}]}}\n"
            f"bad: {{description: {{__join__: [{', '.join(['*a '] * 5_000)}]}}}}\n"
        ),
        "more than 1,048,576 characters are joined in this file",
    ),
    "many items for a large task": (
        write(
            f"bad:\n  tasks:\n    a: {{for_each: [{', '.join(map(str, range(20_000)))}], "
            f"spark_job: probe.a, args: {{x: [{', '.join('x' * 20_000)}]}}}}\n"
        ),
        "the items and their task are too large together",
    ),
    "a long item in a long text": (
        write(
            f"bad:\n  tasks:\n    a: {{for_each: {{a: {'x' * 400_000}}}, spark_job: probe.a, "
            f'args: {{x: "{"${item}" * 60_000}"}}}}\n'
        ),
        "the items and their task are too large together",
    ),
    "a large template for many tasks": (
        write(
            "bad:\n  task_templates: {x: {args: {"
            + ", ".join(f"k{n}: v" for n in range(20_000))
            + "}}}\n  tasks:\n"
            + "".join(f"    t{n}: {{extends: x, args: {{a: b}}}}\n" for n in range(15_000))
        ),
        "the templates are too large for as many tasks",
    ),
    "templates that extend each other twice": (
        write(
            "bad:\n  task_templates:\n    t0: {}\n"
            + "".join(f"    t{n}: {{extends: [t{n - 1}, t{n - 1}]}}\n" for n in range(1, 60))
            + "  tasks: {a: {extends: t59}}\n"
        ),
        "the task says neither `spark_job` nor `operator`",
    ),
    "unknown templates without end": (
        write(
            f"bad:\n  task_templates: {{{', '.join(f'k{n}: {{}}' for n in range(5_000))}}}\n  tasks:\n"
            + "".join(f"    t{n}: {{extends: z{n}}}\n" for n in range(5_000))
        ),
        "no task template 'z0'; ",
    ),
    "large defaults for many DAGs": (
        write(
            f"default: {{params: {{{', '.join(f'k{n}: v' for n in range(20_000))}}}}}\n"
            + "".join(f"d{n}: {{params: {{a: b}}, tasks: {{}}}}\n" for n in range(6_000))
        ),
        "the defaults are too large for as many DAGs",
    ),
    "unknown dependencies without end": (
        write(
            "bad:\n  tasks:\n"
            + "".join(
                f"    t{n}: {{spark_job: probe.a, dependencies: [{', '.join('x' * 50)}]}}\n"
                for n in range(1_900)
            )
        ),
        "no task 'x' in this DAG; ",
    ),
    "groups without end": (
        write("bad:\n  task_groups:\n" + "".join(f"    g{n}: {{}}\n" for n in range(20_000))),
        "the DAG has 20,000 groups, and 2,000 are the most",
    ),
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

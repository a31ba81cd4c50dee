"""The corpus of dag-factory's language: its files, what becomes of each, and how both factories are asked.

The first line of a file says which feature it is about. Beside it, `<name>.txt` says whether dag-factory
loads it and what jobkit makes of it: `the same`, Problems with what to write instead, or where both differ.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from processes import finished

TESTS = Path(__file__).parents[1]
CORPUS = TESTS / "dialects" / "dag_factory"
DAG_FACTORY = TESTS.parent / ".venv-bench" / "bin" / "python"
AUTHORS_FOLDER = "/usr/local/airflow/dags"
"""Where the files of the corpus think they are: dag-factory asks for absolute paths."""

THE_SAME = "the same"

needs_its_airflow = pytest.mark.skipif(
    f"apache-airflow=={version('apache-airflow')}\n"
    not in (TESTS / "pins" / "dag-factory.txt").read_text(encoding="utf-8"),
    reason="the corpus is written for the Airflow that dag-factory's environment has",
)


@dataclass(frozen=True)
class Case:
    """A file of the corpus: its name, the feature that it is about, and why the factories differ."""

    name: str
    feature: str
    note: str

    @property
    def golden(self) -> Path:
        """The file that says what becomes of it."""
        return (CORPUS / self.name).with_suffix(".txt")


def cases() -> list[Case]:
    """All of them."""
    found = sorted(path for path in CORPUS.rglob("*.yaml") if not path.name.startswith("_"))
    return [_case(path) for path in found if path.name not in ("jobkit.yaml", "defaults.yaml")]


def _case(path: Path) -> Case:
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = [line.removeprefix("# ") for line in lines[: _first_key(lines)]]
    return Case(str(path.relative_to(CORPUS)), comments[0], " ".join(comments[1:]))


def _first_key(lines: list[str]) -> int:
    return next(number for number, line in enumerate(lines) if not line.startswith("#"))


def copied(folder: Path, corpus: Path = CORPUS) -> Path:
    """A copy of a corpus in a folder, whose files know where they are."""
    dags = folder / "dags"
    shutil.copytree(corpus, dags, ignore=shutil.ignore_patterns("*.txt", "__pycache__"))
    for path in dags.rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(AUTHORS_FOLDER, str(dags)), encoding="utf-8")
    return dags


def observed(factory: str, interpreter: str | Path, dags: Path) -> dict[str, Any]:
    """What a factory makes of a copy of the corpus; each runs in a process, and an Airflow, of its own."""
    own = {n: v for n, v in os.environ.items() if not n.startswith(("AIRFLOW", "JOBKIT", "_AIRFLOW"))}
    environment = {
        **own,
        "AIRFLOW_HOME": str(dags.parent / f"airflow-{factory}"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "JOBKIT_ENV": "local",
        "PYTHONPATH": os.pathsep.join(map(str, (TESTS, TESTS / "dialects" / "code"))),
        "PYTHONWARNINGS": "ignore",
        "DIALECT_HOME": "/home/dialect",
        # dag-factory tells its makers of every load otherwise.
        "DO_NOT_TRACK": "true",
    }
    command = [interpreter, "-m", "dialects.observe", factory, dags]
    done = finished(command, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def with_jobkit(dags: Path) -> dict[str, Any]:
    """What jobkit makes of it."""
    return observed("jobkit", sys.executable, dags)


def with_dag_factory(dags: Path) -> dict[str, Any]:
    """What dag-factory makes of it."""
    return observed("dag-factory", DAG_FACTORY, dags)


def verdict(theirs: dict[str, Any], ours: dict[str, Any]) -> str:
    """What becomes of a file, in words: the text of its golden file."""
    fails = theirs.get("error")
    lines = [f"dag-factory: {f'fails, {fails[:120]}' if fails else 'loads'}"]
    if ours["problems"]:
        lines += ["jobkit: problems", *ours["problems"]]
    elif fails:
        lines += ["jobkit: loads"]
    else:
        found = [*differences(theirs["dags"], ours["dags"])]
        lines += ["jobkit: differs", *found] if found else [f"jobkit: {THE_SAME}"]
    return "\n".join(lines) + "\n"


def differences(theirs: Any, ours: Any, place: str = "") -> Iterator[str]:
    """Where two observations differ, one line for each: the place, what is theirs, what is ours."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted({*theirs, *ours}):
            below = f"{place}.{key}" if place else key
            yield from differences(theirs.get(key, "nothing"), ours.get(key, "nothing"), below)
    elif theirs != ours:
        yield f"{place}: {json.dumps(theirs)} becomes {json.dumps(ours)}"

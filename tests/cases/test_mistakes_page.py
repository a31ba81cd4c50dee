"""docs/mistakes.md: every mistake that a golden case shows, held to the cases.

`pytest tests/cases --update-golden` writes the page anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from airflow_jobkit.cli.validate import check
from airflow_jobkit.problems import Problem

CASES = Path(__file__).parent
PAGE = CASES.parents[1] / "docs" / "mistakes.md"

INTRODUCTION = """\
# Mistakes, and what is said of them

For whoever wants to know what `jobkit validate` finds, and how it says so. Each row is a golden test: the
file is in `tests/cases`, and its line is the one that the message names. In Airflow the same text stands in
the DAG `jobkit_problems`. The kind is the `code` of `--format json` and the rule of `--format sarif`.

{count} mistakes. What only building a DAG can tell (an operator or an argument that does not exist) comes on
top.

| kind | what is said | where |
|---|---|---|
"""

pytestmark = pytest.mark.usefixtures("no_environment")


def cases() -> Iterator[Path]:
    """The files and folders that have a golden file of what is wrong with them."""
    for golden in sorted(CASES.rglob("*.txt")):
        yield from (path for path in (golden.with_suffix(".yaml"), golden.with_suffix("")) if path.exists())


def mistakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Problem]:
    """One Problem of each wording, in the order of the cases, with the file as the page names it."""
    seen: set[tuple[str, str]] = set()
    for case in cases():
        if not case.is_dir() or (case / "jobkit.yaml").exists():
            monkeypatch.chdir(CASES)
            for problem in check([case.relative_to(CASES)], None).problems:
                wording = re.sub(r"'[^']*'|\d+|`[^`]*`", "_", problem.message)
                if (problem.code, wording) not in seen:
                    seen.add((problem.code, wording))
                    yield problem


def row(problem: Problem) -> str:
    said = f"{problem.message}; {problem.remedy}" if problem.remedy else problem.message
    return f"| {problem.code} | {said.replace('|', chr(92) + '|')} | {problem.file}:{problem.line} |"


def test_the_page_shows_every_mistake_of_the_cases(
    golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row(problem) for problem in mistakes(monkeypatch)]
    golden(PAGE, INTRODUCTION.format(count=len(rows)) + "\n".join(rows) + "\n")


def test_there_are_sixty_distinct_mistakes_and_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len([*mistakes(monkeypatch)]) >= 60

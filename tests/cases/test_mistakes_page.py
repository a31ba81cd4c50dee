"""docs/mistakes.md: every mistake that a golden case shows, held to the cases.

`pytest tests/cases --update-golden` writes the page anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from built_cases import BUILD, built_problems

from airflow_jobkit.cli.validate import check
from airflow_jobkit.problems import Problem

CASES = Path(__file__).parent
PAGE = CASES.parents[1] / "docs" / "mistakes.md"

INTRODUCTION = """\
# Mistakes, and what is said of them

For whoever wants to know what `jobkit validate` finds, and how it says so. Each row is a golden test: the
file is in `tests/cases`, and its line is the one that the message names. In Airflow the same text stands in
the DAG `jobkit_problems`. The kind is the `code` of `--format json` and the rule of `--format sarif`.

{count} mistakes that are seen without building a DAG, while nothing that a file names is imported. Those that
`jobkit validate --build` finds on top are [below](#with---build).

"""
BUILT = """
## With `--build`

{count} mistakes that only building a DAG shows, with the Airflow and the packages that are installed.

"""
HEAD = """\
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
    monkeypatch.chdir(CASES)
    yield from distinct(
        problem
        for case in cases()
        if BUILD not in case.parents and (not case.is_dir() or (case / "jobkit.yaml").exists())
        for problem in check([case.relative_to(CASES)], None).problems
    )


def distinct(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The first of each wording."""
    seen: set[tuple[str, str]] = set()
    for problem in problems:
        wording = re.sub(r"'[^']*'|\d+|`[^`]*`", "_", problem.message)
        if (problem.code, wording) not in seen:
            seen.add((problem.code, wording))
            yield problem


def table(problems: Iterable[Problem]) -> str:
    return HEAD + "".join(f"{row(problem)}\n" for problem in problems)


def row(problem: Problem) -> str:
    said = f"{problem.message}; {problem.remedy}" if problem.remedy else problem.message
    return f"| {problem.code} | {said.replace('|', chr(92) + '|')} | {problem.file}:{problem.line} |"


@pytest.mark.xdist_group("built cases")
def test_the_page_shows_every_mistake_of_the_cases(
    golden: Callable[[Path, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, built = [*mistakes(monkeypatch)], [*distinct(built_problems())]
    text = INTRODUCTION.format(count=len(seen)) + table(seen)
    golden(PAGE, text + BUILT.format(count=len(built)) + table(built))


def test_there_are_sixty_distinct_mistakes_and_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len([*mistakes(monkeypatch)]) >= 60

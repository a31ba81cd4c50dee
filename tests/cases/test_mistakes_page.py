"""docs/mistakes.md: every mistake that a golden case shows, held to the cases.

`pytest tests/cases --update-golden` writes the page anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CASES = Path(__file__).parent
PAGE = CASES.parents[1] / "docs" / "mistakes.md"
HEADLINE = re.compile(r"^(?P<file>\S+?):(?P<line>\d+):(?P<column>\d+)(?: (?P<where>\S+):)? (?P<said>.+)$")

INTRODUCTION = """\
# Mistakes, and what is said of them

For whoever wants to know what `jobkit validate` finds, and how it says so. Each row is a golden test: the
file of the case is in `tests/cases`, and its line is the one that the message names. In Airflow the same text
stands in the DAG `jobkit_problems`.

{count} mistakes. What only building a DAG can tell (an operator or an argument that does not exist) comes on
top.

| case | line | what is said |
|---|---|---|
"""


@dataclass(frozen=True)
class Mistake:
    """One mistake: the case that shows it, its line, and what is said."""

    case: str
    line: int
    said: str


def mistakes() -> Iterator[Mistake]:
    """One mistake of each wording, in the order of the cases."""
    seen: set[str] = set()
    for folder in ("bad", "published", "projects"):
        for golden in sorted((CASES / folder).glob("*.txt")):
            for line in golden.read_text(encoding="utf-8").splitlines():
                match = HEADLINE.match(line)
                if match is None:
                    continue
                wording = re.sub(r"'[^']*'|\d+|`[^`]*`", "_", match["said"].partition(";")[0])
                if wording not in seen:
                    seen.add(wording)
                    yield Mistake(f"{folder}/{golden.stem}", int(match["line"]), match["said"])


def page() -> str:
    found = list(mistakes())
    rows = [f"| {one.case} | {one.line} | {one.said.replace('|', chr(92) + '|')} |" for one in found]
    return INTRODUCTION.format(count=len(found)) + "\n".join(rows) + "\n"


def test_the_page_shows_every_mistake_of_the_cases(golden: Callable[[Path, str], None]) -> None:
    golden(PAGE, page())


def test_there_are_sixty_distinct_mistakes_and_more() -> None:
    assert len(list(mistakes())) >= 60

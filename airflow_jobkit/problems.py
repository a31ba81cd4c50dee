"""Mistakes in a user's files: what an Issue is, and the Problem that it becomes once its place is known.

The Spec layer knows paths (`tasks.clean_flights.engine`) and no files; it reports Issues. The loading layer
knows the text and turns each Issue into a Problem with a file, a line and a column.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from airflow_jobkit.errors import JobkitError

Path = tuple[str | int, ...]

MOST_SHOWN = 300
"""Characters of a line that a person is shown."""
_AROUND = 60
"""Characters of a longer line on each side of the mistake."""
_MOST_CHOICES = 24
"""More than that nobody reads in a message."""
_SOME = 5
KEYS_LISTED = "`jobkit schema reference`"
"""What lists all keys."""


@dataclass(frozen=True)
class Issue:
    """One mistake, at a path inside a document.

    Attributes:
        path: The keys and list positions that lead to the mistake.
        message: What is wrong, in one clause.
        remedy: What to do about it, in one clause.
        code: A short stable name for the kind of mistake, such as `unknown-key`.
        at: Whether the key or the value at the path is the mistake.
    """

    path: Path
    message: str
    remedy: str
    code: str
    at: Literal["key", "value"] = "value"

    def below(self, *prefix: str | int) -> Issue:
        """The same Issue, in a document of which this one is a part."""
        return Issue((*prefix, *self.path), self.message, self.remedy, self.code, self.at)


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a user's file, with its place.

    Attributes:
        file: The file as a person would name it.
        line: Its line, counted from 1.
        column: Its column, counted from 1.
        where: The path of the mistake in words, such as `tasks.clean_flights.engine`; may be empty.
        message: What is wrong.
        remedy: What to do.
        code: A short stable name for the kind of mistake.
        source: The text of the line.
    """

    file: str
    line: int
    column: int
    where: str
    message: str
    remedy: str
    code: str
    source: str = field(default="", compare=False)

    def headline(self) -> str:
        """`dags/flights.yaml:14:7 tasks.clean_flights.worker_typ: unknown key; did you mean worker_type?`."""
        where = f" {self.where}:" if self.where else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return visible(f"{self.file}:{self.line}:{self.column}{where} {self.message}{remedy}")

    def text(self) -> str:
        """The headline, the line of the file and a caret below the mistake."""
        if not self.source.strip():
            return self.headline()
        # A character for a character, so that the caret stays below its own.
        shown = "".join(
            c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in self.source.replace("\t", " ")
        )
        before = self.column - 1
        if len(shown) > MOST_SHOWN:
            start = max(0, before - _AROUND)
            head, tail = "..." * (start > 0), "..." * (before + _AROUND < len(shown))
            shown = f"{head}{shown[start : before + _AROUND]}{tail}"
            before += len(head) - start
        number = f"{self.line:>5} | "
        if before > len(shown):  # in a part of the line that was not kept
            return f"{self.headline()}\n{number}{shown}"
        caret = " " * (len(number) - 2) + "| " + " " * before + "^"
        return f"{self.headline()}\n{number}{shown}\n{caret}"


class ProblemsError(JobkitError, ValueError):
    """Mistakes in a user's files; `problems` holds them all."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(problems))
        super().__init__("\n".join(["mistakes in the YAML:", *(problem.text() for problem in self.problems)]))


def visible(text: str) -> str:
    """A text in one line, with escapes for what a terminal would obey or nobody would see."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def did_you_mean(word: object, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that looks most like this one, if any does so by this share."""
    matches = difflib.get_close_matches(str(word), list(known), n=1, cutoff=cutoff)
    return matches[0] if matches else None


def choices_remedy(word: object, known: Iterable[str], listed: str = "") -> str:
    """A remedy for a word that is not among the known ones: a likely one, or all of them.

    Args:
        word: The word.
        known: The words that there are.
        listed: What lists them, where they are too many for a message.
    """
    names = sorted(set(known))
    likely = did_you_mean(word, names)
    if likely is not None:
        return f"did you mean {likely}?"
    if len(names) > _MOST_CHOICES:
        more = f"; {listed} lists them" if listed else f", such as {', '.join(names[:_SOME])}"
        return f"it is none of the {len(names)} that there are{more}"
    return f"choose one of {', '.join(names)}" if names else "there is none to choose from"


def counted(number: int, noun: str) -> str:
    """A number with its noun, as a person says it: `1 file`, `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def dotted(path: Path) -> str:
    """A path as a person writes it: `tasks.clean_flights.dependencies[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else str(part)
    return text

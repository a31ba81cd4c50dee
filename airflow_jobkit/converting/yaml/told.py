"""What our loader says of a text, by place; and what a conversion has to say itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import yaml

from airflow_jobkit.converting.yaml.edits import Entry
from airflow_jobkit.problems import Problem


@dataclass
class Told:
    """What was said, before an edit and by it.

    Attributes:
        places: What our loader says, by line and column.
        loads: Whether our loader had nothing to say of the file as it was read.
        notes: What a person should know, in sentences.
        lost: What is only a comment now, with the line that it stood in: place, path, message, remedy.
    """

    places: dict[tuple[int, int], Problem]
    loads: bool
    notes: dict[str, None] = field(default_factory=dict)
    lost: dict[tuple[int, int, str, str, str], None] = field(default_factory=dict)

    @classmethod
    def of(cls, problems: Iterable[Problem], *, loads: bool) -> Told:
        """By place, what our loader says."""
        return cls({(problem.line, problem.column): problem for problem in problems}, loads)

    def about(self, node: yaml.Node) -> Problem | None:
        """What our loader says of a key or a value."""
        return self.places.get((node.start_mark.line + 1, node.start_mark.column + 1))

    def note(self, text: str) -> None:
        """Tell a person something, once."""
        self.notes.setdefault(text)

    def lose(self, entry: Entry, message: str, remedy: str) -> None:
        """Tell that an entry means nothing here."""
        mark = entry.key.start_mark
        where = ".".join(str(part) for part in entry.path)
        self.lost.setdefault((mark.line, mark.column + 1, where, message, remedy))

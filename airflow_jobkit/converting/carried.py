"""What a conversion gives: the YAML, what it could not carry, and what the project must allow for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_jobkit.problems import Problem

CODE = "not-carried"


@dataclass(frozen=True)
class Conversion:
    """What became of one file.

    Attributes:
        file: The file as a person would name it.
        text: The YAML; the file's own text where it is taken as it is; None where there is none.
        unchanged: Whether the file is taken as it is, byte for byte.
        dags: How many DAGs the YAML holds.
        left: What could not be carried, each with its place in the file that was read.
        notes: What holds now, in sentences that a person should know: what changed its meaning on the way,
            and what `jobkit.yaml` must say.
    """

    file: str
    text: str | None
    unchanged: bool = False
    dags: int = 0
    left: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class Left:
    """Collects what a file holds that cannot be carried, each once.

    Attributes:
        file: The file as a person would name it.
        lines: Its lines.
        problems: What was told.
    """

    file: str
    lines: list[str]
    problems: dict[Problem, None] = field(default_factory=dict)

    def add(self, place: tuple[int, int], where: str, message: str, remedy: str, code: str = CODE) -> None:
        """Tell of something at a line and a column, which both count from 1."""
        line, column = place
        source = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        self.problems.setdefault(Problem(self.file, line, column, where, message, remedy, code, source))

    def all(self) -> tuple[Problem, ...]:
        """Everything that was told, in the order of the file."""
        return tuple(sorted(self.problems))

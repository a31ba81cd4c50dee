"""What the benchmark found, as rows: a ratio, its target, and whether it is met; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Sample:
    """One measurement: seconds, and the peak of memory in KiB."""

    seconds: float
    peak_kib: int = 0


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        what: What was measured.
        figure: In words, with its unit.
        value: The number that the target is about.
        most: The target: the value is at most this; None: at least `least`.
        least: The target from the other side.
    """

    what: str
    figure: str
    value: float
    most: float | None = None
    least: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.most is not None:
            return self.value <= self.most
        return self.value >= self.least if self.least is not None else None


def ratio(ours: Sequence[Sample], theirs: Sequence[Sample]) -> float:
    """The median of the ratios of seconds, round by round: what disturbs a round disturbs both sides."""
    return median(one.seconds / other.seconds for one, other in zip(ours, theirs, strict=True))


def memory_ratio(ours: Sequence[Sample], theirs: Sequence[Sample]) -> float:
    """The median of the ratios of the peaks of memory."""
    return median(one.peak_kib / other.peak_kib for one, other in zip(ours, theirs, strict=True))


def milliseconds(samples: Sequence[Sample], count: int) -> float:
    """The median of the milliseconds for each of so many."""
    return median(sample.seconds for sample in samples) * 1000 / count


def target(row: Row) -> str:
    """The target of a row in words."""
    if row.most is not None:
        return f"at most {row.most:g}"
    return f"at least {row.least:g}" if row.least is not None else ""


def cells(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """The rows as text, with a header."""
    verdicts = {True: "met", False: "MISSED", None: ""}
    return [
        ("what", "figure", "target", ""),
        *((row.what, row.figure, target(row), verdicts[row.met]) for row in rows),
    ]


def text(rows: Sequence[Row]) -> str:
    """The rows in columns, for a terminal."""
    table = cells(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    ruler = tuple("-" * width for width in widths)
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (table[0], ruler, *table[1:])
    )


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table in Markdown."""
    header, *lines = cells(rows)
    return "\n".join(
        "| " + " | ".join(cell or " " for cell in line) + " |"
        for line in (header, ("---", "---", "---", "---"), *lines)
    )

"""Checks on what a job writes. Their aggregates are computed in the write's own pass over the rows.

    ctx.write("clean_flights", clean, checks=[row_count(at_least=1), not_null("carrier", "flight_date")])

A failed check publishes nothing and fails the job. A check of one's own is any object with the two methods
of `Check`; its aggregates may be anything that `DataFrame.observe` accepts (so none with DISTINCT).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from jobkit_runtime.errors import CheckFailedError, JobDefinitionError
from jobkit_runtime.outcome import CheckReport

if TYPE_CHECKING:
    from pyspark.sql import Column

ROWS = "rows"


@dataclass(frozen=True)
class Verdict:
    """What one check found. `observed` is None when Spark did not tell, and then `passed` is False."""

    name: str
    passed: bool
    observed: int | None


class Check(Protocol):
    """Something that must hold for the rows of a dataset before it is published."""

    def measures(self) -> Mapping[str, Column]:
        """Aggregates to compute while writing, by a name that is this check's own; `rows` is there anyway."""

    def verdicts(self, measured: Mapping[str, int]) -> Sequence[Verdict]:
        """What the measured values mean; a name that is absent was not measured."""


@dataclass(frozen=True)
class _RowCount:
    at_least: int | None
    at_most: int | None

    def measures(self) -> Mapping[str, Column]:
        return {}

    def verdicts(self, measured: Mapping[str, int]) -> Sequence[Verdict]:
        rows = measured.get(ROWS)
        bounds = [("at_least", self.at_least), ("at_most", self.at_most)]
        name = f"row_count({', '.join(f'{key}={value}' for key, value in bounds if value is not None)})"
        passed = (
            rows is not None
            and (self.at_least is None or rows >= self.at_least)
            and (self.at_most is None or rows <= self.at_most)
        )
        return [Verdict(name, passed, rows)]


@dataclass(frozen=True)
class _NotNull:
    columns: tuple[str, ...]

    def measures(self) -> Mapping[str, Column]:
        from pyspark.sql import functions as F  # noqa: N812 -- as everybody writes it

        return {f"nulls in {name}": F.count(F.when(F.col(name).isNull(), 1)) for name in self.columns}

    def verdicts(self, measured: Mapping[str, int]) -> Sequence[Verdict]:
        nulls = {name: measured.get(f"nulls in {name}") for name in self.columns}
        return [Verdict(f"not_null({name})", count == 0, count) for name, count in nulls.items()]


def row_count(at_least: int | None = None, at_most: int | None = None) -> Check:
    """The dataset has at least, at most, or between so many rows."""
    if at_least is None and at_most is None:
        raise JobDefinitionError("row_count needs at_least, at_most or both")
    return _RowCount(at_least, at_most)


def not_null(*columns: str) -> Check:
    """None of these columns is null in any row. The Result has one entry per column, with the nulls found."""
    if not columns:
        raise JobDefinitionError("not_null needs the name of at least one column")
    return _NotNull(columns)


def measures_of(checks: Iterable[Check]) -> dict[str, Column]:
    """All aggregates that the checks need, and the row count."""
    from pyspark.sql import functions as F  # noqa: N812 -- as everybody writes it

    columns = {ROWS: F.count(F.lit(1))}
    for check in checks:
        columns.update(check.measures())
    return columns


def reports_of(dataset: str, checks: Iterable[Check], measured: Mapping[str, int]) -> list[CheckReport]:
    """What the checks on one dataset found."""
    verdicts = [verdict for check in checks for verdict in check.verdicts(measured)]
    return [CheckReport(dataset, item.name, item.passed, item.observed) for item in verdicts]


def require(reports: Iterable[CheckReport]) -> None:
    """Pass when every check does.

    Raises:
        CheckFailedError: lists each one that does not hold, with what was observed.
    """
    failed = [report for report in reports if not report.passed]
    if failed:
        lines = [f"  {item.dataset}: {item.name}, observed {_observed(item.observed)}" for item in failed]
        raise CheckFailedError("\n".join(["checks failed, so nothing was published:", *lines]))


def _observed(value: int | None) -> str:
    return "unknown (Spark did not tell)" if value is None else f"{value:,}"

"""What a run came to: its status, what it read and wrote, its checks, and its error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Status = Literal["success", "failed"]


@dataclass(frozen=True)
class WrittenDataset:
    """A dataset that `ctx.write` has written; nobody else sees it before the job's commit.

    Attributes:
        path: the folder that holds the files of this try.
        rows: rows written, or None where Spark did not tell.
    """

    name: str
    path: str
    format: str
    rows: int | None


@dataclass(frozen=True)
class DatasetReport:
    """One dataset in the Result; `rows` is None where nobody counted."""

    name: str
    role: Literal["input", "output"]
    path: str
    format: str
    rows: int | None


@dataclass(frozen=True)
class CheckReport:
    """One check in the Result; `observed` is None where Spark did not tell, which fails the check."""

    dataset: str
    name: str
    passed: bool
    observed: int | None


@dataclass(frozen=True)
class ErrorReport:
    """The failure in the Result: the stage it came from, its type and message, the end of its trace."""

    stage: str
    type: str
    message: str
    trace: str


@dataclass(frozen=True)
class Outcome:
    """What the hooks, the Result and the notifier are told.

    Attributes:
        metrics: what `execute` returned, as JSON can hold it.
        datasets: what was read and written, in that order.
        timings: seconds per stage, of the stages that ran.
        exception: the failure itself, None on success; not part of the Result.
    """

    status: Status
    started_at: datetime
    finished_at: datetime
    timings: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, object] = field(default_factory=dict)
    datasets: tuple[DatasetReport, ...] = ()
    checks: tuple[CheckReport, ...] = ()
    warnings: tuple[str, ...] = ()
    error: ErrorReport | None = None
    exception: BaseException | None = field(default=None, repr=False, compare=False)

    @property
    def seconds(self) -> float:
        """How long the run took."""
        return (self.finished_at - self.started_at).total_seconds()

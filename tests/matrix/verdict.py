"""What became of a cell, and what is bad about it; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations
from typing import Any

from matrix.cells import Cell, Expected

ACTIVE = frozenset(
    {
        *("WAITING", "STARTING", "RUNNING", "STOPPING"),
        *("QUEUED", "PENDING", "BLOCKED", "WAITING_FOR_RETRY", "TERMINATING"),
    }
)
SUCCEEDED = frozenset({"SUCCEEDED", "TERMINATED/SUCCESS"})
OVER = frozenset({"success", "failed"})


class Kind(str, Enum):
    """What can be bad about a cell; the last one says that the cell has shown nothing."""

    DUPLICATE = "duplicate run"
    MISSED = "missed rerun"
    FALSE_SUCCESS = "false success"
    FALSE_FAILURE = "false failure"
    HANG = "hang"
    ORPHAN = "orphan"
    LOST_ERROR = "lost error"
    NOT_REACHED = "not reached"


@dataclass(frozen=True)
class Finding:
    """One bad thing, and what was seen."""

    kind: Kind
    detail: str


@dataclass(frozen=True)
class Run:
    """A run that the simulator started, as it is at the end; times in seconds since 1970."""

    run_id: str
    state: str
    started: float
    ended: float | None
    asked_to_stop: bool = False

    @property
    def active(self) -> bool:
        """Whether it still goes on."""
        return self.ended is None and self.state.partition("/")[0] in ACTIVE


@dataclass(frozen=True)
class Observed:
    """What was seen of a cell.

    Attributes:
        runs: The runs, in the order of their starts.
        fired: The calls and deeds of the faults that happened.
        task_state: Airflow's state of the task.
        tries: How often Airflow began it.
        log: The task's log, all tries.
        hung: Whether it was not over in time.
        left: The steps that were never reached.
        seconds: How long it took.
    """

    runs: Sequence[Run]
    fired: Sequence[tuple[str, str]]
    task_state: str | None
    tries: int
    log: str
    hung: bool = False
    left: Sequence[str] = ()
    seconds: float = 0.0


def runs_of(plan: Mapping[str, Any]) -> tuple[Run, ...]:
    """The runs in what the simulator tells of a plan."""
    found = [
        Run(str(run["run_id"]), run["state"], run["started"], run["ended"], run["asked_to_stop"])
        for run in plan["runs"]
    ]
    return tuple(sorted(found, key=lambda run: run.started))


def fired_of(plan: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The faults in what the simulator tells of a plan, in the order in which they happened."""
    return tuple((fault["call"], fault["do"]) for fault in plan["fired"])


def verdict(cell: Cell, seen: Observed) -> tuple[Finding, ...]:
    """What is bad about a cell; nothing, if it went as it must."""
    expected = cell.scenario.expected
    found = [*_about_runs(expected, seen)]
    if seen.hung:
        found.append(Finding(Kind.HANG, f"the task is {seen.task_state} after {seen.seconds:.0f} s"))
    else:
        found += _about_the_end(expected, seen)
    return (*found, *_not_reached(cell, seen))


def _about_runs(expected: Expected, seen: Observed) -> Iterator[Finding]:
    for first, second in combinations(seen.runs, 2):
        if first.ended is None or second.started < first.ended:
            detail = f"{second.run_id} began while {first.run_id} was active"
            yield Finding(Kind.DUPLICATE, detail)
            return
    if len(seen.runs) > expected.runs:
        yield Finding(Kind.DUPLICATE, f"{len(seen.runs)} runs, not {expected.runs}")
    elif len(seen.runs) < expected.runs and not seen.hung:
        yield Finding(Kind.MISSED, f"{len(seen.runs)} runs, not {expected.runs}")


def _about_the_end(expected: Expected, seen: Observed) -> Iterator[Finding]:
    last = seen.runs[-1].state if seen.runs else "never started"
    if seen.task_state == "success" and (expected.state != "success" or last not in SUCCEEDED):
        yield Finding(Kind.FALSE_SUCCESS, f"the last run is {last}")
    if seen.task_state != "success" and expected.state == "success":
        yield Finding(Kind.FALSE_FAILURE, f"the task is {seen.task_state}, the last run {last}")
    active = [run.run_id for run in seen.runs if run.active]
    if active:
        yield Finding(Kind.ORPHAN, f"{', '.join(active)} still active")
    if expected.error is not None and not re.search(expected.error, seen.log):
        yield Finding(Kind.LOST_ERROR, f"the task's log does not tell {expected.error!r}")


def _not_reached(cell: Cell, seen: Observed) -> Iterator[Finding]:
    missing = [f"{fault.do} at {fault.call}" for fault in needed(cell) if fault not in _happened(cell, seen)]
    if missing or seen.left:
        yield Finding(Kind.NOT_REACHED, ", ".join([*missing, *seen.left]))


def needed(cell: Cell) -> list[Any]:
    """The faults without which a cell shows nothing."""
    return [fault for fault in cell.scenario.faults if not fault.optional]


def all_fired(cell: Cell, seen: Observed) -> bool:
    """Whether every fault that the cell needs has happened."""
    return len(_happened(cell, seen)) == len(needed(cell))


def _happened(cell: Cell, seen: Observed) -> list[Any]:
    return [fault for fault in needed(cell) if (fault.call, fault.do) in seen.fired]

"""What the process that executes a DAG run tells the one that shows it: one JSON object per line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

EVENTS_FD = "JOBKIT_EVENTS_FD"
"""The variable that names the file descriptor which events are written to."""


@dataclass(frozen=True)
class Loading:
    """Airflow is up and the DAG is about to start."""


@dataclass(frozen=True)
class TaskRunning:
    """A task began a try."""

    task_id: str


@dataclass(frozen=True)
class TaskFinished:
    """A task ended a try, with Airflow's state, and the error text where it failed."""

    task_id: str
    state: str
    error: str | None = None


@dataclass(frozen=True)
class TaskOutcome:
    """A task when the DAG run is over: its state, seconds, and the summary it returned.

    `result_key` is the place of the Result below the runs root, for a failed job, which returns no summary.
    """

    task_id: str
    state: str
    seconds: float | None
    summary: dict[str, Any] | None
    result_key: str | None


@dataclass(frozen=True)
class RunFinished:
    """The DAG run is over."""

    run_id: str
    state: str
    tasks: list[TaskOutcome] = field(default_factory=list)


@dataclass(frozen=True)
class CannotRun:
    """The DAG run could not be started."""

    message: str


Event = Loading | TaskRunning | TaskFinished | RunFinished | CannotRun
_KINDS: dict[str, type[Event]] = {
    kind.__name__: kind for kind in (Loading, TaskRunning, TaskFinished, RunFinished, CannotRun)
}


def send(event: Event) -> None:
    """Write an event, where somebody listens."""
    descriptor = os.environ.get(EVENTS_FD)
    if descriptor is not None:
        line = json.dumps({"kind": type(event).__name__, **asdict(event)}, default=str) + "\n"
        os.write(int(descriptor), line.encode())


def receive(lines: Iterable[str]) -> Iterator[Event]:
    """Read events until the other side ends."""
    for line in lines:
        fields = json.loads(line)
        kind = _KINDS[fields.pop("kind")]
        if kind is RunFinished:
            fields["tasks"] = [TaskOutcome(**task) for task in fields["tasks"]]
        yield kind(**fields)

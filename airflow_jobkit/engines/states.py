"""What the state of a run means to a task, whatever its Engine calls it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Phase(Enum):
    """Whether a run goes on, and how it ended if not."""

    ACTIVE = "active"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Stage(str, Enum):
    """Where a task went wrong, in the words that people filter failures by."""

    SUBMIT = "submit"
    QUEUE = "queue"
    JOB = "job"
    CHECK = "check"
    TIME_OUT = "time-out"
    CANCELLED = "cancelled"
    PLATFORM = "platform"


@dataclass(frozen=True)
class RunState:
    """A state of a run.

    Attributes:
        name: The service's name for it.
        phase: What it means for the task.
        words: What it means to a person, after "the run".
        stage: Where it went wrong, if it did.
    """

    name: str
    phase: Phase
    words: str
    stage: Stage = Stage.JOB

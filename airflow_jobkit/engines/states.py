"""What the state of a run means to a task, whatever its Engine calls it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Phase(Enum):
    """Whether a run goes on, and how it ended if not."""

    ACTIVE = "active"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class RunState:
    """A state of a run: the service's name for it, what it means for the task, and words for a person."""

    name: str
    phase: Phase
    words: str

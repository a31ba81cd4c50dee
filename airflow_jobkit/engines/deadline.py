"""When waiting for a run has an end, whatever its service says."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from airflow_jobkit.engines.states import Phase, RunState, Stage
from airflow_jobkit.fields import duration_text

GRACE = dt.timedelta(minutes=15)
"""How long a service may take to end a run whose own time-out is over, before we end it."""

_LONGEST_MARGIN_SECONDS = 10.0
"""For one call that stops the run."""
_LONGEST_RESUME_MARGIN_SECONDS = 60.0
"""For a task that has to be resumed first, by a scheduler, in a worker that has to read its DAG."""
_MARGIN = 0.2


@dataclass(frozen=True)
class Deadline:
    """When a run is waited for too long.

    Attributes:
        until: Seconds since 1970; None: the task has no time-out of its own.
        run_seconds: How long the run may take by its own time-out; None: it has none.
    """

    until: float | None = None
    run_seconds: float | None = None


@dataclass
class Watch:
    """Watches over one run's deadline, look by look."""

    deadline: Deadline
    _running_since: float | None = None

    def overdue(self, state: RunState, now: float) -> str | None:
        """Why the run is to be ended now; None while it is not.

        Args:
            state: How the run stands.
            now: The time in seconds since 1970.
        """
        if state.phase is not Phase.ACTIVE:
            return None
        return self.unseen_overdue(now) or self._outlives_itself(state, now)

    def unseen_overdue(self, now: float) -> str | None:
        """Why a run that cannot be looked at is to be ended now; None while it is not."""
        until = self.deadline.until
        return None if until is None or now < until else "the task's execution_timeout is over"

    def pause(self, seconds: float, now: float) -> float:
        """The seconds until the next look: the usual ones, but none that leads past the deadline."""
        until = self.deadline.until
        # After it the service may be out of reach, and is asked no more often for that.
        return seconds if until is None or until <= now else min(seconds, until - now)

    def _outlives_itself(self, state: RunState, now: float) -> str | None:
        run_seconds = self.deadline.run_seconds
        # A run that is queued does not use up its own time-out.
        if run_seconds is None or state.stage is Stage.QUEUE:
            return None
        if self._running_since is None:
            self._running_since = now
        if now < self._running_since + run_seconds + GRACE.total_seconds():
            return None
        own = duration_text(dt.timedelta(seconds=run_seconds))
        return f"its own time-out of {own} is over, and its service has not ended it"


def task_deadline(
    execution_timeout: dt.timedelta | None, started: float, *, deferred: bool = False
) -> float | None:
    """When a waiting task stops its run by itself: a little before Airflow ends the task without a word.

    Airflow 2 counts a deferral and what comes after it; Airflow 3 counts neither, so that this is the only
    end of a deferred task's time.

    Args:
        execution_timeout: The task's.
        started: When this try began, in seconds since 1970.
        deferred: Whether the task has to be resumed before it can say why it fails.
    """
    if execution_timeout is None:
        return None
    seconds = execution_timeout.total_seconds()
    longest = _LONGEST_RESUME_MARGIN_SECONDS if deferred else _LONGEST_MARGIN_SECONDS
    return started + seconds - min(longest, seconds * _MARGIN)

"""The seam between a submission and an Engine's service: the few calls that it needs, and what they tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from airflow_jobkit.engines.states import RunState


@dataclass(frozen=True)
class RunRef:
    """A run's id, and what its service files it under: of Glue the job, else empty."""

    run_id: str
    job: str = ""


@dataclass(frozen=True)
class RunView:
    """A run at one moment.

    Attributes:
        ref: The run.
        state: Whether it goes on, and how it ended if not.
        reason: What the service says about its state; may be empty.
        page_url: Its page; may be empty where the service does not tell.
        output_id: What its output is asked by, where that is not the run's own id.
    """

    ref: RunRef
    state: RunState
    reason: str = ""
    page_url: str = ""
    output_id: str = ""


@dataclass(frozen=True)
class RunOutput:
    """What a run left behind, as far as its service keeps it; each may be empty.

    Attributes:
        error: Why it failed.
        trace: Where it failed.
        logs: The last of what it printed.
    """

    error: str = ""
    trace: str = ""
    logs: str = ""


class LogReader(Protocol):
    """Reads what a run prints; it never raises, since a log never fails a run."""

    def new_lines(self) -> Sequence[str]:
        """The lines since the last call, a bounded number of them; none where the log cannot be had."""


class RunService(Protocol):
    """The calls of a service.

    Each raises EngineError, with the service's words and what to do, when it is refused; the more special
    EngineUnavailableError when it was not answered and the same call may be answered later.
    """

    @property
    def repeatable(self) -> bool:
        """Whether the same start request, sent again, starts no second run and tells the first one's id."""

    def start(self, request: Mapping[str, Any], before_each: Callable[[], None]) -> str:
        """Start a run; its id. Throttled requests are sent again, with growing pauses.

        Args:
            request: The request, which bears the submission's key.
            before_each: Called right before each time that it is sent; what it raises comes through.

        Raises:
            UnansweredError: Nobody knows whether a run has started.
        """

    def find(self, job: str, key: str, since: float) -> RunRef | None:
        """The run that was started with a submission's key; None where there is none.

        A service's list of runs may lag behind, so this waits until a run sent at `since` must be in it.

        Args:
            job: What the run is filed under.
            key: The submission's key.
            since: When the request was first sent, in seconds since 1970; older runs are not looked at.
        """

    def look(self, ref: RunRef) -> RunView:
        """Look at a run; a state that is not known is an EngineError."""

    def stop(self, ref: RunRef) -> None:
        """Ask for the end of a run; one that has ended already is no error."""

    def output(self, view: RunView) -> RunOutput:
        """What an ended run left behind."""

    def log(self, ref: RunRef, warn: Callable[..., object]) -> LogReader:
        """A reader of what the run prints; it tells `warn`, once, why a log cannot be had."""

    def name(self, ref: RunRef) -> str:
        """The run in words, such as `Glue job run jr_1 of dwh-0123456789`."""

    def by_hand(self, ref: RunRef) -> str:
        """How a person stops the run, after "stop it": in the service's console, or by a command."""

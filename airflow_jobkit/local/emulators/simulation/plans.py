"""Plans: what shall go wrong, and how runs go that no Spark carries out."""

from __future__ import annotations

from dataclasses import dataclass

KILLS = ("kill_before", "kill_after")
"""Faults that end the process which sent the request."""

CARRIED_OUT = ("kill_after", "lost", "error_after", "delay")
"""Faults that let the request take effect."""

DEEDS = ("kill_before", "kill_after", "lost", "dropped", "throttle", "error", "error_after", "deny", "delay")
RESULTS = ("succeeded", "failed", "none")


@dataclass(frozen=True)
class Step:
    """A state of a simulated run, and for how long it is in it; None: for good."""

    state: str
    seconds: float | None


@dataclass(frozen=True)
class Course:
    """How one simulated run goes.

    Attributes:
        steps: Its states.
        reason: Why it fails, in the service's words; None: the usual ones.
        result: What it writes at its end, of `RESULTS`; None: what fits its last state.
        stop_seconds: How long it takes to stop.
    """

    steps: tuple[Step, ...]
    reason: str | None
    result: str | None
    stop_seconds: float


@dataclass(frozen=True)
class Fault:
    """What shall happen at a call.

    Attributes:
        call: The call's name, such as `StartJobRun`, `runs/submit` or `S3:PUT`.
        do: One of `DEEDS`.
        nth: The first of the calls that fit, counted from 1.
        times: How many of them in a row; 0: all from there on.
        path: A part of the call's path and query.
        state: The state of the run that the call is about.
        seconds: How long a `delay` is.
    """

    call: str
    do: str
    nth: int = 1
    times: int = 1
    path: str | None = None
    state: str | None = None
    seconds: float = 0.0

    def applies_to(self, number: int) -> bool:
        """Whether it happens at this one of the calls that fit it, counted from 1."""
        return number >= self.nth and (self.times == 0 or number < self.nth + self.times)


@dataclass(frozen=True)
class Plan:
    """What a client that is meant by it will meet.

    Attributes:
        name: Its name.
        match: The text that marks the requests it is about.
        courses: The courses of its runs, the last of which repeats; empty: its runs are real.
        list_lag: Seconds until its runs are listed.
        log_denied: Whether nobody may read the logs of its runs.
        faults: What goes wrong.
    """

    name: str
    match: str
    courses: tuple[Course, ...] = ()
    list_lag: float = 0.0
    log_denied: bool = False
    faults: tuple[Fault, ...] = ()

    def course(self, number: int) -> Course | None:
        """How a run goes, counted from 0; None for a real one."""
        return self.courses[min(number, len(self.courses) - 1)] if self.courses else None

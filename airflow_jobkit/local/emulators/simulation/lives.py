"""Simulated runs on their way through their states."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from airflow_jobkit.local.emulators.simulation.plans import Course


class Stage(Protocol):
    """The engine's side of a simulated run; called with the engine's lock held."""

    def enter(self, state: str) -> bool:
        """Show a state; whether the run has ended with it."""

    def stopping(self) -> None:
        """Show that the run is being stopped."""

    def stopped(self) -> None:
        """Show that the run was stopped."""


class Clock:
    """What happens later, unless the emulators end before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._timers: set[threading.Timer] = set()
        self._closed = threading.Event()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after that time, in a thread of its own."""

        def act() -> None:
            with self._lock:
                self._timers.discard(timer)
            action()

        timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), act)
        timer.daemon = True
        with self._lock:
            if self._closed.is_set():
                return
            self._timers.add(timer)
            timer.start()

    def wait(self, seconds: float) -> None:
        """Wait that time here, or until the emulators end."""
        self._closed.wait(min(seconds, threading.TIMEOUT_MAX))

    def close(self) -> None:
        """Let nothing happen any more, and wait for what is happening."""
        self._closed.set()
        with self._lock:
            timers = list(self._timers)
        for timer in timers:
            timer.cancel()
        for timer in timers:
            timer.join(1.0)


class Life:
    """One simulated run.

    Args:
        course: How it goes.
        stage: Where that is seen.
        clock: What wakes it.
        lock: The engine's.
        pace: Held, and taken before the engine's, while it goes on by itself: whoever has it sees no run of
            the plan move.
    """

    def __init__(
        self, course: Course, stage: Stage, clock: Clock, lock: threading.RLock, pace: threading.RLock
    ) -> None:
        self._course = course
        self._stage = stage
        self._clock = clock
        self._lock = lock
        self._pace = pace
        self._halted = False

    def begin(self) -> None:
        """Enter the first state, and go on by itself."""
        self._enter(0)

    def stop(self) -> None:
        """Begin to stop, where it has not ended and is not being stopped."""
        with self._lock:
            if self._halted:
                return
            self._halted = True
            self._stage.stopping()
            self._clock.later(self._course.stop_seconds, self._stopped)

    def _enter(self, place: int) -> None:
        with self._lock:
            if self._halted:
                return
            step = self._course.steps[place]
            self._halted = self._stage.enter(step.state)
            if not self._halted and step.seconds is not None:
                self._clock.later(step.seconds, lambda: self._go_on(place + 1))

    def _go_on(self, place: int) -> None:
        with self._pace:
            self._enter(place)

    def _stopped(self) -> None:
        with self._pace, self._lock:
            self._stage.stopped()

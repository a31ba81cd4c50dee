"""The simulation: the plans there are, and what became of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from airflow_jobkit.local.emulators.simulation.calls import Call
from airflow_jobkit.local.emulators.simulation.envelopes import Objects, Places, Submission
from airflow_jobkit.local.emulators.simulation.faults import Faults, Hit
from airflow_jobkit.local.emulators.simulation.lives import Clock
from airflow_jobkit.local.emulators.simulation.parsing import parse_plans
from airflow_jobkit.local.emulators.simulation.plans import Course, Plan


@dataclass(frozen=True)
class View:
    """A run as it is now; `ended` in seconds since 1970."""

    state: str
    ended: float | None
    asked_to_stop: bool


@dataclass(frozen=True)
class PlannedRun:
    """A run that belongs to a plan.

    Attributes:
        run_id: As its engine gives it.
        plan: The plan.
        course: How it goes; None: it is real.
        submission: What it was told.
        started: Seconds since 1970.
        run_key: The run key, where it has one.
        look: How it is now.
        pace: Its plan's, see `Book`.
    """

    run_id: str | int
    plan: Plan
    course: Course | None
    submission: Submission
    started: float
    run_key: str | None
    look: Callable[[], View]
    pace: threading.RLock


@dataclass
class Book:
    """What became of a plan.

    `pace` is held while a request is held against the faults and carried out, and while a simulated run goes
    on: a fault for a state cannot miss the first answer that shows it.
    """

    plan: Plan
    faults: Faults
    pace: threading.RLock = field(default_factory=threading.RLock)
    runs: list[PlannedRun] = field(default_factory=list)
    fired: list[dict[str, Any]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """It, as `GET /_jobkit/plans` answers."""
        runs = []
        for run in self.runs:
            view = run.look()
            runs.append(
                {
                    "run_id": run.run_id,
                    "state": view.state,
                    "started": run.started,
                    "ended": view.ended,
                    "asked_to_stop": view.asked_to_stop,
                    "run_key": run.run_key,
                }
            )
        return {"runs": runs, "fired": list(self.fired), "calls": self.faults.calls}


_CURRENT: ContextVar[Book | None] = ContextVar("jobkit_simulated_plan", default=None)
"""The plan of the request that this thread answers."""


class Simulation:
    """Plans for both servers, safe for threads.

    Args:
        objects: The emulated S3, for Envelopes and Results; None: there is none.
    """

    def __init__(self, objects: Objects | None = None) -> None:
        self.clock = Clock()
        self.places = Places(objects)
        self._lock = threading.Lock()
        self._books: dict[str, Book] = {}
        self._runs: dict[str, PlannedRun] = {}

    @property
    def idle(self) -> bool:
        """Whether there is no plan."""
        return not self._books

    def add(self, document: Any) -> list[str]:
        """Add plans; their names.

        Raises:
            PlanError: One of them cannot be taken, so that none was.
        """
        with self._lock:
            plans = parse_plans(document, self._books)
            self._books.update({plan.name: Book(plan, Faults(plan.faults)) for plan in plans})
        return [plan.name for plan in plans]

    def forget(self) -> None:
        """Forget all plans; simulated runs that have begun go on."""
        with self._lock:
            self._books = {}
            self._runs = {}

    def document(self) -> dict[str, Any]:
        """What became of all plans."""
        with self._lock:
            books = dict(self._books)
        return {name: book.document() for name, book in books.items()}

    def book_of(self, call: Call) -> Book | None:
        """The plan that a request belongs to: its run's, or that with the longest text found in it."""
        with self._lock:
            for run in self._named(call):
                return self._books[run.plan.name]
            found = [book for book in self._books.values() if book.plan.match in call.text]
        # Of two with the same text the later one: it was added to steer anew.
        return max(reversed(found), key=lambda book: len(book.plan.match), default=None)

    def hit(self, book: Book, call: Call) -> Hit | None:
        """Count a call; the fault that it meets."""
        states = [run.look().state for run in self.named(call)]
        return book.faults.next(call.name, call.path, states)

    def fired(self, book: Book, hit: Hit, pid: int | None) -> None:
        """Write down that a fault comes true, and for which process."""
        entry = {"call": hit.fault.call, "nth": hit.number, "do": hit.fault.do, "pid": pid}
        with self._lock:
            book.fired.append(entry)

    def named(self, call: Call) -> list[PlannedRun]:
        """The runs of plans that a request names."""
        with self._lock:
            return self._named(call)

    @contextmanager
    def answering(self, book: Book) -> Iterator[None]:
        """Runs that this thread starts meanwhile belong to a plan."""
        token = _CURRENT.set(book)
        try:
            yield
        finally:
            _CURRENT.reset(token)

    def join(
        self,
        run_id: str | int,
        arguments: Sequence[str],
        look: Callable[[], View],
        *,
        run_key: str | None = None,
        parts: Sequence[int] = (),
    ) -> PlannedRun | None:
        """Let a run that was just started belong to the plan of its request.

        Args:
            run_id: Its id.
            arguments: What its script is given.
            look: Tells how it is.
            run_key: Its run key, where it has one beside the Envelope's.
            parts: Further ids that mean this run.

        Returns:
            The run; None where the request belongs to no plan.
        """
        book = _CURRENT.get()
        if book is None:
            return None
        submission = self.places.submission(arguments)
        with self._lock:
            course = book.plan.course(len(book.runs))
            key = run_key or submission.run_key
            run = PlannedRun(run_id, book.plan, course, submission, time.time(), key, look, book.pace)
            book.runs.append(run)
            if self._books.get(book.plan.name) is book:
                self._runs.update({str(name): run for name in (run_id, *parts)})
        return run

    def listed(self, run_id: str | int) -> bool:
        """Whether a list of runs has this one already."""
        run = self._runs.get(str(run_id))
        return run is None or time.time() >= run.started + run.plan.list_lag

    def _named(self, call: Call) -> list[PlannedRun]:
        runs: Mapping[str, PlannedRun] = self._runs
        return [runs[name] for name in call.run_ids if name in runs]

"""Waits for a run of any Engine in the triggerer, where many deferred tasks share one process."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_jobkit.engines.deadline import Deadline, Watch
from airflow_jobkit.engines.looks import LONGEST_OUTAGE, growing_pauses
from airflow_jobkit.engines.service import RunRef, RunView
from airflow_jobkit.engines.states import Phase
from airflow_jobkit.errors import EngineError, EngineUnavailableError
from airflow_jobkit.triggers.services import SharedService, in_thread, shared_service


class RunTrigger(BaseTrigger):
    """Fires when a run has ended, or when it has to be ended.

    Its event is a wake-up call and no more: `{"overdue": why}` where the run was stopped because its time is
    over, `{"error": text}` where it cannot be watched, else `{}`. The task looks at the run itself, so that a
    deferred task comes to the same end as one that waits in its worker.

    Args:
        engine: The Engine.
        connection: How its service is reached: the arguments of `engines.<engine>.service.open_service`. No
            secrets: the connection itself is looked up in the triggerer.
        run_id: The run.
        job: What it is filed under.
        poll_seconds: The longest time between two looks.
        until: When the task has to end it, in seconds since 1970; None: never.
        run_seconds: The run's own time-out; None: it has none.
    """

    def __init__(
        self,
        engine: str,
        connection: Mapping[str, Any],
        run_id: str,
        job: str,
        poll_seconds: float,
        until: float | None,
        run_seconds: float | None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.engine = engine
        self.connection = dict(connection)
        self.run_id = run_id
        self.job = job
        self.poll_seconds = poll_seconds
        self.until = until
        self.run_seconds = run_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class path and arguments from which a triggerer makes it again, also after a restart."""
        return (
            f"{__name__}.{type(self).__name__}",
            {
                "engine": self.engine,
                "connection": self.connection,
                "run_id": self.run_id,
                "job": self.job,
                "poll_seconds": self.poll_seconds,
                "until": self.until,
                "run_seconds": self.run_seconds,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look at the run until there is something to tell."""
        try:
            yield TriggerEvent(await self._watched())  # type: ignore[no-untyped-call]
        # Whatever it is, the task must hear of it: else it would wait for ever.
        except Exception as error:
            self.log.exception("run %s cannot be watched", self.run_id)
            yield TriggerEvent({"error": f"{type(error).__name__}: {error}"})  # type: ignore[no-untyped-call]

    async def on_kill(self) -> None:
        """Stop the run when somebody ends or clears the deferred task; Airflow calls this from 3.3 on."""
        await in_thread(self._stop)

    async def _watched(self) -> dict[str, str]:
        watch = Watch(Deadline(self.until, self.run_seconds))
        pauses = growing_pauses(self.poll_seconds)
        outage = Outage()
        while True:
            try:
                state = (await in_thread(self._look)).state
            except EngineUnavailableError as error:
                if outage.is_too_long():
                    raise
                self.log.warning("run %s cannot be looked at now: %s", self.run_id, error)
                overdue = watch.unseen_overdue(time.time())
            else:
                outage = Outage()
                if state.phase is not Phase.ACTIVE:
                    return {}
                overdue = watch.overdue(state, time.time())
            if overdue is not None:
                return await self._ended(overdue)
            # After a restart all triggers begin at once; they shall not go on in step.
            spread = random.uniform(0.8, 1)  # noqa: S311 - nothing secret depends on it
            await asyncio.sleep(watch.pause(next(pauses) * spread, time.time()))

    async def _ended(self, overdue: str) -> dict[str, str]:
        """Stop a run whose time is over; Airflow may be late to resume the task, which tries again."""
        try:
            await in_thread(self._stop)
        except EngineError as error:
            self.log.warning("run %s could not be stopped, and its task has to: %s", self.run_id, error)
        return {"overdue": overdue}

    def _look(self) -> RunView:
        return self._service.call(lambda service: service.look(self._ref))

    def _stop(self) -> None:
        self._service.call(lambda service: service.stop(self._ref))
        self.log.info("stopped run %s", self.run_id)

    @property
    def _ref(self) -> RunRef:
        return RunRef(self.run_id, self.job)

    @property
    def _service(self) -> SharedService:
        return shared_service(self.engine, self.connection)


@dataclass
class Outage:
    """A time in which a service does not answer; it begins with the look that fails first.

    Attributes:
        clock: The time in seconds.
    """

    clock: Callable[[], float] = time.monotonic
    _since: float | None = None

    def is_too_long(self) -> bool:
        """Whether it has lasted too long by the look that has just failed."""
        now = self.clock()
        if self._since is None:
            self._since = now
        return now - self._since > LONGEST_OUTAGE.total_seconds()

"""Job runs that only seem to run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from airflow_jobkit.local.emulators.glue.logs import RunLog, ship_if_possible
from airflow_jobkit.local.emulators.glue.records import ENDED, Run
from airflow_jobkit.local.emulators.simulation.endings import leave_result
from airflow_jobkit.local.emulators.simulation.envelopes import ERROR_MESSAGE, ERROR_TRACE, ERROR_TYPE, Places
from airflow_jobkit.local.emulators.simulation.simulation import PlannedRun

_OUTCOMES = {"SUCCEEDED": "succeeded", "FAILED": "failed"}
_OF_THE_SCRIPT = f"Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 40; {ERROR_TYPE}: {ERROR_MESSAGE}"


@dataclass
class GlueStage:
    """Shows the life of a simulated run in its record and its log.

    Attributes:
        run: The run.
        planned: What was planned for it.
        places: Where its Result is written.
        log: What it prints.
        show: Puts it into a state.
        finish: Puts it into its last state, with a message.
    """

    run: Run
    planned: PlannedRun
    places: Places
    log: RunLog
    show: Callable[[Run, str], None]
    finish: Callable[[Run, str, str | None], None]
    output: str = ""

    def enter(self, state: str) -> bool:
        """Show a state; whether the run has ended with it."""
        if not self.output:
            self._print(f"simulated run {self.run.record['Id']} started")
        if state in ENDED:
            self._end(state)
            return True
        if state == "RUNNING" and self.run.began is None:
            self.run.began = time.time()
        self.show(self.run, state)
        return False

    def stopping(self) -> None:
        """Show that the run is being stopped."""
        self.show(self.run, "STOPPING")

    def stopped(self) -> None:
        """Show that the run was stopped."""
        self._print(f"simulated run {self.run.record['Id']} ended as STOPPED")
        self.finish(self.run, "STOPPED", None)

    def _end(self, state: str) -> None:
        written = leave_result(self.planned, self.places, _OUTCOMES.get(state, "none"))
        if written == "failed":
            self._print(ERROR_TRACE.rstrip())
        self._print(f"simulated run {self.run.record['Id']} ended as {state}")
        reason = self.planned.course.reason if self.planned.course else None
        if state == "SUCCEEDED":
            reason = None
        elif reason is None and state == "FAILED":
            reason = _OF_THE_SCRIPT if written == "failed" else "Command failed with exit code 1"
        self.finish(self.run, state, reason)

    def _print(self, text: str) -> None:
        self.output += f"{text}\n"
        ship_if_possible(self.log, self.run.record["Id"], self.output, "", whole=True)

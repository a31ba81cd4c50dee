"""Runs that only seem to run."""

from __future__ import annotations

import threading
from dataclasses import replace

from airflow_jobkit.local.emulators.databricks.ledger import Ledger, now
from airflow_jobkit.local.emulators.databricks.output import Output
from airflow_jobkit.local.emulators.databricks.refused import RefusedError
from airflow_jobkit.local.emulators.databricks.runs import (
    CANCELED,
    SUCCEEDED,
    TIMED_OUT,
    WORKLOAD_FAILED,
    Ending,
    Run,
    TaskRun,
)
from airflow_jobkit.local.emulators.simulation.endings import leave_result
from airflow_jobkit.local.emulators.simulation.envelopes import ERROR_MESSAGE, ERROR_TRACE, ERROR_TYPE
from airflow_jobkit.local.emulators.simulation.lives import Life
from airflow_jobkit.local.emulators.simulation.plans import Course
from airflow_jobkit.local.emulators.simulation.simulation import PlannedRun, Simulation, View

_OVER = ("TERMINATED", "SKIPPED", "INTERNAL_ERROR")
_USUAL = {
    (ending.life_cycle_state, ending.result_state): ending
    for ending in (SUCCEEDED, WORKLOAD_FAILED, CANCELED, TIMED_OUT)
}
_CODES = {
    "MAXIMUM_CONCURRENT_RUNS_REACHED": "MAX_CONCURRENT_RUNS_EXCEEDED",
    "SUCCESS_WITH_FAILURES": "SUCCESS_WITH_FAILURES",
}


class SimulatedRuns:
    """Takes over the runs that a plan says how to simulate.

    Args:
        ledger: All runs.
        simulation: The plans.
    """

    def __init__(self, ledger: Ledger, simulation: Simulation) -> None:
        self._ledger = ledger
        self._simulation = simulation
        self._lock = threading.RLock()
        self._lives: dict[int, Life] = {}

    def take(self, run: Run) -> bool:
        """Let a run begin that only seems to run; False for one that is really to be run."""
        arguments = [word for task in run.tasks for word in task.spec.parameters]
        parts = [task.run_id for task in run.tasks]
        planned = self._simulation.join(run.run_id, arguments, lambda: self._view(run.run_id), parts=parts)
        if planned is None or planned.course is None:
            return False
        stage = DatabricksStage(run.run_id, planned, planned.course, self._ledger, self._simulation)
        life = Life(planned.course, stage, self._simulation.clock, self._lock, planned.pace)
        with self._lock:
            self._lives[run.run_id] = life
        life.begin()
        return True

    def stop(self, run_id: int) -> bool:
        """Cancel a run that only seems to run; False for a real one."""
        with self._lock:
            life = self._lives.get(run_id)
        if life is None:
            return False
        life.stop()
        return True

    def listed(self, runs: list[Run]) -> list[Run]:
        """Those that a list of runs has already."""
        return [run for run in runs if self._simulation.listed(run.run_id)]

    def _view(self, run_id: int) -> View:
        try:
            run = self._ledger.run(run_id)
        except RefusedError:
            return View("DELETED", None, asked_to_stop=False)
        state = "/".join(part for part in (run.life_cycle_state, run.result_state) if part)
        return View(state, run.end_time / 1000 if run.end_time else None, run.stopping == CANCELED)


class DatabricksStage:
    """Shows the life of a simulated run in the ledger.

    Args:
        run_id: The run.
        planned: What was planned for it.
        course: How it goes.
        ledger: All runs.
        simulation: Where its Result is written.
    """

    def __init__(
        self, run_id: int, planned: PlannedRun, course: Course, ledger: Ledger, simulation: Simulation
    ) -> None:
        self._run_id = run_id
        self._planned = planned
        self._course = course
        self._ledger = ledger
        self._simulation = simulation

    def enter(self, state: str) -> bool:
        """Show a state; whether the run has ended with it."""
        life_cycle, _, result = state.partition("/")
        if life_cycle not in _OVER:
            self._ledger.change(self._run_id, lambda run: _told(run, state))
            return False
        outcome = _outcome(life_cycle, result, self._course.result)
        written = leave_result(self._planned, self._simulation.places, outcome)
        failed = written == "failed"
        self._end(_ending(life_cycle, result, self._course.reason), failed=failed)
        return True

    def stopping(self) -> None:
        """Show that the run is being stopped."""
        self._ledger.change(self._run_id, lambda run: run.asked_to_stop(CANCELED))

    def stopped(self) -> None:
        """Show that the run was stopped."""
        self._end(CANCELED, failed=False)

    def _end(self, ending: Ending, *, failed: bool) -> None:
        state = f"{ending.life_cycle_state}/{ending.result_state}".removesuffix("/")
        for task in self._ledger.run(self._run_id).tasks:
            name = f"simulated run {task.run_id}"
            logs = f"{name} started\n{ERROR_TRACE if failed else ''}{name} ended as {state}\n"
            error = (f"{ERROR_TYPE}: {ERROR_MESSAGE}", ERROR_TRACE.strip()) if failed else (None, None)
            self._ledger.keep_output(task.run_id, Output(logs, False, *error))
        self._ledger.change(self._run_id, lambda run: _ended(run, state, ending))


def _told(run: Run, state: str) -> Run:
    return replace(run, tasks=tuple(_task_told(task, state) for task in run.tasks))


def _task_told(task: TaskRun, state: str) -> TaskRun:
    started = task.start_time or now()
    running_since = task.running_since or (now() if state == "RUNNING" else 0)
    return replace(task, told=state, start_time=started, running_since=running_since)


def _ended(run: Run, state: str, ending: Ending) -> Run:
    tasks = (replace(task, told=state).ended(ending, now()) for task in run.tasks)
    return replace(run, tasks=tuple(tasks))


def _outcome(life_cycle: str, result: str, wanted: str | None) -> str:
    """What fits the end of a run; `wanted` is what its plan says that it writes."""
    if (life_cycle, result) == ("INTERNAL_ERROR", "FAILED") and wanted is not None:
        # The service's own errors end in this state, and so do runs with a list of tasks one of which failed.
        return wanted
    if life_cycle != "TERMINATED":
        return "none"
    return {"SUCCESS": "succeeded", "FAILED": "failed"}.get(result, "none")


def _ending(life_cycle: str, result: str, reason: str | None) -> Ending:
    """How a run ends, with details as the service might give them."""
    usual = _USUAL.get((life_cycle, result))
    if usual is not None:
        return replace(usual, message=reason) if reason and usual is not SUCCEEDED else usual
    if life_cycle == "INTERNAL_ERROR":
        code, kind = "INTERNAL_ERROR", "INTERNAL_ERROR"
    else:
        code, kind = _CODES.get(result, result or life_cycle), "CLIENT_ERROR"
    asked = result in ("CANCELED", "TIMEDOUT")
    return Ending(life_cycle, result, code, kind, reason or "", asked)

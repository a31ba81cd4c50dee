"""Job runs: their states, and the scripts behind them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_jobkit.local.emulators.glue import wording
from airflow_jobkit.local.emulators.glue.errors import GlueError, not_found
from airflow_jobkit.local.emulators.glue.logs import RunLog, ship_if_possible
from airflow_jobkit.local.emulators.glue.records import ENDED, Run, new_run
from airflow_jobkit.local.emulators.glue.simulated import GlueStage
from airflow_jobkit.local.emulators.scripts import ObjectMissingError, RunningScript, ScriptEnd, ScriptRunner
from airflow_jobkit.local.emulators.simulation.lives import Life
from airflow_jobkit.local.emulators.simulation.simulation import Simulation, View
from airflow_jobkit.local.emulators.wsgi import Application

_TAKES_A_PLACE = ("STARTING", "RUNNING", "STOPPING")
_LOG_SECONDS = 1.0


@dataclass(frozen=True)
class Machine:
    """What runs are made on.

    Attributes:
        runner: Runs the scripts.
        aws: The emulated AWS, for its logs.
        minute_seconds: How long a minute of a time-out is.
        simulation: Says which runs only seem to run.
    """

    runner: ScriptRunner
    aws: Application
    minute_seconds: float = 60
    simulation: Simulation = field(default_factory=Simulation)


@dataclass
class Runs:
    """All runs. `changed` is called, with the lock held, when one was added or has ended."""

    machine: Machine
    lock: threading.RLock
    changed: Callable[[], None]
    by_id: dict[str, Run] = field(default_factory=dict)

    def start(self, job: Mapping[str, Any], request: Mapping[str, Any]) -> str:
        """Start a run, or let it wait for a place where it may; its id.

        Raises:
            GlueError: The job has as many runs as it may have, or the request does not fit.
        """
        run = new_run(job, request)
        most = job["ExecutionProperty"].get("MaxConcurrentRuns", 1)
        if self._busy(job["Name"]) >= most:
            if not run.record["JobRunQueuingEnabled"]:
                raise GlueError(
                    "ConcurrentRunsExceededException", f"Concurrent runs exceeded for {job['Name']}"
                )
            run.record["JobRunState"] = "WAITING"
            run.queued = True
        run.life = self._planned_life(run)
        self.by_id[run.record["Id"]] = run
        self.changed()
        if not run.queued:
            self._begin(run)
        return str(run.record["Id"])

    def get(self, job_name: str, run_id: str) -> dict[str, Any]:
        """A run, as GetJobRun shows it."""
        return self._shown(self._find(job_name, run_id))

    def of_job(self, job_name: str) -> list[dict[str, Any]]:
        """The runs of a job, newest first."""
        listed = self.machine.simulation.listed
        own = [
            run
            for run in self.by_id.values()
            if run.record["JobName"] == job_name and listed(run.record["Id"])
        ]
        return [self._shown(run) for run in reversed(own)]

    def stop(self, job_name: str, run_id: str) -> None:
        """Begin to stop a run.

        Raises:
            GlueError: There is no such run, or it has ended.
        """
        run = self._find(job_name, run_id)
        if run.state in ENDED:
            raise GlueError(
                "JobRunInTerminalStateException", f"Job run {run_id} is in state {run.state} already"
            )
        run.stopping = True
        if run.queued:
            self._finish(run, "STOPPED", None)
            return
        if run.life is not None:
            run.life.stop()
            return
        self._set(run, "STOPPING")
        if run.process is not None:
            run.process.stop()

    def end_waiting(self, job_name: str) -> None:
        """End the runs of a deleted job that wait for a place: there is nothing left that they could run."""
        for run in list(self.by_id.values()):
            if run.record["JobName"] == job_name and run.queued:
                self._finish(run, "FAILED", f"Job {job_name} was deleted while this run waited.")

    def fill(self, job: Mapping[str, Any]) -> None:
        """Start the runs of a job that wait, as far as there are places."""
        most = job["ExecutionProperty"].get("MaxConcurrentRuns", 1)
        waiting = [run for run in self.by_id.values() if run.record["JobName"] == job["Name"] and run.queued]
        for run in waiting[: max(most - self._busy(job["Name"]), 0)]:
            run.queued = False
            self._set(run, "STARTING")
            self._begin(run)

    def _busy(self, job_name: str) -> int:
        return sum(
            run.record["JobName"] == job_name and run.state in _TAKES_A_PLACE for run in self.by_id.values()
        )

    def _find(self, job_name: str, run_id: str) -> Run:
        run = self.by_id.get(run_id)
        if run is None or run.record["JobName"] != job_name:
            raise not_found("Job Run not found.")
        return run

    def _planned_life(self, run: Run) -> Life | None:
        """The life of a run that a plan says how to simulate; None for a real one."""
        simulation = self.machine.simulation

        def look() -> View:
            return View(run.state, run.record.get("CompletedOn"), run.stopping)

        run_id: str = run.record["Id"]
        run_key = run.record["Arguments"].get("--jobkit_run_key")
        planned = simulation.join(run_id, run.script.arguments, look, run_key=run_key)
        if planned is None or planned.course is None:
            return None
        log = RunLog(self.machine.aws, run_id)
        stage = GlueStage(run, planned, simulation.places, log, self._set, self._finish)
        return Life(planned.course, stage, simulation.clock, self.lock, planned.pace)

    def _begin(self, run: Run) -> None:
        if run.life is not None:
            run.life.begin()
            return
        threading.Thread(target=self._launch, args=[run], name="jobkit-glue-run", daemon=True).start()

    def _launch(self, run: Run) -> None:
        try:
            log = RunLog(self.machine.aws, run.record["Id"])
            process = self._started(run, log)
        except ObjectMissingError as error:
            self._finish(run, "FAILED", wording.missing(error.location))
        except Exception as error:  # noqa: BLE001 - whatever happens here, the run must not seem to go on
            self._finish(run, "FAILED", f"LAUNCH ERROR | {error}")
        else:
            self._running(run, process)
            while not process.wait(_LOG_SECONDS):
                ship_if_possible(log, run.record["Id"], *process.written(), whole=False)

    def _started(self, run: Run, log: RunLog) -> RunningScript:
        for location in (run.script.location, *run.script.wheels, *run.packages):
            # A path would be there on this machine alone.
            if not location.startswith(("s3://", "s3a://")):
                raise ObjectMissingError(location)
        for package in run.packages:
            self.machine.runner.read(package)
        return self.machine.runner.start(run.record["Id"], run.script, lambda end: self._ended(run, end, log))

    def _running(self, run: Run, process: RunningScript) -> None:
        with self.lock:
            if run.state in ENDED:
                return
            run.process = process
            run.began = time.time()
            if run.stopping:
                process.stop()
                return
            self._set(run, "RUNNING")
            seconds = run.record["Timeout"] * self.machine.minute_seconds
            run.timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), self._time_out, [run])
            run.timer.daemon = True
            run.timer.start()

    def _time_out(self, run: Run) -> None:
        with self.lock:
            if run.process is not None and run.state == "RUNNING":
                run.timed_out = True
                run.process.stop()

    def _ended(self, run: Run, end: ScriptEnd, log: RunLog) -> None:
        try:
            ship_if_possible(log, run.record["Id"], end.output, end.errors, whole=True)
        finally:
            if end.stopped:
                self._finish(run, "TIMEOUT" if run.timed_out else "STOPPED", None)
            elif end.exit_code == 0:
                self._finish(run, "SUCCEEDED", None)
            else:
                self._finish(run, "FAILED", wording.failure(end))

    def _finish(self, run: Run, state: str, message: str | None) -> None:
        with self.lock:
            run.queued = False
            if run.timer is not None:
                run.timer.cancel()
            seconds = int(time.time() - run.began) if run.began is not None else 0
            run.record["ExecutionTime"] = seconds
            if run.record["ExecutionClass"] == "FLEX":
                run.record["DPUSeconds"] = float(seconds) * run.record["MaxCapacity"]
            if message is not None:
                run.record["ErrorMessage"] = message
            self._set(run, state)
            run.record["CompletedOn"] = run.record["LastModifiedOn"]
            self.changed()

    def _set(self, run: Run, state: str) -> None:
        run.record["JobRunState"] = state
        run.record["LastModifiedOn"] = time.time()

    def _shown(self, run: Run) -> dict[str, Any]:
        record = dict(run.record)
        if run.began is not None and run.state not in ENDED:
            record["ExecutionTime"] = int(time.time() - run.began)
        return record

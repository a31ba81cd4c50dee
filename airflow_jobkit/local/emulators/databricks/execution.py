"""Runs on their way: clusters, libraries, scripts, time-outs."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from airflow_jobkit.local.emulators.databricks.ledger import Ledger, now
from airflow_jobkit.local.emulators.databricks.libraries import InstallationError, Libraries
from airflow_jobkit.local.emulators.databricks.output import output_of
from airflow_jobkit.local.emulators.databricks.places import Places
from airflow_jobkit.local.emulators.databricks.refused import RefusedError
from airflow_jobkit.local.emulators.databricks.runs import (
    EMULATOR_STOPPED,
    SUCCEEDED,
    TIMED_OUT,
    WORKLOAD_FAILED,
    Ending,
    Run,
    TaskRun,
    failed_before_start,
)
from airflow_jobkit.local.emulators.databricks.simulated import SimulatedRuns
from airflow_jobkit.local.emulators.databricks.tasks import ExistingCluster, NewCluster, TaskSpec
from airflow_jobkit.local.emulators.scripts import (
    ObjectMissingError,
    RunningScript,
    Script,
    ScriptEnd,
    ScriptRunner,
)

_OF_THE_MACHINE = {"JAVA_HOME", "JNAME", "PATH", "PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"}
"""Variables that name places of a real cluster's machine; here this machine's own stand for them."""

_RUNTIME_OF_OTHERS = "15.4"
"""The runtime version that a job sees where its run names none."""


class ClusterMissingError(Exception):
    """An existing cluster that does not exist."""

    def __init__(self, cluster_id: str) -> None:
        super().__init__(
            f"Run executed on existing cluster ID {cluster_id} failed since the cluster does not exist."
        )


class Execution:
    """Carries runs out.

    Args:
        runner: Runs the scripts.
        ledger: The runs.
        folder: Where the workspace's files and the clusters' libraries are.
        simulated: Takes over the runs that only seem to run.
        clusters: The existing clusters; None: whichever is named exists.
        cluster_start_seconds: How long a new cluster takes to be there.
    """

    def __init__(
        self,
        runner: ScriptRunner,
        ledger: Ledger,
        folder: Path,
        simulated: SimulatedRuns,
        *,
        clusters: Collection[str] | None,
        cluster_start_seconds: float,
    ) -> None:
        self._runner = runner
        self._ledger = ledger
        self._simulated = simulated
        self._places = Places(folder)
        self._libraries = Libraries(folder / "clusters", self._read)
        self._clusters = clusters
        self._cluster_start_seconds = cluster_start_seconds
        self._lock = threading.RLock()
        self._scripts: dict[int, RunningScript] = {}
        self._stops: dict[int, threading.Event] = {}
        self._timers: dict[int, threading.Timer] = {}

    def launch(self, run: Run) -> None:
        """Start a run; comes back at once."""
        if self._simulated.take(run):
            return
        self._end_after(run.submission.timeout_seconds, run.run_id, lambda: self.stop(run.run_id, TIMED_OUT))
        self._advance(run.run_id)

    def stop(self, run_id: int, ending: Ending) -> None:
        """End a run and all it started; comes back at once, and does nothing to a run that ended."""
        if self._simulated.stop(run_id):
            return
        run = self._ledger.change(run_id, lambda run: run.asked_to_stop(ending))
        for task in run.tasks:
            self._stop_script(task)
        self._advance(run_id)

    def _stop_task(self, run_id: int, ending: Ending) -> None:
        self._stop_script(self._ledger.change_task(run_id, lambda task: task.asked_to_stop(ending)))

    def _stop_script(self, task: TaskRun) -> None:
        with self._lock:
            script = self._scripts.get(task.run_id)
            stop = self._stops.get(task.run_id)
        if task.stopping and stop:
            stop.set()
        if task.stopping and script:
            script.stop()

    def _advance(self, run_id: int) -> None:
        """Begin the tasks whose turn it is."""
        with self._lock:
            run = self._ledger.change(run_id, lambda run: run.settled(now()))
            for task in run.ready():
                self._begin(task)
        if run.ending:
            self._forget_timer(run_id)

    def _begin(self, task: TaskRun) -> None:
        run_id = task.run_id
        self._stops[run_id] = threading.Event()
        self._ledger.change_task(run_id, lambda task: task.begun(now()))
        self._end_after(task.spec.timeout_seconds, run_id, lambda: self._stop_task(run_id, TIMED_OUT))
        thread = threading.Thread(target=self._carry_out, args=(task,), name="jobkit-databricks", daemon=True)
        thread.start()

    def _carry_out(self, task: TaskRun) -> None:
        try:
            self._start_script(task, self._set_up(task))
        except InstallationError as error:
            self._end(task.run_id, failed_before_start("LIBRARY_INSTALLATION_ERROR", str(error)))
        except ObjectMissingError:
            message = f"Cannot read the python file {task.spec.python_file}. "
            message += "Please check driver logs for more details."
            self._end(task.run_id, failed_before_start("RESOURCE_NOT_FOUND", message))
        except ClusterMissingError as error:
            self._end(task.run_id, failed_before_start("CLUSTER_ERROR", str(error)))
        except Exception as error:  # noqa: BLE001 - whatever happens here, the run must not seem to go on
            message = f"The emulator could not start the script: {error}"
            print(f"run {task.run_id}: {message}", file=sys.stderr)
            self._end(task.run_id, failed_before_start("INTERNAL_ERROR", message))

    def _set_up(self, task: TaskRun) -> list[str]:
        """Wait for the cluster, and install the libraries there; the paths of the wheels."""
        compute = task.spec.compute
        if isinstance(compute, ExistingCluster) and not self._exists(compute):
            raise ClusterMissingError(compute.cluster_id)
        if isinstance(compute, NewCluster):
            self._stops[task.run_id].wait(self._cluster_start_seconds)
        for library in task.spec.others:
            print(f"run {task.run_id}: the emulator does not install {library}", file=sys.stderr)
        return self._libraries.install(_environment(task), task.spec.wheels)

    def _exists(self, cluster: ExistingCluster) -> bool:
        return self._clusters is None or cluster.cluster_id in self._clusters

    def _start_script(self, task: TaskRun, wheels: list[str]) -> None:
        run_id = task.run_id
        task = self._ledger.change_task(run_id, lambda task: task.running(now()))
        if task.stopping:
            self._end(run_id, task.stopping)
            return
        script = Script(
            self._places.location(task.spec.python_file),
            task.spec.parameters,
            tuple(wheels),
            unpack_wheels=True,
            variables=_variables(task.spec),
        )
        running = self._runner.start(f"databricks-{run_id}", script, lambda end: self._ended(run_id, end))
        with self._lock:
            self._scripts[run_id] = running
        # While it was being started it may have been asked to stop, have ended, or even have been deleted.
        try:
            task = self._ledger.run(run_id).task(run_id)
        except RefusedError:
            self._forget(run_id)
            return
        self._stop_script(task)
        if task.ending:
            self._forget(run_id)

    def _ended(self, run_id: int, end: ScriptEnd) -> None:
        self._ledger.keep_output(run_id, output_of(end))
        if end.stopped:
            self._end(run_id, self._ledger.run(run_id).task(run_id).stopping or EMULATOR_STOPPED)
        else:
            self._end(run_id, SUCCEEDED if end.exit_code == 0 else WORKLOAD_FAILED)

    def _end(self, run_id: int, ending: Ending) -> None:
        task = self._ledger.run(run_id).task(run_id)
        if not isinstance(task.spec.compute, ExistingCluster):
            self._libraries.remove(_environment(task))
        run = self._ledger.change(run_id, lambda run: run.with_task(run.task(run_id).ended(ending, now())))
        self._forget(run_id)
        if run.ending:
            # From here on somebody may delete it.
            self._forget_timer(run.run_id)
        else:
            self._advance(run.run_id)

    def _forget(self, run_id: int) -> None:
        with self._lock:
            self._scripts.pop(run_id, None)
            self._stops.pop(run_id, None)
        self._forget_timer(run_id)

    def _end_after(self, seconds: int, run_id: int, end: Callable[[], None]) -> None:
        if seconds:
            timer = threading.Timer(seconds, end)
            timer.daemon = True
            with self._lock:
                self._timers[run_id] = timer
            timer.start()

    def _forget_timer(self, run_id: int) -> None:
        with self._lock:
            timer = self._timers.pop(run_id, None)
        if timer:
            timer.cancel()

    def _read(self, name: str) -> bytes:
        return self._runner.read(self._places.location(name))


def _environment(task: TaskRun) -> str:
    """Where a task's libraries are installed: a cluster, or the environment of a serverless task."""
    return task.cluster_id or f"serverless-{task.run_id}"


def _variables(spec: TaskSpec) -> dict[str, str]:
    compute = spec.compute
    given = compute.variables if isinstance(compute, NewCluster) else {}
    version = re.match(r"\d+\.\d+", compute.spark_version) if isinstance(compute, NewCluster) else None
    return {
        "DATABRICKS_RUNTIME_VERSION": version[0] if version else _RUNTIME_OF_OTHERS,
        **{name: value for name, value in given.items() if name not in _OF_THE_MACHINE},
    }

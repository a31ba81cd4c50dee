"""Stops orphans: runs that go on though their tasks have ended."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_jobkit._compat import BaseOperator
from airflow_jobkit.contracts.envelope import Envelope
from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.engines.orphans import (
    ActiveRun,
    Instance,
    Place,
    Verdict,
    envelope_of,
    is_ours,
    verdict,
)
from airflow_jobkit.engines.service import RunRef, RunService
from airflow_jobkit.engines.states import Phase, Stage
from airflow_jobkit.errors import ContractError, EngineError, JobkitError
from airflow_jobkit.fields import duration_text
from airflow_jobkit.operators.aws import s3_client
from airflow_jobkit.operators.task_states import task_states
from airflow_jobkit.release import Store, open_store
from airflow_jobkit.spec.settings import Settings


@dataclass(frozen=True)
class FoundRun:
    """An active run of ours, the service it goes on in, and the task instance that it was started for."""

    service: RunService
    ref: RunRef
    instance: Instance

    @property
    def name(self) -> str:
        """The run in words."""
        return self.service.name(self.ref)


class SweepOrphansOperator(BaseOperator):
    """Finds this project's active runs on an Engine, and stops those whose tasks have ended in Airflow.

    A run is ours when its Envelope says so: this Environment, and a Result below our runs root. It is left
    alone while its task instance may still adopt or stop it, and where this Airflow does not know the task.
    A run is stopped only when it was an orphan at two looks.

    Args:
        engine: The Engine.
        settings: The project in its Environment.
        options: The Engine's options of all tasks: they lead to the connections, regions and jobs to look at.
    """

    ui_color = "#f4ecd8"

    def __init__(
        self,
        *,
        engine: str,
        settings: Settings,
        options: Sequence[EngineOptions],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.engine = engine
        self.settings = settings
        self.options = tuple(options)

    def execute(self, context: Any) -> dict[str, list[str]]:  # noqa: ARG002 - Airflow's signature
        """Sweep once; the ids of the runs that were stopped, left alone, or are of tasks nobody knows.

        Raises:
            EngineError: A service could not be asked, or a run could not be stopped; all others were.
        """
        failures: list[str] = []
        found = list(self._found(failures))
        states = self.states(found)
        sorted_out = {verdict: list[FoundRun]() for verdict in Verdict}
        for run in found:
            sorted_out[self._told(run, states)].append(run)
        orphans = sorted_out[Verdict.ORPHAN]
        stopped = list(self._swept(orphans, failures)) if orphans else []
        if failures:
            raise EngineError("; ".join(failures))
        return {
            "stopped": [run.ref.run_id for run in stopped],
            "left": [run.ref.run_id for run in found if run not in (*stopped, *sorted_out[Verdict.UNKNOWN])],
            "unknown": [run.ref.run_id for run in sorted_out[Verdict.UNKNOWN]],
        }

    def states(self, runs: Iterable[FoundRun]) -> dict[Instance, str | None]:
        """What Airflow says about the tasks of these runs."""
        return task_states(run.instance for run in runs)

    def _found(self, failures: list[str]) -> Iterator[FoundRun]:
        """The active runs of ours, wherever the options lead."""
        engine = importlib.import_module(f"airflow_jobkit.engines.{self.engine}.active")
        places: list[Place] = engine.places(self.options, self.settings.project, self.settings.aws_conn_id)
        runs = open_store(self.settings.runs_root, lambda: s3_client(self.settings.aws_conn_id))
        for place in places:
            try:
                service, active = place.look()
            # Whatever it is, such as a connection that is not defined: the other places are looked at.
            except Exception as error:
                self.log.exception("%s: the runs cannot be listed", place.name)
                failures.append(f"{place.name}: the runs cannot be listed: {error}")
                continue
            self.log.info("%s: %s runs with a run key are active", place.name, len(active))
            for run in active:
                envelope = self._envelope(service, run, runs)
                if envelope is not None:
                    yield FoundRun(service, run.ref, Instance.of(envelope.identity))

    def _envelope(self, service: RunService, run: ActiveRun, runs: Store) -> Envelope | None:
        """The Envelope of a run of ours; None where it is somebody else's, or nobody can tell."""
        try:
            envelope = envelope_of(run.arguments, _reader(runs))
            if envelope is None or is_ours(envelope, run.arguments, self.settings.environment, runs.location):
                return envelope
        except (JobkitError, OSError) as error:
            self.log.warning("%s is left alone: whose it is cannot be read: %s", service.name(run.ref), error)
        return None

    def _told(self, run: FoundRun, states: dict[Instance, str | None]) -> Verdict:
        """What becomes of a run, with a log line for one that is not stopped."""
        found = verdict(run.instance, states)
        if found is Verdict.WAITED_FOR:
            self.log.info("left %s: its task %s is %s", run.name, run.instance, states[run.instance])
        elif found is Verdict.UNKNOWN:
            self.log.warning(
                "left %s: this Airflow does not know its task %s, so that it may be another Airflow's; if "
                "its DAG run was deleted, stop it %s",
                run.name,
                run.instance,
                run.service.by_hand(run.ref),
            )
        return found

    def _swept(self, orphans: Sequence[FoundRun], failures: list[str]) -> Iterator[FoundRun]:
        """Look a second time, and stop those that are orphans still."""
        grace = self.settings.sweeper.grace
        again = duration_text(grace)
        self.log.info("the tasks of %s runs have ended; they are looked at again in %s", len(orphans), again)
        time.sleep(grace.total_seconds())
        states = self.states(orphans)
        for run in orphans:
            if self._told(run, states) is not Verdict.ORPHAN:
                continue
            try:
                if self._stopped(run, states[run.instance]):
                    yield run
            except EngineError as error:
                self.log.error(
                    "%s could not be stopped, and may still be running: %s; stop it %s",
                    run.name,
                    error,
                    run.service.by_hand(run.ref),
                )
                failures.append(f"{run.name} could not be stopped: {error}")

    def _stopped(self, run: FoundRun, state: str | None) -> bool:
        """Stop a run, unless it has ended or somebody else is stopping it."""
        seen = run.service.look(run.ref).state
        if seen.phase is not Phase.ACTIVE or seen.stage is Stage.CANCELLED:
            self.log.info("left %s: by now it %s (%s)", run.name, seen.words, seen.name)
            return False
        run.service.stop(run.ref)
        self.log.info("stopped %s: its task %s is %s, and nobody waits for it", run.name, run.instance, state)
        return True


def _reader(runs: Store) -> Callable[[str], bytes | None]:
    """Reads locations below the runs root; None for any other.

    Raises:
        ContractError: Nothing is there.
    """
    root = f"{runs.location('').rstrip('/')}/"

    def read(location: str) -> bytes | None:
        if not location.startswith(root):
            return None
        data = runs.read(location[len(root) :])
        if data is None:
            raise ContractError(f"its Envelope is gone: {location}")
        return data

    return read

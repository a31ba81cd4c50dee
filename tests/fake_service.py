"""An Engine's service in memory, whose runs follow a script, and a task that runs its jobs there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from airflow_jobkit.engines.invocation import Invocation, RunNames
from airflow_jobkit.engines.service import LogReader, RunOutput, RunRef, RunView
from airflow_jobkit.engines.states import Phase, RunState, Stage
from airflow_jobkit.operators.remote import RemoteSparkJobOperator

RUNNING = RunState("RUNNING", Phase.ACTIVE, "is running")
SUCCEEDED = RunState("SUCCEEDED", Phase.SUCCEEDED, "has succeeded")
FAILED = RunState("FAILED", Phase.FAILED, "has failed")
STOPPED = RunState("STOPPED", Phase.FAILED, "was stopped", Stage.CANCELLED)
TIMEOUT = RunState("TIMEOUT", Phase.FAILED, "took longer than its time-out allows", Stage.TIME_OUT)
ERROR = RunState("ERROR", Phase.FAILED, "was ended by an error of the service's own", Stage.PLATFORM)
EXPIRED = RunState("EXPIRED", Phase.FAILED, "waited too long for room, and was given up", Stage.QUEUE)


@dataclass
class ScriptedRun:
    """A run that has one state after the other, one per look, and keeps the last.

    Attributes:
        key: The submission's key.
        states: Those that are left; the first is the present one.
        asked_to_stop: Whether somebody has asked for its end, which the next look sees.
    """

    key: str
    states: list[RunState]
    asked_to_stop: bool = False

    @property
    def active(self) -> bool:
        """Whether it goes on."""
        return self.states[0].phase is Phase.ACTIVE

    def look(self) -> RunState:
        """Its state now; time goes on with each look."""
        if self.asked_to_stop and self.active:
            self.states = [STOPPED]
        elif len(self.states) > 1:
            self.states.pop(0)
        return self.states[0]


@dataclass
class FakeService:
    """A RunService whose runs live in this process.

    Attributes:
        scripts: The states of the first run, the second and so on; the last script repeats.
        repeatable: Whether it starts one run per key.
        refusal: What a start raises, if anything.
        look_refusal: What each look but the first raises, if anything.
        reason: What it says about a run that has failed.
        run_output: What each run leaves behind.
        at_start: Called with each new run, such as to write a Result.
        before: Called with each call's name before its effect; what it raises comes through.
        after: The same after its effect: `started`, `found`, `looked`, `stopped`.
        runs: Those that were started, by id.
        most_active: How many went on at the same time, at most.
        looks: How many were taken.
    """

    scripts: Sequence[Sequence[RunState]] = ((RUNNING, RUNNING, SUCCEEDED),)
    repeatable: bool = False
    refusal: Exception | None = None
    look_refusal: Exception | None = None
    reason: str = ""
    run_output: RunOutput = field(default_factory=RunOutput)
    at_start: Callable[[], None] = lambda: None
    before: Callable[[str], None] = lambda call: None  # noqa: ARG005
    after: Callable[[str], None] = lambda call: None  # noqa: ARG005
    runs: dict[str, ScriptedRun] = field(default_factory=dict)
    most_active: int = 0
    looks: int = 0

    def start(self, request: Mapping[str, Any], before_each: Callable[[], None]) -> str:
        """Start a run, or tell which one bears the key already."""
        self.before("start")
        before_each()
        if self.refusal is not None:
            raise self.refusal
        run_id = self._of_key(request["key"]) if self.repeatable else None
        if run_id is None:
            run_id = f"run_{len(self.runs) + 1}"
            script = self.scripts[min(len(self.runs), len(self.scripts) - 1)]
            self.runs[run_id] = ScriptedRun(request["key"], list(script))
            self.most_active = max(self.most_active, sum(run.active for run in self.runs.values()))
            self.at_start()
        self.after("started")
        return run_id

    def find(self, job: str, key: str, since: float) -> RunRef | None:
        """The run with a key."""
        self.before("find")
        run_id = self._of_key(key)
        self.after("found")
        return RunRef(run_id, job) if run_id is not None else None

    def look(self, ref: RunRef) -> RunView:
        """Look at a run."""
        self.before("look")
        self.looks += 1
        if self.look_refusal is not None and self.looks > 1:
            raise self.look_refusal
        state = self.runs[ref.run_id].look()
        self.after("looked")
        reason = self.reason if state.phase is Phase.FAILED else ""
        return RunView(ref, state, reason, f"https://service.example/{ref.run_id}")

    def stop(self, ref: RunRef) -> None:
        """Ask for the end of a run."""
        self.before("stop")
        self.runs[ref.run_id].asked_to_stop = True
        self.after("stopped")

    def output(self, view: RunView) -> RunOutput:
        """What each run leaves behind."""
        return self.run_output

    def log(self, ref: RunRef, warn: Callable[..., object]) -> LogReader:
        """A reader of nothing."""
        return _NoLog()

    def name(self, ref: RunRef) -> str:
        """The run in words."""
        return f"Fake run {ref.run_id}"

    def by_hand(self, ref: RunRef) -> str:
        """How a person stops the run."""
        return f"by `fake stop {ref.run_id}`"

    def _of_key(self, key: str) -> str | None:
        return next((run_id for run_id, run in self.runs.items() if run.key == key), None)


class _NoLog:
    def new_lines(self) -> Sequence[str]:
        """None."""
        return ()


class FakeServiceOperator(RemoteSparkJobOperator):
    """Runs jobs on a FakeService, of Releases in a folder, and looks at them without a pause."""

    engine: ClassVar[str] = "glue"
    reaches: ClassVar[tuple[str, ...] | None] = None
    service: FakeService

    def connection(self) -> dict[str, Any]:
        """Nothing: the service is in this process."""
        return {}

    def open_service(self) -> FakeService:
        """The service that the test has put here."""
        return self.service

    def request(self, invocation: Invocation, names: RunNames) -> Mapping[str, Any]:
        """The key alone."""
        return {"key": names.submission}

    def poll_seconds(self) -> float:
        """None."""
        return 0.0

    def tell_run(self, context: Any, service: Any, ref: RunRef) -> None:
        """Nobody listens."""


def result_file(runs_root: Path) -> Path:
    """Where a run of the only task instance below a folder writes its Result, once it was submitted."""
    (record,) = runs_root.rglob("submission-*.json")
    return record.parent / "result.json"

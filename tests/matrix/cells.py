"""What a cell of the matrix is: one task, what befalls it, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Maker = Literal["ours", "stock"]
Engine = Literal["glue", "databricks"]
Mode = Literal["sync", "deferred"]
Moment = Literal["running", "deferred", "over", "fired"]
Act = Literal["clear", "mark failed", "change", "restart triggerer", "sweep"]

State = tuple[str, float | None]
Life = tuple[State, ...]
"""The states of a run, each with the seconds in it; the last one stays."""


@dataclass(frozen=True)
class Fault:
    """What the simulator does at a call.

    Attributes:
        call: The service's name for the call.
        do: What happens there, in the simulator's words.
        nth: The call it begins with, among those that match, counted from 1.
        times: How many calls in a row; 0: all that follow.
        state: Only calls about a run in this state.
        path: Only calls of S3 whose path holds this text.
        optional: Whether the cell means something too where the call is never made.
    """

    call: str
    do: str
    nth: int = 1
    times: int = 1
    state: str | None = None
    path: str | None = None
    optional: bool = False

    def document(self) -> dict[str, Any]:
        """The fault as the simulator takes it."""
        fields = {"call": self.call, "do": self.do, "nth": self.nth, "times": self.times}
        narrower = {"state": self.state, "path": self.path}
        return {**fields, **{key: value for key, value in narrower.items() if value is not None}}


@dataclass(frozen=True)
class Step:
    """What a user, or the harness, does at a moment.

    Attributes:
        moment: `running`: the task and its newest run are; `deferred`: the task is, and the run goes on;
            `over`: the task has ended; `fired`: every fault that the cell needs has happened.
        act: What is done then.
    """

    moment: Moment
    act: Act


@dataclass(frozen=True)
class Expected:
    """What must come of a cell.

    Attributes:
        runs: How many runs are started, one after the other.
        state: The task's state at the end.
        error: A pattern of what the task's log must tell, of a failure on the way too.
    """

    runs: int = 1
    state: Literal["success", "failed"] = "success"
    error: str | None = None


@dataclass(frozen=True)
class Scenario:
    """What befalls a task, whoever's operator it is.

    Attributes:
        name: In words joined by dashes.
        lives: The lives of the runs, in the order of their starts; the last one repeats.
        faults: What the simulator does.
        steps: What is done from outside, in order.
        expected: What must come of it.
        retries: Airflow's retries of the task.
        retry_delay: Seconds before each.
        timeout: The task's execution_timeout in seconds.
        reason: What the service says about runs that fail.
        plan: Further fields of the simulator's plan.
        verbose: Whether the stock operator is told to read the run's log.
        templated: Whether an argument of the job comes from an Airflow Variable.
        alone: Whether it needs the triggerer for itself.
    """

    name: str
    lives: tuple[Life, ...]
    faults: tuple[Fault, ...] = ()
    steps: tuple[Step, ...] = ()
    expected: Expected = Expected()
    retries: int = 2
    retry_delay: int = 1
    timeout: int | None = None
    reason: str = ""
    plan: tuple[tuple[str, Any], ...] = ()
    verbose: bool = False
    templated: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Cell:
    """One square of the matrix."""

    maker: Maker
    engine: Engine
    mode: Mode
    scenario: Scenario

    @property
    def name(self) -> str:
        """Its DAG, its plan, and what every request of it bears; no cell's name holds another's."""
        return f"{self.maker}-{self.engine}-{self.mode}-{self.scenario.name}"

    @property
    def column(self) -> str:
        """Where it stands in the table, beside the other maker's."""
        return f"{self.engine} {self.mode}"

    @property
    def variable(self) -> str:
        """The Airflow Variable of a templated argument."""
        return f"note-{self.name}"

    def plan(self) -> dict[str, Any]:
        """What the simulator is told."""
        scenario = self.scenario
        lives = [[list(state) for state in life] for life in scenario.lives]
        return {
            "name": self.name,
            "states": lives if len(lives) > 1 else lives[0],
            "reason": scenario.reason,
            "faults": [fault.document() for fault in scenario.faults],
            **dict(scenario.plan),
        }


def arguments(cell: Cell) -> Mapping[str, str]:
    """The job's arguments, by which the simulator knows a request for the cell's."""
    note = f"{{{{ var.value.get('{cell.variable}', 'first') }}}}" if cell.scenario.templated else "first"
    return {"cell": cell.name, "note": note}

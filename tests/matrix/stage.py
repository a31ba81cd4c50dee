"""Cells under way: begun, acted upon at their moments, looked at until they are over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from emulators import RunningEmulators
from matrix.cells import Cell, Step
from matrix.dags import SWEEPER, TASK
from matrix.user import RUN, User
from matrix.verdict import OVER, Finding, Observed, all_fired, fired_of, runs_of, verdict
from running_airflow import RunningAirflow

AT_ONCE = 12
"""How many cells are under way at a time."""
LIMIT_SECONDS = 70.0
"""After this time a cell hangs."""
STARTING_SECONDS = 240.0
"""After this time a cell hangs whose task has not even sent its first request: the machine may be busy."""
SETTLE_SECONDS = 15.0
"""How long a run may go on after the end of its task, until it is an orphan."""
QUIET_SECONDS = 2.0
"""How long a cell is still looked at when all is over: it may begin anew by mistake."""
TOGETHER_SECONDS = 3.0
"""How long a restart of the triggerer waits for other cells that are about to need one."""
_TICK_SECONDS = 0.5


@dataclass(frozen=True)
class Outcome:
    """A cell, what was seen of it, and what is bad about it."""

    cell: Cell
    seen: Observed
    findings: tuple[Finding, ...]


Progress = Callable[[Outcome], None]


@dataclass
class UnderWay:
    """A cell that is being run.

    Attributes:
        cell: The cell.
        began: When it was triggered.
        left: The steps that are still to be taken.
        ready_since: Since when a restart of the triggerer is due.
        over_since: Since when its task is over, and nobody has done anything about it.
        seconds: How long it took.
        hung_as: The task's state when its time was up; None: it was over before.
    """

    cell: Cell
    began: float
    left: list[Step]
    ready_since: float | None = None
    over_since: float | None = None
    seconds: float = 0.0
    hung_as: str | None = None


@dataclass
class Stage:
    """Airflow, the emulated services and a user, and the cells that are under way."""

    airflow: RunningAirflow
    emulators: RunningEmulators
    user: User
    under_way: list[UnderWay] = field(default_factory=list)

    def run(self, cells: Sequence[Cell], progress: Progress | None, limit: float) -> list[UnderWay]:
        """Run cells, some at a time; they come back when they have ended."""
        waiting, ended = list(cells), []
        while waiting or self.under_way:
            begun = waiting[: AT_ONCE - len(self.under_way)]
            del waiting[: len(begun)]
            self._begin(begun)
            time.sleep(_TICK_SECONDS)
            for one, seen in self._look(self.under_way):
                self._act(one, seen)
                if self._has_ended(one, seen, limit):
                    self.under_way.remove(one)
                    ended.append(one)
                    if progress is not None:
                        progress(self.outcomes([one])[0])
            self._restart_triggerer()
            if self.airflow.has_died("triggerer"):
                self.airflow.restart("triggerer")  # as whatever supervises it would
        return ended

    def outcomes(self, ended: Sequence[UnderWay]) -> list[Outcome]:
        """What has become of cells until now."""
        found = []
        for one, glance in self._look(ended):
            left = [step.act for step in one.left]
            log = self.airflow.log(one.cell.name, RUN, TASK)
            state = one.hung_as or glance.task_state
            hung = one.hung_as is not None
            seen = replace(glance, task_state=state, log=log, hung=hung, left=left, seconds=one.seconds)
            found.append(Outcome(one.cell, seen, verdict(one.cell, seen)))
        return found

    def _begin(self, cells: Sequence[Cell]) -> None:
        if cells:
            self.emulators.plan(*(cell.plan() for cell in cells))
            self.user.trigger([cell.name for cell in cells])
            now = time.monotonic()
            self.under_way += [UnderWay(cell, now, list(cell.scenario.steps)) for cell in cells]

    def _look(self, some: Iterable[UnderWay]) -> list[tuple[UnderWay, Observed]]:
        """What is to be seen of some cells now, but for their logs."""
        plans = self.emulators.plans()
        rows = self.airflow.query(
            "select dag_id, state, try_number from task_instance where run_id = ? and task_id = ?", RUN, TASK
        )
        tasks = {dag_id: (state, tries) for dag_id, state, tries in rows}
        return [(one, _seen(plans[one.cell.name], *tasks.get(one.cell.name, (None, 0)))) for one in some]

    def _act(self, one: UnderWay, seen: Observed) -> None:
        """Take the next step of a cell, when its moment has come."""
        if not one.left or not is_moment(one.cell, one.left[0], seen):
            return
        name = one.cell.name
        match one.left[0].act:
            case "restart triggerer":
                one.ready_since = one.ready_since or time.monotonic()
                return  # of many cells together
            case "clear":
                # Nobody is so quick by hand: Airflow would close the DAG run over the cleared task.
                if not self._is_closed(name):
                    return
                self.user.clear(name, TASK)
            case "mark failed":
                self.user.mark_failed(name, TASK)
            case "change":
                self.user.set_variable(one.cell.variable, "second")
            case "sweep":
                if SWEEPER in self.airflow.dags_shown():
                    self.user.trigger([SWEEPER], f"after-{name}")
        del one.left[0]
        one.over_since = None

    def _is_closed(self, dag_id: str) -> bool:
        """Whether Airflow has found the end of a cell's DAG run."""
        found = self.airflow.query("select state from dag_run where dag_id = ? and run_id = ?", dag_id, RUN)
        return found[0][0] in ("success", "failed")

    def _restart_triggerer(self) -> None:
        """SIGKILL the triggerer and start another one, for all cells that are ready for it."""
        ready = [one for one in self.under_way if one.ready_since is not None]
        now = time.monotonic()
        if any(now - one.ready_since > TOGETHER_SECONDS for one in ready if one.ready_since is not None):
            self.airflow.restart("triggerer")
            for one in ready:
                one.ready_since = None
                del one.left[0]

    def _has_ended(self, one: UnderWay, seen: Observed, limit: float) -> bool:
        """Whether a cell is over: its task and its runs, for a while; or its time is."""
        now = time.monotonic()
        one.seconds = now - one.began
        if not (seen.runs or seen.fired) and one.seconds < STARTING_SECONDS:
            limit = STARTING_SECONDS
        if seen.task_state not in OVER:
            one.over_since = None
            if one.seconds > limit:
                one.hung_as = seen.task_state or "not begun"
                self.user.mark_failed(one.cell.name, TASK)  # its worker would hold a place until the end
            return one.hung_as is not None
        one.over_since = one.over_since or now
        settled = not any(run.active for run in seen.runs)
        return now - one.over_since > (QUIET_SECONDS if settled else SETTLE_SECONDS)


def is_moment(cell: Cell, step: Step, seen: Observed) -> bool:
    """Whether the time of a step has come."""
    running = bool(seen.runs) and seen.runs[-1].state == "RUNNING"
    match step.moment:
        case "running":
            return running and seen.task_state == "running"
        case "deferred":
            return running and seen.task_state == "deferred"
        case "over":
            return seen.task_state in OVER
        case "fired":
            return all_fired(cell, seen)
    raise AssertionError(f"no moment: {step.moment}")


def _seen(plan: Mapping[str, Any], state: str | None, tries: int) -> Observed:
    return Observed(runs_of(plan), fired_of(plan), state, tries, log="")

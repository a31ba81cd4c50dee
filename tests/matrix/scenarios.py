"""The scenarios of the matrix, for each service in its own words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from matrix.cells import Cell, Engine, Expected, Fault, Life, Maker, Mode, Scenario, Step
from running_airflow import AIRFLOW_3_0

ERROR = "no flights on the moon"
TIMED_OUT = r"(?i)time-?d?[ -]?out"
UNKNOWN = "MELTED"

_MAKERS: tuple[Maker, ...] = ("ours", "stock")
_MODES: tuple[Mode, ...] = ("sync", "deferred")


@dataclass(frozen=True)
class Service:
    """The words of a service.

    Attributes:
        start: Its call that starts a run.
        look: Its call that looks at one.
        waiting: The state of a run that is being started.
        succeeded: Of one that has succeeded.
        failed: Of one whose job failed.
        ends: Every final state there is, and ones that nobody knows.
        log_denial: The fields of a plan that make its logs unreadable.
    """

    start: str
    look: str
    waiting: str
    succeeded: str
    failed: str
    ends: tuple[str, ...]
    log_denial: tuple[Fault, ...] = ()
    log_plan: tuple[tuple[str, Any], ...] = ()

    def life(self, end: str, seconds: float) -> Life:
        """A run that is started, runs for some seconds and ends."""
        return ((self.waiting, 0.3), ("RUNNING", seconds), (end, None))

    @property
    def long(self) -> Life:
        """A run that is still active when somebody clears or retries its task."""
        return self.life(self.succeeded, 25.0)

    @property
    def endless(self) -> Life:
        """A run that goes on until it is stopped."""
        return ((self.waiting, 0.3), ("RUNNING", None))


SERVICES: dict[Engine, Service] = {
    "glue": Service(
        start="StartJobRun",
        look="GetJobRun",
        waiting="STARTING",
        succeeded="SUCCEEDED",
        failed="FAILED",
        ends=("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED", UNKNOWN),
        log_plan=(("log_denied", True),),
    ),
    "databricks": Service(
        start="runs/submit",
        look="runs/get",
        waiting="PENDING",
        succeeded="TERMINATED/SUCCESS",
        failed="INTERNAL_ERROR/FAILED",
        ends=(
            "TERMINATED/SUCCESS",
            "TERMINATED/FAILED",
            "TERMINATED/TIMEDOUT",
            "TERMINATED/CANCELED",
            "TERMINATED/MAXIMUM_CONCURRENT_RUNS_REACHED",
            "TERMINATED/UPSTREAM_FAILED",
            "TERMINATED/UPSTREAM_CANCELED",
            "TERMINATED/EXCLUDED",
            "TERMINATED/SUCCESS_WITH_FAILURES",
            "TERMINATED/DISABLED",
            f"TERMINATED/{UNKNOWN}",
            "SKIPPED",
            "INTERNAL_ERROR",
            "INTERNAL_ERROR/FAILED",
            UNKNOWN,
        ),
        log_denial=(Fault("runs/get-output", "deny", times=0, optional=True),),
    ),
}


@dataclass(frozen=True)
class Setting:
    """Where scenarios are laid: whose operator, on which service, how it waits."""

    maker: Maker
    engine: Engine
    mode: Mode
    words: Service = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", SERVICES[self.engine])

    def at_start(self, do: str, **fields: Any) -> Fault:
        """A fault of the call that starts a run."""
        return Fault(self.words.start, do, **fields)

    def at_look(self, do: str, **fields: Any) -> Fault:
        """A fault of a call that looks at a run."""
        return Fault(self.words.look, do, **fields)

    def quick(self, end: str) -> Life:
        """A run that is soon over, but not at once where the task defers.

        Airflow fails a task whose trigger fires before the scheduler has heard of the end of its worker.
        """
        return self.words.life(end, 1.0 if self.mode == "sync" else 5.0)

    @property
    def waiting_worker(self) -> Fault:
        """The worker's death while it waits; of a deferred task, at the look that follows the trigger's."""
        if self.mode == "sync":
            return self.at_look("kill_before", nth=2, state="RUNNING")
        return self.at_look("kill_before", nth=2, state=self.words.succeeded)

    @property
    def ended_worker(self) -> Fault:
        """The worker's death between the end of the run and the end of the task."""
        if self.maker == "ours":
            return Fault("S3:GET", "kill_before", path="result.json")
        return self.at_look("kill_before", state=self.words.succeeded)

    @property
    def lost_worker(self) -> Fault:
        """The worker's death that leaves a run behind."""
        return self.waiting_worker if self.mode == "sync" else self.at_start("kill_after")


def cells(maker: Maker, engine: Engine, mode: Mode) -> Iterator[Cell]:
    """Every cell of one column of the matrix."""
    setting = Setting(maker, engine, mode)
    for scenario in (*_faults(setting), *_losses(setting), *_hands(setting), *_ends(setting)):
        yield Cell(maker, engine, mode, _on_airflow_3_0(scenario) if AIRFLOW_3_0 else scenario)


def _on_airflow_3_0(scenario: Scenario) -> Scenario:
    """What must come of a scenario where Airflow fails a task for good when its process is killed.

    So nothing takes the run over: it must not be doubled, and the sweeper must stop it if it goes on.
    """
    kills = [fault for fault in scenario.faults if fault.do.startswith("kill")]
    if not kills or not scenario.retries:
        return scenario
    never_started = kills[0].do == "kill_before" and kills[0].call in {s.start for s in SERVICES.values()}
    expected = Expected(runs=0 if never_started else 1, state="failed")
    # What a user would have changed for the retry comes too late.
    steps = tuple(step for step in scenario.steps if step.act != "change")
    return replace(scenario, expected=expected, steps=(*steps, Step("over", "sweep")))


def all_cells() -> list[Cell]:
    """Every cell of the matrix, ours and the stock operators' of one scenario close to each other."""
    columns = [
        list(cells(maker, engine, mode)) for engine in SERVICES for mode in _MODES for maker in _MAKERS
    ]
    names = dict.fromkeys(cell.scenario.name for column in columns for cell in column)
    return [cell for name in names for column in columns for cell in column if cell.scenario.name == name]


def ends_of(name: str) -> str | None:
    """The final state that a scenario is about, if it is about one."""
    return _ENDS.get(name)


def _faults(at: Setting) -> Iterator[Scenario]:
    """What goes wrong between the worker and the service, and must not be noticed at the end."""
    quick = Scenario("happy", (at.quick(at.words.succeeded),))
    crash, lose = (at.at_start(f"kill_{when}") for when in ("before", "after"))
    yield quick
    yield replace(quick, name="crash-before-submit", faults=(crash,))
    yield replace(quick, name="crash-after-submit", faults=(lose,))
    yield replace(quick, name="lost-answer", faults=(at.at_start("lost"),))
    yield replace(
        quick,
        name="throttle",
        faults=(at.at_start("throttle", times=2), at.at_look("throttle", nth=2, times=2)),
    )
    yield replace(quick, name="5xx", faults=(at.at_start("error"), at.at_look("error", nth=2, times=2)))
    yield replace(quick, name="late-5xx", faults=(at.at_start("error_after"),))
    yield replace(quick, name="log-denial", faults=at.words.log_denial, plan=at.words.log_plan, verbose=True)
    yield replace(quick, name="lagging-list", faults=(lose,), plan=(("list_lag", 2.0),))
    yield replace(quick, name="early-finish", lives=(((at.words.succeeded, None),),))


def _losses(at: Setting) -> Iterator[Scenario]:
    """Deaths of processes while a run is under way, and at its end."""
    lives = (at.words.life(at.words.succeeded, 8.0),)
    # The stock operators' workers make no call at all once the trigger has fired: there is nothing to aim at.
    if (at.maker, at.mode) != ("stock", "deferred"):
        yield Scenario("crash-while-waiting", lives, (at.waiting_worker,))
        yield Scenario("crash-after-the-end", lives, (at.ended_worker,))
    waits = "running" if at.mode == "sync" else "deferred"
    yield Scenario(
        "triggerer-restart",
        (at.words.life(at.words.succeeded, 12.0),),
        steps=(Step(waits, "restart triggerer"),),
        alone=True,
    )
    yield Scenario(
        "changed-fingerprint",
        (at.words.long, at.quick(at.words.succeeded)),
        (at.lost_worker,),
        (Step("fired", "change"),),
        Expected(runs=2),
        retry_delay=5,
        templated=True,
    )


def _hands(at: Setting) -> Iterator[Scenario]:
    """What retries and people do."""
    good = at.quick(at.words.succeeded)
    yield Scenario(
        "retry-after-failure",
        (at.quick(at.words.failed), good),
        expected=Expected(runs=2, error=ERROR),
        reason=f"ValueError: {ERROR}",
    )
    yield Scenario("clear-of-a-success", (good,), (), (Step("over", "clear"),), Expected(runs=2))
    yield Scenario(
        "clear-after-a-lost-worker",
        (at.words.long, good),
        (at.lost_worker,),
        (Step("over", "clear"),),
        Expected(runs=2),
        retries=0,
    )
    if at.mode == "sync":
        steps = (Step("running", "mark failed"),)
        yield Scenario("mark-failed-while-running", (at.words.endless,), (), steps, Expected(state="failed"))
    else:
        steps = (Step("deferred", "mark failed"), Step("over", "sweep"))
        yield Scenario("kill-while-deferred", (at.words.endless,), (), steps, Expected(state="failed"))
    yield Scenario(
        "time-out",
        (at.words.endless,),
        expected=Expected(state="failed", error=TIMED_OUT),
        retries=0,
        timeout=6,
    )


def _ends(at: Setting) -> Iterator[Scenario]:
    """Every state that a run can end in; only success is success."""
    for end in at.words.ends:
        good = end == at.words.succeeded
        yield Scenario(
            _end_name(end),
            (at.quick(end),),
            expected=Expected() if good else Expected(state="failed", error=_told(end)),
            retries=0,
            reason="" if good else f"ValueError: {ERROR}",
        )


def _told(end: str) -> str:
    """What must be told of an end: the service's reason, or of a state that nobody knows its name."""
    return UNKNOWN if UNKNOWN in end else ERROR


def _end_name(end: str) -> str:
    words = end.lower().replace("/", "-").replace("_", "-")
    return f"{words}-at-the-end"


_ENDS = {_end_name(end): end for service in SERVICES.values() for end in service.ends}

"""What the state of a Databricks run means; the tables hold every state that the Jobs API 2.2 has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_jobkit.engines.states import Phase, RunState, Stage
from airflow_jobkit.errors import EngineError


@dataclass(frozen=True)
class RunStatus:
    """The state of a run at one moment.

    Attributes:
        state: What it means.
        reason: What Databricks says about it; may be empty.
    """

    state: RunState
    reason: str


# None: the run has ended, and its result state says how.
LIFE_CYCLES: Mapping[str, RunState | None] = {
    "QUEUED": RunState("QUEUED", Phase.ACTIVE, "is queued, until there is room for it", Stage.QUEUE),
    "PENDING": RunState("PENDING", Phase.ACTIVE, "waits for its compute to start", Stage.QUEUE),
    "BLOCKED": RunState("BLOCKED", Phase.ACTIVE, "waits for what it depends on", Stage.QUEUE),
    "WAITING_FOR_RETRY": RunState(
        "WAITING_FOR_RETRY", Phase.ACTIVE, "waits for its next attempt", Stage.QUEUE
    ),
    "RUNNING": RunState("RUNNING", Phase.ACTIVE, "is running"),
    # Its result may stand already, but its code may still be running.
    "TERMINATING": RunState("TERMINATING", Phase.ACTIVE, "is ending", Stage.CANCELLED),
    "TERMINATED": None,
    "SKIPPED": RunState("SKIPPED", Phase.FAILED, "was skipped", Stage.QUEUE),
    "INTERNAL_ERROR": RunState(
        "INTERNAL_ERROR", Phase.FAILED, "was ended by an error of Databricks' own", Stage.PLATFORM
    ),
}

RESULTS: Mapping[str, RunState] = {
    state.name: state
    for state in (
        RunState("SUCCESS", Phase.SUCCEEDED, "has succeeded"),
        # Never a success: a run of ours has one task, and no part of it may fail.
        RunState("SUCCESS_WITH_FAILURES", Phase.FAILED, "has succeeded only in part"),
        RunState("FAILED", Phase.FAILED, "has failed"),
        RunState("TIMEDOUT", Phase.FAILED, "took longer than its time-out allows", Stage.TIME_OUT),
        RunState("CANCELED", Phase.FAILED, "was cancelled", Stage.CANCELLED),
        RunState(
            "MAXIMUM_CONCURRENT_RUNS_REACHED",
            Phase.FAILED,
            "was skipped, since too many runs were active",
            Stage.QUEUE,
        ),
        RunState("EXCLUDED", Phase.FAILED, "was skipped, since its condition did not hold", Stage.CANCELLED),
        RunState(
            "UPSTREAM_FAILED", Phase.FAILED, "was skipped, since what it depends on failed", Stage.CANCELLED
        ),
        RunState(
            "UPSTREAM_CANCELED",
            Phase.FAILED,
            "was skipped, since what it depends on was cancelled",
            Stage.CANCELLED,
        ),
        RunState("DISABLED", Phase.FAILED, "was skipped, since somebody disabled it", Stage.CANCELLED),
    )
}


def run_status(run: Mapping[str, Any]) -> RunStatus:
    """What an answer of runs/get means.

    Raises:
        EngineError: Databricks has a state that this version does not know, or gives none.
    """
    told = _mapping(run, "state")
    life_cycle, result = _text(told, "life_cycle_state"), _text(told, "result_state")
    if life_cycle not in LIFE_CYCLES:
        raise _unknown(run, "life cycle state", life_cycle)
    state, ended = LIFE_CYCLES[life_cycle], RESULTS.get(result)
    if state is None:
        if ended is None:
            raise _unknown(run, "result state", result)
        state = ended
    elif state.phase is Phase.FAILED and ended is not None and ended.phase is Phase.FAILED:
        # A run whose only task failed is an INTERNAL_ERROR to Databricks; its result says what happened.
        state = ended
    return RunStatus(state, _reason(run, told))


def _reason(run: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """The state's message, with the termination's code and message where these say something else."""
    said = _text(told, "state_message")
    details = _mapping(_mapping(run, "status"), "termination_details")
    code, message = _text(details, "code"), _text(details, "message")
    if message and message not in said:
        said = f"{said}: {message}" if said else message
    return f"{said} ({code})" if code not in ("", "SUCCESS") else said


def _unknown(run: Mapping[str, Any], kind: str, name: str) -> EngineError:
    run_id = run.get("run_id")
    return EngineError(
        f"Databricks says that run {run_id} has the {kind} {name!r}, which this version of airflow-jobkit "
        "does not know; look at the run in the workspace, and upgrade airflow-jobkit"
    )


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def _text(data: Mapping[str, Any], key: str) -> str:
    return str(data.get(key) or "").strip()

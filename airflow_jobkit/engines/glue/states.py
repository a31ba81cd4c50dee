"""What each state of a Glue job run means; the table holds every state that Glue has."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_jobkit.engines.states import Phase, RunState, Stage
from airflow_jobkit.errors import EngineError

STATES: Mapping[str, RunState] = {
    state.name: state
    for state in (
        RunState("WAITING", Phase.ACTIVE, "is queued, until there is room for it", Stage.QUEUE),
        RunState("STARTING", Phase.ACTIVE, "is starting", Stage.QUEUE),
        RunState("RUNNING", Phase.ACTIVE, "is running"),
        RunState("STOPPING", Phase.ACTIVE, "is being stopped", Stage.CANCELLED),
        RunState("SUCCEEDED", Phase.SUCCEEDED, "has succeeded"),
        # Never a success: a job that somebody stopped has not done its work.
        RunState("STOPPED", Phase.FAILED, "was stopped", Stage.CANCELLED),
        RunState("FAILED", Phase.FAILED, "has failed"),
        RunState("TIMEOUT", Phase.FAILED, "took longer than its time-out allows", Stage.TIME_OUT),
        RunState("ERROR", Phase.FAILED, "was ended by an error of Glue's own", Stage.PLATFORM),
        RunState("EXPIRED", Phase.FAILED, "waited too long for room, and was given up", Stage.QUEUE),
    )
}


def run_state(name: str, run_id: str) -> RunState:
    """What a state means.

    Raises:
        EngineError: Glue has a state that this version does not know.
    """
    try:
        return STATES[name]
    except KeyError:
        raise EngineError(
            f"Glue says that job run {run_id} is in the state {name!r}, which this version of airflow-jobkit "
            "does not know; look at the run in the Glue console, and upgrade airflow-jobkit"
        ) from None

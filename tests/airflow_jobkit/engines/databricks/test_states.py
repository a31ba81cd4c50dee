"""Every state of a Databricks run means something, and one that is not known fails loudly."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.databricks.hooks.databricks import RunState as StockRunState

from airflow_jobkit.engines.databricks.states import LIFE_CYCLES, RESULTS, run_status
from airflow_jobkit.engines.states import Phase, Stage
from airflow_jobkit.errors import EngineError

ACTIVE = ("QUEUED", "PENDING", "BLOCKED", "WAITING_FOR_RETRY", "RUNNING", "TERMINATING")
FAILURES = (
    "SUCCESS_WITH_FAILURES",
    "FAILED",
    "TIMEDOUT",
    "CANCELED",
    "MAXIMUM_CONCURRENT_RUNS_REACHED",
    "EXCLUDED",
    "UPSTREAM_FAILED",
    "UPSTREAM_CANCELED",
    "DISABLED",
)


def run(
    life_cycle: str | None, result: str | None = None, message: str = "", **others: Any
) -> dict[str, Any]:
    """An answer of runs/get."""
    state = {"life_cycle_state": life_cycle, "result_state": result, "state_message": message}
    return {"run_id": 123, "state": {name: value for name, value in state.items() if value}, **others}


@pytest.mark.parametrize("life_cycle", ACTIVE)
@pytest.mark.parametrize("result", [None, "SUCCESS", "FAILED"])
def test_a_run_that_has_not_ended_is_active_whatever_its_result_says(
    life_cycle: str, result: str | None
) -> None:
    """A run that is terminating has a result already, while its code may still be running."""
    assert run_status(run(life_cycle, result)).state.phase is Phase.ACTIVE


def test_success_alone_is_a_success() -> None:
    """Of all result states one says that everything was done."""
    successes = {
        name for name in RESULTS if run_status(run("TERMINATED", name)).state.phase is Phase.SUCCEEDED
    }
    assert successes == {"SUCCESS"}


@pytest.mark.parametrize("result", FAILURES)
def test_every_other_result_is_a_failure_with_its_name(result: str) -> None:
    """The state keeps Databricks' name for it."""
    state = run_status(run("TERMINATED", result)).state
    assert (state.name, state.phase) == (result, Phase.FAILED)


@pytest.mark.parametrize("life_cycle", ["SKIPPED", "INTERNAL_ERROR"])
@pytest.mark.parametrize("result", [None, "SUCCESS", "UNHEARD_OF"])
def test_a_run_that_never_came_to_its_end_is_a_failure(life_cycle: str, result: str | None) -> None:
    """No result state makes a success of it."""
    state = run_status(run(life_cycle, result)).state
    assert (state.name, state.phase) == (life_cycle, Phase.FAILED)


@pytest.mark.parametrize("life_cycle", ["SKIPPED", "INTERNAL_ERROR"])
@pytest.mark.parametrize("result", FAILURES)
def test_a_failure_with_a_result_is_told_by_its_result(life_cycle: str, result: str) -> None:
    """Databricks calls a run whose only task failed an internal error, which it is not."""
    state = run_status(run(life_cycle, result)).state
    assert (state.name, state.phase) == (result, Phase.FAILED)


@pytest.mark.parametrize(
    ("life_cycle", "result", "stage"),
    [
        *((name, None, Stage.QUEUE) for name in ("QUEUED", "PENDING", "BLOCKED", "WAITING_FOR_RETRY")),
        ("SKIPPED", None, Stage.QUEUE),
        ("SKIPPED", "MAXIMUM_CONCURRENT_RUNS_REACHED", Stage.QUEUE),
        ("TERMINATING", None, Stage.CANCELLED),
        ("TERMINATED", "CANCELED", Stage.CANCELLED),
        ("TERMINATED", "TIMEDOUT", Stage.TIME_OUT),
        ("TERMINATED", "FAILED", Stage.JOB),
        ("INTERNAL_ERROR", "FAILED", Stage.JOB),
        ("INTERNAL_ERROR", None, Stage.PLATFORM),
    ],
)
def test_a_state_says_which_stage_is_to_blame(life_cycle: str, result: str | None, stage: Stage) -> None:
    """What waits for compute blames the queue, what Databricks broke the platform, the rest the job."""
    assert run_status(run(life_cycle, result)).state.stage is stage


def test_the_tables_hold_every_state_that_the_provider_knows() -> None:
    """The life cycle states are those of the newest provider, the results those written down here."""
    assert set(StockRunState.RUN_LIFE_CYCLE_STATES) <= set(LIFE_CYCLES)
    assert set(LIFE_CYCLES) == {*ACTIVE, "TERMINATED", "SKIPPED", "INTERNAL_ERROR"}
    assert set(RESULTS) == {*FAILURES, "SUCCESS"}


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        pytest.param(run("RESTARTING"), "life cycle state 'RESTARTING'", id="a new life cycle state"),
        pytest.param(run("TERMINATED", "GONE"), "result state 'GONE'", id="a new result state"),
        pytest.param(run("TERMINATED"), "result state ''", id="an end without a result"),
        pytest.param({"run_id": 123}, "life cycle state ''", id="no state at all"),
        pytest.param({"run_id": 123, "state": "RUNNING"}, "life cycle state ''", id="another form"),
    ],
)
def test_an_unknown_state_fails_loudly(answer: dict[str, Any], named: str) -> None:
    """The error names the run and the state."""
    with pytest.raises(EngineError, match=f"run 123 has the {named}"):
        run_status(answer)


@pytest.mark.parametrize(
    ("message", "details", "reason"),
    [
        pytest.param("", None, "", id="nothing"),
        pytest.param("Task failed", None, "Task failed", id="the state's message"),
        pytest.param("", {"code": "SUCCESS"}, "", id="a success has no reason"),
        pytest.param(
            "Workload failed",
            {"code": "RUN_EXECUTION_ERROR", "type": "CLIENT_ERROR", "message": "Workload failed"},
            "Workload failed (RUN_EXECUTION_ERROR)",
            id="a message that is told twice",
        ),
        pytest.param(
            "Cluster was not started",
            {"code": "CLUSTER_ERROR", "message": "no capacity"},
            "Cluster was not started: no capacity (CLUSTER_ERROR)",
            id="a message that says more",
        ),
    ],
)
def test_the_reason_is_what_databricks_says(
    message: str, details: dict[str, str] | None, reason: str
) -> None:
    """The state's message, and of the newer status what it adds."""
    status = {"state": "TERMINATED", "termination_details": details} if details else None
    assert run_status(run("TERMINATED", "FAILED", message, status=status)).reason == reason

"""What a cell is told to be: the pure half of the matrix."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from matrix import report
from matrix.cells import Cell, Expected, Fault, Scenario, Step
from matrix.scenarios import all_cells
from matrix.stage import Outcome, is_moment
from matrix.verdict import Kind, Observed, Run, fired_of, runs_of, verdict

FAULT = Fault("StartJobRun", "kill_after")
GOOD = Run("jr_1", "SUCCEEDED", 10.0, 12.0)
FAILED = Run("jr_0", "FAILED", 1.0, 3.0)
ACTIVE = Run("jr_2", "RUNNING", 5.0, None)
WENT_WELL = Observed((GOOD,), (), "success", 1, "all is well")


ONE_SUCCESS = Expected()


def cell(expected: Expected = ONE_SUCCESS, *faults: Fault) -> Cell:
    return Cell(
        "ours", "glue", "sync", Scenario("probe", ((("SUCCEEDED", None),),), faults, expected=expected)
    )


def kinds(expected: Expected, seen: Observed, *faults: Fault) -> list[Kind]:
    return [finding.kind for finding in verdict(cell(expected, *faults), seen)]


def test_one_run_that_succeeds_in_a_task_that_succeeds_is_good() -> None:
    assert kinds(ONE_SUCCESS, WENT_WELL) == []


@pytest.mark.parametrize(
    ("expected", "changes", "bad"),
    [
        pytest.param(ONE_SUCCESS, {"runs": (FAILED, GOOD)}, [Kind.DUPLICATE], id="one run too many"),
        pytest.param(
            Expected(runs=2), {"runs": (ACTIVE, GOOD)}, [Kind.DUPLICATE, Kind.ORPHAN], id="two runs at a time"
        ),
        pytest.param(
            Expected(runs=2),
            {"runs": (replace(ACTIVE, ended=11.0, state="STOPPED"), GOOD)},
            [Kind.DUPLICATE],
            id="a rerun before the first run has ended",
        ),
        pytest.param(Expected(runs=2), {}, [Kind.MISSED], id="a clear that starts nothing"),
        pytest.param(
            ONE_SUCCESS, {"runs": (FAILED,)}, [Kind.FALSE_SUCCESS], id="a success of a run that failed"
        ),
        pytest.param(Expected(state="failed"), {}, [Kind.FALSE_SUCCESS], id="a success where none can be"),
        pytest.param(
            ONE_SUCCESS,
            {"task_state": "failed"},
            [Kind.FALSE_FAILURE],
            id="a failure of a run that succeeded",
        ),
        pytest.param(
            ONE_SUCCESS, {"hung": True, "task_state": "running"}, [Kind.HANG], id="a task that does not end"
        ),
        pytest.param(
            Expected(state="failed"),
            {"runs": (ACTIVE,), "task_state": "failed"},
            [Kind.ORPHAN],
            id="a run that nobody stops",
        ),
        pytest.param(
            Expected(state="failed", error="the moon"),
            {"runs": (FAILED,), "task_state": "failed"},
            [Kind.LOST_ERROR],
            id="an error that is not in the log",
        ),
        pytest.param(ONE_SUCCESS, {"left": ["clear"]}, [Kind.NOT_REACHED], id="a step that was not taken"),
    ],
)
def test_what_is_bad_is_named(expected: Expected, changes: dict[str, object], bad: list[Kind]) -> None:
    assert kinds(expected, replace(WENT_WELL, **changes)) == bad


def test_a_rerun_after_a_failed_run_is_good() -> None:
    seen = replace(WENT_WELL, runs=(FAILED, GOOD), log="ValueError: the moon")
    assert kinds(Expected(runs=2, error="the moon"), seen) == []


def test_a_run_in_a_state_that_nobody_knows_is_no_orphan() -> None:
    seen = replace(WENT_WELL, runs=(replace(ACTIVE, state="MELTED"),), task_state="failed")
    assert kinds(Expected(state="failed"), seen) == []


def test_a_cell_whose_fault_never_happened_has_shown_nothing() -> None:
    assert kinds(ONE_SUCCESS, WENT_WELL, FAULT) == [Kind.NOT_REACHED]
    assert kinds(ONE_SUCCESS, replace(WENT_WELL, fired=(("StartJobRun", "kill_after"),)), FAULT) == []
    assert kinds(ONE_SUCCESS, WENT_WELL, replace(FAULT, optional=True)) == []


def test_a_step_waits_for_its_moment() -> None:
    running = replace(WENT_WELL, runs=(ACTIVE,), task_state="running")
    assert is_moment(cell(), Step("running", "mark failed"), running)
    assert not is_moment(cell(), Step("deferred", "mark failed"), running)
    assert not is_moment(cell(), Step("over", "clear"), running)
    assert is_moment(cell(), Step("over", "clear"), WENT_WELL)
    assert not is_moment(cell(ONE_SUCCESS, FAULT), Step("fired", "change"), running)


def test_what_the_simulator_tells_is_read_in_the_order_of_the_starts() -> None:
    second = {
        "run_id": 2,
        "state": "RUNNING",
        "started": 9.0,
        "ended": None,
        "asked_to_stop": True,
        "run_key": None,
    }
    first = {**second, "run_id": 1, "state": "STOPPED", "started": 3.0, "ended": 4.0}
    fired = [{"call": "StartJobRun", "nth": 1, "do": "lost", "pid": None}]
    plan = {"runs": [second, first], "fired": fired, "calls": {}}
    assert runs_of(plan) == (Run("1", "STOPPED", 3.0, 4.0, True), Run("2", "RUNNING", 9.0, None, True))
    assert fired_of(plan) == (("StartJobRun", "lost"),)


def test_no_name_of_a_cell_holds_anothers() -> None:
    names = [one.name for one in all_cells()]
    assert len(set(names)) == len(names)
    assert [pair for pair in permutations(names, 2) if pair[0] in pair[1]] == []


def test_the_table_shows_ours_beside_the_stock_operators() -> None:
    good = Outcome(cell(), WENT_WELL, ())
    stock = replace(good.cell, maker="stock")
    seen = replace(WENT_WELL, hung=True)
    rows = report.table([good, Outcome(stock, seen, verdict(stock, seen))])
    assert rows == [("scenario", "glue sync, ours", "glue sync, stock"), ("probe", "ok", "hang")]
    assert report.markdown(rows).splitlines()[-1] == "| probe | ok | hang |"
    assert report.totals([good])[:3] == [("", "ours"), ("cells", "1"), ("good cells", "1")]

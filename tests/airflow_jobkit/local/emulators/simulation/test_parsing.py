"""Plans as they are read, and what is said of those that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_jobkit.local.emulators.simulation.parsing import PlanError, parse_plans
from airflow_jobkit.local.emulators.simulation.plans import Fault, Plan, Step

RUNS = [["STARTING", 0.2], ["RUNNING", 1], ["SUCCEEDED", None]]


def plan(**fields: Any) -> Plan:
    return parse_plans([{"name": "sync", **fields}])[0]


def test_a_plan_of_a_name_alone_watches_what_holds_that_name() -> None:
    assert plan() == Plan("sync", "sync")


def test_one_timeline_holds_for_every_run() -> None:
    found = plan(states=RUNS)

    assert found.course(0) == found.course(5)
    assert found.courses[0].steps == (Step("STARTING", 0.2), Step("RUNNING", 1.0), Step("SUCCEEDED", None))


def test_each_run_follows_its_own_timeline_and_those_after_them_the_last() -> None:
    found = plan(states=[[["FAILED", None]], RUNS], reason=["no room", None], result=["failed", "none"])

    courses = [found.course(number) for number in range(3)]

    assert [course.steps[-1].state for course in courses if course] == ["FAILED", "SUCCEEDED", "SUCCEEDED"]
    assert [course.reason for course in courses if course] == ["no room", None, None]
    assert [course.result for course in courses if course] == ["failed", "none", "none"]


def test_a_run_stays_in_its_last_state_whatever_seconds_that_has() -> None:
    assert plan(states=[["PAUSED", 3]]).courses[0].steps == (Step("PAUSED", None),)


def test_a_plan_without_states_leaves_its_runs_real() -> None:
    assert plan(list_lag=2).course(0) is None


def test_a_fault_applies_once_unless_it_says_how_often() -> None:
    faults = plan(
        faults=[
            {"call": "GetJobRun", "do": "throttle"},
            {"call": "S3:PUT", "path": "/intent", "nth": 2, "times": 0, "do": "delay", "seconds": 0.5},
        ]
    ).faults

    assert faults == (
        Fault("GetJobRun", "throttle"),
        Fault("S3:PUT", "delay", nth=2, times=0, path="/intent", seconds=0.5),
    )


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({}, "the body is no list of plans"),
        ([1], "plan 1: 1 is no object"),
        ([{"match": "x"}], "plan 1: a plan needs a name"),
        ([{"name": "a"}, {"name": "a"}], "plan 'a' is there already; choose another name, or DELETE the"),
        ([{"name": "old"}], "plan 'old' is there already"),
        ([{"name": "a", "stats": []}], "plan 1: unknown key 'stats'; there are name, match, states"),
        ([{"name": "a", "states": []}], "plan 'a', states: give a list of [state, seconds]"),
        ([{"name": "a", "states": [["X"]]}], "plan 'a', states[0]: ['X'] is no [state, seconds]"),
        (
            [{"name": "a", "states": [["X", None], ["Y", 1]]}],
            "plan 'a', states[0]: the run would stay X for ever; give it seconds",
        ),
        ([{"name": "a", "states": [["X", -1], ["Y", 1]]}], "states[0]: seconds -1 is no number of seconds"),
        ([{"name": "a", "states": [[["X", 1]], []]}], "plan 'a', states[1]: give a list of [state, seconds]"),
        ([{"name": "a", "reason": "b"}], "plan 'a': reason is of simulated runs; add states"),
        (
            [{"name": "a", "states": RUNS, "result": "success"}],
            "plan 'a': result 'success' is none of succeeded, failed, none",
        ),
        ([{"name": "a", "list_lag": "2"}], "plan 'a': list_lag '2' is no number of seconds"),
        ([{"name": "a", "log_denied": 1}], "plan 'a': log_denied 1 is neither true nor false"),
        (
            [{"name": "a", "faults": [{"do": "lost"}]}],
            "plan 'a', faults[0]: name the call, such as StartJobR",
        ),
        (
            [{"name": "a", "faults": [{"call": "GetJob", "do": "explode"}]}],
            "plan 'a', faults[0]: do 'explode' is none of kill_before, kill_after, lost",
        ),
        (
            [{"name": "a", "faults": [{"call": "GetJob", "do": "lost", "nth": 0}]}],
            "plan 'a', faults[0]: nth 0 is no whole number from 1",
        ),
        (
            [{"name": "a", "faults": [{"call": "GetJob", "do": "delay"}]}],
            "plan 'a', faults[0]: a delay needs seconds",
        ),
    ],
)
def test_a_wrong_plan_is_told_what_is_wrong_and_where(document: Any, complaint: str) -> None:
    with pytest.raises(PlanError) as error:
        parse_plans(document, ["old"])

    assert complaint in str(error.value)

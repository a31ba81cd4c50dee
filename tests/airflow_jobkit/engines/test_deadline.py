"""When a run is waited for too long."""

from __future__ import annotations

import datetime as dt

import pytest

from airflow_jobkit.engines.deadline import GRACE, Deadline, Watch, task_deadline
from airflow_jobkit.engines.states import Phase, RunState, Stage

RUNNING = RunState("RUNNING", Phase.ACTIVE, "is running")
QUEUED = RunState("QUEUED", Phase.ACTIVE, "is queued", Stage.QUEUE)
SUCCEEDED = RunState("SUCCEEDED", Phase.SUCCEEDED, "has succeeded")
SPENT = 60 + GRACE.total_seconds()
"""A run with a time-out of a minute has had it, and the grace."""


def test_the_tasks_time_is_over_at_its_deadline_seen_or_not() -> None:
    watch = Watch(Deadline(until=100.0))
    assert (watch.overdue(RUNNING, 99.9), watch.unseen_overdue(99.9)) == (None, None)
    assert watch.overdue(RUNNING, 100.0) == watch.unseen_overdue(100.0)
    assert watch.unseen_overdue(100.0) == "the task's execution_timeout is over"


def test_a_run_that_has_ended_is_never_overdue() -> None:
    assert Watch(Deadline(until=100.0, run_seconds=1.0)).overdue(SUCCEEDED, 1e9) is None


def test_a_run_that_outlives_its_own_time_out_is_ended_after_a_grace() -> None:
    watch = Watch(Deadline(run_seconds=60.0))
    assert watch.overdue(RUNNING, 0.0) is None
    assert watch.overdue(RUNNING, SPENT - 1) is None
    assert "its own time-out of 1m is over" in str(watch.overdue(RUNNING, SPENT))


def test_the_time_in_a_queue_is_not_the_runs_own() -> None:
    watch = Watch(Deadline(run_seconds=60.0))
    for moment in (0.0, SPENT, 2 * SPENT):
        assert watch.overdue(QUEUED, moment) is None
    assert watch.overdue(RUNNING, 2 * SPENT) is None
    assert watch.overdue(RUNNING, 3 * SPENT) is not None


def test_no_pause_leads_past_the_deadline_and_none_after_it_is_shorter_than_usual() -> None:
    watch = Watch(Deadline(until=100.0))
    assert [watch.pause(10.0, now) for now in (50.0, 95.0, 100.0, 200.0)] == [10.0, 5.0, 10.0, 10.0]
    assert Watch(Deadline()).pause(10.0, 1e9) == 10.0


@pytest.mark.parametrize(
    ("timeout", "waiting", "deferred"),
    [(10, 8, 8), (60, 50, 48), (300, 290, 240), (1800, 1790, 1740)],
)
def test_a_task_ends_its_run_before_airflow_ends_it_and_earlier_when_it_has_to_be_resumed(
    timeout: int, waiting: int, deferred: int
) -> None:
    seconds = dt.timedelta(seconds=timeout)
    assert task_deadline(seconds, 1000.0) == 1000 + waiting
    assert task_deadline(seconds, 1000.0, deferred=True) == 1000 + deferred


def test_a_task_without_a_time_out_has_no_deadline() -> None:
    assert task_deadline(None, 1000.0) is None

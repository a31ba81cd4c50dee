"""The trigger, against a workspace that executes nothing: what it sees, what it tells, what it stops."""

from __future__ import annotations

import asyncio
import importlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.models.trigger import Trigger
from fake_workspace import FAILED, RUN_ID, RUNNING, SUCCEEDED, Failure, FakeWorkspace

from airflow_jobkit.engines.service import RunRef
from airflow_jobkit.engines.states import Phase
from airflow_jobkit.errors import EngineError
from airflow_jobkit.triggers.run import Outage, RunTrigger
from airflow_jobkit.triggers.services import YOUNG_SECONDS, SharedService, shared_service

DOWN = Failure.said(503, "TEMPORARILY_UNAVAILABLE", "back soon")
DENIED = Failure.said(403, "PERMISSION_DENIED", "not yours")


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWorkspace]:
    with FakeWorkspace(states=(RUNNING, RUNNING, SUCCEEDED)).serving() as workspace:
        monkeypatch.setenv(f"AIRFLOW_CONN_LAKE_{workspace.port}", workspace.connection)
        yield workspace


def connection(workspace: FakeWorkspace) -> dict[str, Any]:
    """One of its own for every test, since triggers of one connection share its service."""
    return {"databricks_conn_id": f"lake_{workspace.port}", "retry_limit": 1, "retry_delay": 0}


def trigger(workspace: FakeWorkspace, **changes: Any) -> RunTrigger:
    return RunTrigger(
        **{
            "engine": "databricks",
            "connection": connection(workspace),
            "run_id": str(RUN_ID),
            "job": "",
            "poll_seconds": 0.02,
            "until": None,
            "run_seconds": None,
            **changes,
        }
    )


def rebuilt(trigger: RunTrigger) -> RunTrigger:
    """As a triggerer makes it of what Airflow's database keeps."""
    row = Trigger.from_object(trigger)
    module, _, name = row.classpath.rpartition(".")
    made: RunTrigger = getattr(importlib.import_module(module), name)(**row.kwargs)
    return made


async def events(trigger: RunTrigger) -> list[Any]:
    return [event.payload async for event in trigger.run()]


def fired(trigger: RunTrigger) -> Any:
    """What it tells; it tells one thing only."""
    (payload,) = asyncio.run(asyncio.wait_for(events(trigger), 10))
    return payload


def test_it_fires_when_the_run_has_ended_and_is_the_same_when_it_is_made_again(
    workspace: FakeWorkspace,
) -> None:
    first = trigger(workspace, until=time.time() + 3600, run_seconds=60.0)
    second = rebuilt(first)
    assert second.serialize() == first.serialize()
    assert fired(second) == {}
    assert workspace.calls("get") == [{"run_id": RUN_ID}] * 3


@pytest.mark.parametrize("state", [SUCCEEDED, FAILED], ids=["succeeded", "failed"])
def test_it_fires_at_once_for_a_run_that_ended_before_the_task_deferred(
    state: dict[str, str], workspace: FakeWorkspace
) -> None:
    workspace.states = (state,)
    assert fired(trigger(workspace, poll_seconds=60)) == {}


def test_it_waits_while_the_service_does_not_answer(workspace: FakeWorkspace) -> None:
    workspace.failures = {"get": [DOWN, Failure(None), DOWN]}
    assert fired(trigger(workspace)) == {}


@pytest.mark.parametrize("minutes", [0, 9])
def test_an_outage_counts_from_the_look_that_failed_first(minutes: int) -> None:
    moments = iter([0.0, minutes * 60, 601])
    outage = Outage(lambda: next(moments))
    assert [outage.is_too_long() for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Failure(200, '{"state": {"life_cycle_state": "PONDERING"}}'), "PONDERING"),
        (DENIED, "not yours"),
    ],
    ids=["a state that nobody knows", "a refusal"],
)
def test_a_run_that_cannot_be_watched_wakes_the_task(
    answer: Failure, told: str, workspace: FakeWorkspace
) -> None:
    workspace.failures = {"get": [answer]}
    assert told in fired(trigger(workspace))["error"]
    assert not workspace.calls("cancel")


def test_a_connection_that_is_not_there_wakes_the_task(workspace: FakeWorkspace) -> None:
    missing = {**connection(workspace), "databricks_conn_id": "nowhere"}
    assert "nowhere" in fired(trigger(workspace, connection=missing))["error"]


@pytest.mark.parametrize(
    "failures",
    [{}, {"get": [DOWN] * 1000}, {"cancel": [DOWN]}],
    ids=["seen", "not seen", "not stopped"],
)
def test_at_its_deadline_it_stops_the_run_and_wakes_the_task(
    failures: dict[str, list[Failure]], workspace: FakeWorkspace
) -> None:
    workspace.states, workspace.failures = (RUNNING,), failures
    until = time.time() + 0.2
    assert fired(trigger(workspace, until=until)) == {"overdue": "the task's execution_timeout is over"}
    assert time.time() >= until
    assert workspace.calls("cancel") == [{"run_id": RUN_ID}]
    assert len(workspace.calls("get")) < 20


def test_its_kill_stops_the_run(workspace: FakeWorkspace) -> None:
    asyncio.run(trigger(workspace).on_kill())
    assert workspace.calls("cancel") == [{"run_id": RUN_ID}]


def test_cancelled_while_it_looks_it_leaves_the_run_alone_and_hides_no_reason(
    workspace: FakeWorkspace,
) -> None:
    workspace.states, workspace.held = (RUNNING,), {"get": threading.Event()}

    async def cancel() -> str:
        task = asyncio.create_task(events(trigger(workspace)))
        while not workspace.calls("get"):
            await asyncio.sleep(0.01)
        task.cancel("by a user")
        try:
            await asyncio.wait_for(task, 5)
        except asyncio.CancelledError as error:
            return str(error)
        finally:
            workspace.held["get"].set()
        return "not cancelled"

    assert asyncio.run(cancel()) == "by a user"
    assert not workspace.calls("cancel")


def test_many_triggers_share_a_few_threads_and_the_service_of_their_connection(
    workspace: FakeWorkspace,
) -> None:
    workspace.states = (SUCCEEDED,)
    opened = []

    async def all_of(count: int) -> list[list[Any]]:
        return await asyncio.gather(*(events(trigger(workspace, run_id=str(n))) for n in range(count)))

    assert asyncio.run(all_of(50)) == [[{}]] * 50
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("jobkit-trigger")]
    assert 0 < len(threads) <= 10
    for _ in range(2):
        shared_service("databricks", connection(workspace)).call(opened.append)
    assert opened[0] is opened[1]


@pytest.mark.parametrize(
    ("age", "mended"), [(YOUNG_SECONDS, True), (YOUNG_SECONDS / 2, False)], ids=["old", "young"]
)
def test_a_service_that_refuses_is_opened_anew_by_the_connection_as_it_is_now_unless_it_is_young(
    age: float, mended: bool, workspace: FakeWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    service, run = SharedService("databricks", connection(workspace), lambda: now), RunRef(str(RUN_ID))
    service.call(lambda opened: opened.look(run))
    now, workspace.failures = age, {"get": [DENIED] * 2}
    with FakeWorkspace().serving() as other:
        monkeypatch.setenv(f"AIRFLOW_CONN_LAKE_{workspace.port}", other.connection)
        if mended:
            assert service.call(lambda opened: opened.look(run)).state.phase is Phase.SUCCEEDED
        else:
            with pytest.raises(EngineError, match="not yours"):
                service.call(lambda opened: opened.look(run))
        assert len(other.calls("get")) == int(mended)

"""Events come out of a pipe as they went in, and say nothing where nobody listens."""

from __future__ import annotations

import os

import pytest

from airflow_jobkit.local import events

EVENTS: list[events.Event] = [
    events.Loading(),
    events.TaskRunning("clean"),
    events.TaskFinished("clean", "failed", "ValueError: two\nlines"),
    events.TaskFinished("clean", "success"),
    events.RunFinished(
        "manual", "success", [events.TaskOutcome("clean", "success", 1.5, {"rows_in": 3}, "a/result.json")]
    ),
    events.CannotRun("why"),
]


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """The two ends of a pipe, of which events are written to the second."""
    reading, writing = os.pipe()
    monkeypatch.setenv(events.EVENTS_FD, str(writing))
    return reading, writing


def test_events_arrive_as_they_were_sent(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    for event in EVENTS:
        events.send(event)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as lines:
        assert list(events.receive(lines)) == EVENTS


def test_without_a_listener_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(events.EVENTS_FD, raising=False)
    events.send(events.Loading())

"""What is asked of the process that builds DAGs, and what that tells, arrive as they were sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airflow_jobkit.local.build_events import (
    BUILD_FD,
    BuildEvent,
    Building,
    BuildRequest,
    Built,
    DefaultUse,
    Finished,
    Sender,
    Started,
    parse_event,
)
from airflow_jobkit.problems import Issue

ISSUE = Issue(("tasks", "a", "expand", 0), "no argument 'é'\n", "add it", "missing-argument", at="key")


@pytest.mark.parametrize(
    "event",
    [
        Started(),
        Building("flights"),
        Built("flights"),
        Built("flights", (ISSUE, ISSUE), (DefaultUse(("default_args", "colour"), is_taken=False),)),
        Finished(),
    ],
)
def test_an_event_arrives_as_it_was_sent(event: BuildEvent, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setenv(BUILD_FD, str(writing))
    Sender().send(event)
    os.close(writing)
    with os.fdopen(reading, "rb") as lines:
        assert [parse_event(line) for line in lines] == [event]


def test_what_the_dags_start_neither_knows_nor_inherits_the_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    monkeypatch.setenv(BUILD_FD, str(writing))
    Sender()
    assert BUILD_FD not in os.environ
    assert not os.get_inheritable(writing)
    os.close(reading)
    os.close(writing)


def test_a_request_is_read_as_it_was_written(tmp_path: Path) -> None:
    request = BuildRequest("/dags", "local", ("/dags/é.yaml", "/dags/\udcff.yaml"), ("one", "two"), 2.5)
    request.write(tmp_path / "request.json")
    assert BuildRequest.read(tmp_path / "request.json") == request


@pytest.mark.parametrize("line", [b"hello\n", b"{}\n", b"[]\n", b'{"kind": "Built"}\n', b"\xff\n"])
def test_what_is_no_event_is_an_error(line: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        parse_event(line)

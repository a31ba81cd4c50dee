"""Which code version a task runs is decided once, and what was recorded stays."""

from __future__ import annotations

import pytest

from airflow_jobkit.contracts.version_record import Choice, Source, VersionRecord, choose
from airflow_jobkit.errors import ContractError

DEFAULTED = VersionRecord("1.0", "aa", Source.DEFAULT)
TRIGGERED = VersionRecord("2.0", "bb", Source.TRIGGER)
PINNED = VersionRecord("3.0", "cc", Source.TASK)


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        pytest.param({}, None, id="nobody names a version: none"),
        pytest.param({"default": "9"}, Choice("9", Source.DEFAULT), id="only a default: it"),
        pytest.param(
            {"task_pin": "8", "default": "9"},
            Choice("8", Source.TASK),
            id="a task's pin goes before a default",
        ),
        pytest.param(
            {"form_choice": "7", "task_pin": "8", "default": "9"},
            Choice("7", Source.TRIGGER),
            id="the trigger form goes before a task's pin",
        ),
        pytest.param(
            {"run_record": DEFAULTED, "default": "9"},
            DEFAULTED,
            id="a record stays when the default moves on",
        ),
        pytest.param(
            {"run_record": TRIGGERED, "task_pin": "8", "default": "9"},
            TRIGGERED,
            id="a version from the trigger form holds for pinned tasks too",
        ),
        pytest.param(
            {"run_record": DEFAULTED, "task_pin": "8", "default": "9"},
            Choice("8", Source.TASK),
            id="a default that was recorded does not bind a pinned task",
        ),
        pytest.param(
            {"run_record": DEFAULTED, "task_record": PINNED, "task_pin": "8"},
            PINNED,
            id="a pinned task keeps its own record when its pin moves on",
        ),
        pytest.param(
            {"run_record": DEFAULTED, "task_record": PINNED, "default": "9"},
            DEFAULTED,
            id="a task that is no longer pinned follows the DAG run",
        ),
        pytest.param(
            {"task_record": PINNED, "form_choice": "7", "task_pin": "8"},
            PINNED,
            id="a pinned task's record goes before the trigger form",
        ),
        pytest.param(
            {"run_record": DEFAULTED, "form_choice": "7"},
            DEFAULTED,
            id="a record goes before the trigger form",
        ),
    ],
)
def test_choose(given: dict[str, object], chosen: object) -> None:
    nobody = dict.fromkeys(("run_record", "task_record", "form_choice", "task_pin", "default"))
    assert choose(**{**nobody, **given}) == chosen  # type: ignore[arg-type]


@pytest.mark.parametrize("source", list(Source))
def test_only_a_pinned_version_is_recorded_for_the_task_alone(source: Source) -> None:
    assert Choice("1.0", source).of_task == (source is Source.TASK)


@pytest.mark.parametrize("record", [DEFAULTED, TRIGGERED, PINNED], ids=lambda record: record.source)
def test_a_record_is_read_as_it_was_written(record: VersionRecord) -> None:
    assert VersionRecord.from_bytes(record.to_bytes(), "code.json") == record


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="an empty file"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"version": "1.0"}', id="no digest"),
        pytest.param(b'{"version": "1.0", "digest": "aa", "source": "rumour"}', id="an unknown source"),
    ],
)
def test_what_is_no_record_is_refused_with_its_place(data: bytes) -> None:
    with pytest.raises(ContractError, match=r"^runs/code\.json: not a record of a code version"):
        VersionRecord.from_bytes(data, "runs/code.json")

"""Which code version a task runs is decided once, and what was recorded stays."""

from __future__ import annotations

import json

import pytest

from airflow_jobkit.contracts.version_record import (
    Choice,
    Source,
    VersionRecord,
    choose_for_run,
    follows_run,
    place_record_name,
)
from airflow_jobkit.errors import ContractError

DEFAULTED = VersionRecord("1.0", "aa", Source.DEFAULT)
TRIGGERED = VersionRecord("2.0", "bb", Source.TRIGGER)
PINNED = VersionRecord("3.0", "cc", Source.TASK)
PLACED = VersionRecord("4.0", "dd", Source.DEFAULT, "s3://bucket/code")
NAMED = VersionRecord("5.0", "ee", Source.DEFAULT, "s3://bucket/code", "stable")


@pytest.mark.parametrize(
    ("form_choice", "default", "choice"),
    [
        pytest.param(None, None, None, id="nobody names a version: none"),
        pytest.param(None, "9", Choice("9", Source.DEFAULT), id="only a default: it"),
        pytest.param("7", "9", Choice("7", Source.TRIGGER), id="the trigger form goes before a default"),
    ],
)
def test_a_dag_run_begins_with(form_choice: str | None, default: str | None, choice: Choice | None) -> None:
    assert choose_for_run(form_choice, default) == choice


@pytest.mark.parametrize(
    ("run_record", "task_pin", "follows"),
    [
        pytest.param(DEFAULTED, None, True, id="a task without a pin follows"),
        pytest.param(None, None, True, id="a task without a pin follows, also where nothing is recorded yet"),
        pytest.param(DEFAULTED, "8", False, id="a default does not bind a pinned task"),
        pytest.param(TRIGGERED, "8", True, id="a version from the trigger form holds for pinned tasks too"),
        pytest.param(None, "8", False, id="a pinned task does not wait for a record"),
    ],
)
def test_a_task_follows_its_dag_run(
    run_record: VersionRecord | None, task_pin: str | None, follows: bool
) -> None:
    assert follows_run(run_record, task_pin) is follows


@pytest.mark.parametrize("record", [DEFAULTED, TRIGGERED, PINNED, PLACED, NAMED], ids=str)
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


def test_a_digest_holds_at_the_place_that_was_recorded_and_without_one_everywhere() -> None:
    assert PLACED.holds_at("s3://bucket/code")
    assert not PLACED.holds_at("s3://bucket/other")
    assert DEFAULTED.holds_at("s3://bucket/other")


def test_every_version_at_every_other_place_has_a_record_of_its_own() -> None:
    names = {place_record_name(version, place) for version in ("1.0", "2.0") for place in ("a", "b")}
    assert len(names) == 4
    assert all(name.startswith("code-") and name.endswith(".json") for name in names)


@pytest.mark.parametrize(
    ("written", "record"),
    [
        pytest.param({}, DEFAULTED, id="before places were"),
        pytest.param({"place": "b"}, VersionRecord("1.0", "aa", Source.DEFAULT, "b"), id="before channels"),
        pytest.param({"place": "", "channel": "", "by": "x"}, DEFAULTED, id="by a newer version"),
    ],
)
def test_a_record_of_another_version_of_the_package_is_read(
    written: dict[str, str], record: VersionRecord
) -> None:
    document = {"schema": 1, "version": "1.0", "digest": "aa", "source": "default", **written}
    assert VersionRecord.from_bytes(json.dumps(document).encode(), "code.json") == record


@pytest.mark.parametrize(
    ("record", "asked", "answers"),
    [
        pytest.param(DEFAULTED, "1.0", True, id="its version"),
        pytest.param(DEFAULTED, "2.0", False, id="another version"),
        pytest.param(DEFAULTED, "stable", False, id="a channel, where the version was chosen"),
        pytest.param(DEFAULTED, "", False, id="nothing"),
        pytest.param(NAMED, "stable", True, id="its channel"),
        pytest.param(NAMED, "5.0", True, id="the version that its channel named"),
        pytest.param(NAMED, "canary", False, id="another channel"),
    ],
)
def test_a_record_answers_those_who_ask_for(record: VersionRecord, asked: str, answers: bool) -> None:
    assert record.answers(asked) is answers

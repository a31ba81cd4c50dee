"""The Envelope that is written and read here is that of the golden files, which the job's side reads."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airflow_jobkit.contracts.envelope import DatasetBinding, Envelope, NotifierBinding, decode
from airflow_jobkit.contracts.run_key import RunIdentity
from airflow_jobkit.errors import ContractError

GOLDEN = Path(__file__).parents[2] / "contracts"

ENVELOPE = Envelope(
    identity=RunIdentity(
        "flights_daily", "scheduled__2026-01-02T06:00:00+00:00", "clean_flights", map_index=-1, generation=1
    ),
    try_number=2,
    logical_date="2026-01-01T06:00:00+00:00",
    data_interval_start="2026-01-01T06:00:00+00:00",
    data_interval_end="2026-01-02T06:00:00+00:00",
    engine="local",
    environment="local",
    code_version="0.1.0",
    code_digest="9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab",
    arguments=("month",),
    data_root="/srv/dwh/data",
    datasets={
        "flights": DatasetBinding(
            "/srv/dwh/data/raw/flights.csv", "csv", "year INT, month INT", {"header": "true"}
        )
    },
    result=(
        "/srv/dwh/runs/flights_daily/scheduled__2026-01-02T06%3A00%3A00%2B00%3A00/clean_flights/-1/"
        "3f6d2c0f5b0e4f0f9b0a7d1c2e3f4a5b/result.json"
    ),
    notifier=NotifierBinding(None, {"topic_arn": "arn:aws:sns:us-east-1:123456789012:jobs"}),
)


def decoded(text: str) -> Any:
    return json.loads(zlib.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))


def encoded(document: Any) -> str:
    packed = zlib.compress(json.dumps(document).encode())
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


@pytest.fixture
def golden_document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((GOLDEN / "envelope-v1.json").read_text())
    # The golden run key is a made-up one.
    return {**document, "run_key": ENVELOPE.identity.key}


def test_the_document_is_the_golden_one(golden_document: dict[str, Any]) -> None:
    assert ENVELOPE.document() == golden_document


def test_the_golden_text_holds_the_golden_document() -> None:
    text = (GOLDEN / "envelope-v1.txt").read_text().strip()
    assert decoded(text) == json.loads((GOLDEN / "envelope-v1.json").read_text())


def test_the_encoded_text_holds_the_document() -> None:
    assert decoded(ENVELOPE.encode()) == ENVELOPE.document()


def test_the_encoded_text_is_one_plain_argument() -> None:
    text = ENVELOPE.encode()
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    assert not text.startswith("-")


def test_the_same_envelope_is_encoded_the_same() -> None:
    assert ENVELOPE.encode() == replace(ENVELOPE).encode()


def test_text_beyond_ascii_survives() -> None:
    envelope = replace(ENVELOPE, notifier=NotifierBinding("dwh.Team", {"channel": "Flüge ✈"}))
    assert decoded(envelope.encode())["notifier"] == {
        "class": "dwh.Team",
        "settings": {"channel": "Flüge ✈"},
    }


def test_the_golden_text_is_read_as_the_golden_envelope() -> None:
    assert decode((GOLDEN / "envelope-v1.txt").read_text().strip()) == ENVELOPE


def test_what_is_encoded_is_read_back() -> None:
    envelope = replace(ENVELOPE, logical_date=None, notifier=NotifierBinding("dwh.Team", {"channel": "✈"}))
    assert decode(envelope.encode()) == envelope


def test_a_field_of_a_newer_writer_is_ignored() -> None:
    assert decode(encoded({**ENVELOPE.document(), "colour": "blue"})) == ENVELOPE


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("no envelope!", id="no base64url"),
        pytest.param("bm8gemxpYg", id="no zlib"),
        pytest.param(ENVELOPE.encode()[:-8], id="one that is cut off"),
        pytest.param(encoded([]), id="a list"),
        pytest.param(encoded({"schema": 1}), id="one without its fields"),
        pytest.param(encoded({**ENVELOPE.document(), "schema": 2}), id="one of another form"),
        pytest.param(encoded({**ENVELOPE.document(), "datasets": "none"}), id="one with a wrong field"),
    ],
)
def test_what_is_no_envelope_is_an_error_that_says_so(text: str) -> None:
    with pytest.raises(ContractError, match="not an Envelope"):
        decode(text)

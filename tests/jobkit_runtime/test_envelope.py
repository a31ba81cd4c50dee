from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from jobkit_runtime import EnvelopeError, envelope
from jobkit_runtime.envelope import DatasetBinding

CONTRACTS = Path(__file__).resolve().parents[1] / "contracts"


def golden_text() -> str:
    return (CONTRACTS / "envelope-v1.txt").read_text().strip()


def test_the_golden_envelope_decodes_to_every_field_of_its_document(contract):
    document = contract("envelope-v1.json")
    sent = envelope.decode(golden_text())
    run = sent.run
    for name in ("run_key", "dag_id", "run_id", "task_id", "map_index", "try_number", "generation", "engine"):
        assert getattr(run, name) == document[name]
    assert (run.environment, run.code_version, run.code_digest) == (
        document["environment"],
        document["code_version"],
        document["code_digest"],
    )
    assert run.logical_date == run.data_interval_start == datetime(2026, 1, 1, 6, tzinfo=timezone.utc)
    assert run.data_interval_end == datetime(2026, 1, 2, 6, tzinfo=timezone.utc)
    assert sent.arguments == {"month"}
    assert sent.data_root == document["data_root"]
    assert sent.result == document["result"]
    assert sent.datasets == {
        "flights": DatasetBinding(
            "/srv/dwh/data/raw/flights.csv", "csv", "year INT, month INT", {"header": "true"}
        )
    }
    assert sent.notifier.class_path is None
    assert sent.notifier.settings == document["notifier"]["settings"]


@pytest.mark.parametrize("prefix", ["", "file://"], ids=["a pointer by path", "a pointer by file url"])
@pytest.mark.parametrize(
    "name", ["envelope-v1.json", "envelope-v1.txt"], ids=["to plain JSON", "to packed text"]
)
def test_a_pointer_leads_to_the_same_envelope(prefix, name):
    assert envelope.decode(f"@{prefix}{CONTRACTS / name}") == envelope.decode(golden_text())


def test_unknown_fields_are_ignored(contract, packed):
    document = {**contract("envelope-v1.json"), "later": {"a": 1}}
    assert envelope.decode(packed(document)) == envelope.decode(golden_text())


def test_what_a_manual_run_lacks_is_none(packed):
    sent = envelope.decode(packed({"schema": 1, "run_key": "k", "engine": "local", "logical_date": None}))
    assert (sent.run.logical_date, sent.result, sent.data_root, sent.run.map_index) == (None, None, None, -1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "version 2, and this runtime reads up to 1"),
        ({"run_key": None}, "lacks the field 'run_key'"),
        ({"try_number": "two"}, "'try_number' must be int, and is str"),
        ({"logical_date": "yesterday"}, "'logical_date' is not an ISO date and time: 'yesterday'"),
        ({"datasets": {"flights": {"format": "csv"}}}, "datasets: flights lacks the field 'path'"),
    ],
    ids=[
        "a newer version names both versions",
        "a missing field is named",
        "a wrong type is named",
        "a date that is none is shown",
        "a dataset without a place is named",
    ],
)
def test_a_wrong_document_is_an_envelope_error(contract, packed, change, message):
    with pytest.raises(EnvelopeError, match=message):
        envelope.decode(packed({**contract("envelope-v1.json"), **change}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (golden_text()[:40], "cut on its way"),
        ("{ nonsense", "not JSON"),
        ("@/nowhere/envelope.json", "nothing is there"),
    ],
    ids=["cut text", "broken JSON", "a pointer to nothing"],
)
def test_a_malformed_envelope_is_an_envelope_error(text, message):
    with pytest.raises(EnvelopeError, match=message):
        envelope.decode(text)

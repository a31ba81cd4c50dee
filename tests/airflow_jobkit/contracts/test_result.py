"""A Result of the job is read as the golden files hold it; what is no Result is refused with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_jobkit.contracts.result import DatasetResult, Result, parse_result
from airflow_jobkit.errors import ContractError

GOLDEN = Path(__file__).parents[2] / "contracts"


def golden(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((GOLDEN / f"result-v1-{name}.json").read_text())
    return document


def parsed(document: object) -> Result:
    return parse_result(json.dumps(document).encode(), "s3://runs/result.json")


def with_datasets(*counts: tuple[str, int | None]) -> Result:
    datasets = [
        {"name": f"d{i}", "role": role, "path": "p", "format": "csv", "rows": rows}
        for i, (role, rows) in enumerate(counts)
    ]
    return parsed({**golden("success"), "datasets": datasets})


def test_a_success_is_read() -> None:
    result = parsed(golden("success"))
    assert result.status == "success"
    assert result.error is None
    assert result.metrics == {"month": None, "dropped": 9430}
    assert result.datasets[0] == DatasetResult(
        name="flights", role="input", path="/srv/dwh/data/raw/flights.csv", format="csv", rows=336776
    )
    assert result.checks[0].passed
    assert result.checks[0].observed == 327346
    assert (result.rows("input"), result.rows("output")) == (336776, 327346)


def test_a_failure_is_read() -> None:
    result = parsed(golden("failed"))
    assert result.status == "failed"
    assert result.error is not None
    assert (result.error.stage, result.error.type) == ("execute", "ValueError")
    assert "month 13 is not a month" in result.error.trace
    assert result.warnings == ("notification SNS failed: EndpointConnectionError: could not connect",)


@pytest.mark.parametrize("name", ["success", "failed"])
def test_fields_of_a_newer_job_are_ignored(name: str) -> None:
    document = golden(name)
    document["cost"] = {"usd": 0.2}
    for dataset in document["datasets"]:
        dataset["files"] = 3
    assert parsed(document) == parsed(golden(name))


@pytest.mark.parametrize(
    ("counts", "rows"),
    [
        pytest.param([("input", 2), ("input", 3)], 5, id="all counted: their sum"),
        pytest.param([("input", 0)], 0, id="nothing read: zero"),
        pytest.param([("input", 2), ("input", None)], None, id="one not counted: unknown"),
        pytest.param([("input", None)], None, id="none counted: unknown"),
        pytest.param([("output", 2)], None, id="no dataset of the role: unknown"),
    ],
)
def test_rows_of_a_role(counts: list[tuple[str, int | None]], rows: int | None) -> None:
    assert with_datasets(*counts).rows("input") == rows


@pytest.mark.parametrize("schema", [2, 99, "1", None], ids=repr)
def test_a_newer_schema_is_refused_and_says_what_to_upgrade(schema: object) -> None:
    with pytest.raises(ContractError, match=r"s3://runs/result\.json: a Result of schema .*upgrade"):
        parsed({**golden("success"), "schema": schema})


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="an empty file"),
        pytest.param(b"{", id="half a file"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="no schema"),
        pytest.param(b'{"schema": 1}', id="no fields"),
        pytest.param(b'{"schema": 1, "status": "unknown"}', id="an unknown status"),
    ],
)
def test_what_is_no_result_is_refused_with_its_place(data: bytes) -> None:
    with pytest.raises(ContractError, match=r"^s3://runs/result\.json: not a Result"):
        parse_result(data, "s3://runs/result.json")

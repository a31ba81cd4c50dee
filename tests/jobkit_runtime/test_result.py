from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime, timezone
from decimal import Decimal

import pytest

from jobkit_runtime.jsonsafe import json_safe
from jobkit_runtime.outcome import CheckReport, DatasetReport, ErrorReport, Outcome
from jobkit_runtime.result import Result, deliver
from jobkit_runtime.runinfo import RunInfo

RUN = RunInfo(
    run_key="3f6d2c0f5b0e4f0f9b0a7d1c2e3f4a5b",
    engine="local",
    try_number=2,
    code_version="0.1.0",
    code_digest="9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab",
)
DATA = "/srv/dwh/data"
SUCCESS = Outcome(
    status="success",
    started_at=datetime(2026, 1, 2, 6, 0, 5, 250000, timezone.utc),
    finished_at=datetime(2026, 1, 2, 6, 0, 25, 750000, timezone.utc),
    timings={"setup": 0.001, "execute": 18.5, "commit": 0.02, "teardown": 0.0},
    metrics={"month": None, "dropped": 9430},
    datasets=(
        DatasetReport("flights", "input", f"{DATA}/raw/flights.csv", "csv", 336776),
        DatasetReport(
            "clean_flights", "output", f"{DATA}/clean_flights/{RUN.run_key}/try-2", "parquet", 327346
        ),
    ),
    checks=(CheckReport("clean_flights", "row_count(at_least=1)", True, 327346),),
)
FAILED = dataclasses.replace(
    SUCCESS,
    status="failed",
    finished_at=datetime(2026, 1, 2, 6, 0, 9, 750000, timezone.utc),
    timings={"setup": 0.001, "execute": 3.5, "teardown": 0.0},
    metrics={},
    datasets=(DatasetReport("flights", "input", f"{DATA}/raw/flights.csv", "csv", None),),
    checks=(),
    warnings=("notification SNS failed: EndpointConnectionError: could not connect",),
    error=ErrorReport(
        "execute",
        "ValueError",
        "month 13 is not a month",
        'Traceback (most recent call last):\n  File "dwh/jobs/flights.py", line 40, in execute\n'
        '    raise ValueError("month 13 is not a month")\nValueError: month 13 is not a month\n',
    ),
)


def result(outcome: Outcome) -> Result:
    return Result(RUN, "dwh.jobs.flights.clean_flights_factory", "0.1.0", outcome)


@pytest.mark.parametrize(
    ("outcome", "name"),
    [(SUCCESS, "result-v1-success.json"), (FAILED, "result-v1-failed.json")],
    ids=["a success", "a failure"],
)
def test_the_written_result_is_the_golden_document(outcome, name, contract, tmp_path):
    place = tmp_path / "runs" / "a%3Ab" / "result.json"
    deliver(result(outcome), str(place))
    assert json.loads(place.read_text()) == contract(name)
    assert [path.name for path in place.parent.iterdir()] == ["result.json"]


def test_without_a_place_one_line_on_stdout_carries_the_result(capsys, contract):
    deliver(result(SUCCESS), None)
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert json.loads(line.removeprefix("JOBKIT_RESULT ")) == contract("result-v1-success.json")


def test_a_place_that_cannot_be_written_falls_back_to_the_line_and_raises_nothing(capsys, caplog, tmp_path):
    (tmp_path / "file").touch()
    deliver(result(SUCCESS), f"{tmp_path}/file/result.json")
    # The last line: Airflow, where another test has imported it, logs to stdout too.
    assert capsys.readouterr().out.splitlines()[-1].startswith("JOBKIT_RESULT {")
    assert "could not be written" in caplog.text


class Scalar:
    """Stands for a numpy scalar."""

    def item(self) -> float:
        return 1.5


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        (date(2026, 1, 2), "2026-01-02"),
        (Decimal("3.00"), 3),
        (Decimal("3.5"), 3.5),
        (Scalar(), 1.5),
        (float("nan"), None),
        ({1: {"a", "b"}}, {"1": ["a", "b"]}),
    ],
    ids=[
        "dates are text",
        "whole Decimals int",
        "Decimals float",
        "scalars by item",
        "NaN null",
        "sets lists",
    ],
)
def test_metrics_become_json_without_a_warning(value, safe):
    warnings: list[str] = []
    assert json_safe(value, "metric m", warnings.append) == safe
    assert warnings == []


def test_a_metric_that_json_does_not_know_becomes_text_with_a_warning():
    warnings: list[str] = []
    assert json_safe({"x": 1j}, "metric m", warnings.append) == {"x": "1j"}
    assert warnings == ["metric m.x is a complex, which JSON does not know: its text is in the Result"]

"""What a finished run means: its summary for XCom, or the error that fails the task."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from airflow_jobkit.contracts.result import MissingResult, Result
from airflow_jobkit.errors import EngineError, JobFailedError

XCOM_LIMIT = 40_000
"""The largest summary that goes to XCom, in bytes of JSON; the Result itself is where `result` says."""


@dataclass(frozen=True)
class RunEnd:
    """How an Engine ended a run: whether it calls it a success, and its own words for it."""

    succeeded: bool
    detail: str


@dataclass(frozen=True)
class RunLabel:
    """What a message must always name: the job, its code version and digest, the try, the Result's place."""

    spark_job: str
    code_version: str
    code_digest: str
    try_number: int
    result: str

    def __str__(self) -> str:
        return f"{self.spark_job} at code version {self.code_version}, try {self.try_number}"


def conclude(end: RunEnd, result: Result | MissingResult, label: RunLabel) -> dict[str, Any]:
    """Bring the Engine's word and the job's Result together.

    Returns:
        The summary for XCom. Without a Result its status is `unknown` and it holds no counts.

    Raises:
        JobFailedError: The job says that it failed; the message is its own.
        EngineError: The Engine says that the run failed, and the job does not say why.
    """
    if isinstance(result, Result) and result.error is not None:
        error = result.error
        raise JobFailedError(f"{error.type}: {error.message} (in {error.stage} of {label})")
    reason = result.reason if isinstance(result, MissingResult) else None
    if not end.succeeded:
        raise EngineError(
            f"{end.detail}: {label} ended without saying why ({reason or f'no error in {label.result}'}); "
            "its own output may say more"
        )
    known = {
        "code_version": label.code_version,
        "code_digest": label.code_digest,
        "result": label.result,
    }
    if isinstance(result, MissingResult):
        return {"status": "unknown", **known}
    return _capped({"status": result.status, **known, **_details(result)})


def _details(result: Result) -> dict[str, Any]:
    return {
        "rows_in": result.rows("input"),
        "rows_out": result.rows("output"),
        "metrics": dict(result.metrics),
        "datasets": [dataset.model_dump() for dataset in result.datasets],
        "checks": [check.model_dump() for check in result.checks],
        "warnings": list(result.warnings),
        "timings": dict(result.timings),
    }


def _capped(summary: dict[str, Any]) -> dict[str, Any]:
    """The summary, without its longest parts where it is too large for XCom; `left_out` names them."""
    left_out: list[str] = []
    while len(json.dumps(summary, default=str)) > XCOM_LIMIT:
        largest = max(summary, key=lambda key: len(json.dumps(summary[key], default=str)))
        left_out.append(largest)
        summary = {key: value for key, value in summary.items() if key != largest}
    return {**summary, "left_out": left_out} if left_out else summary

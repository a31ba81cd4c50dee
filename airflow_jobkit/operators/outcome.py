"""What a finished run means: its summary for XCom, or the error that fails the task."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from airflow_jobkit.contracts.result import JobError, MissingResult, Result
from airflow_jobkit.engines.states import Stage
from airflow_jobkit.errors import EngineError, JobFailedError
from airflow_jobkit.operators.failure import Failure, raised, trace_end, what_next

CHECK_ERROR = "CheckFailedError"
"""The error of the job's side that says that a check did not hold."""

_FINAL_ERRORS = frozenset({"ArgumentError", "EnvelopeError", "ModuleNameError", "JobDefinitionError"})
"""The errors of the job's side, before the job begins, that the same code and arguments give every time."""
_BEFORE_THE_JOB = frozenset({"parse", "configure", "create"})
_EXCEPTION = re.compile(
    r"(?P<type>[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt)): (?P<message>.+)", re.DOTALL
)

XCOM_LIMIT = 40_000
"""The largest summary that goes to XCom, in bytes of JSON; the Result itself is where `result` says."""


@dataclass(frozen=True)
class Written:
    """Which Result is that of a run: one written by this try or a later one, and not what stood there before.

    Attributes:
        try_number: The try that began the run.
        earlier: The sha256 of the Result that stood there before; None if none did.
    """

    try_number: int
    earlier: str | None


@dataclass(frozen=True)
class RunEnd:
    """How an Engine ended a run.

    Attributes:
        succeeded: Whether it calls it a success.
        detail: Its own words for it.
        written: Which Result is the run's.
        stage: Where it went wrong, if it did.
        state: Its state, as the service names it; may be empty.
        link: The run's page; may be empty.
        error: What the service says of the job's error; may be empty.
        trace: Where the job failed, as the service tells; may be empty.
    """

    succeeded: bool
    detail: str
    written: Written
    stage: Stage = Stage.JOB
    state: str = ""
    link: str = ""
    error: str = ""
    trace: str = ""


@dataclass(frozen=True)
class RunLabel:
    """What a message must always name: the job, its code version and digest, the try, the Result's place.

    `is_last_try` says whether Airflow does not retry after this one.
    """

    spark_job: str
    code_version: str
    code_digest: str
    try_number: int
    result: str
    is_last_try: bool = False

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
        raise _job_failed(result.error, end, label)
    if not end.succeeded:
        raise _run_failed(end, result, label)
    known = {
        "code_version": label.code_version,
        "code_digest": label.code_digest,
        "result": label.result,
    }
    if isinstance(result, MissingResult):
        return {"status": "unknown", **known}
    return _capped({"status": result.status, **known, **_details(result)})


def _job_failed(error: JobError, end: RunEnd, label: RunLabel) -> JobFailedError:
    """The job says why it failed."""
    final = error.stage in _BEFORE_THE_JOB and error.type in _FINAL_ERRORS
    failure = Failure(
        headline=f"{f'{error.type}: {error.message}'.removesuffix(': ')} (in {error.stage} of {label})",
        stage=_stage(end, error.type, reported=True),
        error_type=error.type,
        message=error.message,
        trace=trace_end(error.trace),
        **_of_run(end, label, retried=not final),
    )
    return raised(JobFailedError(), failure)


def _run_failed(end: RunEnd, result: Result | MissingResult, label: RunLabel) -> EngineError:
    """The Engine says that the run failed, and the job does not say why."""
    reason = result.reason if isinstance(result, MissingResult) else None
    because = f" ({reason})" if reason else ""
    silent = f"ended without saying why{because}; its own output may say more"
    told = _EXCEPTION.match(end.error)
    failure = Failure(
        headline=f"{end.detail}: {label} {f'reported no error itself{because}' if end.error else silent}",
        stage=_stage(end, told["type"] if told else ""),
        error_type=told["type"] if told else EngineError.__name__,
        message=told["message"] if told else end.error or end.detail,
        trace=trace_end(end.trace),
        **_of_run(end, label),
    )
    return raised(EngineError(), failure)


def _stage(end: RunEnd, error_type: str, *, reported: bool = False) -> Stage:
    """Where it went wrong: a job that is stopped may report that as an error of its own."""
    if end.stage in (Stage.TIME_OUT, Stage.CANCELLED) and not end.succeeded:
        return end.stage
    if error_type == CHECK_ERROR:
        return Stage.CHECK
    return Stage.JOB if reported else end.stage


def _of_run(end: RunEnd, label: RunLabel, *, retried: bool = True) -> dict[str, Any]:
    """What every failure of a run says of it."""
    return {
        "spark_job": label.spark_job,
        "try_number": label.try_number,
        "retried": retried,
        "what_next": what_next(retried=retried, is_last_try=label.is_last_try),
        "code_version": label.code_version,
        "code_digest": label.code_digest,
        "state": end.state,
        "detail": end.detail,
        "link": end.link,
        "result": label.result,
    }


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

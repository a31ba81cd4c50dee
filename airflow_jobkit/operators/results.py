"""The Result of a run: read, told apart from those of other runs, and told in the log."""

from __future__ import annotations

import hashlib
from typing import Any

from airflow_jobkit.contracts.result import MissingResult, Result, parse_result
from airflow_jobkit.errors import ContractError, ReleaseError
from airflow_jobkit.operators.outcome import Written
from airflow_jobkit.operators.task_run import TaskRun
from airflow_jobkit.release import Store


def read_result(run: TaskRun, runs: Store, written: Written, log: Any) -> Result | MissingResult:
    """What a run reported; what stood there before it began does not count.

    Args:
        run: The try that asks.
        runs: The Store of the runs root.
        written: Which Result is the run's.
        log: The task's logger.
    """
    location = runs.location(run.identity.result_key)
    try:
        data = runs.read(run.identity.result_key)
        stale = data is None or digest_of(data) == written.earlier
        result = None if data is None or stale else parse_result(data, location)
    except (ReleaseError, ContractError, OSError) as error:
        # The run has ended: an error here would repeat one that may have succeeded.
        log.error("the Result cannot be read, so what the job did is unknown: %s", error)
        return MissingResult(location, f"its Result cannot be read: {error}")
    if result is None:
        log.warning("no Result at %s: what the job did is unknown", location)
        return MissingResult(location)
    if result.try_number is not None and not written.try_number <= result.try_number <= run.try_number:
        other = f"the Result at {location} is that of try {result.try_number}"
        log.warning("%s: what try %s did is unknown", other, run.try_number)
        return MissingResult(location, other)
    for warning in result.warnings:
        log.warning("%s", warning)
    if result.error is not None:
        log.error("the job failed in %s:\n%s", result.error.stage, result.error.trace)
    return result


def digest_of(data: bytes | None) -> str | None:
    """The sha256 of a Result; None where there is none."""
    return hashlib.sha256(data).hexdigest() if data is not None else None

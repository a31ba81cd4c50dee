"""The Result, read: what a job wrote about itself when it ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from airflow_jobkit.errors import ContractError

NEWEST_SCHEMA = 1
"""The newest form of the Result that this side reads."""


class _Part(BaseModel):
    """A part of a Result. Readers ignore fields that they do not know, so that a newer job can be read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class DatasetResult(_Part):
    """A dataset that the job read or wrote; `rows` is None where nobody counted."""

    name: str
    role: Literal["input", "output"]
    path: str
    format: str
    rows: int | None


class CheckResult(_Part):
    """A check and what it saw; `observed` is None where it could not be known."""

    dataset: str
    name: str
    passed: bool
    observed: Any = None


class JobError(_Part):
    """Why a job failed: the stage, the exception's type and message, and the end of its trace."""

    stage: str
    type: str
    message: str
    trace: str


class Result(_Part):
    """What a job reports: status, counts, checks, error and timings (seconds)."""

    status: Literal["success", "failed"]
    run_key: str
    module_name: str
    code_version: str | None
    code_digest: str | None
    runtime_version: str
    try_number: int | None
    started_at: str
    finished_at: str
    timings: Mapping[str, float]
    metrics: Mapping[str, Any]
    datasets: tuple[DatasetResult, ...]
    checks: tuple[CheckResult, ...]
    warnings: tuple[str, ...]
    error: JobError | None

    def rows(self, role: Literal["input", "output"]) -> int | None:
        """All rows in, or out; None where one of the datasets was not counted or there is none."""
        counts = [dataset.rows for dataset in self.datasets if dataset.role == role]
        known = [rows for rows in counts if rows is not None]
        return sum(known) if known and len(known) == len(counts) else None


@dataclass(frozen=True)
class MissingResult:
    """No Result of the try is to be had: what happened is unknown.

    Attributes:
        location: Where the job should have written it.
        reason: Why what stands there does not count; None where nothing new stands there.
    """

    location: str
    reason: str | None = None


def parse_result(data: bytes, location: str) -> Result:
    """Read a Result.

    Raises:
        ContractError: The text is no Result, or one of a newer form than this side reads.
    """
    try:
        document = json.loads(data)
        schema = document["schema"]
    except (ValueError, KeyError, TypeError) as error:
        raise ContractError(f"{location}: not a Result: {error}; the job's own log says more") from error
    if not isinstance(schema, int) or schema > NEWEST_SCHEMA:
        raise ContractError(
            f"{location}: a Result of schema {schema}, but this airflow-jobkit reads up to {NEWEST_SCHEMA}; "
            "upgrade airflow-jobkit"
        )
    try:
        return Result.model_validate(document)
    except ValidationError as error:
        raise ContractError(f"{location}: not a Result of schema {schema}: {error}") from error

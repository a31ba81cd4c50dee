"""Which code version a task runs: decided once, recorded, and the same for every later task and retry.

The record is `code.json`: one per DAG run, written by whichever of its tasks comes first, and one per task
that pins a version of its own.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from airflow_jobkit.errors import ContractError

RECORD_NAME = "code.json"


class Source(StrEnum):
    """Who chose a version."""

    TRIGGER = "trigger form"
    TASK = "task"
    DEFAULT = "default"


@dataclass(frozen=True)
class VersionRecord:
    """A chosen Release: its version, the sha256 of its manifest, and who chose it."""

    version: str
    digest: str
    source: Source

    def to_bytes(self) -> bytes:
        """The record as it is stored."""
        return (json.dumps({"schema": 1, **asdict(self)}, sort_keys=True) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes, location: str) -> VersionRecord:
        """Read a stored record.

        Raises:
            ContractError: The text is no record of a code version.
        """
        try:
            document = json.loads(data)
            return cls(document["version"], document["digest"], Source(document["source"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ContractError(
                f"{location}: not a record of a code version ({error}); only airflow-jobkit writes there, "
                "so start a new DAG run"
            ) from error


@dataclass(frozen=True)
class Choice:
    """A version to resolve, who chose it, and whether the record is the DAG run's or the task's own."""

    version: str
    source: Source

    @property
    def of_task(self) -> bool:
        """Whether the record belongs to this task alone."""
        return self.source is Source.TASK


def choose(
    *,
    run_record: VersionRecord | None,
    task_record: VersionRecord | None,
    form_choice: str | None,
    task_pin: str | None,
    default: str | None,
) -> VersionRecord | Choice | None:
    """Decide which version a task runs.

    What was recorded stays, whatever the defaults have become since. A version chosen in the trigger form
    goes before the task's own, which goes before the default.

    Args:
        run_record: The DAG run's record, if one was written.
        task_record: The task's own record, if one was written.
        form_choice: The version that a person chose for this DAG run; None where the default was left.
        task_pin: The version that the task names for itself.
        default: The version of the DAG, its environment or its project.

    Returns:
        The record to follow, or the Choice to resolve and record, or None if nobody names a version.
    """
    if run_record is not None and (task_pin is None or run_record.source is Source.TRIGGER):
        return run_record
    if task_pin is not None and task_record is not None:
        return task_record
    if form_choice is not None:
        return Choice(form_choice, Source.TRIGGER)
    if task_pin is not None:
        return Choice(task_pin, Source.TASK)
    return Choice(default, Source.DEFAULT) if default is not None else None

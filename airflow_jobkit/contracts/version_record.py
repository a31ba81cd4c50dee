"""Which code version a task runs: decided once, recorded, and the same for every later task and retry.

The record is `code.json`: one per DAG run, written by whichever of its tasks comes first, and one per task
that pins a version of its own. What was recorded stays, whatever the defaults have become since. A digest
belongs to the place of the code, so tasks whose code is elsewhere (a layout with a script per Engine, a
task's own `code`) follow the version and keep a record of their place beside it.

What a channel means for a DAG run is recorded the same way, when the first of its tasks asks.
"""

from __future__ import annotations

import hashlib
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
    """What a DAG run, or a task of it, runs.

    Attributes:
        version: The exact version.
        digest: The digest of its files.
        source: Who chose it.
        place: Where the files are; empty in records that were written before places were.
        channel: The channel that named the version; empty where the version itself was chosen.
    """

    version: str
    digest: str
    source: Source
    place: str = ""
    channel: str = ""

    def answers(self, code_version: str) -> bool:
        """Whether this is what a version or a channel asks for, wherever the channel leads by now."""
        return code_version == self.version or (self.channel != "" and code_version == self.channel)

    def holds_at(self, place: str) -> bool:
        """Whether the digest is that of the code at this place."""
        return self.place in ("", place)

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
            return cls(
                document["version"],
                document["digest"],
                Source(document["source"]),
                document.get("place", ""),
                document.get("channel", ""),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ContractError(
                f"{location}: not a record of a code version ({error}); only airflow-jobkit writes there, "
                "so start a new DAG run"
            ) from error


def place_record_name(version: str, place: str) -> str:
    """The name of the record of a version at another place than the DAG run's, or of a channel at a place."""
    return f"code-{hashlib.sha256(f'{version} {place}'.encode()).hexdigest()[:12]}.json"


@dataclass(frozen=True)
class Choice:
    """A version or a channel that is still to be resolved and recorded, and who chose it."""

    version: str
    source: Source


def choose_for_run(form_choice: str | None, default: str | None) -> Choice | None:
    """The version that a DAG run begins with: the trigger form's, else the default; None if nobody names one.

    Args:
        form_choice: The version that a person chose for this DAG run; None where the default was left.
        default: The version of the DAG, its environment or its project.
    """
    if form_choice is not None:
        return Choice(form_choice, Source.TRIGGER)
    return Choice(default, Source.DEFAULT) if default is not None else None


def follows_run(run_record: VersionRecord | None, task_pin: str | None) -> bool:
    """Whether a task runs its DAG run's version: one that pins its own does so only if a person chose it."""
    return task_pin is None or (run_record is not None and run_record.source is Source.TRIGGER)

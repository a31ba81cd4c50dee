"""The Envelope that a simulated run finds among its arguments, and the Result that it writes."""

from __future__ import annotations

import base64
import json
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

ERROR_TYPE = "ValueError"
ERROR_MESSAGE = "no flights on the moon"
ERROR_TRACE = (
    "Traceback (most recent call last):\n"
    '  File "dwh/jobs/flights.py", line 40, in execute\n'
    f'    raise {ERROR_TYPE}("{ERROR_MESSAGE}")\n'
    f"{ERROR_TYPE}: {ERROR_MESSAGE}\n"
)

_ENVELOPE = "--jobkit_envelope"
_MODULE_NAME = "--module_name"
_RUNTIME_VERSION = "0.0.0"
"""Of a runtime that is none."""


class Objects(Protocol):
    """The emulated S3."""

    def read(self, url: str) -> bytes | None:
        """The content of an `s3://` URL; None where there is none."""

    def write(self, url: str, content: bytes) -> None:
        """Write the object of an `s3://` URL; raises OSError."""


@dataclass(frozen=True)
class Submission:
    """What a run was told.

    Attributes:
        module_name: The job.
        envelope: The document of its Envelope; None: it has none.
    """

    module_name: str
    envelope: dict[str, Any] | None

    @property
    def run_key(self) -> str | None:
        """The run key in the Envelope."""
        return (self.envelope or {}).get("run_key")


class Places:
    """Where Envelopes are read and Results are written: the emulated S3, and this machine's files."""

    def __init__(self, objects: Objects | None) -> None:
        self._objects = objects

    def submission(self, arguments: Sequence[str]) -> Submission:
        """Read the arguments of a run; those of no job of ours have nothing to say."""
        packed = _value(arguments, _ENVELOPE)
        envelope = None
        if packed is not None:
            try:
                envelope = _decoded(self._read(packed[1:]) if packed.startswith("@") else packed)
            except (OSError, ValueError, zlib.error) as error:
                print(f"a simulated run cannot read its Envelope: {error}", file=sys.stderr)
        return Submission(_value(arguments, _MODULE_NAME) or "", envelope)

    def write_result(self, submission: Submission, run_id: str, started: float, *, succeeded: bool) -> None:
        """Write the Result of a run, where its Envelope says; a place that cannot be written gets none."""
        location = (submission.envelope or {}).get("result")
        if not location:
            return
        document = _result(submission, run_id, started, succeeded=succeeded)
        try:
            self._write(location, (json.dumps(document, indent=2) + "\n").encode())
        except OSError as error:
            print(f"run {run_id}: its Result cannot be written: {error}", file=sys.stderr)

    def _read(self, location: str) -> str:
        if "://" not in location:
            return Path(location).read_text(encoding="utf-8")
        content = self._objects.read(location) if self._objects else None
        if content is None:
            raise OSError(f"there is nothing at {location}")
        return content.decode()

    def _write(self, location: str, content: bytes) -> None:
        if "://" in location:
            if self._objects is None:
                raise OSError(f"there is no S3 for {location}")
            self._objects.write(location, content)
            return
        file = Path(location)
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"{file.name}.unfinished")
        unfinished.write_bytes(content)
        unfinished.replace(file)


def _value(arguments: Sequence[str], name: str) -> str | None:
    """The value of an option, written as `--name value` or `--name=value`."""
    for place, word in enumerate(arguments):
        if word == name and place + 1 < len(arguments):
            return arguments[place + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return None


def _decoded(text: str) -> dict[str, Any]:
    text = text.strip()
    if not text.startswith("{"):
        text = zlib.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))).decode()
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("it is no JSON object")
    return document


def _result(submission: Submission, run_id: str, started: float, *, succeeded: bool) -> dict[str, Any]:
    envelope = submission.envelope or {}
    finished = datetime.now(timezone.utc)
    begun = datetime.fromtimestamp(started, timezone.utc)
    error = {"stage": "execute", "type": ERROR_TYPE, "message": ERROR_MESSAGE, "trace": ERROR_TRACE}
    return {
        "schema": 1,
        "status": "success" if succeeded else "failed",
        "run_key": envelope.get("run_key"),
        "module_name": submission.module_name,
        "code_version": envelope.get("code_version"),
        "code_digest": envelope.get("code_digest"),
        "runtime_version": _RUNTIME_VERSION,
        "engine": envelope.get("engine"),
        "try_number": envelope.get("try_number"),
        "started_at": begun.isoformat(timespec="microseconds"),
        "finished_at": finished.isoformat(timespec="microseconds"),
        "timings": {"execute": round((finished - begun).total_seconds(), 3)},
        # Says which run wrote it.
        "metrics": {"simulated_run": run_id} if succeeded else {},
        "datasets": [],
        "checks": [],
        "warnings": [],
        "error": None if succeeded else error,
    }

"""The Result: what the job tells the operator. Version 1, write side."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone

from jobkit_runtime import storage
from jobkit_runtime.outcome import Outcome
from jobkit_runtime.runinfo import RunInfo

SCHEMA = 1
MARKER = "JOBKIT_RESULT"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """One run's Outcome, and whose it is."""

    run: RunInfo
    module_name: str
    runtime_version: str
    outcome: Outcome

    def with_warning(self, warning: str) -> Result:
        """The same Result with one warning more."""
        return replace(self, outcome=replace(self.outcome, warnings=(*self.outcome.warnings, warning)))

    def document(self) -> dict[str, object]:
        """The Result as the JSON document that the operator reads."""
        outcome = self.outcome
        return {
            "schema": SCHEMA,
            "status": outcome.status,
            "run_key": self.run.run_key,
            "module_name": self.module_name,
            "code_version": self.run.code_version,
            "code_digest": self.run.code_digest,
            "runtime_version": self.runtime_version,
            "engine": self.run.engine,
            "try_number": self.run.try_number,
            "started_at": _moment(outcome.started_at),
            "finished_at": _moment(outcome.finished_at),
            "timings": dict(outcome.timings),
            "metrics": dict(outcome.metrics),
            "datasets": [asdict(dataset) for dataset in outcome.datasets],
            "checks": [asdict(check) for check in outcome.checks],
            "warnings": list(outcome.warnings),
            "error": None if outcome.error is None else asdict(outcome.error),
        }


def deliver(result: Result, url: str | None) -> None:
    """Put the Result at `url`, whole or not at all.

    Where no `url` is given, or it cannot be written, one line on stdout carries it: `JOBKIT_RESULT {json}`.
    The job's outcome stands whatever happens here, so nothing is raised.
    """
    if url is not None:
        try:
            storage.write_text(url, json.dumps(result.document(), indent=2, allow_nan=False) + "\n")
        except Exception:  # noqa: BLE001 -- whatever it is, the line on stdout still carries the Result
            _LOG.exception("the Result could not be written to %s; it follows on stdout", url)
        else:
            return
    sys.stdout.write(f"{MARKER} {json.dumps(result.document())}\n")
    sys.stdout.flush()


def _moment(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")

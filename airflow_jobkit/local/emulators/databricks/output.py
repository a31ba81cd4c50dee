"""What a task leaves behind: its logs, and the error that ended it, as `runs/get-output` gives them."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from airflow_jobkit.local.emulators.scripts import ScriptEnd

LONGEST_LOGS = 5 * 1024 * 1024
"""In characters; the service gives the last 5 MB."""

_TRACEBACK = "Traceback (most recent call last):"
_CHAINED = ("another exception occurred:", "the direct cause of the following exception:")


@dataclass(frozen=True)
class Output:
    """The output of a task run; `error` and `error_trace` are None where it succeeded."""

    logs: str
    logs_truncated: bool
    error: str | None = None
    error_trace: str | None = None


def output_of(end: ScriptEnd) -> Output:
    """What is kept of a script that ended."""
    logs = end.output + end.errors
    truncated = len(logs) > LONGEST_LOGS
    kept = logs[-LONGEST_LOGS:]
    if end.exit_code == 0 or end.stopped:
        return Output(kept, truncated)
    return Output(kept, truncated, _error(end), _trace(end.errors))


def _error(end: ScriptEnd) -> str:
    if end.error:
        return f"{end.error.type}: {end.error.message}"
    if end.exit_code < 0:
        name = signal.Signals(-end.exit_code).name
        return f"The Python process exited with exit code {128 - end.exit_code} ({name})."
    return f"The Python process exited with exit code {end.exit_code}."


def _trace(errors: str) -> str:
    """The last traceback of stderr, with those that led to it."""
    start = errors.rfind(_TRACEBACK)
    while start > 0 and errors[:start].rstrip().endswith(_CHAINED):
        start = errors.rfind(_TRACEBACK, 0, start)
    return errors[start:].strip() if start >= 0 else ""

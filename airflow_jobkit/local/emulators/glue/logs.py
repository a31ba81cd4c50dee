"""What a run prints, in CloudWatch's log groups."""

from __future__ import annotations

import sys
import threading
import time

from airflow_jobkit.local.emulators.wsgi import Application, call_json

PREFIX = "/aws-glue/jobs"
OUTPUT = f"{PREFIX}/output"
ERRORS = f"{PREFIX}/error"

_MOST_EVENTS = 1000
_LONGEST_EVENT = 200_000


class RunLog:
    """The two log streams of a run."""

    def __init__(self, app: Application, run_id: str) -> None:
        self._app = app
        self._run_id = run_id
        self._shipped = {OUTPUT: 0, ERRORS: 0}
        self._lock = threading.Lock()
        for group in self._shipped:
            _logs(app, "CreateLogGroup", logGroupName=group)
            _logs(app, "CreateLogStream", logGroupName=group, logStreamName=run_id)

    def ship(self, output: str, errors: str, *, whole: bool) -> None:
        """Send what is new of all that a script has written: lines, and the rest where it is `whole`."""
        with self._lock:
            for group, text in ((OUTPUT, output), (ERRORS, errors)):
                end = len(text) if whole else text.rfind("\n") + 1
                start = self._shipped[group]
                if end > start:
                    self._shipped[group] = end
                    self._put(group, text[start:end].splitlines())

    def _put(self, group: str, lines: list[str]) -> None:
        # CloudWatch takes no empty message.
        pieces = [
            line[start : start + _LONGEST_EVENT] or " "
            for line in lines
            for start in range(0, max(len(line), 1), _LONGEST_EVENT)
        ]
        now = int(time.time() * 1000)
        for start in range(0, len(pieces), _MOST_EVENTS):
            events = [{"timestamp": now, "message": text} for text in pieces[start : start + _MOST_EVENTS]]
            _logs(self._app, "PutLogEvents", logGroupName=group, logStreamName=self._run_id, logEvents=events)


def ship_if_possible(log: RunLog, run_id: str, output: str, errors: str, *, whole: bool) -> None:
    """Send what is new; a log that cannot be kept is no reason for a run to go on."""
    try:
        log.ship(output, errors, whole=whole)
    except Exception as error:  # noqa: BLE001 - as said
        print(f"run {run_id}: its log cannot be kept: {error}", file=sys.stderr)


def _logs(app: Application, operation: str, **request: object) -> None:
    # A group or stream that is there already is no error here.
    call_json(app, "logs", f"Logs_20140328.{operation}", request)

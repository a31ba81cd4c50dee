"""What has happened so far in one run: timed stages, warnings, and the first failure."""

from __future__ import annotations

import contextlib
import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path

from jobkit_runtime.outcome import CheckReport, DatasetReport, ErrorReport, Outcome

_LOG = logging.getLogger(__name__)
_PACKAGE = str(Path(__file__).parent)
_TRACE_LINES = 20
_MESSAGE_CHARACTERS = 2000


class Journal:
    """Collects while the run goes on; `outcome` makes the frozen account of it."""

    def __init__(self) -> None:
        self.started_at = datetime.now(timezone.utc)
        self.timings: dict[str, float] = {}
        self.warnings: list[str] = []
        self.error: ErrorReport | None = None
        self.exception: BaseException | None = None

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside; an exception passes on, and the first one is the run's failure."""
        with self._timed(name):
            try:
                yield
            except BaseException as exc:
                self._fail(name, exc)
                raise

    def attempt(self, name: str, action: Callable[[], object]) -> None:
        """Time an action that may not change the outcome any more: its failure is a warning."""
        with self._timed(name):
            try:
                action()
            except BaseException as exc:  # noqa: BLE001 -- the data is published or given up already
                _LOG.warning("%s failed", name, exc_info=exc)
                self.warnings.append(f"{name} failed: {one_line(exc)}")

    def warn(self, message: str) -> None:
        """Add a warning to the Result, and to the log."""
        _LOG.warning("%s", message)
        self.warnings.append(message)

    def outcome(
        self,
        metrics: Mapping[str, object] | None = None,
        datasets: tuple[DatasetReport, ...] = (),
        checks: tuple[CheckReport, ...] = (),
    ) -> Outcome:
        """The account of the run up to now."""
        return Outcome(
            status="success" if self.error is None else "failed",
            started_at=self.started_at,
            finished_at=datetime.now(timezone.utc),
            timings=dict(self.timings),
            metrics=dict(metrics or {}),
            datasets=datasets,
            checks=checks,
            warnings=tuple(self.warnings),
            error=self.error,
            exception=self.exception,
        )

    @contextlib.contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.timings[name] = round(time.perf_counter() - started, 3)

    def _fail(self, stage: str, exc: BaseException) -> None:
        if self.error is None:
            self.exception = exc
            message = str(exc)[:_MESSAGE_CHARACTERS]
            self.error = ErrorReport(stage, type(exc).__name__, message, _trace(exc))


def one_line(exc: BaseException) -> str:
    """An exception for a warning or a log line: its type and the first line of its message."""
    lines = str(exc).strip().splitlines()
    return f"{type(exc).__name__}: {lines[0]}" if lines else type(exc).__name__


def _trace(exc: BaseException) -> str:
    """The end of the trace, from the first frame that is not this package's own.

    The message counts with at most half of the lines: Spark's carries the trace of a whole JVM.
    """
    frames = traceback.extract_tb(exc.__traceback__)
    while len(frames) > 1 and frames[0].filename.startswith(_PACKAGE):
        frames.pop(0)
    message = "".join(traceback.format_exception_only(type(exc), exc)).splitlines()[: _TRACE_LINES // 2]
    calls = "".join(traceback.format_list(frames)).splitlines()[-(_TRACE_LINES - len(message)) :]
    return "\n".join(["Traceback (most recent call last):", *calls, *message]) + "\n"

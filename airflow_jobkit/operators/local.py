"""Jobs on embedded Spark."""

from __future__ import annotations

import signal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from airflow_jobkit.engines.invocation import Invocation
from airflow_jobkit.engines.local.client import LocalRun
from airflow_jobkit.engines.local.fetch import fetched
from airflow_jobkit.engines.local.options import Options
from airflow_jobkit.engines.states import Stage
from airflow_jobkit.operators.generic import Attempt, GenericSparkJobOperator
from airflow_jobkit.operators.outcome import RunEnd, Written


class LocalSparkJobOperator(GenericSparkJobOperator):
    """Runs the local entry script in a child process; its output is the task's log."""

    engine: ClassVar[str] = "local"
    _run: LocalRun | None = None

    def run_job(self, attempt: Attempt, context: Any) -> RunEnd:  # noqa: ARG002
        """Start the script, copy what it prints into the task's log, and wait for its end.

        It ends with this process, so there is never one to adopt: each try starts its own.
        """
        written = Written(attempt.run.try_number, attempt.result_digest())
        try:
            end = run_end(self._executed(attempt.invocation), written)
        finally:
            self.stop_job()
        self.log.info("%s", end.detail)
        return end

    def _executed(self, invocation: Invocation) -> int:
        """The exit code."""
        options = self.engine_options()
        assert isinstance(options, Options)  # noqa: S101 - the factory and the Settings hold no others here
        with TemporaryDirectory(prefix="jobkit-code-") as folder:
            here = fetched(invocation, Path(folder), self.store)
            self.refuse_if_killed()
            self._run = LocalRun.start(here, options)
            self.refuse_if_killed()
            self.log.info("running as process %s", self._run.pid)
            for line in self._run.lines():
                self.log.info("%s", line)
            return self._run.wait()

    def stop_job(self) -> None:
        """End the script and all that it started."""
        if self._run is not None and self._run.stop():
            self.log.info("stopped process %s and its children", self._run.pid)


def run_end(exit_code: int, written: Written) -> RunEnd:
    """What an exit code says; a negative one names the signal that ended the process."""
    if exit_code >= 0:
        return RunEnd(exit_code == 0, f"exit code {exit_code}", written)
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:  # one of Linux's nameless real-time signals
        name = f"signal {-exit_code}"
    return RunEnd(False, f"killed by {name}", written, Stage.PLATFORM)

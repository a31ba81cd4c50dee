"""The start of every job, the same on every engine: arguments in, one job run, its Result out."""

from __future__ import annotations

import dataclasses
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jobkit_runtime
from jobkit_runtime import arguments, driveronly, envelope, lifeline, logs, modules, notifiers, platforms
from jobkit_runtime.arguments import JobArguments
from jobkit_runtime.context import JobContext
from jobkit_runtime.datasets import FileDatasets
from jobkit_runtime.envelope import Envelope
from jobkit_runtime.job import AbstractJob
from jobkit_runtime.journal import Journal, one_line
from jobkit_runtime.outcome import Outcome
from jobkit_runtime.platforms import Platform
from jobkit_runtime.result import Result, deliver
from jobkit_runtime.runinfo import RunInfo

_LOG = logging.getLogger("jobkit_runtime")


def main(engine: str, argv: Sequence[str] | None = None) -> None:
    """Run the job that argv names; returns on success, raises what the job raised on failure.

    Args:
        engine: `glue`, `databricks` or `local`; told by the entry script.
        argv: the arguments without the script's name; default `sys.argv[1:]`.
    """
    given = sys.argv[1:] if argv is None else list(argv)
    logs.configure()
    if engine == "local":
        lifeline.hold()
        with lifeline.terminable():
            outcome = _Start(engine, given).run()
    else:
        outcome = _Start(engine, given).run()
    if outcome.exception is not None:
        raise outcome.exception


class _Start:
    """One start: what is known so far, so that a failure at any point can be reported under its name."""

    def __init__(self, engine: str, argv: Sequence[str]) -> None:
        self._engine = engine
        self._argv = argv
        self._journal = Journal()
        self._envelope = Envelope(RunInfo.by_hand(engine))
        self._arguments = JobArguments(arguments.peek(argv, "module_name") or "")
        self._platform: Platform | None = None
        self._driver_only = driveronly.applies(engine, argv)

    def run(self) -> Outcome:
        """Parse, configure, create, run the job, deliver the Result, notify, close."""
        if self._driver_only:
            _LOG.info(driveronly.NOTICE)
        try:
            with self._journal.stage("parse"):
                self._parse()
            with self._journal.stage("configure"):
                self._platform = platforms.platform(self._engine)
            with self._journal.stage("create"):
                job, context = self._create(self._platform)
            outcome = job.run(context)
        except BaseException:  # noqa: BLE001 -- `main` raises it again, after the Result is written
            outcome = self._journal.outcome()
        self._report(driveronly.explained(outcome) if self._driver_only else outcome)
        if self._platform is not None:
            self._platform.close()
        return outcome

    def _parse(self) -> None:
        text = arguments.peek(self._argv, arguments.ENVELOPE)
        if text is None:
            self._arguments = arguments.parse(self._argv, None)
            return
        self._envelope = self._on_this_engine(envelope.decode(text))
        self._arguments = arguments.parse(self._argv, self._envelope.arguments)

    def _on_this_engine(self, sent: Envelope) -> Envelope:
        if sent.run.engine != self._engine:
            self._journal.warn(f"the Envelope was sent to {sent.run.engine}, and runs on {self._engine}")
        return dataclasses.replace(sent, run=dataclasses.replace(sent.run, engine=self._engine))

    def _create(self, platform: Platform) -> tuple[AbstractJob[Any], JobContext[Any]]:
        given, run = self._arguments, self._envelope.run
        factory = modules.resolve(given.module_name)
        version = f"code version {run.code_version}" if run.code_version else "started by hand"
        _LOG.info("job %s, %s", factory.owner(), version)
        if given.parameters:  # their names alone: any value may hold a secret, such as a URL with a password
            _LOG.info("arguments: %s", ", ".join(given.parameters))
        params = factory.params(given.parameters)
        job = factory.create(params)
        root = self._envelope.data_root or _data_root()
        datasets = FileDatasets(platform, run, self._journal, root, self._envelope.datasets)
        context = JobContext(
            params=params,
            run=run,
            platform=platform,
            datasets=datasets,
            journal=self._journal,
            logger=logging.getLogger(given.module_name.partition(":")[0]),
            stage=given.stage,
            databricks_connection_name=given.databricks_connection_name,
        )
        return job, context

    def _report(self, outcome: Outcome) -> None:
        """Deliver the Result first, then notify: a notifier that hangs must not take the Result with it."""
        failure = "" if outcome.error is None else f" in {outcome.error.stage}"
        cause = "" if outcome.exception is None else f" ({one_line(outcome.exception)})"
        _LOG.info("finished: %s%s in %.1f s%s", outcome.status, failure, outcome.seconds, cause)
        result = Result(self._envelope.run, self._arguments.module_name, jobkit_runtime.__version__, outcome)
        url = self._envelope.result
        if url is not None:
            deliver(result, url)
        service_type, settings = self._arguments.notification_service_type, self._envelope.notifier
        warning = notifiers.notify(service_type, settings, notifiers.Notification(result))
        if url is None or warning is not None:
            deliver(result if warning is None else result.with_warning(warning), url)


def _data_root() -> str:
    return os.environ.get("JOBKIT_DATA_ROOT") or str(Path.cwd() / ".jobkit" / "data")

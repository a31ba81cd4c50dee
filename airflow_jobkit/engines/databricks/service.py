"""Databricks as a submission needs it: a token makes one run, however often its request is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_jobkit.engines.databricks.client import DatabricksClient
from airflow_jobkit.engines.looks import backoff, growing_pauses
from airflow_jobkit.engines.service import LogReader, RunOutput, RunRef, RunView
from airflow_jobkit.errors import EngineBusyError

CLOCK_SKEW_SECONDS = 300.0
"""How far the clocks of the worker and of Databricks may differ."""

_BUSY_REPEATS = 5


class DatabricksService:
    """The runs of a workspace.

    Args:
        client: Its API; nothing is sent yet.
        lookup_window: How long after a runs/submit its run may be missing in runs/list, in seconds.
    """

    repeatable = True

    def __init__(self, client: DatabricksClient, lookup_window: float = 30.0) -> None:
        self.client = client
        self._lookup_window = lookup_window

    def start(self, request: Mapping[str, Any], before_each: Callable[[], None]) -> str:
        """Start a run, or learn which one was started with this token."""
        pauses = backoff(_BUSY_REPEATS)
        while True:
            before_each()
            try:
                return str(self.client.submit(dict(request)))
            except EngineBusyError:
                pause = next(pauses, None)
                if pause is None:
                    raise
            time.sleep(pause)

    def find(self, job: str, key: str, since: float) -> RunRef | None:
        """The one-time run whose task has this key as a parameter; waits out a list that lags behind."""
        until = since + self._lookup_window
        for pause in growing_pauses():
            # Asked before the look: what is missing in a list from after `until` was never started.
            left = until - time.time()
            found = self.client.find(key, since - CLOCK_SKEW_SECONDS)
            if found is not None:
                return RunRef(str(found), job)
            if left <= 0:
                return None
            time.sleep(min(pause, left))
        raise AssertionError("the pauses have no end")

    def look(self, ref: RunRef) -> RunView:
        """Look at a run."""
        run = self.client.run(int(ref.run_id))
        return RunView(ref, run.status.state, run.status.reason, run.page_url, str(run.task_run_id))

    def stop(self, ref: RunRef) -> None:
        """Cancel a run."""
        self.client.cancel(int(ref.run_id))

    def output(self, view: RunView) -> RunOutput:
        """What the run's task left behind."""
        return self.client.output(int(view.output_id or view.ref.run_id))

    def log(self, ref: RunRef, warn: Callable[..., object]) -> LogReader:  # noqa: ARG002
        """Nothing while the run goes on: Databricks tells what it printed when it has ended."""
        return _NoLog()

    def name(self, ref: RunRef) -> str:
        """The run in words."""
        return f"Databricks run {ref.run_id}"

    def by_hand(self, ref: RunRef) -> str:
        """How a person stops the run."""
        return f"on its page in the workspace, or by `databricks jobs cancel-run {ref.run_id}`"


class _NoLog:
    def new_lines(self) -> Sequence[str]:
        """None."""
        return ()


def open_service(
    databricks_conn_id: str,
    retry_limit: int = 3,
    retry_delay: int = 1,
    retry_args: dict[Any, Any] | None = None,
) -> DatabricksService:
    """A workspace by an Airflow connection, which is looked up with the first call.

    Args:
        databricks_conn_id: The connection.
        retry_limit: How often the provider's hook sends a request that was not answered.
        retry_delay: The seconds between.
        retry_args: Arguments of the hook's `tenacity.Retrying`, instead of these two.
    """
    # Imported here, since only a task or a triggerer that runs Databricks jobs needs it.
    from airflow.providers.databricks.hooks.databricks import DatabricksHook

    hook = DatabricksHook(
        databricks_conn_id,
        retry_limit=retry_limit,
        retry_delay=retry_delay,
        retry_args=retry_args,
        caller="DatabricksSparkJobOperator",
    )
    return DatabricksService(DatabricksClient(hook))

"""Glue as a submission needs it: one attempt per StartJobRun, and runs found again by their run key."""

from __future__ import annotations

import shlex
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from airflow_jobkit.engines.glue.client import GlueClient, GlueRun
from airflow_jobkit.engines.glue.logs import DriverLog, client_of_hook
from airflow_jobkit.engines.glue.states import STATES, run_state
from airflow_jobkit.engines.looks import growing_pauses
from airflow_jobkit.engines.service import LogReader, RunOutput, RunRef, RunView
from airflow_jobkit.engines.states import Phase
from airflow_jobkit.errors import UnansweredError

CLOCK_SKEW_SECONDS = 300.0
"""How far the clocks of the worker and of Glue may differ."""

_CONSOLES = {"aws": "aws.amazon.com", "aws-cn": "amazonaws.cn", "aws-us-gov": "amazonaws-us-gov.com"}


class GlueService:
    """Glue's runs.

    Args:
        client: Glue's API.
        logs: Makes a boto3 client of CloudWatch Logs; None: the drivers' logs are not read.
        lookup_window: How long after a StartJobRun its run may be missing in GetJobRuns, in seconds.
    """

    repeatable = False

    def __init__(
        self, client: GlueClient, logs: Callable[[], Any] | None = None, lookup_window: float = 60.0
    ) -> None:
        self.client = client
        self._logs = logs
        self._lookup_window = lookup_window
        self._unanswered_at = 0.0
        self._log_groups: dict[str, str] = {}

    def start(self, request: Mapping[str, Any], before_each: Callable[[], None]) -> str:
        """Start a run; its id."""
        try:
            return self.client.start(request, before_each)
        except UnansweredError:
            # Giving up may have taken long, and what was sent may have begun its work only now.
            self._unanswered_at = time.time()
            raise

    def find(self, job: str, key: str, since: float) -> RunRef | None:
        """The run of a job whose arguments bear a submission's key; waits out a list that lags behind."""
        until = max(since, self._unanswered_at) + self._lookup_window
        for pause in growing_pauses():
            runs = self.client.runs_since(job, since - CLOCK_SKEW_SECONDS)
            bearing = [run for run in runs if run.key == key]
            if bearing:
                # Newest first; there is only one, unless somebody has started another by hand.
                return RunRef(min(bearing, key=_preference).run_id, job)
            left = until - time.time()
            if left <= 0:
                return None
            time.sleep(min(pause, left))
        raise AssertionError("the pauses have no end")

    def look(self, ref: RunRef) -> RunView:
        """Look at a run."""
        run = self.client.run(ref.job, ref.run_id)
        self._log_groups[ref.run_id] = run.log_group
        return RunView(ref, run_state(run.state, ref.run_id), run.error, self.page_url(ref))

    def stop(self, ref: RunRef) -> None:
        """Ask Glue to stop a run."""
        self.client.stop(ref.job, ref.run_id)

    def output(self, view: RunView) -> RunOutput:  # noqa: ARG002
        """Nothing: the reason of a failed state holds the error, and the log was read as it came."""
        return RunOutput()

    def log(self, ref: RunRef, warn: Callable[..., object]) -> LogReader:
        """The driver's log in CloudWatch."""
        return DriverLog(self._logs, ref.run_id, warn, self._log_groups.get(ref.run_id, ""))

    def name(self, ref: RunRef) -> str:
        """The run in words."""
        return f"Glue job run {ref.run_id} of {ref.job}"

    def by_hand(self, ref: RunRef) -> str:
        """How a person stops the run."""
        return (
            f"in the Glue console, or by `aws glue batch-stop-job-run --region {self.client.region} "
            f"--job-name {shlex.quote(ref.job)} --job-run-ids {ref.run_id}`"
        )

    def page_url(self, ref: RunRef) -> str:
        """The run's page in the console."""
        domain = _CONSOLES.get(self.client.partition, _CONSOLES["aws"])
        job = urllib.parse.quote(ref.job, safe="")
        return (
            f"https://console.{domain}/gluestudio/home?region={self.client.region}"
            f"#/job/{job}/run/{ref.run_id}"
        )


def open_service(
    aws_conn_id: str | None,
    region_name: str | None = None,
    verify: bool | str | None = None,
    botocore_config: dict[str, Any] | None = None,
    lookup_window: float = 60.0,
    stream_logs: bool = True,
) -> GlueService:
    """Glue by an Airflow connection, which is looked up here.

    Args:
        aws_conn_id: The connection; None for boto3's own chain.
        region_name: The region; None: the connection's.
        verify: Whether to verify certificates, or a file with them.
        botocore_config: Settings of the botocore client.
        lookup_window: As of `GlueService`.
        stream_logs: Whether the drivers' logs are read.
    """
    # Imported here, since only a task or a triggerer that runs Glue jobs needs it.
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    def hook(service: str) -> Any:
        return AwsBaseHook(
            client_type=service,
            aws_conn_id=aws_conn_id,
            region_name=region_name,
            verify=verify,
            config=botocore_config,
        )

    logs = (lambda: client_of_hook(hook("logs"))) if stream_logs else None
    return GlueService(GlueClient.of_hook(hook("glue")), logs, lookup_window)


def _preference(run: GlueRun) -> int:
    """Which run is taken where several bear a key: one that goes on, else one that has succeeded."""
    order = {Phase.ACTIVE: 0, Phase.SUCCEEDED: 1, Phase.FAILED: 2}
    state = STATES.get(run.state)
    # One in a state that nobody knows may go on; whoever looks at it says so.
    return order[state.phase if state is not None else Phase.ACTIVE]

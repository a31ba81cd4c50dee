"""Glue's API, as far as runs and definitions need it; every refusal says what to do about it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from airflow_jobkit.engines.glue.options import MARKER_TAG, PROJECT_TAG
from airflow_jobkit.engines.glue.payload import MARKER, RUN_KEY_ARGUMENT
from airflow_jobkit.engines.glue.refusals import (
    UNREADABLE,
    code_of,
    failed,
    has_no_room,
    is_missing,
    is_throttled,
    not_started,
)
from airflow_jobkit.engines.looks import backoff
from airflow_jobkit.errors import EngineError, EngineRefusedError

_NEWEST_RUNS = 100
_MOST_RUNS = 200
_ENDED = "JobRunInTerminalStateException"
_ENDING = "JobRunInvalidStateTransitionException"
_EXISTS = frozenset({"AlreadyExistsException", "IdempotentParameterMismatchException"})
_STOPPABLE = frozenset({"WAITING", "STARTING", "RUNNING"})
_SPARK = ("glueetl", "gluestreaming")
_START_REPEATS = 5
_ROOM_REPEATS = 12
"""How often a run is offered again that has no room: for about two minutes."""


@dataclass(frozen=True)
class GlueRun:
    """A job run, as Glue tells of it.

    Attributes:
        run_id: The run.
        state: Its state.
        error: What went wrong; may be empty.
        started_on: When it was started.
        key: The key of its submission; None where nobody gave it one.
        arguments: What it was started with.
        log_group: How the names of its log groups begin; empty where Glue does not say.
    """

    run_id: str
    state: str
    error: str
    started_on: dt.datetime | None
    key: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    log_group: str = ""


class GlueClient:
    """Glue's API for one account and region.

    Args:
        calls: A boto3 Glue client for what may be sent again.
        starts: Makes one that sends a request once: boto3 cannot know whether a StartJobRun without an answer
            has started a run, and sending it again would start a second one.
        pauses: The seconds between a StartJobRun that was turned away and the next one, given how often that
            may be repeated.
    """

    def __init__(
        self, calls: Any, starts: Callable[[], Any], pauses: Callable[[int], Iterable[float]] | None = None
    ) -> None:
        self._calls = calls
        self._starts = starts
        self._pauses = pauses or backoff

    @classmethod
    def of_hook(cls, hook: Any) -> GlueClient:
        """With the connection and credentials of an Airflow AWS hook whose client type is glue."""
        once = hook.config.merge(Config(retries={"total_max_attempts": 1}))
        return cls(hook.conn, lambda: hook.get_client_type(region_name=hook.region_name, config=once))

    @classmethod
    def of_machine(cls) -> GlueClient:
        """With the credentials and the region that boto3 finds on this machine.

        Raises:
            EngineError: It finds no region.
        """
        try:
            client = boto3.client("glue")
        except BotoCoreError as error:
            raise EngineError(f"{str(error).rstrip('.')}; set AWS_DEFAULT_REGION, or AWS_PROFILE") from error
        return cls(client, lambda: client)

    @property
    def region(self) -> str:
        """The AWS region."""
        return str(self._calls.meta.region_name)

    @property
    def partition(self) -> str:
        """The AWS partition, such as `aws` or `aws-cn`."""
        return str(self._calls.meta.partition)

    def ensure_definition(self, request: Mapping[str, Any]) -> bool:
        """Create a definition where there is none of its name; an existing one is never changed.

        Args:
            request: The CreateJob request.

        Returns:
            Whether it was created; a task that comes second finds the first one's.
        """
        name = request["Name"]
        try:
            self._calls.get_job(JobName=name)
        except UNREADABLE as error:
            if not is_missing(error):
                raise failed("GetJob", name, error) from error
        else:
            return False
        try:
            self._calls.create_job(**request)
        except UNREADABLE as error:
            if isinstance(error, ClientError) and code_of(error) in _EXISTS:
                return False
            raise failed("CreateJob", name, error) from error
        return True

    def check_existing(self, job: str) -> None:
        """Look whether a job that somebody else made can be used.

        Raises:
            EngineRefusedError: It is not there, is no Spark job, or Glue would repeat its failed runs.
        """
        try:
            found = self._calls.get_job(JobName=job)["Job"]
        except UNREADABLE as error:
            refusal = failed("GetJob", job, error)
            raise (EngineRefusedError(str(refusal)) if is_missing(error) else refusal) from error
        kind = found.get("Command", {}).get("Name")
        if kind not in _SPARK:
            raise EngineRefusedError(
                f"the existing job {job} is no Spark job: its command is {kind}, not {' or '.join(_SPARK)}; "
                "correct `glue: {existing_job: ...}`"
            )
        if found.get("MaxRetries"):
            raise EngineRefusedError(
                f"Glue would repeat failed runs of the existing job {job} by itself, {found['MaxRetries']} "
                "times; set the job's MaxRetries to 0; retries are Airflow's"
            )

    def start(self, request: Mapping[str, Any], before_each: Callable[[], None]) -> str:
        """Start a run; its id. A request that was turned away is sent again, any other is sent once.

        Args:
            request: The StartJobRun request.
            before_each: Called right before each time that it is sent; what it raises comes through.

        Raises:
            UnansweredError: Nobody knows whether it has started a run.
            EngineError: Glue refused it.
        """
        starts = self._starts()
        throttled, room = iter(self._pauses(_START_REPEATS)), iter(self._pauses(_ROOM_REPEATS))
        while True:
            before_each()
            try:
                return str(starts.start_job_run(**request)["JobRunId"])
            except UNREADABLE as error:
                pause = None
                if isinstance(error, ClientError) and is_throttled(error):
                    pause = next(throttled, None)
                elif isinstance(error, ClientError) and has_no_room(error):
                    pause = next(room, None)
                if pause is None:
                    raise not_started(request, error) from error
            time.sleep(pause)

    def run(self, job: str, run_id: str) -> GlueRun:
        """A run as it is now."""
        try:
            return _run(self._calls.get_job_run(JobName=job, RunId=run_id)["JobRun"])
        except UNREADABLE as error:
            raise failed("GetJobRun", job, error) from error

    def stop(self, job: str, run_id: str) -> None:
        """Ask Glue to stop a run; it ends some seconds later. One that has ended already is no error.

        Raises:
            EngineError: Glue does not stop it.
        """
        answer = self._call(
            "BatchStopJobRun", job, self._calls.batch_stop_job_run, JobName=job, JobRunIds=[run_id]
        )
        for failure in answer.get("Errors", ()):
            detail = failure.get("ErrorDetail", {})
            code = detail.get("ErrorCode", "no code")
            if code == _ENDED or (code == _ENDING and self.run(job, run_id).state not in _STOPPABLE):
                continue
            raise EngineError(
                f"Glue does not stop job run {run_id} of {job}: {code}: "
                f"{detail.get('ErrorMessage', 'no message')}; look at it in the Glue console"
            )

    def definitions(self, project: str) -> Iterator[str]:
        """The names of the definitions that were made for a project, sorted as Glue sorts them."""
        tags = {MARKER_TAG: MARKER, PROJECT_TAG: project}
        request: dict[str, Any] = {"Tags": tags}
        while True:
            answer = self._call("ListJobs", "", self._calls.list_jobs, **request)
            yield from answer.get("JobNames", ())
            if not answer.get("NextToken"):
                return
            request["NextToken"] = answer["NextToken"]

    def created_on(self, job: str) -> dt.datetime | None:
        """When a definition was made; None where Glue does not say."""
        answer = self._call("GetJob", job, self._calls.get_job, JobName=job)
        created: dt.datetime | None = answer["Job"].get("CreatedOn")
        return created

    def newest_runs(self, job: str) -> list[GlueRun]:
        """The newest runs of a job, newest first."""
        answer = self._call("GetJobRuns", job, self._calls.get_job_runs, JobName=job, MaxResults=_NEWEST_RUNS)
        return [_run(run) for run in answer.get("JobRuns", ())]

    def runs_since(self, job: str, since: float) -> Iterator[GlueRun]:
        """The runs of a job that were started after a moment, newest first; none where there is no such job.

        Args:
            job: The job.
            since: In seconds since 1970.
        """
        request: dict[str, Any] = {"MaxResults": _MOST_RUNS}
        while True:
            try:
                answer = self._calls.get_job_runs(JobName=job, **request)
                # An answer without them is not Glue's own, and must not look like one that there are none.
                page = [_run(run) for run in answer["JobRuns"]]
            except UNREADABLE as error:
                if is_missing(error):
                    return
                raise failed("GetJobRuns", job, error) from error
            for run in page:
                if run.started_on is not None and run.started_on.timestamp() < since:
                    return
                yield run
            if not answer.get("NextToken"):
                return
            request["NextToken"] = answer["NextToken"]

    def delete(self, job: str) -> None:
        """Remove a definition; one that is gone already is no error."""
        self._call("DeleteJob", job, self._calls.delete_job, JobName=job)

    def _call(self, action: str, job: str, method: Callable[..., Any], **request: Any) -> Any:
        try:
            return method(**request)
        except UNREADABLE as error:
            raise failed(action, job, error) from error


def _run(answer: Mapping[str, Any]) -> GlueRun:
    return GlueRun(
        run_id=answer["Id"],
        state=answer["JobRunState"],
        error=answer.get("ErrorMessage", ""),
        started_on=answer.get("StartedOn"),
        key=answer.get("Arguments", {}).get(RUN_KEY_ARGUMENT),
        arguments=answer.get("Arguments", {}),
        log_group=answer.get("LogGroupName", ""),
    )

"""Glue's API, as far as runs and definitions need it; every refusal says what to do about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from airflow_jobkit.engines.glue.options import MARKER_TAG, PROJECT_TAG
from airflow_jobkit.engines.glue.payload import MARKER, RUN_KEY
from airflow_jobkit.errors import EngineError

_NEWEST_RUNS = 100
_MISSING = "EntityNotFoundException"
_ENDED = "JobRunInTerminalStateException"
_EXISTS = frozenset({"AlreadyExistsException", "IdempotentParameterMismatchException"})

_REMEDIES: Mapping[str, str] = {
    "ConcurrentRunsExceededException": "set `glue: {queueing: true}`, so that a run waits for its turn, or "
    "raise `glue: {max_concurrent_runs: ...}` (of an existing job: its own)",
    "ResourceNumberLimitExceededException": "set `glue: {queueing: true}`, so that a run waits for its turn, "
    "or ask AWS for a higher quota of the account",
    _MISSING: "correct `glue: {existing_job: ...}`, or the connection's region and account",
    "InvalidInputException": "correct what it names in the options under `glue:`",
}
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException"})


@dataclass(frozen=True)
class GlueRun:
    """A job run, as Glue tells of it: its id, its state, what went wrong (may be empty), and its start."""

    run_id: str
    state: str
    error: str
    started_on: dt.datetime | None


class GlueClient:
    """Glue's API for one account and region.

    Args:
        calls: A boto3 Glue client for what may be sent again.
        starts: One that sends a request once: boto3 cannot know whether a StartJobRun without an answer
            has started a run, and sending it again would start a second one.
    """

    def __init__(self, calls: Any, starts: Any) -> None:
        self._calls = calls
        self._starts = starts

    @classmethod
    def of_hook(cls, hook: Any) -> GlueClient:
        """With the connection and credentials of an Airflow AWS hook whose client type is glue."""
        once = hook.config.merge(Config(retries={"total_max_attempts": 1}))
        return cls(hook.conn, hook.get_client_type(region_name=hook.region_name, config=once))

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
        return cls(client, client)

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
        except ClientError as error:
            if _code(error) != _MISSING:
                raise refused("GetJob", name, error) from error
        except BotoCoreError as error:
            raise unanswered("GetJob", name, error) from error
        else:
            return False
        try:
            self._calls.create_job(**request)
        except ClientError as error:
            if _code(error) in _EXISTS:
                return False
            raise refused("CreateJob", name, error) from error
        except BotoCoreError as error:
            raise unanswered("CreateJob", name, error) from error
        return True

    def start(self, request: Mapping[str, Any]) -> str:
        """Start a run by one request; its id.

        Raises:
            EngineError: Glue refused it, or the answer was lost, and then nobody knows whether it started.
        """
        try:
            return str(self._starts.start_job_run(**request)["JobRunId"])
        except ClientError as error:
            raise refused("StartJobRun", request["JobName"], error) from error
        except BotoCoreError as error:
            raise EngineError(
                f"no answer from Glue to StartJobRun of {request['JobName']}: {error}; whether a run has "
                f"started is unknown: look in the Glue console for one with the argument "
                f"{RUN_KEY} {request['Arguments'][RUN_KEY]}, and stop it before the task runs again"
            ) from error

    def run(self, job: str, run_id: str) -> GlueRun:
        """A run as it is now."""
        answer = self._call("GetJobRun", job, self._calls.get_job_run, JobName=job, RunId=run_id)
        return _run(answer["JobRun"])

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
            if detail.get("ErrorCode") == _ENDED:
                continue
            raise EngineError(
                f"Glue does not stop job run {run_id} of {job}: {detail.get('ErrorCode', 'no code')}: "
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

    def delete(self, job: str) -> None:
        """Remove a definition; one that is gone already is no error."""
        self._call("DeleteJob", job, self._calls.delete_job, JobName=job)

    def _call(self, action: str, job: str, method: Callable[..., Any], **request: Any) -> Any:
        try:
            return method(**request)
        except ClientError as error:
            raise refused(action, job, error) from error
        except BotoCoreError as error:
            raise unanswered(action, job, error) from error


def _run(answer: Mapping[str, Any]) -> GlueRun:
    return GlueRun(
        run_id=answer["Id"],
        state=answer["JobRunState"],
        error=answer.get("ErrorMessage", ""),
        started_on=answer.get("StartedOn"),
    )


def refused(action: str, job: str, error: ClientError) -> EngineError:
    """Glue's own words for a request that it did not carry out, and what to do."""
    code, message = _code(error), error.response.get("Error", {}).get("Message", "")
    of_job = f" of {job}" if job else ""
    return EngineError(
        f"Glue refused {action}{of_job}: {code}: {message.rstrip('.')}; {_remedy(code, action)}"
    )


def unanswered(action: str, job: str, error: BotoCoreError) -> EngineError:
    """A request that did not reach Glue, or whose answer did not come back."""
    of_job = f" of {job}" if job else ""
    return EngineError(
        f"{action}{of_job} did not reach Glue: {str(error).rstrip('.')}; look at the AWS connection: "
        "credentials, region and network"
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "no code"))


def _remedy(code: str, action: str) -> str:
    if code in _DENIED:
        passing = ", and iam:PassRole for the runs' role" if action == "CreateJob" else ""
        return f"allow glue:{action}{passing} to the AWS identity of the connection"
    if code in _THROTTLED:
        return "too many calls at once: let fewer tasks start together, or let Airflow retry the task"
    return _REMEDIES.get(code, "look at the job in the Glue console, or let Airflow retry the task")

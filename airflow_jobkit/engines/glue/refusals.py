"""What to make of a call that Glue did not carry out, or did not answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from airflow_jobkit.engines.glue.payload import RUN_KEY
from airflow_jobkit.errors import EngineError, EngineUnavailableError

MISSING = "EntityNotFoundException"

_REMEDIES: Mapping[str, str] = {
    "ConcurrentRunsExceededException": "set `glue: {queueing: true}`, so that a run waits for its turn, or "
    "raise `glue: {max_concurrent_runs: ...}` (of an existing job: its own)",
    "ResourceNumberLimitExceededException": "set `glue: {queueing: true}`, so that a run waits for its turn, "
    "or ask AWS for a higher quota of the account",
    MISSING: "a definition that was removed is made again at the next try; for an existing job correct "
    "`glue: {existing_job: ...}`, or the connection's region and account",
    "InvalidInputException": "correct what it names in the options under `glue:`",
}
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# Errors of Glue's own: what was asked for may have been done, and the same call may be answered later.
_BROKEN = frozenset({"InternalServiceException", "OperationTimeoutException"})


def code_of(error: ClientError) -> str:
    """Glue's code for an error."""
    return str(error.response.get("Error", {}).get("Code", "no code"))


def is_throttled(error: ClientError) -> bool:
    """Whether a call was turned away unread, because there are too many."""
    return code_of(error) in _THROTTLED or _status(error) == 429


def failed(action: str, job: str, error: ClientError | BotoCoreError) -> EngineError:
    """The error of a call that can be sent again without harm; EngineUnavailableError where that may help.

    Args:
        action: The call, such as `GetJobRun`.
        job: The job that it is about; may be empty.
        error: What boto3 raised.
    """
    text = _text(action, job, error)
    passing = not isinstance(error, ClientError) or is_throttled(error) or _is_broken(error)
    return EngineUnavailableError(text) if passing else EngineError(text)


def not_started(request: Mapping[str, Any], error: Exception) -> EngineError:
    """The error of a StartJobRun; it says whether a run may have started all the same.

    Args:
        request: The StartJobRun request.
        error: What boto3 raised, or a KeyError for an answer without a run's id.
    """
    job = request["JobName"]
    if isinstance(error, ClientError) and not _is_broken(error):
        return EngineError(_text("StartJobRun", job, error))
    # boto3's other errors come before anything is sent: no credentials, no connection, a wrong request.
    if isinstance(error, BotoCoreError) and not isinstance(error, HTTPClientError):
        return EngineError(f"no run was started: {_text('StartJobRun', job, error)}")
    said = _words(error) if isinstance(error, ClientError) else f"no good answer from Glue: {error}"
    return EngineError(
        f"StartJobRun of {job} failed: {said}; whether a run has started is unknown: look in the Glue "
        f"console for one with the argument {RUN_KEY} {request['Arguments'][RUN_KEY]}, and stop it, before "
        "you clear the task"
    )


def _text(action: str, job: str, error: ClientError | BotoCoreError) -> str:
    call = f"{action} of {job}" if job else action
    if isinstance(error, ClientError):
        return f"Glue refused {call}: {_words(error)}; {_remedy(error, action)}"
    if isinstance(error, HTTPClientError):
        return f"no answer from Glue to {call}: {_plain(error)}; look at the network between here and Glue"
    remedy = "look at the AWS connection: credentials, region and network"
    return f"{call} did not reach Glue: {_plain(error)}; {remedy}"


def _words(error: ClientError) -> str:
    message = str(error.response.get("Error", {}).get("Message", ""))
    return f"{code_of(error)}: {message.rstrip('.')}"


def _plain(error: BotoCoreError) -> str:
    return str(error).rstrip(".")


def _is_broken(error: ClientError) -> bool:
    return code_of(error) in _BROKEN or _status(error) >= 500


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _remedy(error: ClientError, action: str) -> str:
    if code_of(error) in _DENIED:
        passing = ", and iam:PassRole for the runs' role" if action == "CreateJob" else ""
        return f"allow glue:{action}{passing} to the AWS identity of the connection"
    if is_throttled(error):
        return "too many calls at once: let fewer tasks start together, or let Airflow retry the task"
    return _REMEDIES.get(code_of(error), "look at the job in the Glue console, or let Airflow retry the task")

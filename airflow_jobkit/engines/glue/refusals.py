"""What to make of a call that Glue did not carry out, or did not answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, SSLError
from botocore.exceptions import ConnectionError as NotConnectedError
from botocore.parsers import ResponseParserError

from airflow_jobkit.engines.glue.payload import RUN_KEY_ARGUMENT
from airflow_jobkit.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineUnavailableError,
    RunGoneError,
    UnansweredError,
)

UNREADABLE = (BotoCoreError, ClientError, ResponseParserError, KeyError)
"""What a call may raise; the last two stand for an answer that is not Glue's own, such as a proxy's."""

_MISSING = "EntityNotFoundException"

_REMEDIES: Mapping[str, str] = {
    "ConcurrentRunsExceededException": "set `glue: {queueing: true}`, so that a run waits for its turn, or "
    "raise `glue: {max_concurrent_runs: ...}` (of an existing job: its own)",
    "ResourceNumberLimitExceededException": "set `glue: {queueing: true}`, so that a run waits for its turn, "
    "or ask AWS for a higher quota of the account",
    _MISSING: "a definition that was removed is made again at the next try; for an existing job correct "
    "`glue: {existing_job: ...}`, or the connection's region and account",
    "InvalidInputException": "correct what it names in the options under `glue:`",
}
_NO_ROOM = frozenset({"ConcurrentRunsExceededException", "ResourceNumberLimitExceededException"})
# Refusals that the same request would meet again.
_LASTING = frozenset({"InvalidInputException", "ValidationException", "UnrecognizedClientException"})
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


def has_no_room(error: ClientError) -> bool:
    """Whether a run was turned away, because there are as many as there may be."""
    return code_of(error) in _NO_ROOM


def is_missing(error: BaseException | None) -> bool:
    """Whether there is no such job or run."""
    return isinstance(error, ClientError) and code_of(error) == _MISSING


def failed(action: str, job: str, error: Exception) -> EngineError:
    """The error of a call that can be sent again without harm; EngineUnavailableError where that may help.

    Args:
        action: The call, such as `GetJobRun`.
        job: The job that it is about; may be empty.
        error: What boto3 raised; one of UNREADABLE.
    """
    text = _text(action, job, error)
    if not isinstance(error, ClientError) or is_throttled(error) or _is_broken(error):
        return EngineUnavailableError(text)
    gone = action == "GetJobRun" and is_missing(error)
    return RunGoneError(text) if gone else _refused(error, text)


def not_started(request: Mapping[str, Any], error: Exception) -> EngineError:
    """The error of a StartJobRun; it says whether a run may have started all the same.

    Args:
        request: The StartJobRun request.
        error: What boto3 raised, or a KeyError for an answer without a run's id.
    """
    job = request["JobName"]
    if isinstance(error, ClientError) and (is_throttled(error) or has_no_room(error)):
        return EngineBusyError(_text("StartJobRun", job, error))
    if isinstance(error, ClientError) and not _is_broken(error):
        return _refused(error, _text("StartJobRun", job, error))
    if not _may_have_been_sent(error):
        text = f"no run was started: {_text('StartJobRun', job, error)}"
        passing = isinstance(error, NotConnectedError)
        return EngineUnavailableError(text) if passing else EngineError(text)
    said = _words(error) if isinstance(error, ClientError) else f"no good answer from Glue: {_plain(error)}"
    return UnansweredError(
        f"StartJobRun of {job} failed: {said}; whether a run has started is unknown; it would have the "
        f"argument {RUN_KEY_ARGUMENT} {request['Arguments'][RUN_KEY_ARGUMENT]}"
    )


def _may_have_been_sent(error: Exception) -> bool:
    """Whether Glue may have seen a request.

    Most of boto3's own errors come before that: no credentials, no connection, a wrong request. An encrypted
    connection may break at any time, unless the service's certificate was never accepted.
    """
    if isinstance(error, SSLError):
        return "CERTIFICATE_VERIFY_FAILED" not in str(error)
    return not isinstance(error, BotoCoreError) or isinstance(error, HTTPClientError)


def _refused(error: ClientError, text: str) -> EngineError:
    lasting = code_of(error) in _DENIED or code_of(error) in _LASTING
    return EngineRefusedError(text) if lasting else EngineError(text)


def _text(action: str, job: str, error: Exception) -> str:
    call = f"{action} of {job}" if job else action
    if isinstance(error, ClientError):
        return f"Glue refused {call}: {_words(error)}; {_remedy(error, action)}"
    if _may_have_been_sent(error):
        return f"no answer from Glue to {call}: {_plain(error)}; look at the network between here and Glue"
    remedy = "look at the AWS connection: credentials, region and network"
    return f"{call} did not reach Glue: {_plain(error)}; {remedy}"


def _words(error: ClientError) -> str:
    message = str(error.response.get("Error", {}).get("Message", ""))
    return f"{code_of(error)}: {message.rstrip('.')}"


def _plain(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"an answer without {error}"
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

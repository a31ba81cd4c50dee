"""What to make of a call that Databricks did not carry out, or did not answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from requests.exceptions import RequestException

_LONGEST_WORDS = 1000  # in characters; a proxy's HTML page is longer
_TOO_LATE = 408  # HTTP: the request took too long
_TOO_MANY = 429
# There is no room for it now, whatever the HTTP status says.
_BUSY = ("REQUEST_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "COULD_NOT_ACQUIRE_LOCK")
_LASTING = (400, 401, 403, 404)
_OTHER_FORMS = (ValueError, KeyError, TypeError, AttributeError)
"""What the hook raises when an answer has not the form of the Jobs API."""


def is_final(error: Exception) -> bool:
    """Whether the same call would fail again, and nothing was done; else the service may answer it later."""
    response = _answer(error)
    if response is not None:
        return response.status_code < 500 and response.status_code != _TOO_LATE and not is_busy(error)
    # Airflow's own errors, such as that of a connection that is not there, come before anything is sent.
    return not any(isinstance(cause, (RequestException, *_OTHER_FORMS)) for cause in _causes(error))


def is_busy(error: Exception) -> bool:
    """Whether a call was turned away, because there are too many or there is no room."""
    response = _answer(error)
    return response is not None and (response.status_code == _TOO_MANY or _said(response)[0] in _BUSY)


def is_lasting(error: Exception) -> bool:
    """Whether trying again later cannot mend it: a right is missing, or the request is wrong."""
    response = _answer(error)
    return response is not None and response.status_code in _LASTING


def is_gone(error: Exception) -> bool:
    """Whether there is no such run, or none any more: Databricks keeps ended ones for 60 days."""
    response = _answer(error)
    if response is None:
        return False
    _, message = _said(response)
    return re.fullmatch(r"Run \d+ does not exist\.?", message) is not None


def explain(error: Exception, connection: str) -> str:
    """An error of the hook in words: what the service said, and what to do.

    Args:
        error: What the hook raised.
        connection: Airflow's connection, for the remedy.
    """
    response = _answer(error)
    if response is None:
        return f"{_short(_failure(error))}; {_unanswered(error, connection)}"
    code, message = _said(response)
    status = response.status_code
    return f"{message} ({code}, HTTP {status}); {_remedy(status, code, connection)}"


def _remedy(status: int, code: str, connection: str) -> str:
    if status == _TOO_MANY or code in _BUSY:
        return "let fewer tasks run at a time, or raise databricks_retry_limit"
    match status:
        case 401:
            return f"give the connection {connection} a valid token or service principal"
        case 403:
            return f"give the user of the connection {connection} the permission for it"
        case 404:
            return f"check the ids in the `databricks:` options, and the host of the connection {connection}"
        case _ if status >= 500:
            return "look at status.databricks.com, and let Airflow retry the task"
        case _ if code in ("INVALID_PARAMETER_VALUE", "MALFORMED_REQUEST", "BAD_REQUEST"):
            return "correct the `databricks:` options; `jobkit render` shows the request"
        case _:
            return f"check the `databricks:` options, and the connection {connection}"


def _unanswered(error: Exception, connection: str) -> str:
    if isinstance(error, _OTHER_FORMS):
        return f"the host of the connection {connection} did not answer as a workspace does; check it"
    return f"check the connection {connection}: its host, its port, and whether the host can be reached"


def _said(response: Any) -> tuple[str, str]:
    """The error code and the message of an answer; its text where it has no such form."""
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, Mapping):
        return response.reason or "no error code", _shortened(response.text) or "it gave no reason"
    code, message = answer.get("error_code"), answer.get("message")
    return str(code or "no error code"), _shortened(str(message or json.dumps(answer)))


def _answer(error: Exception) -> Any:
    """The HTTP answer that led to an error; None if there was none."""
    return next((found for found in map(_response, _causes(error)) if found is not None), None)


def _response(error: BaseException) -> Any:
    """The HTTP answer that an error of requests holds."""
    response = getattr(error, "response", None)
    return response if hasattr(response, "status_code") else None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it, up to the request that failed.

    No further, since behind it may stand an error that has nothing to do with this call.
    """
    found: BaseException | None = error
    while found is not None:
        yield found
        attempt = getattr(found, "last_attempt", None)  # of tenacity, which gave up
        if attempt is not None:
            yield attempt.exception()
            return
        if hasattr(found, "response"):  # of requests
            return
        found = found.__cause__ or found.__context__


def _failure(error: Exception) -> BaseException:
    """The failed request behind the error of a hook that gave up; else the error itself."""
    causes = list(_causes(error))
    gave_up = any(hasattr(cause, "last_attempt") for cause in causes)
    return causes[-1] if gave_up else error


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {_shortened(str(error))}"


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_WORDS else f"{text[:_LONGEST_WORDS]}..."

"""The Jobs API, through the provider's hook: its connections, its credentials and its retries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow.providers.databricks.hooks.databricks import DatabricksHook

from airflow_jobkit.engines.databricks.states import RunStatus, run_status
from airflow_jobkit.errors import EngineError

T = TypeVar("T")

_LONGEST_WORDS = 1000  # in characters; a proxy's HTML page is longer


@dataclass(frozen=True)
class DatabricksRun:
    """A run at one moment.

    Attributes:
        run_id: The run.
        status: Whether it goes on, and how it ended if not.
        page_url: Its page in the workspace; may be empty.
        task_run_id: The newest attempt of its task, which has the output; the run's own id if it has none.
    """

    run_id: int
    status: RunStatus
    page_url: str
    task_run_id: int


@dataclass(frozen=True)
class RunOutput:
    """What a task's run left behind; each may be empty.

    Attributes:
        error: Why it failed.
        trace: Where it failed.
        logs: The last of what it printed.
    """

    error: str = ""
    trace: str = ""
    logs: str = ""


class DatabricksClient:
    """The calls that a run needs.

    Each raises EngineError, with the service's own words and what to do, when it is refused or not answered.
    The hook sends a request again after a lost answer or an error of the service; it is the request's
    idempotency token that keeps this from starting a second run.
    """

    def __init__(self, hook: DatabricksHook) -> None:
        """Nothing is sent yet."""
        self._hook = hook

    def submit(self, request: dict[str, Any]) -> int:
        """Start a run and return its id; the same request again returns the id of the same run."""
        return self._call("submit the run", lambda: int(self._hook.submit_run(request)))

    def run(self, run_id: int) -> DatabricksRun:
        """Look at a run; a state that is not known is an EngineError too."""
        return self._call(f"look at run {run_id}", lambda: _run(self._hook.get_run(run_id), run_id))

    def output(self, task_run_id: int) -> RunOutput:
        """The output of a task's run."""
        return self._call(
            f"read the output of run {task_run_id}", lambda: _output(self._hook.get_run_output(task_run_id))
        )

    def cancel(self, run_id: int) -> None:
        """Ask for the end of a run; one that has ended already stays as it is."""
        self._call(f"cancel run {run_id}", lambda: self._hook.cancel_run(run_id))

    def _call(self, action: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except EngineError:
            raise
        # The hook has no error of its own on all versions: it may be Airflow's, of requests, or a KeyError.
        except Exception as error:
            connection = self._hook.databricks_conn_id
            raise EngineError(f"cannot {action} on Databricks: {explain(error, connection)}") from error


def explain(error: Exception, connection: str) -> str:
    """An error of the hook in words: what the service said, and what to do.

    Args:
        error: What the hook raised.
        connection: Airflow's connection, for the remedy.
    """
    response = next((found for found in map(_response, _causes(error)) if found is not None), None)
    if response is None:
        return f"{_short(_failure(error))}; {_unanswered(error, connection)}"
    code, message = _said(response)
    status = response.status_code
    return f"{message} ({code}, HTTP {status}); {_remedy(status, code, connection)}"


def _remedy(status: int, code: str, connection: str) -> str:
    match status:
        case 401:
            return f"give the connection {connection} a valid token or service principal"
        case 403:
            return f"give the user of the connection {connection} the permission for it"
        case 404:
            return f"check the ids in the `databricks:` options, and the host of the connection {connection}"
        case 429:
            return "let fewer tasks run at a time, or raise databricks_retry_limit"
        case _ if status >= 500:
            return "look at status.databricks.com, and let Airflow retry the task"
        case _ if code in ("INVALID_PARAMETER_VALUE", "MALFORMED_REQUEST", "BAD_REQUEST"):
            return "correct the `databricks:` options; `jobkit render` shows the request"
        case _:
            return f"check the `databricks:` options, and the connection {connection}"


def _unanswered(error: Exception, connection: str) -> str:
    if isinstance(error, ValueError | KeyError | TypeError | AttributeError):
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


def _run(answer: Mapping[str, Any], run_id: int) -> DatabricksRun:
    tasks: list[Mapping[str, Any]] = answer.get("tasks") or [{}]
    newest = max(tasks, key=lambda task: task.get("attempt_number") or 0)
    return DatabricksRun(
        run_id=run_id,
        status=run_status(answer),
        page_url=str(answer.get("run_page_url") or ""),
        task_run_id=int(newest.get("run_id") or run_id),
    )


def _output(answer: Mapping[str, Any]) -> RunOutput:
    error, trace, logs = (str(answer.get(key) or "").strip() for key in ("error", "error_trace", "logs"))
    return RunOutput(error, trace, logs)

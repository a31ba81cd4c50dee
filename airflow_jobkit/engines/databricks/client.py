"""The Jobs API, through the provider's hook: its connections, its credentials and its retries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from airflow.providers.databricks.hooks.databricks import GET_RUN_ENDPOINT, DatabricksHook

from airflow_jobkit.engines.databricks.refusals import explain, is_busy, is_final, is_gone, is_lasting
from airflow_jobkit.engines.databricks.states import RunStatus, run_status
from airflow_jobkit.engines.service import RunOutput
from airflow_jobkit.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineUnavailableError,
    RunGoneError,
    UnansweredError,
)

T = TypeVar("T")

# The version of the API is the provider's own.
_LIST = ("GET", GET_RUN_ENDPOINT[1].replace("runs/get", "runs/list"))
# The reference calls for less than 25.
_PAGE = 24


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


class DatabricksClient:
    """The calls that a run needs.

    Each raises EngineError, with the service's own words and what to do, when it is refused, and the more
    special EngineUnavailableError when it is not answered and may be later.
    The hook sends a request again after a lost answer or an error of the service; it is the request's
    idempotency token that keeps this from starting a second run.
    """

    def __init__(self, hook: DatabricksHook) -> None:
        """Nothing is sent yet."""
        self._hook = hook

    def submit(self, request: dict[str, Any]) -> int:
        """Start a run and return its id; the same request again returns the id of the same run.

        Raises:
            EngineError: It was refused.
            UnansweredError: Nobody knows whether it has started a run.
        """
        try:
            return self._call("submit the run", lambda: int(self._hook.submit_run(request)))
        except EngineBusyError:
            raise
        except EngineUnavailableError as error:
            raise UnansweredError(
                f"{error}; a run named {request['run_name']} may have been started all the same"
            ) from error

    def find(self, key: str, since: float) -> int | None:
        """The newest one-time run that has a submission's key among its task's parameters; None if none has.

        Args:
            key: The submission's key.
            since: Older runs are not looked at; in seconds since 1970.
        """
        for run in self.listed(start_time_from=int(since * 1000)):
            if key in run_parameters(run):
                return int(run["run_id"])
        return None

    def listed(self, **which: Any) -> Iterator[Mapping[str, Any]]:
        """One-time runs with their tasks, newest first, page by page.

        Args:
            which: Further parameters of runs/list, such as `active_only`.
        """
        request = {"run_type": "SUBMIT_RUN", "expand_tasks": "true", "limit": _PAGE, **which}
        while True:
            answer = self._call("list the runs", partial(self._list, dict(request)))
            yield from answer.get("runs") or ()
            if not answer.get("next_page_token"):
                return
            request["page_token"] = answer["next_page_token"]

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

    def _list(self, request: dict[str, Any]) -> Mapping[str, Any]:
        # The hook has no call of its own for one-time runs.
        answer: Mapping[str, Any] = self._hook._do_api_call(_LIST, request)  # noqa: SLF001
        return answer

    def _call(self, action: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except EngineError:
            raise
        # The hook has no error of its own on all versions: it may be Airflow's, of requests, or a KeyError.
        except Exception as error:
            text = f"cannot {action} on Databricks: {explain(error, self._hook.databricks_conn_id)}"
            raise _kind(error)(text) from error


def run_parameters(run: Mapping[str, Any]) -> list[str]:
    """The parameters of all tasks of a run that was listed with its tasks."""
    scripts = (task.get("spark_python_task") or {} for task in run.get("tasks") or ())
    return [str(value) for script in scripts for value in script.get("parameters") or ()]


def _kind(error: Exception) -> type[EngineError]:
    if not is_final(error):
        return EngineBusyError if is_busy(error) else EngineUnavailableError
    if is_gone(error):
        return RunGoneError
    return EngineRefusedError if is_lasting(error) else EngineError


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

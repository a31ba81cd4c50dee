"""The Jobs API, through the provider's hook: its connections, its credentials and its retries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow.providers.databricks.hooks.databricks import DatabricksHook

from airflow_jobkit.engines.databricks.refusals import explain, is_final
from airflow_jobkit.engines.databricks.states import RunStatus, run_status
from airflow_jobkit.errors import EngineError, EngineUnavailableError

T = TypeVar("T")


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
            EngineError: It was refused; or nobody knows whether it has started a run, and then the message
                says where to look for one.
        """
        try:
            return self._call("submit the run", lambda: int(self._hook.submit_run(request)))
        except EngineUnavailableError as error:
            raise EngineError(
                f"{error}; a run named {request['run_name']} may have been started all the same: look for it "
                "among the job runs of the workspace, and cancel it, before you clear the task"
            ) from error

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
            text = f"cannot {action} on Databricks: {explain(error, self._hook.databricks_conn_id)}"
            raise (EngineError if is_final(error) else EngineUnavailableError)(text) from error


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

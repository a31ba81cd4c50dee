"""One run per submission on Databricks: crashes, retries, clears, changes, lost answers and deferral."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from airflow.providers.databricks.hooks.databricks import DatabricksHook
from counted_store import CountedStore, WorkerLostError
from databricks_tasks import DatabricksTasks, NearbyDatabricksOperator, databricks_options
from fake_workspace import FAILED, RUN_ID, RUNNING, SUCCEEDED, TERMINATING, Failure
from task_context import TaskContext
from tenacity import stop_after_attempt

from airflow_jobkit._compat import TaskDeferred
from airflow_jobkit.engines.databricks.client import DatabricksClient
from airflow_jobkit.engines.databricks.service import DatabricksService
from airflow_jobkit.engines.service import RunRef, RunView
from airflow_jobkit.errors import EngineError, EngineRefusedError, JobkitError, RunChangedError
from airflow_jobkit.operators.task_run import task_run_of
from airflow_jobkit.triggers.run import RunTrigger

BEFORE_SUBMIT, BEFORE_ANSWER, WAITING = "before the submit", "before the answer", "waiting"


class LosingService(DatabricksService):
    """A workspace whose caller dies at one moment, and asks for nothing after that."""

    def __init__(self, moment: str) -> None:
        super().__init__(DatabricksClient(DatabricksHook("lake")))
        self._moment = moment

    def start(self, request: Mapping[str, Any], before_each: Callable[[], None]) -> str:
        if self._moment == BEFORE_SUBMIT:
            raise WorkerLostError
        run_id = super().start(request, before_each)
        if self._moment == BEFORE_ANSWER:
            raise WorkerLostError
        return run_id

    def look(self, ref: RunRef) -> RunView:
        raise WorkerLostError

    def stop(self, ref: RunRef) -> None:
        """Nothing: the dead stop no run."""


class LosingOperator(NearbyDatabricksOperator):
    """A task whose worker is lost."""

    moment = WAITING

    def open_service(self) -> DatabricksService:
        return LosingService(self.moment)


class LosingBeforeSubmit(LosingOperator):
    moment = BEFORE_SUBMIT


class LosingBeforeAnswer(LosingOperator):
    moment = BEFORE_ANSWER


@dataclass(frozen=True)
class Counted:
    """The calls of a task to its workspace and about its submissions, in order."""

    tasks: DatabricksTasks
    stored: list[str] = field(default_factory=list)

    def operator(self) -> type[NearbyDatabricksOperator]:
        """The operator, whose Stores are counted."""
        stored = self.stored

        class CountedOperator(NearbyDatabricksOperator):
            def store(self, root: str) -> Any:
                return CountedStore(super().store(root), stored)

        return CountedOperator

    def taken(self) -> tuple[list[str], list[str]]:
        """What was asked since the last time: of the Store, and of the workspace."""
        asked = [call for call, _ in self.tasks.workspace.requests]
        taken = list(self.stored), asked
        self.stored.clear()
        self.tasks.workspace.requests.clear()
        return taken


@pytest.fixture
def tasks(project: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabricksTasks]:
    with DatabricksTasks.serving(project, monkeypatch) as tasks:
        yield tasks


def lost(
    tasks: DatabricksTasks, operator: type[LosingOperator] = LosingOperator, **arguments: Any
) -> TaskContext:
    """The first try of a task, whose worker was lost; its later ones are as usual."""
    context = TaskContext(tasks.task(operator=operator, **arguments))
    with pytest.raises(WorkerLostError):
        context.execute()
    return replace(context, task=tasks.task(**arguments))


def tokens(tasks: DatabricksTasks) -> list[str]:
    """Those of all requests that were sent."""
    return [request["idempotency_token"] for request in tasks.workspace.calls("submit")]


def test_a_retry_adopts_a_run_that_goes_on(tasks: DatabricksTasks, task_log: Callable[[], str]) -> None:
    context = lost(tasks)
    assert context.retried().execute()["status"] == "unknown"
    assert len(tokens(tasks)) == 1
    assert tasks.workspace.calls("cancel") == []
    assert context.xcoms["run_id"] == RUN_ID
    assert f"adopted Databricks run {RUN_ID}, which try 1 started" in task_log()


def test_a_retry_adopts_a_run_that_has_succeeded(tasks: DatabricksTasks) -> None:
    context = TaskContext(tasks.task())
    first = context.execute()
    assert context.retried().execute() == first
    assert len(tokens(tasks)) == 1


def test_a_retry_after_a_failed_run_starts_a_new_one(tasks: DatabricksTasks) -> None:
    tasks.workspace.states_of[RUN_ID] = (RUNNING, FAILED)
    context = TaskContext(tasks.task())
    with pytest.raises(EngineError, match="has failed"):
        context.execute()
    context.retried().execute()
    assert context.xcoms["run_id"] == RUN_ID + 1
    assert len(set(tokens(tasks))) == 2
    assert tasks.workspace.calls("cancel") == []


def test_a_clear_cancels_the_earlier_run_and_awaits_its_end_before_it_starts_anew(
    tasks: DatabricksTasks,
) -> None:
    context = lost(tasks)
    tasks.workspace.states_of[RUN_ID] = (RUNNING,)
    tasks.workspace.cancelled = (TERMINATING, *tasks.workspace.cancelled)
    context.cleared().execute()
    before, after = ["submit", "get", "cancel", "get", "get", "submit"], ["get", "get", "get", "get-output"]
    assert [call for call, _ in tasks.workspace.requests] == before + after
    assert tasks.workspace.calls("cancel") == [{"run_id": RUN_ID}]
    assert len(set(tokens(tasks))) == 2
    assert context.xcoms["run_id"] == RUN_ID + 1


def test_a_clear_of_a_success_starts_anew_and_a_dag_run_that_is_made_again_does_too(
    tasks: DatabricksTasks,
) -> None:
    context = TaskContext(tasks.task())
    for each in (context, context.cleared(), context):
        each.execute()
    assert len(set(tokens(tasks))) == 3
    assert tasks.workspace.calls("cancel") == []


@pytest.mark.parametrize(
    ("operator", "sent"),
    [
        pytest.param(LosingBeforeSubmit, 0, id="nothing was sent"),
        pytest.param(LosingBeforeAnswer, 1, id="the run has started"),
    ],
)
def test_a_retry_sends_an_intent_without_a_run_again_under_its_token(
    tasks: DatabricksTasks, operator: type[LosingOperator], sent: int
) -> None:
    context = lost(tasks, operator)
    assert len(tokens(tasks)) == sent
    context.retried().execute()
    assert len(tokens(tasks)) == sent + 1
    assert list(tasks.workspace.tokens.values()) == [RUN_ID]


def test_a_clear_finds_a_run_whose_id_nobody_wrote_down_and_cancels_it(tasks: DatabricksTasks) -> None:
    context = lost(tasks, LosingBeforeAnswer)
    tasks.workspace.states_of[RUN_ID] = (RUNNING,)
    context.cleared().execute()
    assert len(tasks.workspace.calls("list")) == 1
    assert tasks.workspace.calls("cancel") == [{"run_id": RUN_ID}]
    assert context.xcoms["run_id"] == RUN_ID + 1


@pytest.mark.parametrize(
    ("when_changed", "run_names", "cancelled"),
    [
        pytest.param("restart", ["probe_dag.task", "changed"], [{"run_id": RUN_ID}], id="restart"),
        pytest.param("wait", ["probe_dag.task"], [], id="wait"),
    ],
)
def test_a_retry_with_other_options_than_the_run_that_goes_on_follows_when_changed(
    tasks: DatabricksTasks, when_changed: str, run_names: list[str], cancelled: list[Any]
) -> None:
    tasks.workspace.states_of[RUN_ID] = (RUNNING, RUNNING, SUCCEEDED)
    changed = databricks_options(run_name="changed", when_changed=when_changed)
    context = replace(lost(tasks), task=tasks.task(options=changed))
    context.retried().execute()
    assert [request["run_name"] for request in tasks.workspace.calls("submit")] == run_names
    assert tasks.workspace.calls("cancel") == cancelled


def test_when_changed_may_be_an_error_that_leaves_the_run_alone(tasks: DatabricksTasks) -> None:
    changed = databricks_options(run_name="changed", when_changed="fail")
    context = replace(lost(tasks), task=tasks.task(options=changed))
    with pytest.raises(RunChangedError, match=f"try 1 started run {RUN_ID} with other code"):
        context.retried().execute()
    assert len(tokens(tasks)) == 1
    assert tasks.workspace.calls("cancel") == []


def test_options_about_waiting_change_no_run(tasks: DatabricksTasks) -> None:
    patient = databricks_options(when_changed="fail", deferrable=False)
    replace(lost(tasks), task=tasks.task(options=patient)).retried().execute()
    assert len(tokens(tasks)) == 1


@pytest.mark.parametrize(
    "attempts",
    [pytest.param(3, id="the hook sends it again"), pytest.param(1, id="the submission sends it again")],
)
def test_a_lost_answer_to_the_submit_leads_to_one_run(tasks: DatabricksTasks, attempts: int) -> None:
    tasks.workspace.failures["submit"] = [Failure(None)]
    retry_args = {"stop": stop_after_attempt(attempts)}
    TaskContext(tasks.task(databricks_retry_args=retry_args)).execute()
    assert len(tokens(tasks)) == 2
    assert list(tasks.workspace.tokens.values()) == [RUN_ID]


def test_a_submit_that_is_refused_cancels_no_run_and_is_final(tasks: DatabricksTasks) -> None:
    tasks.workspace.failures["submit"] = [Failure.said(403, "PERMISSION_DENIED", "no")]
    with pytest.raises(EngineRefusedError, match="cannot submit"):
        TaskContext(tasks.task()).execute()
    assert [call for call, _ in tasks.workspace.requests] == ["submit"]


def test_a_retry_that_cannot_tell_how_the_earlier_run_stands_starts_and_cancels_nothing(
    tasks: DatabricksTasks,
) -> None:
    tasks.workspace.states = ({"life_cycle_state": "HIBERNATING"},)
    with pytest.raises(EngineError, match="HIBERNATING"):
        lost(tasks).retried().execute()
    assert [call for call, _ in tasks.workspace.requests] == ["submit", "get"]


def test_a_first_try_adds_three_calls_to_the_one_that_starts_the_run(tasks: DatabricksTasks) -> None:
    counted = Counted(tasks)
    TaskContext(tasks.task(operator=counted.operator())).execute()
    stored, asked = counted.taken()
    assert stored == [
        "create submission-0.json",
        "replace submission-0.json",
        "replace submission-0.succeeded",
    ]
    assert asked == ["submit", "get", "get", "get", "get-output"]


def test_a_retry_knows_its_run_after_two_calls(tasks: DatabricksTasks) -> None:
    """What the workspace is asked after them is how the run stands."""
    counted = Counted(tasks)
    task = tasks.task(operator=counted.operator())
    lost(tasks)
    counted.taken()
    context = TaskContext(task).retried()
    context.execute()
    stored, asked = counted.taken()
    assert stored == ["list", "read submission-0.json", "replace submission-0.succeeded"]
    assert set(asked) == {"get", "get-output"}
    context.retried().execute()
    stored, asked = counted.taken()
    assert stored[:2] == ["list", "read submission-0.json"], "the same for a run that has ended"
    assert set(asked) == {"get", "get-output"}


@dataclass(frozen=True)
class Ended:
    """What a task came to."""

    summary: Mapping[str, Any] | None
    error: str


def ended(execute: Callable[[], Any]) -> Ended:
    try:
        return Ended(execute(), "")
    except EngineError as error:
        return Ended(None, f"{type(error).__name__}: {error}")


def write_result(tasks: DatabricksTasks, context: TaskContext) -> None:
    """Write what the job would."""
    place = tasks.project.runs_root / task_run_of(context.context()).identity.result_key
    place.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "schema": 1,
        "status": "success",
        "run_key": "0",
        "module_name": "probe.report",
        "code_version": "1.0.0",
        "code_digest": None,
        "runtime_version": "0.1.0",
        "try_number": 1,
        "started_at": "2026-01-01T06:00:00+00:00",
        "finished_at": "2026-01-01T06:01:00+00:00",
        "timings": {"execute": 60.0},
        "metrics": {"month": 7},
        "datasets": [],
        "checks": [],
        "warnings": [],
        "error": None,
    }
    place.write_text(json.dumps(result))


@pytest.mark.parametrize("last", [pytest.param(SUCCEEDED, id="succeeded"), pytest.param(FAILED, id="failed")])
def test_a_deferred_task_comes_to_the_same_end_as_one_that_waits(
    tasks: DatabricksTasks, last: Mapping[str, Any]
) -> None:
    tasks.workspace.states = (RUNNING, last)
    tasks.workspace.output = {"error": "ValueError: no flights", "error_trace": "line 1"}
    deferring = TaskContext(tasks.task(deferrable=True))
    with pytest.raises(TaskDeferred) as deferred:
        deferring.execute()
    trigger = deferred.value.trigger
    assert isinstance(trigger, RunTrigger)
    path, arguments = trigger.serialize()
    assert path == "airflow_jobkit.triggers.run.RunTrigger"
    assert (arguments["engine"], arguments["run_id"]) == ("databricks", str(RUN_ID))
    assert json.loads(json.dumps([arguments, deferred.value.kwargs])) == [arguments, deferred.value.kwargs]
    assert tasks.workspace.calls("cancel") == []
    write_result(tasks, deferring)
    resume = getattr(tasks.task(deferrable=True), deferred.value.method_name)
    seen = ended(lambda: resume(deferring.context(), event={}, **deferred.value.kwargs))
    assert len(tokens(tasks)) == 1

    shutil.rmtree(tasks.project.runs_root)
    tasks.workspace.tokens.clear()
    tasks.workspace.requests.clear()
    waiting = TaskContext(tasks.task(deferrable=False))
    write_result(tasks, waiting)
    assert ended(waiting.execute) == seen
    assert (seen.summary or {}).get("metrics") == ({"month": 7} if last is SUCCEEDED else None)
    assert bool(seen.error) == (last is FAILED)


def test_a_run_that_has_ended_before_its_task_could_defer_is_not_deferred(tasks: DatabricksTasks) -> None:
    tasks.workspace.states = (SUCCEEDED,)
    assert TaskContext(tasks.task(deferrable=True)).execute()["status"] == "unknown"


def test_a_retry_of_a_deferred_task_adopts_its_run(tasks: DatabricksTasks) -> None:
    context = TaskContext(tasks.task(options=databricks_options(deferrable=True)))
    with pytest.raises(TaskDeferred):
        context.execute()
    replace(context, task=tasks.task()).retried().execute()
    assert len(tokens(tasks)) == 1


def test_a_retry_that_is_resumed_with_what_the_failed_try_kept_starts_a_new_run(
    tasks: DatabricksTasks,
) -> None:
    """Airflow 3.0 does not forget the deferral of a try that has failed."""
    tasks.workspace.states = (RUNNING, FAILED)
    task = tasks.task(deferrable=True)
    context = TaskContext(task)
    with pytest.raises(TaskDeferred) as deferred:
        context.execute()
    resume = getattr(task, deferred.value.method_name)
    with pytest.raises(JobkitError):
        resume(context.context(), event={}, **deferred.value.kwargs)

    tasks.workspace.states = (SUCCEEDED,)
    resume(context.retried().context(), event={}, **deferred.value.kwargs)
    assert len(tokens(tasks)) == 2

"""One run per submission on Glue: crashes, retries, clears, changes, lost answers and deferral."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from counted_store import CountedStore, WorkerLostError
from glue_tasks import GlueTasks, NearbyGlueOperator, QuickGlueOperator, glue_options
from task_context import ProbeProject, TaskContext

from airflow_jobkit._compat import TaskDeferred
from airflow_jobkit.engines.glue.service import GlueService, open_service
from airflow_jobkit.engines.service import RunRef, RunView
from airflow_jobkit.errors import EngineError, EngineRefusedError, RunChangedError
from airflow_jobkit.triggers.run import RunTrigger

RUN_KEY = "--jobkit_run_key"
BEFORE_START, BEFORE_ANSWER, WAITING = "before the start", "before the answer", "waiting"


class LosingService(GlueService):
    """A Glue whose caller dies at one moment, and asks for nothing after that."""

    moment = WAITING

    def start(self, request: Mapping[str, Any], before_each: Callable[[], None]) -> str:
        if self.moment == BEFORE_START:
            raise WorkerLostError
        run_id = super().start(request, before_each)
        if self.moment == BEFORE_ANSWER:
            raise WorkerLostError
        return run_id

    def look(self, ref: RunRef) -> RunView:
        raise WorkerLostError

    def stop(self, ref: RunRef) -> None:
        """Nothing: the dead stop no run."""


class LosingOperator(QuickGlueOperator):
    """A task whose worker is lost."""

    moment = WAITING

    def open_service(self) -> GlueService:
        service = LosingService(super().open_service().client)
        service.moment = self.moment
        return service


class LosingBeforeStart(LosingOperator):
    moment = BEFORE_START


class LosingBeforeAnswer(LosingOperator):
    moment = BEFORE_ANSWER


@dataclass(frozen=True)
class Counted:
    """The calls of a task to Glue and about its submissions, in order."""

    tasks: GlueTasks
    stored: list[str] = field(default_factory=list)

    def operator(self) -> type[QuickGlueOperator]:
        """The operator, whose Stores are counted."""
        stored = self.stored

        class CountedOperator(QuickGlueOperator):
            def store(self, root: str) -> Any:
                return CountedStore(super().store(root), stored)

        return CountedOperator

    def taken(self) -> tuple[list[str], list[str]]:
        """What was asked since the last time: of the Store, and of Glue."""
        taken = list(self.stored), [action for action, _ in self.tasks.glue.calls]
        self.stored.clear()
        self.tasks.glue.calls.clear()
        return taken


@pytest.fixture
def tasks(project: ProbeProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[GlueTasks]:
    with GlueTasks.serving(project, monkeypatch) as tasks:
        yield tasks


def lost(tasks: GlueTasks, operator: type[LosingOperator] = LosingOperator, **arguments: Any) -> TaskContext:
    """The first try of a task, whose worker was lost; its later ones are as usual."""
    context = TaskContext(tasks.task(operator=operator, **arguments))
    with pytest.raises(WorkerLostError):
        context.execute()
    return replace(context, task=tasks.task(**arguments))


def actions(tasks: GlueTasks) -> list[str]:
    """What Glue was asked, in order."""
    return [action for action, _ in tasks.glue.calls]


def keys(tasks: GlueTasks) -> list[str]:
    """Those of all runs that there are, without what is random in them."""
    return [run["Arguments"][RUN_KEY].rpartition(".")[0] for run in tasks.glue.runs.values()]


def test_a_retry_adopts_a_run_that_goes_on(tasks: GlueTasks, task_log: Callable[[], str]) -> None:
    context = lost(tasks)
    assert context.retried().execute()["status"] == "unknown"
    assert tasks.glue.count()["StartJobRun"] == 1
    assert tasks.glue.count()["BatchStopJobRun"] == 0
    assert context.xcoms["glue_job_run_id"] == "jr_1"
    assert "adopted Glue job run jr_1 of probe-" in task_log()


def test_a_retry_adopts_a_run_that_has_succeeded(tasks: GlueTasks) -> None:
    context = TaskContext(tasks.task())
    first = context.execute()
    assert context.retried().execute() == first
    assert tasks.glue.count()["StartJobRun"] == 1


def test_a_retry_after_a_failed_run_starts_a_new_one(tasks: GlueTasks) -> None:
    tasks.glue.states_of["jr_1"] = ("RUNNING", "FAILED")
    context = TaskContext(tasks.task())
    with pytest.raises(EngineError, match="has failed"):
        context.execute()
    context.retried().execute()
    assert context.xcoms["glue_job_run_id"] == "jr_2"
    first, second = keys(tasks)
    assert (first.rpartition(".")[2], second.rpartition(".")[2]) == ("0", "1")
    assert first.partition(".")[0] == second.partition(".")[0]
    assert tasks.glue.count()["BatchStopJobRun"] == 0


def test_a_clear_stops_the_earlier_run_and_awaits_its_end_before_it_starts_anew(tasks: GlueTasks) -> None:
    context = lost(tasks)
    tasks.glue.states_of["jr_1"] = ("RUNNING",)
    tasks.glue.stopped = ("STOPPING", "STOPPED")
    tasks.glue.calls.clear()
    context.cleared().execute()
    asked = [action for action in actions(tasks) if action != "GetJob"]
    before = ["GetJobRun", "BatchStopJobRun", "GetJobRun", "GetJobRun"]
    assert asked == [*before, "StartJobRun", "GetJobRun", "GetJobRun", "GetJobRun"]
    assert [request["JobRunIds"] for request in tasks.glue.requests("BatchStopJobRun")] == [["jr_1"]]
    assert context.xcoms["glue_job_run_id"] == "jr_2"
    assert len({key.partition(".")[0] for key in keys(tasks)}) == 2


def test_a_clear_of_a_success_starts_anew(tasks: GlueTasks) -> None:
    context = TaskContext(tasks.task())
    for each in (context, context.cleared()):
        each.execute()
    assert len({key.partition(".")[0] for key in keys(tasks)}) == 2
    assert tasks.glue.count()["BatchStopJobRun"] == 0


@pytest.mark.parametrize(
    "operator",
    [
        pytest.param(LosingBeforeStart, id="nothing was sent"),
        pytest.param(LosingBeforeAnswer, id="the run has started"),
    ],
)
def test_a_retry_looks_an_intent_without_a_run_up_and_comes_to_one_run(
    tasks: GlueTasks, operator: type[LosingOperator]
) -> None:
    context = lost(tasks, operator)
    context.retried().execute()
    assert list(tasks.glue.runs) == ["jr_1"]
    assert tasks.glue.count()["GetJobRuns"] >= 1
    assert context.xcoms["glue_job_run_id"] == "jr_1"


def test_a_list_that_lags_behind_leads_to_no_second_run(tasks: GlueTasks) -> None:
    context = lost(tasks, LosingBeforeAnswer)
    tasks.glue.lag = 1
    patient = replace(context, task=tasks.task(options=glue_options(lookup_window="5s")))
    patient.retried().execute()
    assert tasks.glue.count()["GetJobRuns"] == 2
    assert list(tasks.glue.runs) == ["jr_1"]


def test_a_retry_that_may_not_look_its_run_up_starts_nothing(tasks: GlueTasks) -> None:
    context = lost(tasks, LosingBeforeAnswer)
    tasks.glue.refusals["GetJobRuns"] = [("AccessDeniedException", "no")]
    with pytest.raises(EngineRefusedError, match="allow glue:GetJobRuns"):
        context.retried().execute()
    assert tasks.glue.count()["StartJobRun"] == 1


def test_a_clear_finds_a_run_whose_id_nobody_wrote_down_and_stops_it(tasks: GlueTasks) -> None:
    context = lost(tasks, LosingBeforeAnswer)
    tasks.glue.states_of["jr_1"] = ("RUNNING",)
    context.cleared().execute()
    assert tasks.glue.count()["GetJobRuns"] == 1
    assert tasks.glue.runs["jr_1"]["JobRunState"] == "STOPPED"
    assert context.xcoms["glue_job_run_id"] == "jr_2"


@pytest.mark.parametrize(
    ("when_changed", "workers", "stopped"),
    [pytest.param("restart", [2, 5], 1, id="restart"), pytest.param("wait", [2], 0, id="wait")],
)
def test_a_retry_with_other_options_than_the_run_that_goes_on_follows_when_changed(
    tasks: GlueTasks, when_changed: str, workers: list[int], stopped: int
) -> None:
    changed = glue_options(number_of_workers=5, when_changed=when_changed)
    context = replace(lost(tasks), task=tasks.task(options=changed))
    context.retried().execute()
    assert [request["NumberOfWorkers"] for request in tasks.glue.requests("StartJobRun")] == workers
    assert tasks.glue.count()["BatchStopJobRun"] == stopped


def test_when_changed_may_be_an_error_that_leaves_the_run_alone(tasks: GlueTasks) -> None:
    changed = glue_options(number_of_workers=5, when_changed="fail")
    context = replace(lost(tasks), task=tasks.task(options=changed))
    with pytest.raises(RunChangedError, match="try 1 started run jr_1 with other code"):
        context.retried().execute()
    assert tasks.glue.count()["StartJobRun"] == 1
    assert tasks.glue.count()["BatchStopJobRun"] == 0


def test_a_lost_answer_to_the_start_leads_to_one_run(
    tasks: GlueTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    tasks.glue.losing.add("StartJobRun")
    retries = {"retries": {"max_attempts": 4}}
    context = TaskContext(tasks.task(operator=NearbyGlueOperator, botocore_config=retries))
    context.execute()
    assert tasks.glue.count()["StartJobRun"] == 1
    assert context.xcoms["glue_job_run_id"] == "jr_1"


def test_a_start_that_is_refused_stops_no_run_and_is_final(tasks: GlueTasks) -> None:
    tasks.glue.refusals["StartJobRun"] = [("AccessDeniedException", "no")]
    with pytest.raises(EngineRefusedError, match="allow glue:StartJobRun"):
        TaskContext(tasks.task()).execute()
    assert actions(tasks) == ["GetJob", "CreateJob", "StartJobRun"]


def test_a_retry_that_cannot_tell_how_the_earlier_run_stands_starts_and_stops_nothing(
    tasks: GlueTasks,
) -> None:
    context = lost(tasks)
    tasks.glue.calls.clear()
    tasks.glue.states = ("HIBERNATING",)
    with pytest.raises(EngineError, match="HIBERNATING"):
        context.retried().execute()
    assert actions(tasks) == ["GetJobRun"]


def test_a_first_try_adds_three_calls_to_the_one_that_starts_the_run(tasks: GlueTasks) -> None:
    """Once the definition is there, which all tasks share."""
    TaskContext(tasks.task(), run_id="an earlier one").execute()
    counted = Counted(tasks)
    tasks.glue.calls.clear()
    TaskContext(tasks.task(operator=counted.operator())).execute()
    stored, asked = counted.taken()
    assert stored == [
        "create submission-0.json",
        "replace submission-0.json",
        "replace submission-0.succeeded",
    ]
    assert asked == ["GetJob", "StartJobRun", "GetJobRun", "GetJobRun", "GetJobRun"]


def test_a_retry_knows_its_run_after_two_calls(tasks: GlueTasks) -> None:
    """What Glue is asked after them is how the run stands."""
    counted = Counted(tasks)
    task = tasks.task(operator=counted.operator())
    lost(tasks)
    counted.taken()
    context = TaskContext(task).retried()
    context.execute()
    stored, asked = counted.taken()
    assert stored == ["list", "read submission-0.json", "replace submission-0.succeeded"]
    assert set(asked) == {"GetJobRun"}
    context.retried().execute()
    stored, asked = counted.taken()
    assert stored[:2] == ["list", "read submission-0.json"], "the same for a run that has ended"
    assert set(asked) == {"GetJobRun"}


def test_a_request_that_is_sent_again_is_written_down_again(tasks: GlueTasks) -> None:
    """How long its run may be missing in Glue's list depends on when it was sent."""
    counted = Counted(tasks)
    tasks.glue.refusals["StartJobRun"] = [("ThrottlingException", "Rate exceeded")]
    TaskContext(tasks.task(operator=counted.operator())).execute()
    assert counted.taken()[0][:3] == ["create submission-0.json", *["replace submission-0.json"] * 2]


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


@pytest.mark.parametrize("last", ["SUCCEEDED", "FAILED"], ids=str)
def test_a_deferred_task_comes_to_the_same_end_as_one_that_waits(tasks: GlueTasks, last: str) -> None:
    tasks.glue.states, tasks.glue.error_message = ("RUNNING", last), "out of memory"
    deferring = TaskContext(tasks.task(deferrable=True))
    with pytest.raises(TaskDeferred) as deferred:
        deferring.execute()
    trigger = deferred.value.trigger
    assert isinstance(trigger, RunTrigger)
    _, arguments = trigger.serialize()
    assert (arguments["engine"], arguments["run_id"]) == ("glue", "jr_1")
    assert json.loads(json.dumps([arguments, deferred.value.kwargs])) == [arguments, deferred.value.kwargs]
    assert open_service(**arguments["connection"]).name(RunRef("jr_1", "dwh")) == "Glue job run jr_1 of dwh"
    told = dict(deferring.xcoms)
    deferring.xcoms.clear()
    resume = getattr(tasks.task(deferrable=True), deferred.value.method_name)
    seen = ended(lambda: resume(deferring.context(), event={}, **deferred.value.kwargs))
    assert {"glue_job_run_id", "glue_job_name", "glue_job_run_details"} <= told.keys()
    assert "glue_job_run_id" not in deferring.xcoms, "it was told already"

    shutil.rmtree(tasks.project.runs_root)
    tasks.glue.runs.clear()
    assert ended(TaskContext(tasks.task(deferrable=False)).execute) == seen
    assert (last == "SUCCEEDED") == (seen.error == "")
    assert tasks.glue.count()["BatchStopJobRun"] == 0


def test_a_run_that_has_ended_before_its_task_could_defer_is_not_deferred(tasks: GlueTasks) -> None:
    tasks.glue.states = ("SUCCEEDED",)
    assert TaskContext(tasks.task(deferrable=True)).execute()["status"] == "unknown"


def test_a_retry_of_a_deferred_task_adopts_its_run(tasks: GlueTasks) -> None:
    context = TaskContext(tasks.task(options=glue_options(deferrable=True)))
    with pytest.raises(TaskDeferred):
        context.execute()
    replace(context, task=tasks.task()).retried().execute()
    assert tasks.glue.count()["StartJobRun"] == 1

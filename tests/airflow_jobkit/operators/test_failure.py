"""One failure, in a worker and after a deferral: what it says, what it knows, whether it is retried."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import re
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pytest
from fake_service import (
    ERROR,
    EXPIRED,
    FAILED,
    RUNNING,
    STOPPED,
    SUCCEEDED,
    TIMEOUT,
    FakeService,
    FakeServiceOperator,
    result_file,
)
from task_context import ProbeProject, TaskContext

from airflow_jobkit._compat import DAG, AirflowFailException, TaskDeferred
from airflow_jobkit.engines.options import RemoteOptions
from airflow_jobkit.engines.service import RunOutput
from airflow_jobkit.engines.states import RunState, Stage
from airflow_jobkit.errors import (
    EngineError,
    EngineRefusedError,
    EngineUnavailableError,
    JobFailedError,
    JobkitError,
    ReleaseNotFoundError,
    RunOverdueError,
    UnansweredError,
)
from airflow_jobkit.operators.failure import Failure, raised, trace_end

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = Path(__file__).parent / "failures"
FAILED_RESULT = json.loads((ROOT / "tests/contracts/result-v1-failed.json").read_text())
TRACE = (
    "Traceback (most recent call last):\n"
    '  File "dwh/jobs/moon.py", line 8, in execute\n'
    '    raise ValueError("no flights on the moon")\n'
    "ValueError: no flights on the moon\n"
)


def job_error(type_: str, message: str, stage: str = "execute") -> dict[str, str]:
    """The error of a Result."""
    trace = TRACE.replace("ValueError: no flights on the moon", f"{type_}: {message}")
    return {"stage": stage, "type": type_, "message": message, "trace": trace}


@dataclass(frozen=True)
class Case:
    """A failure, and what is to be known of it.

    Attributes:
        kind: The error.
        stage: Where it went wrong.
        ends: The last state of the run.
        reason: What the service says of it.
        output: What the run left behind.
        result: The error that the job reports; None: it writes no Result.
        refusal: What the service answers to a start.
        look_refusal: What it answers to a look.
        changes: Arguments of the task.
        overdue: Whether the task's time is over.
        retried: Whether Airflow retries.
        retries: How many retries the task has left.
    """

    kind: type[JobkitError]
    stage: Stage
    ends: RunState = FAILED
    reason: str = ""
    output: RunOutput = field(default_factory=RunOutput)
    result: dict[str, str] | None = None
    refusal: Exception | None = None
    look_refusal: Exception | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    overdue: bool = False
    retried: bool = True
    retries: int = 1


SILENT = RunOutput(error="ValueError: no flights on the moon", trace=TRACE)
CASES = {
    "job-raised": Case(
        JobFailedError, Stage.JOB, result=job_error("ValueError", "no flights on the moon"), reason="exit 1"
    ),
    "job-raised-on-the-last-try": Case(
        JobFailedError, Stage.JOB, result=job_error("ValueError", "no flights on the moon"), retries=0
    ),
    "job-reports-an-error-of-a-run-that-succeeded": Case(
        JobFailedError, Stage.JOB, ends=SUCCEEDED, result=job_error("ValueError", "no flights on the moon")
    ),
    "check-failed": Case(
        JobFailedError,
        Stage.CHECK,
        result=job_error("CheckFailedError", "clean_flights: row_count(at_least=1): 0 rows", "check"),
    ),
    "wrong-argument": Case(
        JobFailedError,
        Stage.JOB,
        result=job_error("ArgumentError", "monht is unknown; did you mean month?", "create"),
        retried=False,
    ),
    "no-result": Case(EngineError, Stage.JOB, reason="exit code 137"),
    "no-result-but-the-service-tells-the-error": Case(EngineError, Stage.JOB, output=SILENT),
    "platform": Case(EngineError, Stage.PLATFORM, ends=ERROR, reason="InternalServiceException"),
    "cancelled": Case(
        EngineError, Stage.CANCELLED, ends=STOPPED, result=None, reason="stopped by ada@example.com"
    ),
    "cancelled-and-reported-by-the-job": Case(
        JobFailedError, Stage.CANCELLED, ends=STOPPED, result=job_error("KeyboardInterrupt", "")
    ),
    "time-out-of-the-run": Case(EngineError, Stage.TIME_OUT, ends=TIMEOUT),
    "time-out-of-the-task": Case(RunOverdueError, Stage.TIME_OUT, ends=RUNNING, overdue=True),
    "queue": Case(EngineError, Stage.QUEUE, ends=EXPIRED),
    "look-refused": Case(
        EngineRefusedError,
        Stage.PLATFORM,
        look_refusal=EngineRefusedError("the service refused GetRun: AccessDenied; allow it to the worker"),
        retried=False,
    ),
    "refused": Case(
        EngineRefusedError,
        Stage.SUBMIT,
        refusal=EngineRefusedError("the service refused StartRun: AccessDenied; allow it to the worker"),
        retried=False,
    ),
    "unanswered": Case(
        UnansweredError,
        Stage.SUBMIT,
        refusal=UnansweredError("StartRun was sent and not answered: read time-out"),
    ),
    "unavailable": Case(
        EngineUnavailableError,
        Stage.SUBMIT,
        refusal=EngineUnavailableError("the service does not answer StartRun: 503"),
    ),
    "missing-release": Case(
        ReleaseNotFoundError, Stage.SUBMIT, changes={"code_version": "9.9.9"}, retried=False
    ),
}


@dataclass(frozen=True)
class Night:
    """A task that fails, in a project in a folder.

    Attributes:
        project: The project.
        case: How it fails.
    """

    project: ProbeProject
    case: Case

    def error(self, *, deferrable: bool) -> JobkitError:
        """The error that the task ends with."""
        service = self._service()
        context = self.context(service, deferrable=deferrable)
        with pytest.raises(JobkitError) as caught:
            self._execute(context, service)
        return caught.value

    def _execute(self, context: TaskContext, service: FakeService) -> Any:
        try:
            return context.execute()
        except TaskDeferred as deferred:
            # Another process resumes it, with what Airflow has stored.
            kwargs = json.loads(json.dumps(deferred.kwargs))
        event = {"overdue": "the task's execution_timeout is over"} if self.case.overdue else {}
        resumed = self.context(service, deferrable=True)
        complete = inspect.unwrap(FakeServiceOperator.execute_complete)
        return complete(resumed.task, resumed.context(), event, **kwargs)

    def _service(self) -> FakeService:
        case = self.case
        return FakeService(
            scripts=[[RUNNING, RUNNING, case.ends]],
            refusal=case.refusal,
            look_refusal=case.look_refusal,
            reason=case.reason,
            run_output=case.output,
            at_start=self._report,
        )

    def _report(self) -> None:
        if self.case.result is not None:
            document = {**FAILED_RESULT, "try_number": 1, "error": self.case.result}
            result_file(self.project.runs_root).write_text(json.dumps(document))

    def context(self, service: FakeService, *, deferrable: bool) -> TaskContext:
        """The first try of the task."""
        changes = {"execution_timeout": dt.timedelta(0)} if self.case.overdue else {}
        task = FakeServiceOperator(
            task_id="task",
            dag=DAG("probe_dag", schedule=None),
            spark_job="dwh.jobs.moon",
            settings=self.project.settings(),
            options=RemoteOptions(),
            deferrable=deferrable,
            retries=self.case.retries,
            **{**self.case.changes, **changes},
        )
        task.service = service
        return TaskContext(task, max_tries=self.case.retries)


def failed(folder: Path, case: Case, *, deferrable: bool) -> JobkitError:
    """The error of a case, in a new project."""
    project = ProbeProject(folder)
    project.publish("1.0.0", moon="def main(): pass\n")
    return Night(project, case).error(deferrable=deferrable)


def text(error: JobkitError, folder: Path) -> str:
    """The error's text, without what differs between two folders."""
    said = str(error).replace(str(folder), "/srv")
    return re.sub(r"/[0-9a-f]{32}/", "/<run key>/", said) + "\n"


EACH = pytest.mark.parametrize("name", CASES)


@EACH
def test_the_error_its_text_and_what_a_callback_reads_are_the_same_in_every_mode(
    tmp_path: Path, name: str
) -> None:
    case = CASES[name]
    documents = []
    for deferrable in (False, True):
        folder = tmp_path / str(deferrable)
        error = failed(folder, case, deferrable=deferrable)
        assert text(error, folder) == (GOLDEN / f"{name}.txt").read_text()
        assert isinstance(error, case.kind)
        assert type(error).__name__ == case.kind.__name__
        assert error.failure.stage is case.stage
        assert error.failure.retried is case.retried
        assert isinstance(error, AirflowFailException) is not case.retried
        document = error.failure.document()
        assert json.loads(json.dumps(document)) == document
        documents.append({key: str(value).replace(str(folder), "/srv") for key, value in document.items()})
    assert documents[0] == documents[1]


def test_every_golden_text_belongs_to_a_case() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == CASES.keys()


def test_the_service_tells_the_jobs_own_exception_where_the_job_left_no_result(tmp_path: Path) -> None:
    case = CASES["no-result-but-the-service-tells-the-error"]
    failure = failed(tmp_path, case, deferrable=False).failure
    assert (failure.error_type, failure.message) == ("ValueError", "no flights on the moon")
    assert failure.trace.endswith("ValueError: no flights on the moon")


def test_what_is_not_ours_passes_through_untouched(tmp_path: Path) -> None:
    class AirflowSaysStopError(BaseException):
        """As Airflow's own time-out."""

    def dies(call: str) -> None:
        if call == "look":
            raise AirflowSaysStopError

    project = ProbeProject(tmp_path)
    project.publish("1.0.0", moon="def main(): pass\n")
    night = Night(project, CASES["job-raised"])
    service = FakeService(before=dies)
    with pytest.raises(AirflowSaysStopError) as caught:
        night.context(service, deferrable=False).execute()
    assert not hasattr(caught.value, "failure")
    assert [run.asked_to_stop for run in service.runs.values()] == [True]


class TestThePageInTheDocs:
    PAGE = (ROOT / "docs/failures.md").read_text()
    (EXAMPLE,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    def sent(self, error: BaseException) -> list[tuple[Any, ...]]:
        """What the example's callback sends."""
        messages: list[tuple[Any, ...]] = []
        namespace: dict[str, Any] = {"send": lambda *message: messages.append(message)}
        exec(self.EXAMPLE, namespace)  # noqa: S102 - it is the repository's own
        namespace["page_somebody"]({"exception": error})
        return messages

    def test_shows_the_golden_text(self) -> None:
        assert (GOLDEN / "job-raised.txt").read_text() in self.PAGE

    def test_tells_of_every_stage_and_of_every_field(self) -> None:
        assert re.findall(r"^\| `([a-z-]+)` \|", self.PAGE, re.MULTILINE)[: len(Stage)] == [
            stage.value for stage in Stage
        ]
        table = self.PAGE.partition("| field |")[2]
        assert {known.name for known in fields(Failure)} <= set(re.findall(r"`(\w+)`", table))

    def test_its_callback_tells_a_failed_check_to_those_who_know_the_data(self, tmp_path: Path) -> None:
        error = failed(tmp_path, CASES["check-failed"], deferrable=True)
        said = "dwh.jobs.moon 1.0.0: clean_flights: row_count(at_least=1): 0 rows"
        assert self.sent(error) == [("#data-quality", said)]

    def test_its_callback_tells_who_is_on_call_what_no_retry_mends(self, tmp_path: Path) -> None:
        error = failed(tmp_path, CASES["refused"], deferrable=False)
        assert self.sent(error) == [("#on-call", str(error), error.failure.document())]

    def test_its_callback_leaves_the_rest_alone(self, tmp_path: Path) -> None:
        assert self.sent(ValueError("of another operator")) == []
        assert self.sent(failed(tmp_path, CASES["job-raised"], deferrable=False)) == []


class TestTrace:
    def test_a_short_one_is_whole(self) -> None:
        assert trace_end("one\ntwo\n") == "one\ntwo"

    def test_of_a_long_one_the_end_is_kept(self) -> None:
        lines = [f"line {number}" for number in range(100)]
        end = trace_end("\n".join(lines)).splitlines()
        assert end == ["...", *lines[-20:]]


class TestKind:
    FINAL = Failure("no", Stage.SUBMIT, "EngineRefusedError", "no", "a.job", 1, False, "put it right")

    def test_a_final_error_keeps_its_type_and_its_cause(self) -> None:
        cause = ValueError("why")
        error = ReleaseNotFoundError("no")
        error.__cause__ = cause
        final = raised(error, self.FINAL)
        assert isinstance(final, ReleaseNotFoundError)
        assert isinstance(final, LookupError)
        assert isinstance(final, AirflowFailException)
        assert final.__cause__ is cause

    def test_one_that_a_retry_may_mend_is_the_very_same(self) -> None:
        error = EngineError("no")
        assert raised(error, replace(self.FINAL, retried=True)) is error
        assert not isinstance(error, AirflowFailException)

    def test_the_class_of_a_final_error_is_made_once(self) -> None:
        first, second = (raised(EngineRefusedError("no"), self.FINAL) for _ in range(2))
        assert type(first) is type(second)

"""What all Engines share whose runs outlive the worker: exactly one run per try, deferral, kill."""

from __future__ import annotations

import hashlib
import json
import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar

from airflow_jobkit._compat import default_deferrable
from airflow_jobkit.engines.deadline import Deadline, Watch, task_deadline
from airflow_jobkit.engines.invocation import Invocation, RunNames
from airflow_jobkit.engines.looks import growing_pauses, looks
from airflow_jobkit.engines.options import RemoteOptions
from airflow_jobkit.engines.service import LogReader, RunOutput, RunRef, RunService, RunView
from airflow_jobkit.engines.states import Phase, RunState, Stage
from airflow_jobkit.engines.submission import Submission
from airflow_jobkit.errors import EngineError, JobFailedError, JobkitError, RunChangedError, RunOverdueError
from airflow_jobkit.operators.generic import Attempt, GenericSparkJobOperator
from airflow_jobkit.operators.outcome import RunEnd, Written
from airflow_jobkit.operators.records import Records
from airflow_jobkit.operators.submitting import Intent, Submitting
from airflow_jobkit.operators.task_run import TaskRun, task_run_of
from airflow_jobkit.triggers.run import RunTrigger

_LAST_LINES = 1000


class RemoteSparkJobOperator(GenericSparkJobOperator):
    """Runs a Job on an Engine's service, where it goes on when the worker dies.

    A retry resumes what its generation started; a clear starts anew, after the end of earlier runs.

    Args:
        deferrable: Whether to wait in the triggerer; None follows the options, and they Airflow's
            `[operators] default_deferrable` as it is when the task runs.
        kwargs: Those of `GenericSparkJobOperator`.
    """

    reaches: ClassVar[tuple[str, ...] | None] = ("s3://",)

    _service: RunService | None = None
    _ref: RunRef | None = None
    _ended: bool = False
    _submission: Submission | None = None

    def __init__(self, *, deferrable: bool | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deferrable = deferrable

    @abstractmethod
    def connection(self) -> dict[str, Any]:
        """How the service is reached: JSON-able arguments of `engines.<engine>.service.open_service`."""

    @abstractmethod
    def open_service(self) -> RunService:
        """The service, by this task's connection."""

    @abstractmethod
    def request(self, invocation: Invocation, names: RunNames) -> Mapping[str, Any]:
        """The request that starts a run."""

    @abstractmethod
    def tell_run(self, context: Any, service: RunService, ref: RunRef) -> None:
        """Say where the run is, as soon as its id is known: in the log and as XComs and links."""

    def tell_page(self, context: Any, view: RunView) -> None:
        """Say where the run's page is, where only a look tells; called once."""

    def job(self) -> str:
        """What the service files the run under; empty where it knows no such thing."""
        return ""

    def prepare(self, service: RunService, invocation: Invocation) -> None:
        """See to it that what the run is filed under is there."""

    def run_job(self, attempt: Attempt, context: Any) -> RunEnd:
        """Find or start the run, and wait for its end here or in the triggerer."""
        started = time.time()
        service = self._open()
        submission = self._attached(service, attempt)
        self.tell_run(context, service, submission.ref)
        deferrable = self._deferrable()
        watch = Watch(self._deadline(started, deferred=deferrable))
        found = self._looks(service, submission.ref, watch)
        view = next(found)
        self._link = view.page_url
        self.tell_page(context, view)
        if deferrable and view.state.phase is Phase.ACTIVE:
            self._defer(submission, watch.deadline, attempt.run.try_number)
        view = self._waited(service, chain([view], found), watch)
        return self._end(service, submission, view, attempt.run)

    def execute_complete(
        self,
        context: Any,
        event: Mapping[str, str] | None = None,
        *,
        submission: Mapping[str, Any],
        until: float | None,
        link: str = "",
        try_number: int | None = None,
    ) -> dict[str, Any]:
        """Go on after a deferral: the trigger's event is a wake-up call, the run itself tells its end.

        A try that has not deferred itself starts from the beginning: Airflow 3.0 does not forget the deferral
        of a try that failed, and resumes the next one with what that one kept.

        Raises:
            JobFailedError: The job says that it failed.
            EngineError: The Engine says so, or the run took too long.
        """
        run = task_run_of(context)
        if try_number not in (None, run.try_number):
            return self.from_the_start(context)
        with self.described(context):
            kept = Submission.of(submission, "what the task kept while it was deferred")
            self._code_version, self._code_digest, self._link = kept.code_version, kept.code_digest, link
            service = self._open()
            self._ref = kept.ref
            with self.stopping(run):
                overdue = (event or {}).get("overdue")
                if overdue is not None:
                    raise self._too_long(service, kept.ref, overdue)
                watch = Watch(Deadline(until, self.remote_options().longest_run_seconds()))
                view = self._waited(service, self._looks(service, kept.ref, watch), watch)
                end = self._end(service, kept, view, run)
            return self.concluded(end, run, kept.code_version, kept.code_digest)

    def concluded(self, end: RunEnd, run: TaskRun, version: str, digest: str) -> dict[str, Any]:
        """The summary of an ended run; one that the job calls a failure is not taken over by a retry."""
        try:
            return super().concluded(end, run, version, digest)
        except JobFailedError:
            if end.succeeded and self._submission is not None:
                self._records(run).finish(self._submission, Phase.FAILED)
            raise

    def stage_of(self, error: JobkitError) -> Stage:
        """Where a task went wrong that has no ended run: before there was one, or while it was waited for."""
        stage = super().stage_of(error)
        waited = self._ref is not None and not isinstance(error, RunChangedError)
        return Stage.PLATFORM if stage is Stage.SUBMIT and waited else stage

    def run_in_words(self) -> str:
        """The run that an error is about; empty where there is none."""
        return self._service.name(self._ref) if self._service is not None and self._ref is not None else ""

    def stop_job(self) -> None:
        """Stop the run, if it has started and not ended; an error is logged, so that it hides no other."""
        if self._service is None or self._ref is None or self._ended:
            return
        name = self._service.name(self._ref)
        try:
            self._service.stop(self._ref)
        except EngineError as error:
            by_hand = self._service.by_hand(self._ref)
            self.log.error(
                "%s could not be stopped, and may still be running: %s; stop it %s", name, error, by_hand
            )
        else:
            self._ended = True
            self.log.info("stopped %s", name)

    def remote_options(self) -> RemoteOptions:
        """The Engine's options."""
        options = self.engine_options()
        assert isinstance(options, RemoteOptions)  # noqa: S101 - the factory and the Settings hold no others
        return options

    def _open(self) -> RunService:
        self._ref, self._ended = None, False
        self._service = service = self.open_service()
        return service

    def _attached(self, service: RunService, attempt: Attempt) -> Submission:
        """The submission whose run this try waits for."""
        identity = attempt.run.identity
        intent = Intent(
            try_number=attempt.run.try_number,
            engine=self.engine,
            job=self.job(),
            fingerprint=self._fingerprint(attempt),
            code_version=attempt.code.version,
            code_digest=attempt.code.digest,
            request=lambda key: self.request(
                attempt.invocation, RunNames(self.settings.project, identity.dag_id, identity.task_id, key)
            ),
            prepare=lambda: self.prepare(service, attempt.invocation),
            earlier_result=attempt.result_digest,
            when_changed=self.remote_options().when_changed,
        )
        records = Records(attempt.runs, identity, self.log.warning)
        return Submitting(service, records, intent, self.log, self.refuse_if_killed, self._keep).attach()

    def _keep(self, submission: Submission) -> None:
        self._ref = submission.ref

    def _fingerprint(self, attempt: Attempt) -> str:
        """Of all that the run depends on: the same for every try, unless somebody has changed something."""
        envelope = attempt.invocation.arguments[-1][0]
        parts = {
            "code": attempt.code.digest,
            "arguments": [list(pair) for pair in attempt.invocation.arguments if pair[0] != envelope],
            "options": self.remote_options().run_fields(),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _deferrable(self) -> bool:
        for chosen in (self.deferrable, self.remote_options().deferrable):
            if chosen is not None:
                return chosen
        return default_deferrable()

    def _deadline(self, started: float, *, deferred: bool) -> Deadline:
        return Deadline(
            task_deadline(self.execution_timeout, started, deferred=deferred),
            self.remote_options().longest_run_seconds(),
        )

    def _defer(self, submission: Submission, deadline: Deadline, try_number: int) -> None:
        """Free the worker; the run's id is written down by now."""
        self.log.info("waiting in the triggerer for %s", submission.ref.run_id)
        self.defer(
            trigger=RunTrigger(
                engine=self.engine,
                connection=self.connection(),
                run_id=submission.ref.run_id,
                job=submission.job,
                poll_seconds=self.poll_seconds(),
                until=deadline.until,
                run_seconds=deadline.run_seconds,
            ),
            method_name="execute_complete",
            kwargs={
                "submission": submission.document(),
                "until": deadline.until,
                "link": self._link,
                "try_number": try_number,
            },
        )

    def poll_seconds(self) -> float:
        """The longest time between two looks at a run."""
        return self.remote_options().poll_interval.total_seconds()

    def _looks(self, service: RunService, ref: RunRef, watch: Watch) -> Iterator[RunView]:
        pauses = (watch.pause(seconds, time.time()) for seconds in growing_pauses(self.poll_seconds()))
        return looks(lambda: service.look(ref), pauses, service.name(ref), self.log.warning)

    def _waited(self, service: RunService, found: Iterator[RunView], watch: Watch) -> RunView:
        """Look at the run until it has ended, with what it prints in this task's log."""
        printed: LogReader | None = None
        seen: RunState | None = None
        while True:
            view = next(found)
            if view.state is not seen:
                self.log.info("%s", status_line(service, view))
                seen = view.state
            printed = printed or service.log(view.ref, self.log.warning)
            ended = view.state.phase is not Phase.ACTIVE
            # The error stands at the end, and one look reads a part of a long log.
            while lines := printed.new_lines():
                for line in lines:
                    self.log.info("%s", line)
                if not ended:
                    break
            if ended:
                return view
            overdue = watch.overdue(view.state, time.time())
            if overdue is not None:
                raise self._too_long(service, view.ref, overdue)

    def _too_long(self, service: RunService, ref: RunRef, overdue: str) -> RunOverdueError:
        return RunOverdueError(f"{service.name(ref)} is stopped: {overdue}")

    def _end(
        self,
        service: RunService,
        submission: Submission,
        view: RunView,
        run: TaskRun,
    ) -> RunEnd:
        """Write down how the run ended, and collect what it left behind."""
        self._ended, self._submission = True, submission
        self._records(run).finish(submission, view.state.phase)
        output = self._output(service, view)
        return RunEnd(
            succeeded=view.state.phase is Phase.SUCCEEDED,
            detail=end_line(service, view, output),
            written=Written(submission.try_number, submission.earlier_result),
            stage=view.state.stage,
            state=view.state.name,
            link=view.page_url,
            error=output.error,
            trace=output.trace,
        )

    def _records(self, run: TaskRun) -> Records:
        return Records(self.store(self.settings.runs_root), run.identity, self.log.warning)

    def _output(self, service: RunService, view: RunView) -> RunOutput:
        """What the run printed, in the task's log; output that cannot be had never fails a run."""
        try:
            output = service.output(view)
        except EngineError as error:
            self.log.warning("%s", error)
            return RunOutput()
        lines: Sequence[str] = output.logs.splitlines()
        if len(lines) > _LAST_LINES:
            self.log.info("the last %s of %s lines that the run printed:", _LAST_LINES, len(lines))
        for line in lines[-_LAST_LINES:]:
            self.log.info("%s", line)
        return output


def end_line(service: RunService, view: RunView, output: RunOutput) -> str:
    """How a run ended: its state, and the first line of the job's error where that is told apart."""
    error = next(iter(output.error.splitlines()), "")
    line = status_line(service, view)
    return line if not error or error in view.reason else f"{line}: {error}"


def status_line(service: RunService, view: RunView) -> str:
    """The state of a run as the log tells it."""
    state = view.state
    return f"{service.name(view.ref)} {state.words} ({state.name}){f': {view.reason}' if view.reason else ''}"

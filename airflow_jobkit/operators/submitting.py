"""Carries out what `engines.submission` decides, until there is one run to wait for."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_jobkit.engines.looks import backoff, bridged
from airflow_jobkit.engines.service import RunService
from airflow_jobkit.engines.states import Phase
from airflow_jobkit.engines.submission import (
    Attach,
    Find,
    Known,
    Look,
    Repeat,
    Situation,
    Start,
    Step,
    Stop,
    Submission,
    WhenChanged,
    decide,
)
from airflow_jobkit.errors import EngineRefusedError, RunGoneError, UnansweredError
from airflow_jobkit.operators.records import History, Records

_REPEATS = 4
"""How often a request that was not answered is followed by another, once that can start no second run."""
_PAUSE_SECONDS = 1.0
_LONGEST_RUN_SECONDS = 7 * 86_400.0
"""A run that its service has forgotten after so long has certainly ended: none may take longer."""


@dataclass(frozen=True)
class Intent:
    """What a try would start.

    Attributes:
        try_number: The try.
        engine: The Engine.
        job: What the service files the run under; may be empty.
        fingerprint: Of all that the run depends on.
        code_version: The Release's version.
        code_digest: The Release's digest.
        request: The start request that bears a submission's key.
        prepare: Sees to it that the job is there; called once, before a request is sent.
        earlier_result: The sha256 of the Result that stands at the run's place; None if none does.
        when_changed: What to do about a run to adopt whose fingerprint differs.
    """

    try_number: int
    engine: str
    job: str
    fingerprint: str
    code_version: str
    code_digest: str
    request: Callable[[str], Mapping[str, Any]]
    prepare: Callable[[], None]
    earlier_result: Callable[[], str | None]
    when_changed: WhenChanged = "restart"


@dataclass
class Submitting:
    """Brings one try to its run: adopted, or started exactly once.

    Attributes:
        service: The Engine's service.
        records: What is written down about this task instance.
        intent: What this try would start.
        log: The task's logger.
        go_on: Called before anything is started; raises once the task was killed.
        begun_here: Told each run of this generation as soon as its id is known, so that a kill can stop it.
        sleep: Waits for some seconds.
    """

    service: RunService
    records: Records
    intent: Intent
    log: Any
    go_on: Callable[[], None]
    begun_here: Callable[[Submission], None]
    sleep: Callable[[float], None] = time.sleep
    _known: dict[str, Known] = field(default_factory=dict)
    _begun: set[str] = field(default_factory=set)
    _stopped: set[str] = field(default_factory=set)
    _next_number: int = 0
    _fresh: bool = True
    _pauses: Iterator[float] | None = None

    def attach(self) -> Submission:
        """The submission whose run this try is to wait for.

        Raises:
            EngineError: It could not be started or looked up, or an earlier run could not be stopped.
            ReleaseError: What is written down cannot be read or written; nothing was started.
        """
        # Whoever is first finds nothing; that the first number is taken would tell otherwise.
        if self.intent.try_number > 1:
            self._load()
        while True:
            step = decide(self._situation())
            if isinstance(step, Attach):
                self._tell(step)
                return step.submission
            self._take(step)

    def _situation(self) -> Situation:
        return Situation(
            run_key=self.records.identity.key,
            try_number=self.intent.try_number,
            fingerprint=self.intent.fingerprint,
            known=tuple(self._known.values()),
            next_number=self._next_number,
            begun=frozenset(self._begun),
            stopped=frozenset(self._stopped),
            repeatable=self.service.repeatable,
            when_changed=self.intent.when_changed,
        )

    def _take(self, step: Step) -> None:
        self.go_on()
        match step:
            case Start(number):
                self._start(number)
            case Repeat(submission):
                self._send(submission)
            case Find(submission):
                self._find(submission)
            case Look(submission, again):
                self._look(submission, again=again)
            case Stop(submission, reason):
                self.log.warning("stopping %s: %s", self.service.name(submission.ref), reason)
                self.service.stop(submission.ref)
                self._stopped.add(submission.key)

    def _start(self, number: int) -> None:
        """Write the intent down, and send the request."""
        # First, since it may take a while, and the record tells when the request was sent.
        self.intent.prepare()
        submission = Submission(
            run_key=self.records.identity.key,
            number=number,
            try_number=self.intent.try_number,
            job=self.intent.job,
            fingerprint=self.intent.fingerprint,
            sent_at=time.time(),
            nonce=secrets.token_hex(4),
            code_version=self.intent.code_version,
            code_digest=self.intent.code_digest,
            engine=self.intent.engine,
            earlier_result=None if self._fresh else self.intent.earlier_result(),
        )
        if not self.records.create(submission):
            self._load()
            # Where only the answer of the write was lost, what stands there is this very submission.
            if submission.key not in self._known:
                return
        self._begun.add(submission.key)
        self._next_number = number + 1
        self._known[submission.key] = Known(submission)
        self._send(submission)

    def _send(self, submission: Submission) -> None:
        """Start the run, or learn which one was started."""
        try:
            request = self.intent.request(submission.key)
            run_id = self.service.start(request, self._renewing(submission))
        except UnansweredError as error:
            pause = next(self._repeats(), None)
            if pause is None:
                raise
            self.log.warning("whether a run has started is unknown, and is looked up: %s", error)
            if self.service.repeatable:
                self.sleep(pause)
            return
        self._confirm(submission, run_id)

    def _renewing(self, submission: Submission) -> Callable[[], None]:
        """Write down when a request is sent again: how long its run may be missing depends on it."""
        renewing = False

        def before_each() -> None:
            nonlocal renewing
            self.go_on()
            if renewing and not self.service.repeatable:
                renewed = replace(submission, sent_at=time.time())
                self.records.renew(renewed)
                self._known[submission.key] = replace(self._known[submission.key], submission=renewed)
            renewing = True

        return before_each

    def _find(self, submission: Submission) -> None:
        """Look the run up, waiting for a list that lags behind."""
        self.log.info("looking for the run of submission %s", submission.key)
        ref = bridged(
            lambda: self.service.find(submission.job, submission.key, submission.sent_at),
            f"the run of submission {submission.key}",
            self.log.warning,
        )
        if ref is None:
            self.log.info("submission %s has started no run", submission.key)
            self._known[submission.key] = replace(self._known[submission.key], lost=True)
        else:
            self._confirm(submission, ref.run_id)

    def _confirm(self, submission: Submission, run_id: str) -> None:
        """Write the run's id down, where this generation made it."""
        confirmed = submission.confirmed(run_id)
        self._known[submission.key] = replace(self._known[submission.key], submission=confirmed)
        if submission.run_key == self.records.identity.key:
            self.begun_here(confirmed)
            self.records.confirm(confirmed)
        self.go_on()

    def _look(self, submission: Submission, *, again: bool) -> None:
        if again:
            self.sleep(_PAUSE_SECONDS)
        name = self.service.name(submission.ref)
        try:
            view = bridged(lambda: self.service.look(submission.ref), name, self.log.warning)
        except RunGoneError:
            # Of a young one it rather says that the connection leads elsewhere now.
            if time.time() - submission.sent_at < _LONGEST_RUN_SECONDS:
                raise
            self.log.info("%s is not known any more: it ended long ago", name)
            self._known[submission.key] = replace(self._known[submission.key], lost=True)
            return
        self.log.info("%s of try %s %s (%s)", name, submission.try_number, view.state.words, view.state.name)
        self._known[submission.key] = replace(self._known[submission.key], view=view)
        if view.state.phase is not Phase.ACTIVE:
            self.records.finish(submission, view.state.phase)
        if submission.run_key == self.records.identity.key and view.state.phase is Phase.ACTIVE:
            self.begun_here(submission)

    def _load(self) -> None:
        history: History = self.records.load()
        for known in history.known:
            self._refuse_other_engine(known)
        own = (known for known in history.known if known.submission.engine == self.intent.engine)
        self._known = {known.submission.key: known for known in own}
        self._next_number = history.next_number
        self._fresh = history.next_number == 0

    def _refuse_other_engine(self, known: Known) -> None:
        """Of a run on another Engine this one's service cannot tell whether it goes on."""
        submission = known.submission
        if submission.engine == self.intent.engine or known.ended is not None:
            return
        run = submission.run_id or "whose id is not known"
        raise EngineRefusedError(
            f"try {submission.try_number} started a run on {submission.engine} ({run}), and how it ended is "
            f"not written down; the task is on {self.intent.engine} now: see to it that the run has ended, "
            f"then delete {self.records.location(submission)}"
        )

    def _tell(self, step: Attach) -> None:
        if step.adopted:
            self.log.info(
                "adopted %s, which try %s started: a retry resumes, a clear starts anew",
                self.service.name(step.submission.ref),
                step.submission.try_number,
            )
            self.begun_here(step.submission)

    def _repeats(self) -> Iterator[float]:
        if self._pauses is None:
            self._pauses = backoff(_REPEATS)
        return self._pauses

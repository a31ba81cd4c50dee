"""Exactly once: what to do next about a submission, given what is written down and what was seen.

A submission goes through resolve, intend, submit, confirm, wait, collect and finish. Before a request is sent
that starts a run, the intent is written down under a key that the request bears too; so whoever comes after a
crash finds what was begun. A generation is what Airflow's clear makes anew: its retries resume each other's
runs, and it ends those of earlier generations before it begins.

Everything here is pure; `operators.submitting` carries the steps out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from airflow_jobkit.engines.service import RunRef, RunView
from airflow_jobkit.engines.states import Phase
from airflow_jobkit.errors import ContractError, EngineError, RunChangedError

SCHEMA = 1

WhenChanged = Literal["restart", "wait", "fail"]


@dataclass(frozen=True)
class Submission:
    """One request that starts a run, as it is written down before it is sent.

    Attributes:
        run_key: The run key of its generation.
        number: Counted from 0 within the generation; a run that failed leads to the next one.
        try_number: Airflow's try that wrote it down.
        job: What the service files the run under; may be empty.
        fingerprint: Of all that the run depends on: code digest, arguments, engine options.
        sent_at: When it was written down, in seconds since 1970.
        nonce: Makes the key unlike that of any other submission: another Airflow may use the same account or
            workspace, and its scheduled runs have the same names; a DAG run that is made again has them too.
        code_version: The Release's version.
        code_digest: The Release's digest.
        engine: The Engine of its run.
        earlier_result: The sha256 of the Result that stood there before; None if none did.
        run_id: The run; None until its id is known.
    """

    run_key: str
    number: int
    try_number: int
    job: str
    fingerprint: str
    sent_at: float
    nonce: str
    code_version: str
    code_digest: str
    engine: str
    earlier_result: str | None = None
    run_id: str | None = None

    @property
    def key(self) -> str:
        """What the request bears, so that its run is found again; at most 64 characters."""
        return f"{self.run_key}.{self.number}.{self.nonce}"

    @property
    def ref(self) -> RunRef:
        """The run.

        Raises:
            EngineError: Its id is not known yet.
        """
        if self.run_id is None:
            raise EngineError(f"the run of submission {self.key} is not known")
        return RunRef(self.run_id, self.job)

    def confirmed(self, run_id: str) -> Submission:
        """The same, with its run."""
        return replace(self, run_id=run_id)

    def document(self) -> dict[str, Any]:
        """The submission as JSON; `of` reads it back."""
        return {"schema": SCHEMA, **self.__dict__}

    @classmethod
    def of(cls, document: Any, location: str) -> Submission:
        """Read what `document` wrote.

        Raises:
            ContractError: It is of another form.
        """
        try:
            fields = dict(document)
            if fields.pop("schema") != SCHEMA:
                raise ValueError(f"its schema is not {SCHEMA}")
            return cls(**fields)
        except (TypeError, ValueError, KeyError) as error:
            raise ContractError(
                f"{location} is not the record of a submission ({error}); if a newer airflow-jobkit wrote "
                "it, upgrade this one"
            ) from error


@dataclass(frozen=True)
class Known:
    """A submission and what this try has found out about its run.

    Attributes:
        submission: As it is written down.
        view: The run as it was last seen; None: not looked at.
        lost: Whether it is certain that no run was started.
        ended: How the run ended, where that is written down.
    """

    submission: Submission
    view: RunView | None = None
    lost: bool = False
    ended: Phase | None = None

    @property
    def phase(self) -> Phase | None:
        """Whether the run goes on; None where that is not known."""
        return self.view.state.phase if self.view is not None else self.ended


@dataclass(frozen=True)
class Situation:
    """All that a decision depends on.

    Attributes:
        run_key: That of this try's generation.
        try_number: This try.
        fingerprint: Of what this try would start.
        known: The submissions of this task instance, of all generations; those that are written down as
            ended may be left out, but for the newest of this generation where it succeeded.
        next_number: The number that this generation's next submission gets.
        begun: The keys of those that this very try has written down.
        stopped: The keys of those whose runs this try has asked to stop.
        repeatable: Whether the service starts one run per key, however often it is asked.
        when_changed: What to do about a run whose fingerprint differs.
    """

    run_key: str
    try_number: int
    fingerprint: str
    known: Sequence[Known]
    next_number: int
    begun: Collection[str] = ()
    stopped: Collection[str] = ()
    repeatable: bool = False
    when_changed: WhenChanged = "restart"


@dataclass(frozen=True)
class Start:
    """Write a submission down under this number, and send it."""

    number: int


@dataclass(frozen=True)
class Repeat:
    """Send a submission again: its service starts one run per key."""

    submission: Submission


@dataclass(frozen=True)
class Find:
    """Look a submission's run up."""

    submission: Submission


@dataclass(frozen=True)
class Look:
    """Look at a submission's run; `again` after a pause."""

    submission: Submission
    again: bool = False


@dataclass(frozen=True)
class Stop:
    """Ask for the end of a submission's run, and say why."""

    submission: Submission
    reason: str


@dataclass(frozen=True)
class Attach:
    """This is the run to wait for; `adopted` when another try started it."""

    submission: Submission
    adopted: bool


Step = Start | Repeat | Find | Look | Stop | Attach


def decide(situation: Situation) -> Step:
    """The next step.

    Raises:
        RunChangedError: The run to adopt was started from other code, arguments or options, and
            `when_changed` says that this is an error.
    """
    own = _own(situation)
    for other in situation.known:
        if other is not own:
            step = _end(other, situation, _why(other, situation))
            if step is not None:
                return step
    if own is None or own.lost or own.phase is Phase.FAILED:
        return Start(situation.next_number)
    if own.submission.run_id is None:
        return _unknown_run(own, situation)
    adopted = own.submission.key not in situation.begun
    if adopted and own.phase is None:
        return Look(own.submission)
    if own.submission.fingerprint == situation.fingerprint or situation.when_changed == "wait":
        return Attach(own.submission, adopted)
    return _changed(own, situation)


def _own(situation: Situation) -> Known | None:
    """The newest submission of this generation, if this try or an earlier one made it.

    Where the newest was left out, its run has failed, and none of those before it is to be taken over.
    One of a later try, or of the same try but not made by it, belongs to a DAG run that was deleted and made
    again under the same id: Airflow counts tries from 1 again.
    """
    generation = [known for known in situation.known if known.submission.run_key == situation.run_key]
    newest = max(generation, key=lambda known: known.submission.number, default=None)
    if newest is None or newest.submission.number != situation.next_number - 1:
        return None
    if newest.submission.key in situation.begun:
        return newest
    return newest if newest.submission.try_number < situation.try_number else None


def _unknown_run(own: Known, situation: Situation) -> Step:
    """Its id is not known: the same request tells it where that is safe, else the service's list does."""
    # A request that has changed since must not start under what was written down of another one.
    same = own.submission.fingerprint == situation.fingerprint
    return Repeat(own.submission) if situation.repeatable and same else Find(own.submission)


def _end(known: Known, situation: Situation, reason: str) -> Step | None:
    """What is left to do until a run that nobody waits for has ended; None: nothing."""
    submission = known.submission
    if known.lost or known.phase in (Phase.SUCCEEDED, Phase.FAILED):
        return None
    if submission.run_id is None:
        return Find(submission)
    if known.phase is None:
        return Look(submission)
    if submission.key in situation.stopped:
        return Look(submission, again=True)
    return Stop(submission, reason)


def _why(known: Known, situation: Situation) -> str:
    if known.submission.run_key == situation.run_key:
        return "a later submission took its place"
    return "it belongs to an earlier generation, and the task was cleared"


def _changed(own: Known, situation: Situation) -> Step:
    """The run to adopt was started from other code, arguments or options."""
    if situation.when_changed == "fail":
        raise RunChangedError(
            f"try {own.submission.try_number} started run {own.submission.run_id} with other code, arguments "
            "or options than this try has; clear the task to stop it and start anew, or set `when_changed` "
            "to restart or wait"
        )
    reason = "it was started with other code, arguments or options than this try has"
    return _end(own, situation, reason) or Start(situation.next_number)

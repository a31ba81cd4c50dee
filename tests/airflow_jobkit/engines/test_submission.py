"""What is done next about a submission: the whole table, without any service."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from airflow_jobkit.engines.service import RunRef, RunView
from airflow_jobkit.engines.states import Phase, RunState
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
    decide,
)
from airflow_jobkit.errors import ContractError, EngineError, RunChangedError

NOW, BEFORE = "b" * 32, "a" * 32
UNSENT = Submission(NOW, 0, 1, "", "same", 1000.0, "n0", "1.0.0", "d" * 64, "fake")
OWN = UNSENT.confirmed("run_1")
OTHER_UNSENT = replace(UNSENT, run_key=BEFORE)
OTHER = OTHER_UNSENT.confirmed("run_0")


def seen(submission: Submission, phase: Phase) -> Known:
    """A submission whose run was looked at."""
    return Known(submission, RunView(RunRef(submission.ref.run_id), RunState(phase.value, phase, "is so")))


ACTIVE, SUCCEEDED, FAILED = (seen(OWN, phase) for phase in Phase)
OTHER_ACTIVE = seen(OTHER, Phase.ACTIVE)
# The second try of a generation that has made one submission.
RETRY = Situation(NOW, 2, "same", (), 1)
FIRST = replace(RETRY, try_number=1, next_number=0)
# Two submissions, of which the second has no record any more that matters.
THIRD = replace(RETRY, try_number=3, next_number=2)


def case(meaning: str, situation: Situation, step: Step) -> object:
    """A row of the table."""
    return pytest.param(situation, step, id=meaning)


FIRST_TRY = [
    case("nothing is known, so a run is started", FIRST, Start(0)),
    case(
        "what this try has written down and whose run it knows is waited for",
        replace(FIRST, known=(Known(OWN),), next_number=1, begun={OWN.key}),
        Attach(OWN, adopted=False),
    ),
    case(
        "what this try has sent without an answer is looked up",
        replace(FIRST, known=(Known(UNSENT),), next_number=1, begun={UNSENT.key}),
        Find(UNSENT),
    ),
    case(
        "what this try has sent without an answer is sent again where that is safe",
        replace(FIRST, known=(Known(UNSENT),), next_number=1, begun={UNSENT.key}, repeatable=True),
        Repeat(UNSENT),
    ),
    case(
        "what was certainly not started is followed by the next number",
        replace(FIRST, known=(Known(UNSENT, lost=True),), next_number=1, begun={UNSENT.key}),
        Start(1),
    ),
]
A_RETRY = [
    case("an intent without a run is looked up", replace(RETRY, known=(Known(UNSENT),)), Find(UNSENT)),
    case(
        "an intent without a run is sent again where that is safe",
        replace(RETRY, known=(Known(UNSENT),), repeatable=True),
        Repeat(UNSENT),
    ),
    case(
        "a request that has changed is not sent under the key of another one",
        replace(RETRY, known=(Known(UNSENT),), repeatable=True, fingerprint="changed"),
        Find(UNSENT),
    ),
    case(
        "an intent that started nothing is followed by the next",
        replace(RETRY, known=(Known(UNSENT, lost=True),)),
        Start(1),
    ),
    case("a run is looked at before it is taken over", replace(RETRY, known=(Known(OWN),)), Look(OWN)),
    case("a run that goes on is taken over", replace(RETRY, known=(ACTIVE,)), Attach(OWN, adopted=True)),
    case("a run that succeeded is taken over", replace(RETRY, known=(SUCCEEDED,)), Attach(OWN, adopted=True)),
    case(
        "a run that is written down as a success is taken over without a look",
        replace(RETRY, known=(Known(OWN, ended=Phase.SUCCEEDED),)),
        Attach(OWN, adopted=True),
    ),
    case("a run that failed is followed by the next", replace(RETRY, known=(FAILED,)), Start(1)),
    case("one that is written down as failed is followed by the next", RETRY, Start(1)),
    case(
        "where the newest has failed, an earlier success is not taken over",
        replace(THIRD, known=(SUCCEEDED,)),
        Start(2),
    ),
    case(
        "where the newest has failed, an earlier intent is looked up and not sent again",
        replace(THIRD, known=(Known(UNSENT),), repeatable=True),
        Find(UNSENT),
    ),
    case(
        "where the newest goes on, an earlier intent is looked up first",
        replace(THIRD, known=(Known(UNSENT), seen(replace(OWN, number=1), Phase.ACTIVE))),
        Find(UNSENT),
    ),
    case(
        "where the newest goes on, an earlier run that goes on too is stopped",
        replace(THIRD, known=(ACTIVE, seen(replace(OWN, number=1), Phase.ACTIVE))),
        Stop(OWN, "a later submission took its place"),
    ),
]
CHANGED = replace(RETRY, fingerprint="changed")
A_CHANGE = [
    case(
        "a changed run that goes on is stopped",
        replace(CHANGED, known=(ACTIVE,)),
        Stop(OWN, "it was started with other code, arguments or options than this try has"),
    ),
    case(
        "the end of a changed run that was stopped is awaited",
        replace(CHANGED, known=(ACTIVE,), stopped={OWN.key}),
        Look(OWN, again=True),
    ),
    case("a changed run that succeeded is done again", replace(CHANGED, known=(SUCCEEDED,)), Start(1)),
    case("a changed run that failed is done again", replace(CHANGED, known=(FAILED,)), Start(1)),
    case(
        "a changed run is taken over where that is set",
        replace(CHANGED, known=(ACTIVE,), when_changed="wait"),
        Attach(OWN, adopted=True),
    ),
    case(
        "a changed run that failed is no error where that is set",
        replace(CHANGED, known=(FAILED,), when_changed="fail"),
        Start(1),
    ),
    case(
        "a changed run is looked at before it is an error",
        replace(CHANGED, known=(Known(OWN),), when_changed="fail"),
        Look(OWN),
    ),
]
CLEARED = replace(RETRY, next_number=0)
STOPS = Stop(OTHER, "it belongs to an earlier generation, and the task was cleared")
A_CLEAR = [
    case("with no run of an earlier generation a run is started", CLEARED, Start(0)),
    case(
        "an earlier generation's intent is looked up, never sent again",
        replace(CLEARED, known=(Known(OTHER_UNSENT),), repeatable=True),
        Find(OTHER_UNSENT),
    ),
    case(
        "an earlier generation's run is looked at",
        replace(CLEARED, known=(Known(OTHER),)),
        Look(OTHER),
    ),
    case(
        "an earlier generation's run that goes on is stopped", replace(CLEARED, known=(OTHER_ACTIVE,)), STOPS
    ),
    case(
        "an earlier generation's run that was stopped is awaited",
        replace(CLEARED, known=(OTHER_ACTIVE,), stopped={OTHER.key}),
        Look(OTHER, again=True),
    ),
    case(
        "after the end of an earlier generation's run a run is started",
        replace(CLEARED, known=(seen(OTHER, Phase.FAILED),), stopped={OTHER.key}),
        Start(0),
    ),
    case(
        "an earlier generation's success is never taken over",
        replace(CLEARED, known=(seen(OTHER, Phase.SUCCEEDED),)),
        Start(0),
    ),
    case(
        "an earlier generation's intent that started nothing is left alone",
        replace(CLEARED, known=(Known(OTHER_UNSENT, lost=True),)),
        Start(0),
    ),
    case(
        "an earlier generation's run is ended before this generation's is taken over",
        replace(RETRY, known=(OTHER_ACTIVE, ACTIVE)),
        STOPS,
    ),
]
MADE_AGAIN = replace(RETRY, try_number=1)
A_DAG_RUN_MADE_AGAIN = [
    case(
        "a run of the deleted DAG run is stopped",
        replace(MADE_AGAIN, known=(ACTIVE,)),
        Stop(OWN, "a later submission took its place"),
    ),
    case(
        "a success of the deleted DAG run is not taken over",
        replace(MADE_AGAIN, known=(SUCCEEDED,)),
        Start(1),
    ),
    case(
        "an intent of the deleted DAG run is looked up, never sent again",
        replace(MADE_AGAIN, known=(Known(UNSENT),), repeatable=True),
        Find(UNSENT),
    ),
]


class TestDecide:
    @pytest.mark.parametrize(("situation", "step"), FIRST_TRY)
    def test_on_a_first_try(self, situation: Situation, step: Step) -> None:
        assert decide(situation) == step

    @pytest.mark.parametrize(("situation", "step"), A_RETRY)
    def test_on_a_retry(self, situation: Situation, step: Step) -> None:
        assert decide(situation) == step

    @pytest.mark.parametrize(("situation", "step"), A_CHANGE)
    def test_after_a_change_of_code_arguments_or_options(self, situation: Situation, step: Step) -> None:
        assert decide(situation) == step

    @pytest.mark.parametrize(("situation", "step"), A_CLEAR)
    def test_after_a_clear(self, situation: Situation, step: Step) -> None:
        assert decide(situation) == step

    @pytest.mark.parametrize(("situation", "step"), A_DAG_RUN_MADE_AGAIN)
    def test_of_a_dag_run_made_again_under_its_id(self, situation: Situation, step: Step) -> None:
        assert decide(situation) == step

    @pytest.mark.parametrize("known", [ACTIVE, SUCCEEDED], ids=["goes on", "succeeded"])
    def test_a_changed_run_is_an_error_where_that_is_set(self, known: Known) -> None:
        with pytest.raises(RunChangedError, match="try 1 started run run_1 with other code") as caught:
            decide(replace(CHANGED, known=(known,), when_changed="fail"))
        assert caught.value.final


class TestSubmission:
    @pytest.mark.parametrize("submission", [UNSENT, OWN], ids=["without a run", "with its run"])
    def test_reads_back_what_was_written(self, submission: Submission) -> None:
        written = json.loads(json.dumps(submission.document()))
        assert Submission.of(written, "/there") == submission

    @pytest.mark.parametrize(
        "document",
        [
            pytest.param(None, id="nothing"),
            pytest.param([1], id="a list"),
            pytest.param({}, id="no schema"),
            pytest.param({**OWN.document(), "schema": 99}, id="a newer schema"),
            pytest.param({**OWN.document(), "more": 1}, id="a field too many"),
            pytest.param({"schema": 1, "run_key": NOW}, id="fields too few"),
        ],
    )
    def test_another_form_is_an_error_that_names_its_place(self, document: object) -> None:
        with pytest.raises(ContractError, match=r"^/there is not the record of a submission"):
            Submission.of(document, "/there")

    def test_the_key_has_at_most_64_characters(self) -> None:
        assert len(replace(OWN, number=10**9, nonce="0" * 8).key) <= 64

    def test_a_run_that_is_not_known_is_an_error(self) -> None:
        with pytest.raises(EngineError, match="is not known"):
            _ = UNSENT.ref

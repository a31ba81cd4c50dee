"""Exactly one run, whatever is lost on the way: a worker, an answer, a race for a number."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from fake_service import FAILED, RUNNING, STOPPED, SUCCEEDED, FakeService

from airflow_jobkit.contracts.run_key import RunIdentity
from airflow_jobkit.engines.states import Phase, RunState
from airflow_jobkit.engines.submission import Submission
from airflow_jobkit.errors import EngineError, EngineRefusedError, RunChangedError, UnansweredError
from airflow_jobkit.operators.records import Records
from airflow_jobkit.operators.submitting import Intent, Submitting
from airflow_jobkit.release import Store, open_store

# Thousands of tries are made here, and nobody reads what they say.
LOG = logging.Logger("silent", logging.CRITICAL)
IDENTITY = RunIdentity("dag", "run", "task", -1, 0)
SUCCEEDS = (RUNNING, RUNNING, SUCCEEDED)
FAILS = (RUNNING, FAILED)


class WorkerLostError(BaseException):
    """The worker's process is gone."""


@dataclass
class Fate:
    """Loses the worker at one of the moments that it passes; 0: at none.

    Attributes:
        at: The moment, counted from 1.
        passed: How many it has passed.
    """

    at: int = 0
    passed: int = 0

    def __call__(self, call: str) -> None:
        """Pass one more."""
        self.passed += 1
        if self.passed == self.at:
            raise WorkerLostError(call)


@dataclass(frozen=True)
class MortalStore:
    """A Store of a worker that may be lost before and after each write."""

    store: Store
    fate: Callable[[str], None]

    def read(self, key: str) -> bytes | None:
        """Read."""
        return self.store.read(key)

    def list(self, prefix: str) -> tuple[str, ...]:
        """List."""
        return self.store.list(prefix)

    def location(self, key: str) -> str:
        """Say where."""
        return self.store.location(key)

    def create(self, key: str, data: bytes) -> bool:
        """Create, if the worker lives."""
        self.fate("create")
        created = self.store.create(key, data)
        self.fate("created")
        return created

    def replace(self, key: str, data: bytes) -> None:
        """Replace, if the worker lives."""
        self.fate("replace")
        self.store.replace(key, data)
        self.fate("replaced")


def nothing() -> None:
    """Nobody has killed the task."""


@dataclass
class World:
    """A service, and what is written down about one task instance.

    Attributes:
        folder: Where it is written down.
        service: The service.
        told: The runs that a kill would have stopped, in the order in which they were told.
    """

    folder: Path
    service: FakeService
    told: list[str | None] = field(default_factory=list)

    def submitting(
        self,
        try_number: int = 1,
        generation: int = 0,
        fate: Callable[[str], None] = lambda call: None,  # noqa: ARG005
        go_on: Callable[[], None] = nothing,
        **changes: Any,
    ) -> Submitting:
        """What a try has to submit."""
        self.service.before = self.service.after = fate
        intent = Intent(
            try_number=try_number,
            engine="fake",
            job="",
            fingerprint="same",
            code_version="1.0.0",
            code_digest="d" * 64,
            request=lambda key: {"key": key},
            prepare=nothing,
            earlier_result=lambda: None,
        )
        return Submitting(
            self.service,
            self.records(generation, fate),
            replace(intent, **changes),
            LOG,
            go_on,
            lambda submission: self.told.append(submission.run_id),
            sleep=lambda seconds: None,  # noqa: ARG005
        )

    def records(self, generation: int = 0, fate: Callable[[str], None] = Fate()) -> Records:  # noqa: B008
        """What is written down."""
        store = MortalStore(open_store(str(self.folder)), fate)
        return Records(store, replace(IDENTITY, generation=generation), LOG.warning)

    def whole_try(self, try_number: int, generation: int, fate: Fate) -> Phase:
        """A try from its beginning to the end of its run."""
        submission = self.submitting(try_number, generation, fate).attach()
        while (phase := self.service.look(submission.ref).state.phase) is Phase.ACTIVE:
            pass
        self.records(generation, fate).finish(submission, phase)
        return phase

    def successes(self, generation: int) -> int:
        """How many runs of a generation have succeeded."""
        run_key = replace(IDENTITY, generation=generation).key
        runs = self.service.runs.values()
        return sum(run.key.startswith(run_key) and run.states[0] is SUCCEEDED for run in runs)


@pytest.fixture
def worlds(tmp_path: Path) -> Callable[..., World]:
    """Makes worlds that know nothing of each other."""
    numbers = itertools.count()
    return lambda **changes: World(tmp_path / str(next(numbers)), FakeService(**changes))


def live_on(world: World, tries: Iterator[int], fate: Fate, *, clears: bool) -> int:
    """Try again until a run succeeds, as Airflow would; the generation in which it did."""
    generation = 0
    for try_number in tries:
        try:
            phase = world.whole_try(try_number, generation, fate)
        except WorkerLostError:
            generation += clears
            fate = Fate()
            continue
        if phase is Phase.SUCCEEDED:
            return generation
        fate = Fate()
    raise AssertionError("there is always one more try")


@pytest.mark.parametrize("repeatable", [False, True], ids=["one run per request", "one run per key"])
@pytest.mark.parametrize("clears", [False, True], ids=["then a retry", "then a clear"])
@pytest.mark.parametrize("first", [SUCCEEDS, FAILS], ids=["the run succeeds", "the first run fails"])
class TestALostWorker:
    def test_at_any_moment_leaves_one_run_at_a_time_and_one_success_in_a_generation(
        self,
        worlds: Callable[..., World],
        repeatable: bool,
        clears: bool,
        first: tuple[RunState, ...],
    ) -> None:
        for at in itertools.count(1):
            world, fate = worlds(scripts=[first, SUCCEEDS], repeatable=repeatable), Fate(at)
            generation = live_on(world, itertools.count(1), fate, clears=clears)
            self.check(world, generation)
            if fate.passed < at:
                break
        assert at > 8

    def test_and_at_any_moment_of_the_next_try_too(
        self,
        worlds: Callable[..., World],
        repeatable: bool,
        clears: bool,
        first: tuple[RunState, ...],
    ) -> None:
        pairs = itertools.product(range(1, 11), range(1, 17))
        # A seventh of them, in which each moment occurs.
        for at, again in (pair for pair in pairs if sum(pair) % 7 == 0):
            world = worlds(scripts=[first, SUCCEEDS], repeatable=repeatable)
            with pytest.raises(WorkerLostError):
                live_on_or_die(world, 1, 0, Fate(at))
            generation = int(clears)
            try:
                phase = world.whole_try(2, generation, Fate(again))
            except WorkerLostError:
                generation = live_on_from(world, 3, generation)
            else:
                if phase is Phase.FAILED:
                    generation = live_on_from(world, 3, generation)
            self.check(world, generation)

    def check(self, world: World, generation: int) -> None:
        assert world.service.most_active == 1
        assert [world.successes(earlier) <= 1 for earlier in range(generation)] == [True] * generation
        assert world.successes(generation) == 1
        assert not any(run.active for run in world.service.runs.values())


def live_on_or_die(world: World, try_number: int, generation: int, fate: Fate) -> None:
    """A try whose worker is lost, at the last after its end."""
    world.whole_try(try_number, generation, fate)
    raise WorkerLostError("after the end")


def live_on_from(world: World, try_number: int, generation: int) -> int:
    """Retry until a run succeeds; the generation."""
    for number in range(try_number, try_number + 3):
        if world.whole_try(number, generation, Fate()) is Phase.SUCCEEDED:
            return generation
    raise AssertionError("no run has succeeded")


class TestAnswers:
    @pytest.mark.parametrize("repeatable", [False, True], ids=["one run per request", "one run per key"])
    def test_a_lost_answer_leads_to_the_run_that_was_started(
        self, worlds: Callable[..., World], repeatable: bool
    ) -> None:
        lost = iter([UnansweredError("no answer")])

        def lose(call: str) -> None:
            if call == "started":
                for error in lost:
                    raise error

        world = worlds(repeatable=repeatable)
        submission = world.submitting(fate=lose).attach()
        assert submission.run_id == "run_1"
        assert len(world.service.runs) == 1
        assert world.told == ["run_1"]

    @pytest.mark.parametrize("repeatable", [False, True], ids=["one run per request", "one run per key"])
    def test_what_is_never_answered_ends_in_an_error(
        self, worlds: Callable[..., World], repeatable: bool
    ) -> None:
        world = worlds(repeatable=repeatable, refusal=UnansweredError("no answer"))
        with pytest.raises(UnansweredError):
            world.submitting().attach()
        assert world.told == []

    def test_a_record_whose_answer_was_lost_is_this_trys_own(self, worlds: Callable[..., World]) -> None:
        class ForgetfulStore(MortalStore):
            """Says of what it has just written that it was there before."""

            def create(self, key: str, data: bytes) -> bool:
                super().create(key, data)
                return False

        world = worlds()
        submitting = world.submitting()
        submitting.records = replace(
            submitting.records, runs=ForgetfulStore(open_store(str(world.folder)), Fate())
        )
        assert submitting.attach().number == 0
        assert len(world.service.runs) == 1

    def test_the_record_tells_when_a_throttled_request_was_sent_at_last(
        self, worlds: Callable[..., World]
    ) -> None:
        class ThrottledService(FakeService):
            """Turns the first request away."""

            def start(self, request: Mapping[str, Any], before_each: Callable[[], None]) -> str:
                before_each()
                return super().start(request, before_each)

        def lose_answer(call: str) -> None:
            if call == "started":
                raise WorkerLostError

        world = worlds()
        world.service = ThrottledService()
        with pytest.raises(WorkerLostError):
            world.submitting(fate=lose_answer).attach()
        (sent,) = (known.submission for known in world.records().load().known)
        assert sent.run_id is None
        assert world.submitting(2).attach().run_id == "run_1"


class TestAKill:
    @pytest.mark.parametrize("try_number", [1, 2])
    def test_between_the_start_and_its_answer_knows_the_run(
        self, worlds: Callable[..., World], try_number: int
    ) -> None:
        """Also where this try sends what an earlier one has only written down."""
        world = worlds(repeatable=True)
        if try_number == 2:
            with pytest.raises(WorkerLostError):
                world.submitting(fate=Fate(3)).attach()
        assert world.service.runs == {}

        def killed() -> None:
            if world.service.runs:
                raise EngineError("killed")

        with pytest.raises(EngineError, match="killed"):
            world.submitting(try_number, go_on=killed).attach()
        assert world.told == ["run_1"]

    def test_before_anything_was_sent_starts_nothing(self, worlds: Callable[..., World]) -> None:
        def killed() -> None:
            raise EngineError("killed")

        world = worlds()
        with pytest.raises(EngineError, match="killed"):
            world.submitting(go_on=killed).attach()
        assert world.service.runs == {}
        assert world.records().load().next_number == 0


class TestWhatItCosts:
    def test_a_first_try_calls_the_service_once(self, worlds: Callable[..., World]) -> None:
        calls: list[str] = []
        worlds().submitting(fate=calls.append).attach()
        assert calls == ["create", "created", "start", "started", "replace", "replaced"]

    def test_a_retry_looks_once_at_a_run_that_goes_on(self, worlds: Callable[..., World]) -> None:
        world, calls = worlds(), []
        world.submitting().attach()
        assert world.submitting(2, fate=calls.append).attach().run_id == "run_1"
        assert calls == ["look", "looked"]

    def test_the_end_of_an_earlier_generations_run_is_asked_for_once(
        self, worlds: Callable[..., World]
    ) -> None:
        world, calls = worlds(), []
        world.submitting().attach()
        world.submitting(2, 1).attach()
        assert world.service.runs["run_1"].states == [STOPPED]
        world.submitting(3, 2).attach()
        world.submitting(4, 3, fate=calls.append).attach()
        assert "find" not in calls
        assert calls.count("stop") == 1


class TestAChange:
    def changed(self, world: World, when_changed: str) -> Submission:
        world.submitting().attach()
        return world.submitting(2, fingerprint="changed", when_changed=when_changed).attach()

    def test_stops_the_run_and_starts_anew_by_default(self, worlds: Callable[..., World]) -> None:
        world = worlds()
        assert self.changed(world, "restart").run_id == "run_2"
        assert world.service.runs["run_1"].states == [STOPPED]
        assert world.service.most_active == 1

    def test_takes_the_run_as_it_is_where_that_is_set(self, worlds: Callable[..., World]) -> None:
        assert self.changed(worlds(), "wait").run_id == "run_1"

    def test_is_an_error_that_leaves_the_run_alone_where_that_is_set(
        self, worlds: Callable[..., World]
    ) -> None:
        world = worlds()
        with pytest.raises(RunChangedError):
            self.changed(world, "fail")
        assert not world.service.runs["run_1"].asked_to_stop


def test_a_run_on_another_engine_that_may_go_on_is_not_forgotten(worlds: Callable[..., World]) -> None:
    world = worlds(scripts=[SUCCEEDS])
    lost = world.submitting(engine="other").attach()
    with pytest.raises(
        EngineRefusedError, match=r"started a run on other .* then delete .*submission-0\.json"
    ):
        world.submitting(2).attach()
    world.records().finish(lost, Phase.FAILED)
    assert world.submitting(2).attach().number == 1

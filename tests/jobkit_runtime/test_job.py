"""The order of a job's life and what its failures do; none of this needs Spark."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

import pytest

from jobkit_runtime import (
    AbstractJob,
    CheckFailedError,
    JobContext,
    JobDefinitionError,
    PlatformError,
    RunInfo,
)
from jobkit_runtime.journal import Journal
from jobkit_runtime.platforms import GivenPlatform
from jobkit_runtime.testing import MemoryDatasets, run_job


class Recorder(AbstractJob[None]):
    """Writes down what is called, and fails where it is told to."""

    def __init__(self, failing: dict[str, BaseException] | None = None) -> None:
        self.calls: list[str] = []
        self.seen: list[str] = []
        self._failing = failing or {}

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self._failing:
            raise self._failing[name]

    def setup(self, ctx):
        self._call("setup")

    def execute(self, ctx):
        self._call("execute")
        return {"answer": 42}

    def on_success(self, ctx, outcome):
        self.seen.append(outcome.status)
        self._call("on_success")

    def on_failure(self, ctx, outcome):
        self.seen.append(outcome.error.stage)
        self._call("on_failure")

    def teardown(self, ctx, outcome):
        self.seen.append(outcome.status)
        self._call("teardown")


def test_a_good_job_runs_its_parts_in_order_and_times_each():
    job = Recorder()
    outcome = run_job(job, None).outcome
    assert job.calls == ["setup", "execute", "on_success", "teardown"]
    assert job.seen == ["success", "success"]
    assert list(outcome.timings) == ["setup", "execute", "check", "commit", "on_success", "teardown"]
    assert (outcome.status, outcome.metrics, outcome.error) == ("success", {"answer": 42}, None)


@pytest.mark.parametrize("stage", ["setup", "execute"])
def test_a_failure_in_a_stage_names_it_and_still_tears_down(stage):
    job = Recorder({stage: ValueError("month 13 is not a month")})
    outcome = run_job(job, None, check=False).outcome
    assert job.calls[-2:] == ["on_failure", "teardown"]
    assert outcome.status == "failed"
    assert outcome.error is not None
    assert (outcome.error.stage, outcome.error.type) == (stage, "ValueError")
    assert outcome.error.trace.startswith("Traceback (most recent call last):\n")
    assert outcome.error.trace.endswith("ValueError: month 13 is not a month\n")
    assert "jobkit_runtime/job.py" not in outcome.error.trace.replace("tests/jobkit_runtime", "")


@pytest.mark.parametrize("hook", ["on_success", "teardown"])
def test_a_failing_hook_after_the_commit_is_a_warning(hook):
    outcome = run_job(Recorder({hook: RuntimeError("no")}), None).outcome
    assert outcome.status == "success"
    assert outcome.warnings == (f"{hook} failed: RuntimeError: no",)


def test_a_failing_on_failure_does_not_hide_the_failure():
    job = Recorder({"execute": ValueError("first"), "on_failure": RuntimeError("second")})
    outcome = run_job(job, None, check=False).outcome
    assert outcome.error is not None
    assert outcome.error.message == "first"
    assert outcome.warnings == ("on_failure failed: RuntimeError: second",)


@pytest.mark.parametrize(
    ("leaving", "status"),
    [
        (SystemExit(0), "success"),
        (SystemExit(), "success"),
        (SystemExit(3), "failed"),
        (SystemExit("no data"), "failed"),
        (KeyboardInterrupt(), "failed"),
    ],
    ids=["exit 0", "exit without a code", "exit 3", "exit with a message", "an interrupt"],
)
def test_leaving_the_job_ends_it_as_its_code_says(leaving, status):
    assert run_job(Recorder({"execute": leaving}), None, check=False).outcome.status == status


def test_run_is_final():
    with pytest.raises(JobDefinitionError, match=r"Sneaky overrides run\(\), which is final"):

        class Sneaky(Recorder):
            def run(self, ctx):
                return None


def test_what_execute_returns_must_be_a_mapping():
    class Wrong(AbstractJob[None]):
        def execute(self, ctx):
            return 7

    outcome = run_job(Wrong(), None).outcome
    assert outcome.metrics == {}
    assert outcome.warnings == ("execute returned a int, not a mapping: no metrics",)


def test_a_job_may_warn():
    class Careful(AbstractJob[None]):
        def execute(self, ctx):
            ctx.warn("the source is a day old")

    assert run_job(Careful(), None).outcome.warnings == ("the source is a day old",)


def test_the_context_cannot_be_changed_and_has_glue_on_glue_alone():
    ctx = JobContext(
        params=None,
        run=RunInfo("k", "local"),
        platform=GivenPlatform(),
        datasets=MemoryDatasets(),
        journal=Journal(),
        logger=logging.getLogger(),
    )
    with pytest.raises(AttributeError):
        ctx.params = 1
    with pytest.raises(PlatformError, match="exists on Glue alone"):
        _ = ctx.glue_context


@dataclass
class BrokenCommit(MemoryDatasets):
    """Datasets whose place cannot be written."""

    error: Exception = field(default_factory=lambda: OSError("read-only"))

    def commit(self) -> None:
        raise self.error


def test_a_failing_commit_fails_the_job():
    ctx = JobContext(
        params=None,
        run=RunInfo("k", "local"),
        platform=GivenPlatform(),
        datasets=BrokenCommit(),
        journal=Journal(),
        logger=logging.getLogger(),
    )
    error = Recorder().run(ctx).error
    assert error is not None
    assert (error.stage, error.message) == ("commit", "read-only")


def test_a_message_of_a_whole_jvm_leaves_room_for_the_calls():
    outcome = run_job(
        Recorder({"execute": ValueError("\n".join(["at java"] * 500))}), None, check=False
    ).outcome
    assert outcome.error is not None
    assert len(outcome.error.trace.splitlines()) <= 21
    assert "self._call" in outcome.error.trace


def test_the_outcome_of_a_run_is_frozen():
    outcome = run_job(Recorder(), None).outcome
    with pytest.raises(AttributeError):
        outcome.status = "failed"
    assert replace(outcome, status="failed").status == "failed"
    assert not isinstance(outcome.exception, CheckFailedError)

from __future__ import annotations

from dataclasses import dataclass

import pytest

from jobkit_runtime import AbstractJob, CheckFailedError, DatasetError, JobContext, row_count
from jobkit_runtime.testing import run_job

pytestmark = pytest.mark.spark


@dataclass(frozen=True)
class Params:
    at_least: int


class Doubler(AbstractJob[Params]):
    def execute(self, ctx: JobContext[Params]) -> dict[str, object]:
        doubled = ctx.read("numbers").selectExpr("id * 2 AS id")
        written = ctx.write("doubled", doubled, checks=[row_count(at_least=ctx.params.at_least)])
        return {"rows": written.rows, "again": ctx.read("doubled").count()}


def test_a_job_runs_on_frames_in_memory(spark):
    run = run_job(Doubler(), Params(1), inputs={"numbers": spark.range(2)})
    assert run.rows("doubled") == [{"id": 0}, {"id": 2}]
    assert run.outcome.metrics == {"rows": 2, "again": 2}
    assert [(item.name, item.role) for item in run.outcome.datasets] == [
        ("numbers", "input"),
        ("doubled", "output"),
    ]


def test_a_failing_job_raises_what_it_raised(spark):
    with pytest.raises(CheckFailedError, match="observed 2"):
        run_job(Doubler(), Params(3), inputs={"numbers": spark.range(2)})


def test_a_failure_can_be_looked_at_and_has_published_nothing(spark):
    run = run_job(Doubler(), Params(3), inputs={"numbers": spark.range(2)}, check=False)
    assert (run.outcome.status, dict(run.outputs)) == ("failed", {})
    with pytest.raises(DatasetError, match=r"published no 'doubled' \(it published none\)"):
        run.rows("doubled")


def test_a_missing_input_is_named_with_those_given(spark):
    with pytest.raises(DatasetError, match=r"no input 'numbers'; did you mean number\? \(it gives number\)"):
        run_job(Doubler(), Params(1), inputs={"number": spark.range(2)})

"""Run a job in a test, with its datasets in memory.

    def test_cancelled_flights_are_dropped(spark):
        flights = spark.createDataFrame([("UA", None), ("AA", 5)], "carrier string, arr_delay int")
        run = run_job(CleanFlights(), CleanFlightsParams(), inputs={"flights": flights})
        assert run.rows("clean_flights") == [{"carrier": "AA", "arr_delay": 5}]

Everything happens as on an engine, checks and hooks included, except that nothing is written.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from jobkit_runtime.checks import ROWS, Check, measures_of, reports_of, require
from jobkit_runtime.context import JobContext
from jobkit_runtime.errors import DatasetError
from jobkit_runtime.job import AbstractJob
from jobkit_runtime.journal import Journal
from jobkit_runtime.outcome import CheckReport, DatasetReport, Outcome, WrittenDataset
from jobkit_runtime.platforms import GivenPlatform
from jobkit_runtime.runinfo import RunInfo, Stage
from jobkit_runtime.wording import did_you_mean, listed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

P = TypeVar("P")

_RUN = RunInfo(run_key="test", engine="local", environment="test", code_version="0.0.0")


@dataclass
class MemoryDatasets:
    """Named DataFrames in, named DataFrames out; `published` stays empty until the commit."""

    inputs: Mapping[str, DataFrame] = field(default_factory=dict)
    published: dict[str, DataFrame] = field(default_factory=dict)
    _pending: dict[str, DataFrame] = field(default_factory=dict)
    _read: list[str] = field(default_factory=list)
    _written: list[WrittenDataset] = field(default_factory=list)
    _checks: list[CheckReport] = field(default_factory=list)

    def read(self, name: str) -> DataFrame:
        """What the job has written under the name, else the input of that name."""
        if name in self._pending:
            return self._pending[name]
        if name not in self.inputs:
            hint = did_you_mean(name, self.inputs)
            raise DatasetError(f"the test gives no input {name!r}{hint} (it gives {listed(self.inputs)})")
        if name not in self._read:
            self._read.append(name)
        return self.inputs[name]

    def write(
        self,
        name: str,
        frame: DataFrame,
        checks: Sequence[Check],
        partition_by: Sequence[str],  # noqa: ARG002 -- folders are nothing that memory has
        file_format: str | None,
    ) -> WrittenDataset:
        """Keep the rows, computed once, and measure them."""
        if name in self._pending:
            raise DatasetError(
                f"dataset {name} was written already by this run; write it once, with all rows"
            )
        kept = frame.cache()
        columns = [column.alias(key) for key, column in measures_of(checks).items()]
        measured = kept.agg(*columns).collect()[0].asDict()
        self._pending[name] = kept
        self._checks += reports_of(name, checks, measured)
        written = WrittenDataset(name, f"memory:{name}", file_format or "parquet", measured[ROWS])
        self._written.append(written)
        return written

    def check(self) -> None:
        """Raise CheckFailedError when a check on anything written does not hold."""
        require(self._checks)

    def commit(self) -> None:
        """Publish everything written."""
        self.published.update(self._pending)

    def check_reports(self) -> tuple[CheckReport, ...]:
        """What the checks found."""
        return tuple(self._checks)

    def reports(self, seconds: float) -> tuple[DatasetReport, ...]:  # noqa: ARG002 -- nothing to wait for
        """What was read (its rows are not counted) and written."""
        inputs = [DatasetReport(name, "input", f"memory:{name}", "memory", None) for name in self._read]
        outputs = [DatasetReport(w.name, "output", w.path, w.format, w.rows) for w in self._written]
        return (*inputs, *outputs)


@dataclass(frozen=True)
class JobRun:
    """What a job did: its Outcome, and the datasets it published."""

    outcome: Outcome
    outputs: Mapping[str, DataFrame]

    def rows(self, name: str) -> list[dict[str, object]]:
        """The rows of a published dataset, as dictionaries, in the order Spark gives them."""
        if name not in self.outputs:
            hint = did_you_mean(name, self.outputs)
            raise DatasetError(f"the job published no {name!r}{hint} (it published {listed(self.outputs)})")
        return [row.asDict(recursive=True) for row in self.outputs[name].collect()]


def run_job(
    job: AbstractJob[P],
    params: P,
    inputs: Mapping[str, DataFrame] | None = None,
    *,
    run: RunInfo = _RUN,
    stage: Stage | None = None,
    check: bool = True,
) -> JobRun:
    """Run a job on the active Spark session, with its datasets in memory.

    Args:
        job: the job, as its factory would create it.
        params: what `ctx.params` is; None for a job without parameters.
        inputs: the datasets it may read, by name.
        run: the identity that `ctx.run` shows.
        stage: the stage arguments that `ctx.stage` shows.
        check: raise what the job raised; False to look at the Outcome of a failure instead.
    """
    datasets = MemoryDatasets(inputs or {})
    context = JobContext(
        params=params,
        run=run,
        platform=GivenPlatform(),
        datasets=datasets,
        journal=Journal(),
        logger=logging.getLogger(type(job).__module__),
        stage=stage,
    )
    outcome = job.run(context)
    if check and outcome.exception is not None:
        raise outcome.exception
    return JobRun(outcome, datasets.published)

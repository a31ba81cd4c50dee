"""What a job is given to work with."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from jobkit_runtime.checks import Check
from jobkit_runtime.datasets import Datasets
from jobkit_runtime.journal import Journal
from jobkit_runtime.outcome import WrittenDataset
from jobkit_runtime.platforms import Platform
from jobkit_runtime.runinfo import RunInfo, Stage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

P = TypeVar("P")


@dataclass(frozen=True)
class JobContext(Generic[P]):
    """Parameters, datasets, Spark and the run's identity, the same on every engine.

    Attributes:
        params: the job's typed parameters (None for a job that has none).
        run: who asked for this run, and which code it is.
        logger: named after the job's module.
        stage: the reserved stage arguments, None when none was given.
        databricks_connection_name: as passed on the command line.
        platform: where Spark runs; jobs use `spark` and `glue_context`.
        datasets: where datasets come from and go to; jobs use `read` and `write`.
        journal: what has happened so far; jobs use `warn`.
    """

    params: P = field(repr=False)
    run: RunInfo
    platform: Platform = field(repr=False)
    datasets: Datasets = field(repr=False)
    journal: Journal = field(repr=False)
    logger: logging.Logger = field(repr=False)
    stage: Stage | None = None
    databricks_connection_name: str | None = None

    @property
    def spark(self) -> SparkSession:
        """The Spark session, started on first use: a job that never asks for it starts none."""
        return self.platform.session()

    @property
    def glue_context(self) -> Any:
        """The `awsglue.context.GlueContext`; on any engine but Glue a PlatformError."""
        return self.platform.glue_context()

    def read(self, name: str) -> DataFrame:
        """The dataset of that name: what is published, or what this job has just written.

        Raises:
            DatasetError: nothing is there, or nothing has been published yet.
        """
        return self.datasets.read(name)

    def write(
        self,
        name: str,
        df: DataFrame,
        *,
        checks: Sequence[Check] = (),
        partition_by: Sequence[str] = (),
        format: str | None = None,  # noqa: A002 -- what Spark's own writer calls it
    ) -> WrittenDataset:
        """Write a dataset; it is published when `execute` has ended and all checks of all writes hold.

        The datasets of a job are then published one after the other, each as a whole.

        Args:
            name: the dataset's name, bound to a place per environment.
            df: its rows, all of them; a dataset is replaced as a whole.
            checks: what must hold, computed while writing.
            partition_by: columns that become folders.
            format: of the files; default is the binding's, else parquet.

        Returns:
            Where it went and how many rows it has.
        """
        return self.datasets.write(name, df, checks, partition_by, format)

    def warn(self, message: str) -> None:
        """Add a warning to the Result, and to the log."""
        self.journal.warn(message)

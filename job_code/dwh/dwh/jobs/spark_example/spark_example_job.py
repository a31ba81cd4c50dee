"""Numbers and their squares: shows that Spark runs, and what a job looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jobkit_runtime import AbstractJob, JobContext, row_count


@dataclass(frozen=True)
class SparkExampleParams:
    """How many numbers to write, and what to call them."""

    rows: int = 1000
    label: str = "number"

    def __post_init__(self) -> None:
        if self.rows < 1:
            raise ValueError(f"rows must be at least 1, and is {self.rows}")


class SparkExampleJob(AbstractJob[SparkExampleParams]):
    """Writes the dataset `spark_example`: label, number, square."""

    def execute(self, ctx: JobContext[SparkExampleParams]) -> Mapping[str, object]:
        """Write the numbers from 0 up."""
        from pyspark.sql import functions as F  # noqa: N812 -- as everybody writes it

        ids = ctx.spark.range(ctx.params.rows)
        numbers = ids.select(
            F.lit(ctx.params.label).alias("label"), F.expr("id AS number"), F.expr("id * id AS square")
        )
        checks = [row_count(at_least=ctx.params.rows, at_most=ctx.params.rows)]
        written = ctx.write("spark_example", numbers, checks=checks)
        return {"rows": written.rows, "spark_version": ctx.spark.version}

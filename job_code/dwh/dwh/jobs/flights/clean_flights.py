"""Raw flights into those that arrived and those that did not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dwh.jobs.flights import schema
from dwh.jobs.flights import transformations as tf
from jobkit_runtime import AbstractJob, JobContext, not_null, row_count

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class CleanFlightsParams:
    """Which month (1 to 12, None the whole year), and how many clean rows there must be at least."""

    month: int | None = None
    min_rows: int = 1

    def __post_init__(self) -> None:
        if self.month is not None and not 1 <= self.month <= 12:
            raise ValueError(f"month must be between 1 and 12, and is {self.month}")


class CleanFlights(AbstractJob[CleanFlightsParams]):
    """Reads `flights`; writes `clean_flights`, and what was dropped as `dropped_flights`."""

    def execute(self, ctx: JobContext[CleanFlightsParams]) -> Mapping[str, object]:
        """Clean one month or the whole year; the counts come from the writes themselves."""
        flights = tf.typed(ctx.read("flights"), schema.RAW_FLIGHTS)
        dated = tf.with_flight_date(tf.in_month(flights, ctx.params.month))
        clean = ctx.write(
            "clean_flights",
            tf.arrived(dated),
            checks=[row_count(at_least=ctx.params.min_rows), not_null("carrier", "flight_date")],
        )
        dropped = ctx.write("dropped_flights", tf.not_arrived(dated).coalesce(1))
        cancelled = _cancelled(ctx.read("dropped_flights"))
        ctx.logger.info("dropped %s flights, %s of them cancelled", dropped.rows, cancelled)
        return {
            "month": ctx.params.month,
            "flights": _sum(clean.rows, dropped.rows),
            "dropped": dropped.rows,
            "cancelled": cancelled,
            "diverted": None if dropped.rows is None else dropped.rows - cancelled,
        }


def _cancelled(dropped: DataFrame) -> int:
    """Counted in the few rows just written, not in the raw data again."""
    return dropped.where("cancelled").count()


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other

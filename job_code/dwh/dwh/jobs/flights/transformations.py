"""Pure functions from DataFrame to DataFrame; the jobs put them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def typed(raw: DataFrame, schema: str) -> DataFrame:
    """The columns of `schema` (Spark DDL) by name, each cast to its type; all others are left out."""
    fields = [field.strip().rsplit(" ", 1) for field in schema.split(",")]
    return raw.selectExpr(*(f"CAST({name} AS {kind}) AS {name}" for name, kind in fields))


def in_month(flights: DataFrame, month: int | None) -> DataFrame:
    """The flights of one month (1 to 12), or all for None."""
    return flights if month is None else flights.where(f"month = {month}")


def with_flight_date(flights: DataFrame) -> DataFrame:
    """Adds `flight_date`, the day of the scheduled departure, from year, month and day."""
    return flights.selectExpr("*", "make_date(year, month, day) AS flight_date")


def arrived(flights: DataFrame) -> DataFrame:
    """Flights that have an arrival delay (which is negative for those that came early)."""
    return flights.where("arr_delay IS NOT NULL")


def not_arrived(flights: DataFrame) -> DataFrame:
    """The other flights, each marked `cancelled` when it never departed; the rest were diverted."""
    return flights.where("arr_delay IS NULL").selectExpr("*", "dep_time IS NULL AS cancelled")


def delays_by(keys: Sequence[str], clean: DataFrame, dropped: DataFrame) -> DataFrame:
    """Flights, cancellations and arrival delays (minutes) per combination of `keys`, sorted by them.

    `flights` counts all that were scheduled. The 95th percentile is exact (`percentile`, with interpolation),
    which a year of flights affords; take `percentile_approx` where one group does not fit into memory.
    """
    from pyspark.sql import functions as F  # noqa: N812 -- as everybody writes it

    columns = [*keys, "arr_delay", "cancelled"]
    every = clean.selectExpr("*", "false AS cancelled").select(columns).unionByName(dropped.select(columns))
    measures = [
        F.expr("count(*) AS flights"),
        F.expr("count_if(cancelled) AS cancelled"),
        F.expr("avg(arr_delay) AS mean_arr_delay"),
        F.expr("percentile(arr_delay, 0.95) AS p95_arr_delay"),
    ]
    return every.groupBy(*keys).agg(*measures).orderBy(*keys)


def worst_mean_delay(delays: DataFrame, limit: int) -> DataFrame:
    """The rows with the worst mean arrival delay, the worst first."""
    return delays.orderBy("mean_arr_delay", ascending=False).limit(limit)

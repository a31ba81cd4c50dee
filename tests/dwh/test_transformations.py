"""The pure functions, each alone, on small frames."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from dwh.jobs.flights import transformations as tf
from dwh.jobs.flights.schema import CARRIER_DELAYS, CARRIER_DELAYS_DAILY, CLEAN_FLIGHTS, RAW_FLIGHTS

pytestmark = pytest.mark.spark


def test_typed_casts_by_name_and_leaves_other_columns_out(spark):
    raw = spark.createDataFrame([("7", "x", "UA")], "month string, extra string, carrier string")
    typed = tf.typed(raw, "carrier STRING, month INT")
    assert typed.dtypes == [("carrier", "string"), ("month", "int")]
    assert [tuple(row) for row in typed.collect()] == [("UA", 7)]


def test_typed_gives_raw_flights_the_types_of_their_schema(spark):
    raw = spark.createDataFrame(
        [], ", ".join(f"{field.split()[0]} STRING" for field in RAW_FLIGHTS.split(","))
    )
    assert tf.typed(raw, RAW_FLIGHTS).schema == spark.createDataFrame([], RAW_FLIGHTS).schema


@pytest.mark.parametrize(("month", "kept"), [(None, [1, 2]), (2, [2])], ids=["the whole year", "one month"])
def test_in_month_keeps(month, kept, spark):
    frame = spark.createDataFrame([(1,), (2,)], "month int")
    assert [row.month for row in tf.in_month(frame, month).collect()] == kept


def test_the_flight_date_is_the_day_of_the_scheduled_departure(spark):
    frame = spark.createDataFrame([(2013, 2, 28)], "year int, month int, day int")
    assert tf.with_flight_date(frame).first()["flight_date"] == date(2013, 2, 28)


def test_the_columns_of_clean_flights_are_those_of_its_schema(spark):
    frame = tf.with_flight_date(spark.createDataFrame([], RAW_FLIGHTS))
    assert frame.dtypes == spark.createDataFrame([], CLEAN_FLIGHTS).dtypes


def test_flights_either_arrived_or_were_cancelled_or_diverted(spark):
    frame = spark.createDataFrame(
        [("early", 900, -5), ("cancelled", None, None), ("diverted", 900, None)],
        "name string, dep_time int, arr_delay int",
    )
    assert [row.name for row in tf.arrived(frame).collect()] == ["early"]
    dropped = {row.name: row.cancelled for row in tf.not_arrived(frame).collect()}
    assert dropped == {"cancelled": True, "diverted": False}


@pytest.fixture
def flown(spark):
    clean = spark.createDataFrame(
        [("UA", date(2013, 1, 1), 0), ("UA", date(2013, 1, 2), 20), ("AA", date(2013, 1, 1), 5)],
        "carrier string, flight_date date, arr_delay int",
    )
    dropped = spark.createDataFrame(
        [("UA", date(2013, 1, 1), None, True), ("YV", date(2013, 1, 1), None, False)],
        "carrier string, flight_date date, arr_delay int, cancelled boolean",
    )
    return clean, dropped


def test_delays_by_carrier_count_every_flight_and_average_the_clean_ones(spark, flown):
    delays = tf.delays_by(["carrier"], *flown)
    assert delays.dtypes == spark.createDataFrame([], CARRIER_DELAYS).dtypes
    assert [tuple(row) for row in delays.collect()] == [
        ("AA", 1, 0, 5.0, 5.0),
        ("UA", 3, 1, 10.0, 19.0),
        ("YV", 1, 0, None, None),
    ]


def test_delays_by_carrier_and_day_are_sorted_by_both(spark, flown):
    daily = tf.delays_by(["carrier", "flight_date"], *flown)
    assert daily.dtypes == spark.createDataFrame([], CARRIER_DELAYS_DAILY).dtypes
    assert [(row.carrier, row.flight_date.day, row.flights) for row in daily.collect()] == [
        ("AA", 1, 1),
        ("UA", 1, 2),
        ("UA", 2, 1),
        ("YV", 1, 1),
    ]


def test_timestamps_with_a_zone_are_read_as_utc(spark):
    raw = spark.createDataFrame([("2013-01-01T10:00:00Z",)], "time_hour string")
    assert tf.typed(raw, "time_hour TIMESTAMP").selectExpr("string(time_hour) AS t").first()["t"] == str(
        datetime(2013, 1, 1, 10)
    )


def test_the_worst_mean_delays_come_first_and_no_more_than_asked_for(spark):
    frame = spark.createDataFrame(
        [("AA", 1.0), ("F9", 21.9), ("HA", -7.0), ("FL", 20.1)], "carrier string, mean_arr_delay double"
    )
    assert [row.carrier for row in tf.worst_mean_delay(frame, 2).collect()] == ["F9", "FL"]

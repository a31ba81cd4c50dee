"""The columns of each dataset, as Spark DDL."""

from __future__ import annotations

RAW_FLIGHTS = """
    year INT, month INT, day INT, dep_time INT, sched_dep_time INT, dep_delay INT, arr_time INT,
    sched_arr_time INT, arr_delay INT, carrier STRING, flight INT, tailnum STRING, origin STRING, dest STRING,
    air_time INT, distance INT, hour INT, minute INT, time_hour TIMESTAMP
""".strip()
"""One row per scheduled flight; delays and air_time in minutes, distance in miles, times of day as HHMM."""

CLEAN_FLIGHTS = f"{RAW_FLIGHTS}, flight_date DATE"
"""Flights that arrived where they should."""

DROPPED_FLIGHTS = f"{CLEAN_FLIGHTS}, cancelled BOOLEAN"
"""Flights without an arrival delay: cancelled (never departed), or diverted to another airport."""

CARRIER_DELAYS = (
    "carrier STRING, flights BIGINT, cancelled BIGINT, mean_arr_delay DOUBLE, p95_arr_delay DOUBLE"
)
"""One row per carrier: flights scheduled, flights cancelled, and the arrival delays in minutes."""

CARRIER_DELAYS_DAILY = CARRIER_DELAYS.replace("flights", "flight_date DATE, flights", 1)
"""The same per carrier and day."""

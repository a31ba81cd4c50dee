"""When a DAG runs, in every form that a YAML can say it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from airflow_jobkit.spec.cron import PRESETS
from airflow_jobkit.spec.schedule import (
    AssetCondition,
    AssetSchedule,
    AssetSpec,
    Timetable,
    parse_assets,
    parse_cron,
    parse_schedule,
)

A, B, C = (AssetSpec(uri=f"s3://bucket/{name}") for name in "abc")
TRIGGER = "airflow.timetables.trigger.CronTriggerTimetable"


@pytest.mark.parametrize("value", [None, "0 6 * * *", "*/15 8-18 * * MON-FRI", *PRESETS])
def test_a_schedule_stays_as_it_is(value: str | None) -> None:
    assert parse_schedule(value) == value


@pytest.mark.parametrize("value", ["", "every day", "0 6 * *", "@", "*/0 * * * *"], ids=repr)
def test_what_is_no_schedule_is_refused_with_an_example(value: str) -> None:
    with pytest.raises(PydanticCustomError, match=r"not a schedule: |no preset "):
        parse_schedule(value)


@pytest.mark.parametrize("value", [True, 5, 1.5])
def test_a_schedule_that_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(PydanticCustomError, match="a schedule is text"):
        parse_schedule(value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("30m", 1800, id="in words"),
        pytest.param("PT6H", 21600, id="in ISO 8601"),
        pytest.param({"__type__": "datetime.timedelta", "hours": 2}, 7200, id="a typed timedelta"),
        pytest.param({"__type__": "datetime.timedelta", "__args__": [1]}, 86400, id="with arguments"),
    ],
)
def test_an_interval_is_a_schedule(value: Any, seconds: int) -> None:
    assert parse_schedule(value) == dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"__type__": TRIGGER, "cron": "0 6 * * *", "timezone": "UTC"}, id="by its type"),
        pytest.param(
            {"timetable": {"callable": TRIGGER, "params": {"cron": "0 6 * * *", "timezone": "UTC"}}},
            id="by callable and params",
        ),
    ],
)
def test_a_timetable_of_airflows_is_a_schedule(value: Any) -> None:
    assert parse_schedule(value) == Timetable(TRIGGER, {"cron": "0 6 * * *", "timezone": "UTC"})


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"cron": "0 6 * * *", "timezone": "utc"}, id="UTC in any case"),
        pytest.param({"cron": "0 6 * * *", "timezone": 3600}, id="an offset in seconds"),
        pytest.param({"cron": "@midnight", "timezone": "Etc/GMT+2"}, id="a preset of croniter's"),
        pytest.param({"__args__": ["@daily"], "timezone": None}, id="cron without its name"),
        pytest.param(
            {"cron": "@daily", "timezone": {"__type__": "pendulum.timezone", "name": "Europe/Berlin"}},
            id="a typed zone",
        ),
    ],
)
def test_what_some_airflow_takes_as_arguments_of_a_timetable_stays(arguments: dict[str, Any]) -> None:
    assert parse_schedule({"__type__": TRIGGER, **arguments}) == Timetable(TRIGGER, arguments)


def test_an_interval_of_a_timetable_has_no_time_zone_to_check() -> None:
    delta = "airflow.timetables.interval.DeltaDataIntervalTimetable"
    arguments = {"delta": {"__type__": "datetime.timedelta", "hours": 1}, "timezone": "none"}
    assert parse_schedule({"__type__": delta, **arguments}) == Timetable(delta, arguments)


def test_a_timetable_goes_without_assets() -> None:
    assert parse_schedule({"assets": [], "timetable": "@daily"}) == AssetSchedule(
        AssetCondition(True, ()), "@daily"
    )


@pytest.mark.parametrize(
    ("value", "condition"),
    [
        pytest.param(["s3://bucket/a", "s3://bucket/b"], AssetCondition(True, (A, B)), id="a list"),
        pytest.param({"assets": ["s3://bucket/a"]}, AssetCondition(True, (A,)), id="assets"),
        pytest.param({"datasets": ["s3://bucket/a"]}, AssetCondition(True, (A,)), id="datasets"),
        pytest.param(
            {"__or__": ["s3://bucket/a", {"__and__": ["s3://bucket/b", "s3://bucket/c"]}]},
            AssetCondition(False, (A, AssetCondition(True, (B, C)))),
            id="nested conditions",
        ),
        pytest.param(
            {"datasets": "(s3://bucket/a & s3://bucket/b) | s3://bucket/c"},
            AssetCondition(False, (AssetCondition(True, (A, B)), C)),
            id="a condition in text",
        ),
        pytest.param(
            [{"__type__": "airflow.sdk.Asset", "uri": "s3://bucket/a"}],
            AssetCondition(True, (A,)),
            id="typed assets",
        ),
    ],
)
def test_assets_are_a_schedule(value: Any, condition: AssetCondition) -> None:
    assert parse_schedule(value) == AssetSchedule(condition)


def test_assets_and_a_timetable_go_together() -> None:
    found = parse_schedule({"assets": ["s3://bucket/a"], "timetable": "0 6 * * *"})
    assert found == AssetSchedule(AssetCondition(True, (A,)), "0 6 * * *")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param({"cron": "@daily"}, "not a schedule: a mapping with cron", id="another mapping"),
        pytest.param({"file": "x.yaml"}, "a file of assets without the names", id="a file"),
        pytest.param({"__type__": "os.system", "command": "x"}, "not a timetable of Airflow's", id="unsafe"),
        pytest.param({"timetable": {"callable": "a.B"}}, "not a timetable of Airflow's", id="one's own"),
        pytest.param(
            {"timetable": {"callable": TRIGGER, "params": ["@daily"]}},
            "expected the arguments of a timetable, got a list",
            id="arguments without names",
        ),
        pytest.param([7], "not an asset: the number 7", id="a number for an asset"),
        pytest.param({"assets": "(a & "}, "not an asset|not a condition", id="half a condition"),
        pytest.param({"assets": "(a & b"}, "not a condition on assets", id="an open bracket"),
    ],
)
def test_any_other_mapping_or_list_is_refused(value: Any, said: str) -> None:
    with pytest.raises(PydanticCustomError, match=said):
        parse_schedule(value)


def test_the_sweepers_schedule_is_cron_or_a_preset() -> None:
    assert parse_cron("@hourly") == "@hourly"
    with pytest.raises(PydanticCustomError, match="not a cron expression"):
        parse_cron(["s3://bucket/a"])


def test_one_asset_need_not_stand_in_a_list() -> None:
    assert parse_assets("s3://bucket/a") == (A,)
    assert parse_assets([{"uri": "s3://bucket/a"}, {"name": "flights"}]) == (A, AssetSpec(name="flights"))

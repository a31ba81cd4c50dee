"""Values that YAML writes in words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from airflow_jobkit.spec.values import (
    TRIGGER_RULES,
    parse_moment,
    parse_name,
    parse_trigger_rule,
)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        pytest.param(dt.date(2026, 1, 31), "2026-01-31T00:00:00+00:00", id="a date is its midnight in UTC"),
        pytest.param("2026-01-31", "2026-01-31T00:00:00+00:00", id="a date in quotes too"),
        pytest.param(
            dt.datetime(2026, 1, 31, 6),
            "2026-01-31T06:00:00+00:00",
            id="a time without a zone is UTC",
        ),
        pytest.param("2026-01-31T06:00:00+02:00", "2026-01-31T06:00:00+02:00", id="a zone stays"),
        pytest.param("2026-01-31 06:00", "2026-01-31T06:00:00+00:00", id="a time without seconds"),
    ],
)
def test_a_moment_is_read(value: Any, moment: str) -> None:
    assert parse_moment(value).isoformat() == moment


@pytest.mark.parametrize(
    "value", ["", "today", "2 days ago", "2026-02-30", "31.01.2026", 20260131, None, True]
)
def test_what_is_no_moment_is_refused_and_never_becomes_today(value: Any) -> None:
    with pytest.raises(PydanticCustomError, match="not a date: "):
        parse_moment(value)


@pytest.mark.parametrize("value", TRIGGER_RULES)
def test_a_trigger_rule_is_one_of_those_that_this_airflow_knows(value: str) -> None:
    known = {str(rule.value) for rule in airflow_trigger_rules()}
    assert parse_trigger_rule(value) in known


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        ("all_dnoe", "did you mean all_done?"),
        ("dummy", "choose one of all_done, all_done_setup_success, "),
        ("none_faild", "did you mean none_failed?"),
        (True, "choose one of "),
        (["always"], ""),
    ],
)
def test_any_other_trigger_rule_is_refused(value: Any, remedy: str) -> None:
    with pytest.raises(PydanticCustomError, match="no trigger rule ") as raised:
        parse_trigger_rule(value)
    assert raised.value.context is not None
    assert raised.value.context["remedy"].startswith(remedy)


def airflow_trigger_rules() -> Any:
    """Airflow's own enumeration, which moved in Airflow 3."""
    pytest.importorskip("airflow")
    try:
        from airflow.sdk import TriggerRule
    except ImportError:
        from airflow.utils.trigger_rule import TriggerRule
    return TriggerRule


@pytest.mark.parametrize("value", ["clean_flights", "a", "a.b-c_1", "x" * 250])
def test_a_name_is_read(value: str) -> None:
    assert parse_name(value) == value


@pytest.mark.parametrize("value", ["", "a b", "a/b", "a\n", "ä", "x" * 251, "a:b"])
def test_what_is_no_name_is_refused(value: str) -> None:
    with pytest.raises(PydanticCustomError, match="not a name: "):
        parse_name(value)


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        pytest.param("2 days ago", "write the day itself", id="a day in words"),
        pytest.param("yesterday", "write the day itself", id="a day that moves"),
        pytest.param("days_ago(2)", "write the day itself", id="a function of Airflow 1"),
        pytest.param("31.12.2026", "year, month and day in this order", id="the day first"),
        pytest.param("2026-02-30", "there is no such day", id="a day that does not exist"),
        pytest.param("soon", "write it like 2026-01-31", id="anything else"),
        pytest.param(dt.date(206, 1, 1), "write one from 1900 to 2999", id="a year with a digit too few"),
        pytest.param("9999-12-31", "without an end there is none", id="an end of all days"),
    ],
)
def test_a_date_that_is_none_is_refused_with_what_to_write(value: Any, remedy: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse_moment(value)
    assert remedy in (caught.value.context or {})["remedy"]

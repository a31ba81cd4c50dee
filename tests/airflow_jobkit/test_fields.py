"""Durations in words, and how a value is described in a message."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pydantic_core import PydanticCustomError

from airflow_jobkit.fields import describe, duration_text, parse_duration


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("45s", 45),
        ("30m", 1800),
        ("1h30m", 5400),
        ("2d", 172800),
        ("1d2h3m4s", 93784),
        (" 30m ", 1800),
        (90, 90),
        (dt.timedelta(minutes=1), 60),
    ],
    ids=repr,
)
def test_a_duration_is_read(value: Any, seconds: int) -> None:
    assert parse_duration(value) == dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    ["", "30", "30 minutes", "1.5h", "30m1h", "-5m", "m", "0s", "0:30:00", 0, -1, 1.5, True, None, [1]],
    ids=repr,
)
def test_what_is_no_duration_is_refused_with_an_example(value: Any) -> None:
    with pytest.raises(PydanticCustomError, match="not a duration: ") as raised:
        parse_duration(value)
    assert raised.value.context is not None
    assert "30m" in raised.value.context["remedy"]


@pytest.mark.parametrize("text", ["45s", "30m", "1h30m", "2d", "1d2h3m4s", "1d1s"])
def test_a_duration_is_written_as_it_is_read(text: str) -> None:
    assert duration_text(parse_duration(text)) == text


def test_long_text_is_cut_in_a_message() -> None:
    assert len(describe("x" * 1000)) < 70


def test_a_value_is_described_without_its_content_where_that_may_be_large() -> None:
    assert describe({"a": "secret"}) == "a mapping"
    assert describe({1, 2}) == "a set"

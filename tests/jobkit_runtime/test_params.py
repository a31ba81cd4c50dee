from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, Literal, Optional

import pytest

from jobkit_runtime import ArgumentError, JobDefinitionError
from jobkit_runtime.convert import convert, type_text
from jobkit_runtime.params import Parameters


class Color(enum.Enum):
    RED = "red"


@dataclass(frozen=True)
class Window:
    days: int
    zone: str = "UTC"


@dataclass(frozen=True)
class Params:
    month: int
    password: int = 0
    dry_run: bool = False
    tags: list[str] = field(default_factory=list)


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("7", int, 7),
        ("-2.5", float, -2.5),
        ("Yes", bool, True),
        ("0", bool, False),
        ("None", str, "None"),
        ("None", int | None, None),
        ("", Optional[str], None),  # noqa: UP045 -- both spellings are known
        ("null", date | None, None),
        ("12", int | None, 12),
        ("2026-01-02", date, date(2026, 1, 2)),
        ("2026-01-02T03:04:05Z", datetime, datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)),
        ("1.10", Decimal, Decimal("1.10")),
        ("2", Literal[1, 2], 2),
        ("red", Color, Color.RED),
        ("RED", Color, Color.RED),
        ("[1, 2]", list[int], [1, 2]),
        ('["a"]', tuple[str, ...], ("a",)),
        ('["a", 1]', tuple[str, int], ("a", 1)),
        ('{"a": "2026-01-02"}', dict[str, date], {"a": date(2026, 1, 2)}),
        ('{"a": {"b": null}}', Mapping[str, Any], {"a": {"b": None}}),
        ('{"days": 3}', Window, Window(3)),
        ("x", int | str, "x"),
    ],
    ids=lambda value: value if isinstance(value, str) else type_text(value),
)
def test_text_becomes_a_value_of_the_annotated_type(text, annotation, value):
    converted = convert(text, annotation)
    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("text", "annotation"),
    [
        ("x", int),
        ("maybe", bool),
        ("None", int),
        ("13.1.2026", date),
        ("1,1", Decimal),
        ("3", Literal[1, 2]),
        ("blue", Color),
        ("a,b", list[str]),
        ('{"a": 1}', list[int]),
        ("[1]", tuple[int, int]),
        ('{"zone": "CET"}', Window),
        ('{"days": 1, "hours": 2}', Window),
    ],
    ids=lambda value: value if isinstance(value, str) else f"is not {type_text(value)}",
)
def test_text_that_does_not_fit_is_a_value_error(text, annotation):
    with pytest.raises(ValueError):  # noqa: PT011 -- it has no message by design
        convert(text, annotation)


def test_a_type_that_arguments_cannot_have_is_an_error_in_the_job():
    with pytest.raises(JobDefinitionError, match="cannot be of type bytes"):
        convert("x", bytes)


def test_all_mistakes_are_listed_at_once_and_no_value_is_shown():
    parameters = Parameters.of_dataclass("team.Job", Params)
    with pytest.raises(ArgumentError) as caught:
        parameters.convert({"mnth": "3", "password": "hunter2", "tags": None, "dry_run": "maybe"})
    assert str(caught.value) == (
        "the arguments do not fit team.Job:\n"
        "  --month is required (int)\n"
        "  --mnth is unknown; did you mean month?\n"
        "  --password: what was given is not int\n"
        "  --tags needs a value (list[str])\n"
        "  --dry_run: what was given is not bool\n"
        "its arguments: month (int), password (int, default ***), dry_run (bool, default False), "
        "tags (list[str], default [])"
    )


def test_a_bare_flag_is_true_for_a_bool_and_absent_values_keep_their_defaults():
    assert Parameters.of_dataclass("team.Job", Params).convert({"month": "1", "dry_run": None}) == {
        "month": 1,
        "dry_run": True,
    }


def test_main_functions_convert_what_they_annotate_and_take_the_rest_as_text():
    def main(rows: int, name="x", **kwargs):
        """A job."""

    parameters = Parameters.of_function("team.main", main)
    assert parameters.convert({"rows": "3", "name": "4", "other": "5"}) == {
        "rows": 3,
        "name": "4",
        "other": "5",
    }
    assert parameters.accepts_others


def test_params_that_are_no_dataclass_are_an_error_in_the_job():
    with pytest.raises(JobDefinitionError, match="must be a frozen dataclass"):
        Parameters.of_dataclass("team.Job", dict)

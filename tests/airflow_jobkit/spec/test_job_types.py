"""A value fits a parameter exactly where the job itself could read it back from text."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal, Optional

import pytest

from airflow_jobkit.engines.arguments import argument_text
from airflow_jobkit.spec.job_types import fits
from jobkit_runtime.convert import convert, type_text

ANNOTATIONS: tuple[Any, ...] = (
    int,
    float,
    bool,
    str,
    dt.date,
    dt.datetime,
    Decimal,
    Optional[int],  # noqa: UP045 - as a team may write it
    int | str,
    Literal["full", "delta", 1],
    list,
    list[int],
    list[str],
    tuple[int, str],
    tuple[int, ...],
    dict,
    dict[str, int],
    list[dict[str, int]],
)
VALUES: tuple[Any, ...] = (
    1,
    0,
    -7,
    1.5,
    1.0,
    True,
    "",
    "7",
    "x",
    "yes",
    "none",
    "full",
    "2026-01-31",
    dt.date(2026, 1, 31),
    dt.datetime(2026, 1, 31, 6, tzinfo=dt.UTC),
    [],
    [1, 2],
    ["a", "b"],
    [1, "a"],
    {},
    {"a": 1},
    {"a": "x"},
    [{"a": 1}],
)


@pytest.mark.parametrize("annotation", ANNOTATIONS, ids=type_text)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_fits_is_what_the_runtime_reads(value: Any, annotation: Any) -> None:
    try:
        convert(argument_text(value), annotation)
        is_read = True
    except ValueError:
        is_read = False
    assert fits(value, type_text(annotation)) == is_read


@pytest.mark.parametrize("annotation", ["Colour", "Window | None", "list[Colour]", "no annotation", ""])
def test_what_is_not_known_here_takes_what_its_container_takes(annotation: str) -> None:
    assert fits(["anything"], annotation)

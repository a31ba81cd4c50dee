"""One call of an entry script: arguments as text that the job's typed parameters read back."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from airflow_jobkit.engines.arguments import argument_text, job_arguments
from airflow_jobkit.engines.invocation import Invocation, build_invocation
from airflow_jobkit.engines.options import EngineOptions


class NamedOptions(EngineOptions):
    """Options that tell the entry script something."""

    connection: str

    def entry_arguments(self) -> tuple[tuple[str, str], ...]:
        return (("connection_name", self.connection),)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("plain text", "plain text", id="text as it is"),
        pytest.param("", "", id="empty text as it is"),
        pytest.param(3, "3", id="a whole number"),
        pytest.param(0.1, "0.1", id="a number"),
        pytest.param(Decimal("1.10"), "1.10", id="an exact number"),
        pytest.param(True, "true", id="true in lower case"),
        pytest.param(False, "false", id="false in lower case"),
        pytest.param(dt.date(2026, 1, 31), "2026-01-31", id="a date in ISO form"),
        pytest.param(
            dt.datetime(2026, 1, 31, 6, tzinfo=dt.UTC),
            "2026-01-31T06:00:00+00:00",
            id="a date with a time in ISO form",
        ),
        pytest.param(["a", 1, None, True], '["a",1,null,true]', id="a list as JSON"),
        pytest.param((1, 2), "[1,2]", id="a tuple as JSON"),
        pytest.param({"a": {"b": 1}}, '{"a":{"b":1}}', id="a mapping as JSON"),
        pytest.param([dt.date(2026, 1, 31)], '["2026-01-31"]', id="a date inside a list"),
        pytest.param([], "[]", id="an empty list"),
        pytest.param({}, "{}", id="an empty mapping"),
    ],
)
def test_argument_text(value: Any, text: str) -> None:
    assert argument_text(value) == text


@pytest.mark.parametrize("value", [["a b", '"', "--x"], {"ü": [1, {"z": None}]}], ids=["list", "mapping"])
def test_a_list_or_a_mapping_comes_back_from_its_text(value: Any) -> None:
    assert json.loads(argument_text(value)) == value


def test_an_argument_without_a_value_is_left_out_so_that_its_default_holds() -> None:
    assert job_arguments({"month": None, "min_rows": 0, "note": ""}) == (("min_rows", "0"), ("note", ""))


def test_argv_keeps_the_order_and_never_joins_a_value_with_its_name() -> None:
    invocation = Invocation("entry.py", (), (("module_name", "a.b"), ("z", "--x"), ("a", "two words")))
    assert invocation.argv == ["--module_name", "a.b", "--z", "--x", "--a", "two words"]


@pytest.mark.parametrize(
    ("options", "added"),
    [
        pytest.param(EngineOptions(), (), id="an Engine that adds nothing"),
        pytest.param(
            NamedOptions(connection="lake"), (("connection_name", "lake"),), id="an Engine that names more"
        ),
    ],
)
def test_an_invocation_has_the_entry_scripts_arguments_the_engines_the_jobs_and_the_envelope_in_this_order(
    options: EngineOptions, added: tuple[tuple[str, str], ...]
) -> None:
    made = build_invocation(
        script="s3://b/entry.py",
        wheels=["s3://b/dwh.whl"],
        spark_job="dwh.a",
        notification_service_type="NOOP",
        options=options,
        job_args={"month": 1, "year": None},
        envelope="e",
    )
    assert made == Invocation(
        script="s3://b/entry.py",
        wheels=("s3://b/dwh.whl",),
        arguments=(
            ("module_name", "dwh.a"),
            ("notification_service_type", "NOOP"),
            *added,
            ("month", "1"),
            ("jobkit_envelope", "e"),
        ),
    )

from __future__ import annotations

import logging

import pytest

from jobkit_runtime import ArgumentError, Stage
from jobkit_runtime.arguments import parse, peek

NAME = ["--module_name", "team.jobs"]


@pytest.mark.parametrize(
    "argv",
    [
        ["--min_rows", "5"],
        ["--min-rows", "5"],
        ["--min-rows=5"],
        ["--min_rows", "4", "--min-rows", "5"],
    ],
    ids=["as two tokens", "with dashes in the name", "with an equals sign", "and the last one wins"],
)
@pytest.mark.parametrize(
    "names", [None, frozenset({"min_rows"})], ids=["started by hand", "with an Envelope"]
)
def test_an_argument_may_be_written(argv, names):
    assert parse([*NAME, *argv], names).parameters == {"min_rows": "5"}


def test_with_an_envelope_what_platforms_add_is_passed_over_and_never_logged(caplog):
    caplog.set_level(logging.DEBUG)
    argv = ["stray", "--JOB_ID", "j_1", *NAME, "--TempDir=s3://secret", "--month", "3", "--enable-metrics"]
    assert parse(argv, frozenset({"month"})).parameters == {"month": "3"}
    assert "passing over --JOB_ID" in caplog.text
    assert "s3://secret" not in caplog.text


def test_with_an_envelope_a_value_may_look_like_an_argument():
    assert parse([*NAME, "--note", "--month"], frozenset({"note"})).parameters == {"note": "--month"}


def test_an_empty_value_is_a_value():
    assert parse([*NAME, "--note", ""], frozenset({"note"})).parameters == {"note": ""}


def test_by_hand_an_argument_without_a_value_is_a_bare_flag():
    assert parse(["--dry_run", *NAME, "--verbose"], None).parameters == {"dry_run": None, "verbose": None}


def test_by_hand_a_stray_word_is_an_error():
    with pytest.raises(ArgumentError, match="number 5 of the arguments has no name") as caught:
        parse([*NAME, "--token", "3", "hunter2"], None)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("names", [None, frozenset({"month"})], ids=["started by hand", "with an Envelope"])
def test_the_stage_arguments_reach_the_job_as_its_stage(names):
    parsed = parse([*NAME, "--execution-id", "e1", "--input-key=a/b", "--month", "1"], names)
    assert parsed.stage == Stage(execution_id="e1", input_key="a/b")
    assert parsed.parameters == {"month": "1"}


def test_a_job_with_a_parameter_of_a_reserved_name_gets_it_itself():
    parsed = parse([*NAME, "--input_key", "a"], frozenset({"input_key"}))
    assert (parsed.stage, parsed.parameters) == (None, {"input_key": "a"})


def test_own_arguments_have_defaults():
    parsed = parse(NAME, None)
    assert (parsed.module_name, parsed.notification_service_type) == ("team.jobs", "NOOP")
    assert (parsed.databricks_connection_name, parsed.stage, parsed.parameters) == (None, None, {})


def test_a_missing_module_name_is_an_error_with_a_hint():
    with pytest.raises(ArgumentError, match=r"--module_name is required.*did you mean module_name"):
        parse(["--modul-name", "x"], None)


def test_the_envelope_is_found_before_anything_else_is_understood():
    assert peek(["stray", "--x", "--jobkit-envelope=abc"], "jobkit_envelope") == "abc"
    assert peek(["--module_name", "x"], "jobkit_envelope") is None


@pytest.mark.parametrize("names", [None, frozenset({"month"})], ids=["started by hand", "with an Envelope"])
def test_the_wheels_are_the_entry_scripts_own_argument(names):
    argv = [*NAME, "--jobkit-wheels", "s3://b/x.whl,s3://b/y.whl", "--month", "3"]
    assert parse(argv, names).parameters == {"month": "3"}

"""The driver's log is read line by line, bounded, and never fails or delays a run for long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from fake_glue import FakeGlue, running_fake_glue

from airflow_jobkit.engines.glue.logs import DriverLog

OUTPUT, ERROR = "/aws-glue/jobs/output", "/aws-glue/jobs/error"


@pytest.fixture
def glue() -> Iterator[FakeGlue]:
    with running_fake_glue() as fake:
        yield fake


class Warnings(list[str]):
    """A logger's `warning`."""

    def __call__(self, text: str, *arguments: object) -> None:
        self.append(text % arguments)


@pytest.fixture
def warnings() -> Warnings:
    return Warnings()


def client_at(url: str) -> Any:
    return boto3.client(
        "logs",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="s",  # noqa: S106 - of no account
        config=Config(retries={"total_max_attempts": 1}),
    )


def log_of(glue: FakeGlue, warnings: Warnings, log_group: str = "") -> DriverLog:
    return DriverLog(lambda: client_at(glue.url), "jr_1", warnings, log_group)


def test_every_line_is_read_once_with_one_call_per_stream(glue: FakeGlue, warnings: Warnings) -> None:
    log = log_of(glue, warnings)
    glue.printed[OUTPUT] += ["one", "two"]
    assert log.new_lines() == ["one", "two"]
    assert log.new_lines() == []
    glue.printed[OUTPUT].append("three")
    glue.printed[ERROR].append("oops")
    assert log.new_lines() == ["three", "oops"]
    assert len(glue.log_calls) == 6
    tokens = [call.get("nextToken") for call in glue.log_calls if call["logGroupName"] == OUTPUT]
    assert tokens == [None, "f/2", "f/2"]
    assert {(call["logStreamName"], call["startFromHead"]) for call in glue.log_calls} == {("jr_1", True)}
    assert warnings == []


def test_a_stream_that_is_not_there_yet_is_asked_for_again_without_a_warning(
    glue: FakeGlue, warnings: Warnings
) -> None:
    log = log_of(glue, warnings)
    assert [log.new_lines() for _ in range(5)] == [[]] * 5
    glue.printed[OUTPUT].append("at last")
    assert log.new_lines() == ["at last"]
    assert warnings == []


def test_a_denied_call_costs_one_warning_and_is_not_repeated(glue: FakeGlue, warnings: Warnings) -> None:
    glue.refusals["GetLogEvents"] = [("AccessDeniedException", "not authorized")] * 9
    log = log_of(glue, warnings)
    assert [log.new_lines() for _ in range(3)] == [[]] * 3
    assert len(glue.log_calls) == 1
    assert len(warnings) == 1
    assert warnings[0].startswith("the driver's log of run jr_1 cannot be read: ")
    assert warnings[0].endswith("; allow logs:GetLogEvents to the AWS identity of the connection")


def test_a_call_that_is_throttled_or_fails_may_succeed_later(glue: FakeGlue, warnings: Warnings) -> None:
    glue.printed[OUTPUT].append("one")
    glue.refusals["GetLogEvents"] = [("ThrottlingException", "Rate exceeded"), ("Oops", "oops", 500)]
    log = log_of(glue, warnings)
    assert (log.new_lines(), log.new_lines(), warnings) == ([], ["one"], [])


def test_a_long_log_is_read_in_parts_and_left_at_a_limit_that_says_where_the_rest_is(
    glue: FakeGlue, warnings: Warnings
) -> None:
    glue.printed[OUTPUT] += [str(n) for n in range(20_000)]
    log = log_of(glue, warnings)
    parts = [log.new_lines() for _ in range(12)]
    assert [len(part) for part in parts] == [1_000] * 10 + [0, 0]
    assert parts[9][-1] == "9999"
    (warning,) = warnings
    assert warning == (
        "the log of run jr_1 is longer than 10000 lines; the rest is in the streams of that name in "
        f"{OUTPUT} and {ERROR}"
    )


def test_a_log_out_of_reach_is_given_up_after_a_few_calls(warnings: Warnings) -> None:
    log = DriverLog(lambda: client_at("http://127.0.0.1:9"), "jr_1", warnings)
    assert [log.new_lines() for _ in range(9)] == [[]] * 9
    assert len(warnings) == 1
    assert warnings[0].endswith("; look at the network between here and CloudWatch Logs")


def test_whatever_goes_wrong_fails_no_run(warnings: Warnings) -> None:
    def no_connection() -> Any:
        raise LookupError("the connection aws_default is not defined")

    log = DriverLog(no_connection, "jr_1", warnings)
    assert [log.new_lines() for _ in range(3)] == [[]] * 3
    (warning,) = warnings
    assert warning == (
        "the driver's log of run jr_1 cannot be read: the connection aws_default is not defined; look at "
        "the AWS connection"
    )


def test_an_encrypted_log_is_read_where_glue_says_that_it_is(glue: FakeGlue, warnings: Warnings) -> None:
    glue.printed["/aws-glue/jobs-role-sse/output"].append("secret")
    assert log_of(glue, warnings, "/aws-glue/jobs-role-sse/").new_lines() == ["secret"]


def test_a_log_that_nobody_wants_is_not_asked_for(glue: FakeGlue, warnings: Warnings) -> None:
    assert DriverLog(None, "jr_1", warnings).new_lines() == []
    assert (glue.log_calls, warnings) == ([], [])

"""Which active runs are ours, and which of them nobody waits for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_jobkit.contracts.envelope import Envelope, NotifierBinding
from airflow_jobkit.contracts.run_key import RunIdentity
from airflow_jobkit.engines.orphans import Instance, Verdict, envelope_of, is_ours, verdict
from airflow_jobkit.errors import ContractError

IDENTITY = RunIdentity("flights", "manual__1", "clean", map_index=2, generation=1)
INSTANCE = Instance("flights", "manual__1", "clean", 2)
RUNS = "s3://bucket/runs"


def place(key: str) -> str:
    return f"{RUNS}/{key}"


ENVELOPE = Envelope(
    identity=IDENTITY,
    try_number=1,
    logical_date=None,
    data_interval_start=None,
    data_interval_end=None,
    engine="glue",
    environment="prod",
    code_version="1.0.0",
    code_digest="0" * 64,
    arguments=(),
    data_root="s3://bucket/data",
    datasets={},
    result=place(IDENTITY.result_key),
    notifier=NotifierBinding(None, {}),
)
ARGUMENTS = {"--jobkit_envelope": ENVELOPE.encode(), "--jobkit_run_key": f"{IDENTITY.key}.0.abcdef"}


def nothing_below_ours(location: str) -> bytes | None:
    return None


class TestVerdict:
    @pytest.mark.parametrize("state", ["success", "failed", "skipped", "removed", "upstream_failed"])
    def test_a_run_whose_task_has_ended_is_an_orphan(self, state: str) -> None:
        assert verdict(INSTANCE, {INSTANCE: state}) is Verdict.ORPHAN

    @pytest.mark.parametrize(
        "state",
        [
            *("running", "deferred", "queued", "scheduled", "up_for_retry", "up_for_reschedule"),
            *("restarting", None, "a state of a later Airflow"),
        ],
    )
    def test_a_run_whose_task_may_still_take_it_over_is_left_alone(self, state: str | None) -> None:
        assert verdict(INSTANCE, {INSTANCE: state}) is Verdict.WAITED_FOR

    def test_a_run_of_a_task_that_airflow_does_not_know_is_no_orphan(self) -> None:
        other = replace(INSTANCE, map_index=1)
        assert verdict(INSTANCE, {other: "failed"}) is Verdict.UNKNOWN


class TestEnvelope:
    def test_it_is_read_from_the_argument(self) -> None:
        assert envelope_of(ARGUMENTS, nothing_below_ours) == ENVELOPE

    def test_it_is_read_from_the_place_that_the_argument_names(self) -> None:
        files = {"s3://bucket/runs/e.txt": ENVELOPE.encode().encode() + b"\n"}
        arguments = {**ARGUMENTS, "--jobkit_envelope": "@s3://bucket/runs/e.txt"}
        assert envelope_of(arguments, files.get) == ENVELOPE

    def test_one_that_is_not_below_our_runs_root_is_not_read(self) -> None:
        arguments = {**ARGUMENTS, "--jobkit_envelope": "@s3://other/e.txt"}
        assert envelope_of(arguments, nothing_below_ours) is None

    @pytest.mark.parametrize("missing", ["--jobkit_envelope", "--jobkit_run_key"])
    def test_a_run_without_one_is_somebody_elses(self, missing: str) -> None:
        arguments = {name: value for name, value in ARGUMENTS.items() if name != missing}
        assert envelope_of(arguments, nothing_below_ours) is None

    @pytest.mark.parametrize(
        "text", [pytest.param("@file", id="in a file"), pytest.param("x y", id="inline")]
    )
    def test_one_that_cannot_be_read_is_an_error(self, text: str) -> None:
        with pytest.raises(ContractError, match="not an Envelope"):
            envelope_of({**ARGUMENTS, "--jobkit_envelope": text}, lambda _: b"\xff\xfe")


class TestOurs:
    def test_a_run_of_this_environment_and_runs_root_is(self) -> None:
        assert is_ours(ENVELOPE, ARGUMENTS, "prod", place)

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"environment": "dev"}, id="of another environment"),
            pytest.param({"result": f"s3://other/{IDENTITY.result_key}"}, id="with another runs root"),
            pytest.param({"identity": replace(IDENTITY, task_id="other")}, id="that is not at its place"),
        ],
    )
    def test_a_run_is_not(self, changes: dict[str, Any]) -> None:
        assert not is_ours(replace(ENVELOPE, **changes), ARGUMENTS, "prod", place)

    def test_a_run_with_the_key_of_another_is_not(self) -> None:
        assert not is_ours(ENVELOPE, {**ARGUMENTS, "--jobkit_run_key": "0" * 32 + ".0"}, "prod", place)


def test_a_task_instance_reads_well_in_a_log() -> None:
    assert str(INSTANCE) == "flights.clean [2] of manual__1"
    assert str(replace(INSTANCE, map_index=-1)) == "flights.clean of manual__1"

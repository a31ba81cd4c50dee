"""The run key names one intended submission, and the places that follow from it are safe paths."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_jobkit.contracts.run_key import RunIdentity

IDENTITY = RunIdentity("flights_daily", "scheduled__2026-01-02T06:00:00+00:00", "clean_flights", -1, 0)


def test_the_run_key_never_changes_between_processes_or_releases() -> None:
    assert IDENTITY.key == "4c8a5c6bd32030402a118342033d5c52"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"dag_id": "flights"}, id="another DAG"),
        pytest.param({"run_id": "manual__1"}, id="another DAG run"),
        pytest.param({"task_id": "carrier_delays"}, id="another task"),
        pytest.param({"map_index": 0}, id="another mapped task"),
        pytest.param({"generation": 1}, id="a clear"),
    ],
)
def test_the_run_key_changes_with(changed: dict[str, str | int]) -> None:
    assert replace(IDENTITY, **changed).key != IDENTITY.key  # type: ignore[arg-type]


def test_a_retry_is_the_same_submission() -> None:
    # A try number is no part of the identity: a retry has an equal one.
    again = RunIdentity("flights_daily", "scheduled__2026-01-02T06:00:00+00:00", "clean_flights", -1, 0)
    assert again.key == IDENTITY.key


def test_parts_that_join_to_the_same_text_have_different_run_keys() -> None:
    assert RunIdentity("a", "b_c", "d", 1, 1).key != RunIdentity("a_b", "c", "d", 1, 1).key
    assert RunIdentity("a", "b", "c", 1, 11).key != RunIdentity("a", "b", "c", 11, 1).key


def test_a_run_id_with_colons_and_a_plus_is_one_encoded_path_segment() -> None:
    assert IDENTITY.dag_run_folder == "flights_daily/scheduled__2026-01-02T06%3A00%3A00%2B00%3A00"
    assert IDENTITY.task_folder == f"{IDENTITY.dag_run_folder}/clean_flights"
    assert IDENTITY.result_key == f"{IDENTITY.task_folder}/-1/{IDENTITY.key}/result.json"


@pytest.mark.parametrize(
    ("run_id", "segment"),
    [
        pytest.param("..", "%2E%2E", id="two dots do not climb"),
        pytest.param(".", "%2E", id="a dot does not stay"),
        pytest.param("../../etc", "..%2F..%2Fetc", id="a slash does not descend"),
        pytest.param("a b%c", "a%20b%25c", id="a space and a percent sign"),
        pytest.param("März", "M%C3%A4rz", id="letters beyond ASCII"),
        pytest.param("v1.2", "v1.2", id="a dot inside a name stays"),
    ],
)
def test_a_run_id_cannot_leave_its_folder(run_id: str, segment: str) -> None:
    assert replace(IDENTITY, run_id=run_id).dag_run_folder == f"flights_daily/{segment}"


def test_run_ids_that_look_alike_have_different_folders() -> None:
    names = ["a:b", "a%3Ab", "a/b", "a b", "a+b"]
    assert len({replace(IDENTITY, run_id=name).dag_run_folder for name in names}) == len(names)

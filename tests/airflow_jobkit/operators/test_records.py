"""What is written down about a task's submissions, and what a later try learns from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from airflow_jobkit.contracts.run_key import RunIdentity
from airflow_jobkit.engines.states import Phase
from airflow_jobkit.engines.submission import Known, Submission
from airflow_jobkit.errors import ContractError, ReleaseError
from airflow_jobkit.operators.records import History, Records
from airflow_jobkit.release import Store, open_store

IDENTITY = RunIdentity("dag", "manual__2026-01-01T06:00:00+00:00", "task", -1, 0)
CLEARED = replace(IDENTITY, generation=1)


def submission(number: int = 0, identity: RunIdentity = IDENTITY) -> Submission:
    """A submission without a run."""
    return Submission(identity.key, number, 1, "", "f", 1000.0, f"n{number}", "1.0.0", "d" * 64, "fake")


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def records_of(tmp_path: Path, warnings: list[str]) -> Callable[[RunIdentity], Records]:
    """Makes the records of a generation of one task instance."""

    def records(identity: RunIdentity) -> Records:
        return Records(
            open_store(str(tmp_path)), identity, lambda text, *details: warnings.append(text % details)
        )

    return records


@pytest.fixture
def records(records_of: Callable[[RunIdentity], Records]) -> Records:
    return records_of(IDENTITY)


class ReadOnlyStore:
    """A place where nothing can be written any more."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.read, self.list, self.location = store.read, store.list, store.location

    def create(self, key: str, data: bytes) -> bool:
        """Refuse."""
        raise ReleaseError(f"{key} cannot be written")

    def replace(self, key: str, data: bytes) -> None:
        """Refuse."""
        raise ReleaseError(f"{key} cannot be written")


def test_of_nothing_there_is_no_history(records: Records) -> None:
    assert records.load() == History([], 0)


def test_a_number_is_taken_once(records: Records) -> None:
    assert records.create(submission())
    assert not records.create(replace(submission(), nonce="other"))
    assert records.load() == History([Known(submission())], 1)


def test_the_runs_id_replaces_the_intent(records: Records) -> None:
    records.create(submission())
    records.confirm(submission().confirmed("run_1"))
    assert records.load() == History([Known(submission().confirmed("run_1"))], 1)


def test_a_run_that_failed_matters_no_more_but_for_its_number(records: Records) -> None:
    records.create(submission())
    records.finish(submission(), Phase.FAILED)
    assert records.load() == History([], 1)


def test_a_success_matters_to_its_own_generation(
    records: Records, records_of: Callable[[RunIdentity], Records]
) -> None:
    records.create(submission())
    records.finish(submission(), Phase.SUCCEEDED)
    assert records.load() == History([Known(submission(), ended=Phase.SUCCEEDED)], 1)
    assert records_of(CLEARED).load() == History([], 0)


def test_a_success_that_a_later_submission_took_the_place_of_matters_no_more(records: Records) -> None:
    for number in (0, 1):
        records.create(submission(number))
    records.finish(submission(0), Phase.SUCCEEDED)
    assert records.load() == History([Known(submission(1))], 2)


def test_a_success_that_its_job_calls_a_failure_is_one(records: Records) -> None:
    records.create(submission())
    records.finish(submission(), Phase.SUCCEEDED)
    records.finish(submission(), Phase.FAILED)
    assert records.load() == History([], 1)


def test_a_run_of_an_earlier_generation_matters_until_its_end_is_written_down(
    records: Records, records_of: Callable[[RunIdentity], Records]
) -> None:
    records.create(submission())
    cleared = records_of(CLEARED)
    assert cleared.load() == History([Known(submission())], 0)
    cleared.finish(submission(), Phase.FAILED)
    assert cleared.load() == History([], 0)


def test_another_map_index_is_another_task_instance(
    records: Records, records_of: Callable[[RunIdentity], Records]
) -> None:
    records.create(submission())
    assert records_of(replace(IDENTITY, map_index=1)).load() == History([], 0)


def test_what_else_stands_there_is_passed_over(records: Records, tmp_path: Path) -> None:
    records.create(submission())
    folder = tmp_path / IDENTITY.folder
    for name in ("result.json", "envelope-1.txt", "submission-x.json", "submission-3.json.tmp"):
        (folder / name).write_text("?")
    assert records.load() == History([Known(submission())], 1)


def test_half_a_record_is_an_error_that_says_what_to_do(records: Records, tmp_path: Path) -> None:
    records.create(submission())
    (tmp_path / IDENTITY.folder / "submission-0.json").write_text("{")
    with pytest.raises(ContractError, match="see what runs in the service, then delete it"):
        records.load()


def test_an_intent_that_cannot_be_written_is_an_error_and_what_follows_a_warning(
    records: Records, warnings: list[str]
) -> None:
    closed = replace(records, runs=ReadOnlyStore(records.runs))
    with pytest.raises(ReleaseError):
        closed.create(submission())
    assert warnings == []
    closed.confirm(submission().confirmed("run_1"))
    closed.finish(submission(), Phase.FAILED)
    assert ["id cannot be written down" in warnings[0], "ended cannot be" in warnings[1]] == [True, True]

"""The part of the matrix that every change has to pass, of our own operators, in one Airflow."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from matrix import report
from matrix.harness import run_cells
from matrix.scenarios import all_cells
from matrix.stage import Outcome

pytestmark = [
    pytest.mark.engines,
    pytest.mark.airflow,
    pytest.mark.xdist_group("airflow"),
    pytest.mark.timeout(600),  # the first test pays for all cells
]

FIXED = (
    "glue-sync-crash-after-submit",
    "glue-sync-lost-answer",
    "glue-sync-clear-after-a-lost-worker",
    "glue-sync-changed-fingerprint",
    "glue-sync-mark-failed-while-running",
    "glue-sync-error-at-the-end",
    "glue-deferred-crash-while-waiting",
    "glue-deferred-clear-of-a-success",
    "glue-deferred-lagging-list",
    "glue-deferred-time-out",
    "databricks-sync-lost-answer",
    "databricks-sync-throttle",
    "databricks-sync-crash-after-the-end",
    "databricks-deferred-early-finish",
    "databricks-deferred-retry-after-failure",
    "databricks-deferred-crash-after-submit",
    "databricks-deferred-clear-after-a-lost-worker",
)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    chosen = [cell for cell in all_cells() if cell.name.removeprefix("ours-") in FIXED]
    assert len(chosen) == len(FIXED)
    ended: Sequence[Outcome] = run_cells(chosen, tmp_path_factory.mktemp("matrix"))
    return {outcome.cell.name.removeprefix("ours-"): outcome for outcome in ended}


@pytest.mark.parametrize("name", FIXED)
def test_a_task_ends_right_whatever_befalls_it(name: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[name]
    assert not outcome.findings, f"{report.line(outcome)}\n{outcome.seen.log[-6000:]}"

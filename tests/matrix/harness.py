"""Runs cells in a real Airflow over the emulated services."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from emulators import RunningEmulators, emulators_process
from matrix.cells import Cell
from matrix.dags import BUCKET, JOBS, ROOT, VERSION, write_dags
from matrix.stage import LIMIT_SECONDS, Outcome, Progress, Stage
from matrix.user import user_of
from releases import publish_release_of
from running_airflow import running_airflow, wait_for

WORKERS = 7

SETTINGS = {
    "AIRFLOW__CORE__PARALLELISM": WORKERS,
    # Files are read once: they are many, and nothing changes them.
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": 600,
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": 600,
    "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": 180,
    "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": 600,
    "AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL": 600,
    "AIRFLOW__CORE__DAG_FILE_PROCESSOR_TIMEOUT": 180,
    "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": 120,
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.5,
    # On 3.x a supervisor that misses the end of its task's pipes tells the task's state only after this time.
    "AIRFLOW__WORKERS__SOCKET_CLEANUP_TIMEOUT": 3,
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": 1,
    # A new triggerer takes over from a dead one after this time.
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": 6,
}


def run_cells(
    cells: Sequence[Cell],
    folder: Path,
    progress: Progress | None = None,
    limit: float = LIMIT_SECONDS,
) -> list[Outcome]:
    """Run cells many at a time, those that restart the triggerer after all others.

    Args:
        cells: The cells.
        folder: An empty folder for Airflow, its DAGs and the emulated services.
        progress: Called with each cell as it ends, if given.
        limit: Seconds until a cell hangs.

    Returns:
        What became of each, in their order, as it is when all are over: what comes late counts too.
    """
    with _stage(cells, folder) as stage:
        ended = []
        for alone in (False, True):
            # The last ones may hang, and begin first: nothing is left to do beside the last cells to end.
            group = [cell for cell in reversed(cells) if cell.scenario.alone == alone]
            ended += stage.run(group, progress, limit)
        return sorted(stage.outcomes(ended), key=lambda outcome: cells.index(outcome.cell))


@contextmanager
def _stage(cells: Sequence[Cell], folder: Path) -> Iterator[Stage]:
    dags = folder / "dags"
    write_dags(dags, cells)
    with emulators_process(folder / "emulators", BUCKET) as emulators:
        _publish(emulators)
        variables = {
            **emulators.variables,
            **{name: str(value) for name, value in SETTINGS.items()},
        }
        with running_airflow(folder, dags, variables, triggerer=True) as airflow:
            ids = {cell.name for cell in cells}
            wait_for(lambda: ids <= set(airflow.dags_shown()), "the DAGs of the cells", 180, airflow.tail)
            with user_of(airflow) as user:
                yield Stage(airflow, emulators, user)


def _publish(emulators: RunningEmulators) -> None:
    """Put what the tasks' runs are made of where the operators look for it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in emulators.variables.items():
            patch.setenv(name, value)
        publish_release_of(JOBS, VERSION, f"{ROOT}/code")
    emulators.client("s3").put_object(Bucket=BUCKET, Key="matrix/stock.py", Body="print('never run')\n")

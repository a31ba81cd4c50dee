"""The Airflow of `jobkit run` has a home of its own, which several runs can share."""

from __future__ import annotations

import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import pytest
from files import writer

from airflow_jobkit.errors import EngineError
from airflow_jobkit.local.airflow_home import (
    airflow_variables,
    ensure_migrated,
    needs_migration,
    new_log,
    start_lock,
)

SLOW_AIRFLOW = """\
import os, sys, time
with open(os.environ["CALLS"], "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
time.sleep(0.5)
"""


class Airflow:
    """An `airflow` that only takes note of how it is called; `variables` let a process find it."""

    def __init__(self, folder: Path, source: str) -> None:
        write = writer(folder)
        write("fake/airflow/__init__.py", "")
        write("fake/airflow/__main__.py", source)
        self._calls = folder / "calls"
        self.variables = {"PYTHONPATH": str(folder / "fake"), "CALLS": str(self._calls)}

    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines() if self._calls.exists() else []


def test_of_two_first_runs_at_once_one_makes_the_database_and_the_other_waits(tmp_path: Path) -> None:
    airflow, home = Airflow(tmp_path, SLOW_AIRFLOW), tmp_path / ".jobkit" / "airflow"
    with ThreadPoolExecutor() as threads:
        both = [threads.submit(ensure_migrated, home, airflow.variables) for _ in range(2)]
    assert [run.result() for run in both] == [None, None]
    assert airflow.calls() == ["db migrate"]
    assert not needs_migration(home)


def test_a_database_of_another_airflow_is_migrated(tmp_path: Path) -> None:
    airflow = Airflow(tmp_path, SLOW_AIRFLOW)
    stamp = writer(tmp_path)("migrated-to", "1.10.0")
    ensure_migrated(tmp_path, airflow.variables)
    assert airflow.calls() == ["db migrate"]
    assert stamp.read_text() == version("apache-airflow")


def test_a_migration_that_fails_says_what_airflow_said_and_is_tried_again(tmp_path: Path) -> None:
    airflow = Airflow(tmp_path, "raise SystemExit('no space left')\n")
    for _ in range(2):
        with pytest.raises(EngineError, match=r"remove that folder to start anew:\nno space left"):
            ensure_migrated(tmp_path / "home", airflow.variables)


def test_the_callers_own_airflow_is_left_out_and_what_its_dags_use_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = [
        "AIRFLOW_CONFIG",
        "AIRFLOW__CORE__FERNET_KEY",
        "_AIRFLOW_PARSING_CONTEXT_DAG_ID",
        "_AIRFLOW__X",
    ]
    used = ["AIRFLOW_CONN_WAREHOUSE", "AIRFLOW_VAR_REGION", "AWS_PROFILE"]
    for name in (*foreign, *used, "AIRFLOW_HOME", "JOBKIT_ENV"):
        monkeypatch.setenv(name, "the caller's")
    variables = airflow_variables(tmp_path / "home", tmp_path / "dags", "dev")
    assert [name for name in foreign if name in variables] == []
    assert [name for name in used if variables.get(name) != "the caller's"] == []
    assert variables["AIRFLOW_HOME"] == str(tmp_path / "home")
    assert variables["JOBKIT_ENV"] == "dev"


def test_every_process_has_a_log_of_its_own(tmp_path: Path) -> None:
    own = new_log(tmp_path, "flights")
    assert own.parent == tmp_path / "runs"
    assert re.fullmatch(rf"flights-\d{{8}}T\d{{6}}Z-{os.getpid()}\.log", own.name)


def test_the_longest_dag_id_still_gives_a_file_name(tmp_path: Path) -> None:
    assert new_log(tmp_path, "d" * 250).is_file()


def test_airflow_starts_once_at_a_time_and_the_next_when_the_first_has_started(tmp_path: Path) -> None:
    started: list[str] = []

    def start(name: str) -> None:
        with start_lock(tmp_path):
            started.append(name)

    with ThreadPoolExecutor() as threads, start_lock(tmp_path) as release_lock:
        second = threads.submit(start, "second")
        time.sleep(0.1)
        started.append("first")
        release_lock()
        second.result(timeout=10)
    assert started == ["first", "second"]

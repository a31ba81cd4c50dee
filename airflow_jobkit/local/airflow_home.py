"""The Airflow of `jobkit run`: a home and a database of its own beside the project."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

from airflow_jobkit.errors import EngineError

PLUGINS = Path(__file__).parent / "plugins"

_FOREIGN = ("AIRFLOW__", "_AIRFLOW_", "AIRFLOW_CONFIG")
"""How the names of variables begin that configure the Airflow of the caller's shell. What the DAGs themselves
use, AIRFLOW_CONN_* and AIRFLOW_VAR_*, is not among them."""


def airflow_variables(home: Path, dags_folder: Path, environment: str) -> dict[str, str]:
    """The variables that make an Airflow process use this home and these DAGs, and nothing of another."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {
        **kept,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "SequentialExecutor" if _major() < 3 else "LocalExecutor",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "JOBKIT_ENV": environment,
        "PYTHONUNBUFFERED": "1",
    }


def needs_migration(home: Path) -> bool:
    """Whether the database is still to be made, or is that of another Airflow version."""
    stamp = _stamp(home)
    return not stamp.exists() or stamp.read_text(encoding="utf-8") != version("apache-airflow")


def ensure_migrated(home: Path, variables: Mapping[str, str]) -> None:
    """Make the database, or bring it to this Airflow's version; waits where another process is doing so.

    Raises:
        EngineError: Airflow could not; the message holds the end of what it said.
    """
    with _locked(home, "migration"):
        if needs_migration(home):
            _migrate(home, variables)


@contextmanager
def start_lock(home: Path) -> Iterator[Callable[[], None]]:
    """Hold the lock for starting Airflow, until the block ends or what it is given is called.

    Airflow writes all DAGs into its database when it starts; two that do so at once collide.
    """
    with ExitStack() as held:
        held.enter_context(_locked(home, "start"))
        yield held.close


def new_log(home: Path, dag_id: str) -> Path:
    """Begin a log file of this process's own, for one DAG run."""
    folder = home / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    now = dt.datetime.now(dt.timezone.utc)
    # A DAG id may have 250 characters, and a file name no more than 255.
    log = folder / f"{dag_id[:200]}-{now:%Y%m%dT%H%M%SZ}-{os.getpid()}.log"
    log.touch()
    return log


@contextmanager
def _locked(home: Path, name: str) -> Iterator[None]:
    """Hold a lock in the home, which the system gives back however this process ends."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _migrate(home: Path, variables: Mapping[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=dict(variables),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise EngineError(
            f"Airflow could not make its database in {home}; remove that folder to start anew:\n{tail}"
        )
    _stamp(home).write_text(version("apache-airflow"), encoding="utf-8")


def _stamp(home: Path) -> Path:
    return home / "migrated-to"


def _major() -> int:
    return int(version("apache-airflow").split(".")[0])

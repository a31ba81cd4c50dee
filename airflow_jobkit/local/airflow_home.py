"""The Airflow of `jobkit run`: a home and a database of its own beside the project."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from airflow_jobkit.errors import EngineError

PLUGINS = Path(__file__).parent / "plugins"


def airflow_variables(home: Path, dags_folder: Path, environment: str) -> dict[str, str]:
    """The variables that make an Airflow process use this home and these DAGs, and nothing of another."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
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


def migrate(home: Path, variables: Mapping[str, str]) -> None:
    """Make the database, or bring it to this Airflow's version.

    Raises:
        EngineError: Airflow could not; the message holds the end of what it said.
    """
    home.mkdir(parents=True, exist_ok=True)
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

from __future__ import annotations

from pathlib import Path

import pytest
from files import Write, writer


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_environment: None) -> Write:
    """Write a file below the working directory: `write("dags/flights.yaml", "...text...")`."""
    monkeypatch.chdir(tmp_path)
    return writer(tmp_path)


@pytest.fixture
def project(write: Write) -> Write:
    """A project of two environments with one good DAG, in `dags/` of the working directory."""
    write(
        "dags/jobkit.yaml",
        """\
        project: dwh
        code: {version: 1.0.0}
        environments:
          local: {}
          dev: {notification: {services: {TEAM: {class: dwh.notifiers:Team}}}}
        """,
    )
    write("dags/flights.yaml", "flights: {tasks: {clean: {spark_job: dwh.a, timeout: 90m}}}\n")
    return write

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_environment: None) -> Write:
    """Write a file below the working directory: `write("dags/flights.yaml", "...text...")`."""
    monkeypatch.chdir(tmp_path)

    def _write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return _write


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
          dev: {notification: {services: {TEAM: {}}}}
        """,
    )
    write("dags/flights.yaml", "flights: {tasks: {clean: {spark_job: dwh.a, timeout: 90m}}}\n")
    return write

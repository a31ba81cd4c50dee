from __future__ import annotations

from pathlib import Path

import pytest
from files import Write, writer

from airflow_jobkit.loading.folder import load_project
from airflow_jobkit.spec.settings import Settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_environment: None) -> Path:
    """A DAGs folder with a project file, below the working directory."""
    monkeypatch.chdir(tmp_path)
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "jobkit.yaml").write_text("project: dwh\ncode: {version: 1.0.0}\nenvironments: {local: {}}\n")
    return dags


@pytest.fixture
def write(folder: Path) -> Write:
    """Write a file into the DAGs folder: `write("flights.yaml", "...text...")`."""
    return writer(folder)


@pytest.fixture
def settings(folder: Path) -> Settings:
    found = load_project(folder).settings
    assert found is not None
    return found

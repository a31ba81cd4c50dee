"""A workspace on this machine, and Airflow's connection to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_workspace import FakeWorkspace
from task_context import use_temporary_airflow_home

use_temporary_airflow_home()


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWorkspace]:
    with FakeWorkspace().serving() as workspace:
        monkeypatch.setenv("AIRFLOW_CONN_LAKE", workspace.connection)
        yield workspace

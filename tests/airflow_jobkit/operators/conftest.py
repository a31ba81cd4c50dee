"""A project whose jobs need no Spark, and what a task logs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from published_versions import VERSION
from task_context import ProbeProject, use_temporary_airflow_home

use_temporary_airflow_home()


@pytest.fixture
def project(tmp_path: Path) -> ProbeProject:
    return ProbeProject(tmp_path)


@pytest.fixture
def published(project: ProbeProject) -> ProbeProject:
    """The project, with the versions 1.0.0, 2.0.0 and 3.0.0 published."""
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        project.publish(version, version=VERSION)
    return project


@pytest.fixture
def task_log(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What was logged since it was last asked.

    Airflow's console is read, and not pytest's records: Airflow 3.2 and later log past the logging module.
    """

    def read() -> str:
        captured = capfd.readouterr()
        return captured.out + captured.err

    return read

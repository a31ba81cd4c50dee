"""The rig: every Engine with its services, which really execute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from emulators import RunningEmulators, emulators_process
from rig.engines import ENGINES, EngineUnderTest, LocalEngine
from task_context import use_temporary_airflow_home

use_temporary_airflow_home()

BUCKET = "rig-bucket"
MINUTE_SECONDS = 6.0
"""How long a minute of a Glue job's time-out is here."""


@pytest.fixture(scope="session")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulators]:
    """The emulated services: a process of their own, maybe of another environment than Airflow's."""
    folder = tmp_path_factory.mktemp("emulators")
    with emulators_process(folder, BUCKET, minute_seconds=MINUTE_SECONDS) as running:
        yield running


@pytest.fixture(autouse=True)
def reached(emulators: RunningEmulators, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test and its operators call goes to the emulated services."""
    for name, value in emulators.variables.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest, emulators: RunningEmulators, tmp_path: Path) -> EngineUnderTest:
    """Each Engine in turn, with places of its own."""
    kind: type[EngineUnderTest] = request.param
    root = str(tmp_path) if kind is LocalEngine else f"s3://{BUCKET}/{uuid4().hex}"
    return kind(root, emulators)


@pytest.fixture
def task_log(capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What was logged since it was last asked.

    Airflow's console is read, and not pytest's records: Airflow 3.2 and later log past the logging module.
    """

    def read() -> str:
        captured = capfd.readouterr()
        return captured.out + captured.err

    return read

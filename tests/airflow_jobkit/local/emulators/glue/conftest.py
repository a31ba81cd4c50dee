"""Glue on free ports, a minute of whose time-outs is two seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from emulators import RunningEmulators, running_emulators
from glue_caller import GlueCaller


@pytest.fixture
def emulators(tmp_path: Path) -> Iterator[RunningEmulators]:
    pytest.importorskip("moto", reason="the emulators need moto, of the extra [local]")
    pytest.importorskip("flask_cors", reason="the emulators need moto's server, of the extra [local]")
    with running_emulators(tmp_path / "emulators", "code", minute_seconds=2) as running:
        yield running


@pytest.fixture
def glue(emulators: RunningEmulators) -> GlueCaller:
    return GlueCaller(emulators.aws_url)

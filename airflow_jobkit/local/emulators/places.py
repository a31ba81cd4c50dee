"""The buckets that a project's YAML files name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from airflow_jobkit.loading.folder import read_file
from airflow_jobkit.loading.listing import PROJECT_FILE, dag_files

_URL = re.compile(r"s3a?://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/|$)")


def project_buckets(folder: Path) -> tuple[str, ...]:
    """The buckets of all `s3://` URLs in the project file and the DAG files of a folder, sorted.

    A file that is missing or wrong names none; to say so is the business of `jobkit validate`.
    """
    texts = [
        text for file in (folder / PROJECT_FILE, *dag_files(folder)) for text in _texts(read_file(file).data)
    ]
    return tuple(sorted({found[1] for text in texts if (found := _URL.match(text))}))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)

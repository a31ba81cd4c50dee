"""How a dataset of files becomes visible: one small pointer file, replaced at once.

    <path>/_current.json                 names the folder that holds the dataset now
    <path>/_managed.json                 says that nothing else below <path> may be read
    <path>/<run key>/try-<N>/...         what one try of one run wrote; never written again by another

A reader follows the pointer, so it never sees half a write; a retry writes a folder of its own, so a reader
that still follows the old pointer is not disturbed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone

from jobkit_runtime import storage
from jobkit_runtime.errors import DatasetError

SCHEMA = 1
_POINTER = "_current.json"
_MARKER = "_managed.json"


@dataclass(frozen=True)
class Publication:
    """What a pointer says: the folder (relative to the dataset's), whose it is, what it holds.

    `format` is that of the files; None in pointers that were written before it was told.
    """

    path: str
    run_key: str
    rows: int | None
    code_version: str | None
    format: str | None = None


def current(dataset_path: str) -> Publication | None:
    """What is published at the dataset's path now, or None when there is no pointer.

    Raises:
        DatasetError: there is a pointer, and this runtime cannot read it.
    """
    url = storage.join(dataset_path, _POINTER)
    text = storage.read_text(url)
    if text is None:
        return None
    try:
        document = json.loads(text)
        if document["schema"] > SCHEMA:
            raise DatasetError(f"{url} is of version {document['schema']}; this runtime reads up to {SCHEMA}")
        return Publication(
            path=str(document["path"]),
            run_key=str(document["run_key"]),
            rows=document.get("rows"),
            code_version=document.get("code_version"),
            format=document.get("format"),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise DatasetError(f"{url} is not a pointer to a dataset: {type(exc).__name__}: {exc}") from exc


def is_managed(dataset_path: str) -> bool:
    """Whether only what a pointer names may be read here."""
    return storage.exists(storage.join(dataset_path, _MARKER))


def prepare(dataset_path: str) -> None:
    """Before the first files arrive: mark the folder, so that nobody takes half a write for a dataset."""
    if not is_managed(dataset_path):
        storage.write_text(storage.join(dataset_path, _MARKER), json.dumps({"schema": SCHEMA}) + "\n")


def publish(dataset_path: str, publication: Publication) -> None:
    """Make this the dataset's content, in one step."""
    document = {
        "schema": SCHEMA,
        "path": publication.path,
        "run_key": publication.run_key,
        "format": publication.format,
        "rows": publication.rows,
        "code_version": publication.code_version,
        "written_at": datetime.now(timezone.utc).isoformat(timespec="microseconds"),
    }
    storage.write_text(storage.join(dataset_path, _POINTER), json.dumps(document) + "\n")

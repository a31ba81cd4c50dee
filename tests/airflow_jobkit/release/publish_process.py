"""Publish a prepared Release once a file appears: one racer of test_publish. Exits 3 on a conflict."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from airflow_jobkit.errors import ReleaseConflictError
from airflow_jobkit.release.build import BuiltRelease
from airflow_jobkit.release.publish import publish_release
from airflow_jobkit.release.store import LocalStore


def main(folder: str, root: str, go: str) -> int:
    built = BuiltRelease.load(Path(folder))
    Path(f"{go}-{Path(folder).name}").touch()
    while not Path(go).exists():
        time.sleep(0.0005)
    try:
        published = publish_release(built, LocalStore(Path(root)))
    except ReleaseConflictError:
        return 3
    return 0 if published.created else 4


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""An Invocation whose files stand elsewhere, brought to this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from airflow_jobkit.engines.invocation import Invocation
from airflow_jobkit.errors import ReleaseNotFoundError
from airflow_jobkit.release import Store


def fetched(invocation: Invocation, folder: Path, store: Callable[[str], Store]) -> Invocation:
    """The same call, its script and wheels copied into a folder where they stand on S3.

    Args:
        invocation: The call.
        folder: An empty folder, which has to outlive the run.
        store: Opens the Store at a URL.

    Raises:
        ReleaseNotFoundError: A file is not there any more.
        ReleaseError: S3 does not give it.
    """

    def local(location: str) -> str:
        if not location.startswith("s3://"):
            return location
        root, _, name = location.rpartition("/")
        data = store(root).read(name)
        if data is None:
            raise ReleaseNotFoundError(f"{location} is not there any more; publish the code version again.")
        file = folder / name
        file.write_bytes(data)
        return str(file)

    return replace(
        invocation,
        script=local(invocation.script),
        wheels=tuple(local(wheel) for wheel in invocation.wheels),
    )

"""Where the files of a workspace are on this machine."""

from __future__ import annotations

import re
from pathlib import Path

from airflow_jobkit.local.emulators.scripts import ObjectMissingError

_S3 = re.compile(r"s3a?:/+")
_VOLUMES = re.compile(r"(dbfs:)?/+Volumes/")
_DBFS = re.compile(r"dbfs:/+|/dbfs/")


class Places:
    """The file systems of a workspace.

    Volumes are in the folder `volumes`, workspace files in `workspace`, and DBFS is in `dbfs`.

    Args:
        folder: Where these folders are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def location(self, name: str) -> str:
        """A file of the workspace as the script runner finds it: an `s3://` URL or a path.

        Raises:
            ObjectMissingError: The name leads out of the workspace.
        """
        if _S3.match(name):
            return _S3.sub("s3://", name, count=1)
        for pattern, folder in ((_VOLUMES, "volumes"), (_DBFS, "dbfs")):
            if pattern.match(name):
                return self._path(self._folder / folder, pattern.sub("", name, count=1), name)
        return self._path(self._folder / "workspace", name.removeprefix("/Workspace").lstrip("/"), name)

    def _path(self, root: Path, relative: str, name: str) -> str:
        path = (root / relative).resolve()
        if not path.is_relative_to(root):
            raise ObjectMissingError(name)
        return str(path)

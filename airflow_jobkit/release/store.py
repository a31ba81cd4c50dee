"""Where Releases live: a small seam with one class per kind of place.

A key is a relative path with forward slashes, `releases/0.1.0/manifest.json`. A Store knows nothing of what
the bytes mean; all it promises is that a reader never sees half a file and that `create` never overwrites.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

from airflow_jobkit.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_UNFINISHED: Final = ".unfinished-"  # how the name of a file begins while it is being written


class Store(Protocol):
    """A place that keeps bytes under keys. Every method raises ReleaseError for a key that leaves it."""

    def read(self, key: str) -> bytes | None:
        """Return the bytes under this key; None where there are none."""

    def create(self, key: str, data: bytes) -> bool:
        """Put bytes where none are yet. False, and nothing changed, where the key exists already."""

    def replace(self, key: str, data: bytes) -> None:
        """Put bytes, whether or not the key exists; readers see the old bytes or the new ones."""

    def list(self, prefix: str) -> tuple[str, ...]:
        """Return every key that begins with `prefix`, sorted."""

    def location(self, key: str) -> str:
        """Return the absolute path or URL of a key, for engines and messages; of `""`: the root."""


@dataclass(frozen=True, slots=True)
class LocalStore:
    """A Store in a folder, which need not exist before the first write."""

    root: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", self.root.expanduser().absolute())

    def read(self, key: str) -> bytes | None:
        """Return the bytes under this key; None where there are none."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None

    def create(self, key: str, data: bytes) -> bool:
        """Put bytes where none are yet. False, and nothing changed, where the key exists already."""
        path = self._path(key)
        with _written(path.parent, data) as unfinished:
            try:
                # A hard link is the one call that is atomic and refuses an existing name.
                path.hardlink_to(unfinished)
            except FileExistsError:
                return False
        return True

    def replace(self, key: str, data: bytes) -> None:
        """Put bytes, whether or not the key exists; readers see the old bytes or the new ones."""
        path = self._path(key)
        with _written(path.parent, data) as unfinished:
            unfinished.replace(path)

    def list(self, prefix: str) -> tuple[str, ...]:
        """Return every key that begins with `prefix`, sorted."""
        folder = self._path(prefix.rpartition("/")[0])
        files = (path for path in folder.rglob("*") if path.is_file())
        finished = (path for path in files if not path.name.startswith(_UNFINISHED))
        keys = (path.relative_to(self.root).as_posix() for path in finished)
        return tuple(sorted(key for key in keys if key.startswith(prefix)))

    def location(self, key: str) -> str:
        """Return the absolute path of a key; of `""`: the root."""
        return str(self._path(key))

    def _path(self, key: str) -> Path:
        check_key(key, self.root)
        return self.root.joinpath(*key.split("/")) if key else self.root


def check_key(key: str, root: object) -> None:
    """Refuse a key that leaves its root or has a second spelling.

    Raises:
        ReleaseError: It does.
    """
    parts = key.split("/") if key else []
    if any(part in ("", ".", "..") or part.startswith(_UNFINISHED) or "\0" in part for part in parts):
        raise ReleaseError(
            f"{key!r} is no key of {root}: write a relative path such as "
            "releases/0.1.0/manifest.json, without empty, '.' or '..' segments."
        )


def open_store(root: str, s3: Callable[[], Any] | None = None) -> Store:
    """Open the Store at a root: a local folder, a `file://` URL of one, or `s3://bucket/prefix`.

    No connection is opened before the Store is used.

    Args:
        root: The folder or URL.
        s3: Makes the boto3 client for S3; default: by boto3's own chain.

    Raises:
        ReleaseError: The root is empty, or of a kind that cannot be opened.
    """
    if not root.strip():
        raise ReleaseError("The root is empty: name a folder, a file:// URL or s3://bucket/prefix.")
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", root)
    if scheme is None:
        return LocalStore(Path(root))
    if scheme[1] == "s3":
        from airflow_jobkit.release.s3 import S3Store, default_client

        return S3Store.at(root, s3 or default_client)
    url = urlsplit(root)
    # The rest of the URL stays out of the message: it may hold a password.
    if url.scheme != "file":
        raise ReleaseError(
            f"A root of the kind {scheme[1]}:// cannot be opened: name a folder, a file:// URL or "
            "s3://bucket/prefix."
        )
    if url.netloc not in ("", "localhost"):
        raise ReleaseError(
            f"A file:// root is on this machine, without a host: write file:///{url.netloc}{url.path} "
            "if that is its path."
        )
    return LocalStore(Path(url2pathname(url.path)))


@contextmanager
def _written(folder: Path, data: bytes) -> Iterator[Path]:
    """Write bytes to a file of their own in `folder`, and take its name away again at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_UNFINISHED}{uuid4().hex}"
    try:
        # Not `tempfile`: its 0600 would hide a Release from Airflow's other users; this follows the umask.
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # a crash must not leave the manifest standing before its files
        yield path
    finally:
        path.unlink(missing_ok=True)

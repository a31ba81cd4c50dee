"""The folder that mirrors the objects of S3: which keys it can hold, and what changed in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

Stamp = tuple[int, int]
"""Modification time and size: what tells that a file has changed."""

_UNFINISHED = ".jobkit-unfinished-"
_LONGEST_NAME = 255


class Mirror:
    """The files of all buckets, `<folder>/<bucket>/<key>`, with what is known of each.

    Spark writes and deletes files here at any time; `changes` finds what it did since.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._known: dict[str, dict[str, Stamp]] = {}

    def buckets(self) -> dict[str, Path]:
        """The folder of each bucket."""
        found = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
        return {path.name: path for path in found if path.is_dir() and not path.name.startswith(".")}

    def add_bucket(self, bucket: str) -> None:
        """Make a bucket's folder."""
        (self.folder / bucket).mkdir(parents=True, exist_ok=True)

    def remove_bucket(self, bucket: str) -> None:
        """Remove a bucket's folder, which holds no objects any more."""
        self._known.pop(bucket, None)
        for root, _, names in os.walk(self.folder / bucket, topdown=False):
            for name in names:
                Path(root, name).unlink()
            Path(root).rmdir()

    def changes(self, bucket: str) -> tuple[dict[str, Stamp], list[str]]:
        """The keys whose files are new or changed, and those whose files are gone."""
        known = self._known.setdefault(bucket, {})
        found = dict(_files(self.folder / bucket))
        changed = {key: stamp for key, stamp in found.items() if known.get(key) != stamp}
        return changed, [key for key in known if key not in found]

    def change_of(self, bucket: str, key: str) -> tuple[Stamp | None, bool]:
        """The new stamp of one key, if its file is new or changed; and whether its file is gone."""
        known = self._known.setdefault(bucket, {}).get(key)
        stamp = _stamp(self._file(bucket, key)) if holds(key) else None
        return (stamp if stamp != known else None), known is not None and stamp is None

    def learn(self, bucket: str, key: str, stamp: Stamp | None) -> None:
        """Remember what a key's file is like, or that there is none."""
        known = self._known.setdefault(bucket, {})
        if stamp is None:
            known.pop(key, None)
        else:
            known[key] = stamp

    def read(self, bucket: str, key: str) -> bytes | None:
        """The content of a key's file."""
        with suppress(OSError):
            return self._file(bucket, key).read_bytes()
        return None

    def write(self, bucket: str, key: str, content: bytes) -> None:
        """Write a key's file, whole or not at all.

        Raises:
            OSError: The file cannot be, as where `a` is an object and `a/b` is to be one.
        """
        file = self._file(bucket, key)
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"{_UNFINISHED}{uuid4().hex}")
        try:
            unfinished.write_bytes(content)
            unfinished.replace(file)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        # Spark's checksum of what was here before would not fit.
        _checksum(file).unlink(missing_ok=True)
        self.learn(bucket, key, _stamp(file))

    def delete(self, bucket: str, key: str) -> None:
        """Delete a key's file, and the folders that hold nothing any more: S3 has no empty ones."""
        self.learn(bucket, key, None)
        file = self._file(bucket, key)
        if not file.is_file():
            return
        file.unlink()
        _checksum(file).unlink(missing_ok=True)
        with suppress(OSError):  # the first that is not empty
            for parent in file.relative_to(self.folder / bucket).parents[:-1]:
                (self.folder / bucket / parent).rmdir()

    def _file(self, bucket: str, key: str) -> Path:
        return self.folder / bucket / key


def holds(key: str) -> bool:
    """Whether a key can be a file that `changes` finds again."""
    parts = key.split("/")
    return all(
        part not in ("", ".", "..") and "\0" not in part and len(part.encode()) <= _LONGEST_NAME
        for part in parts
    ) and not _passing(parts)


def _passing(parts: list[str]) -> bool:
    """Whether a path is Spark's or our own scratch: no object, as nothing reads it as data."""
    name = parts[-1]
    return (
        "_temporary" in parts
        or name.startswith(_UNFINISHED)
        or (name.startswith(".") and name.endswith(".crc"))
    )


def _files(folder: Path) -> Iterator[tuple[str, Stamp]]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "_temporary"]
        for name in names:
            file = Path(root, name)
            if not _passing([name]) and (stamp := _stamp(file)) is not None:
                yield file.relative_to(folder).as_posix(), stamp


def _stamp(file: Path) -> Stamp | None:
    with suppress(OSError):
        status = file.stat()
        if file.is_file():
            return status.st_mtime_ns, status.st_size
    return None


def _checksum(file: Path) -> Path:
    return file.with_name(f".{file.name}.crc")

"""The code that a task runs: a Release with a Manifest, or the files of a layout, behind one seam."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from packaging.version import Version

from airflow_jobkit.errors import ReleaseNotFoundError
from airflow_jobkit.problems import did_you_mean
from airflow_jobkit.release.catalog import get_release
from airflow_jobkit.release.channels import get_channel_release
from airflow_jobkit.release.document import digest_of
from airflow_jobkit.release.manifest import is_normalised
from airflow_jobkit.release.store import Store, open_store
from airflow_jobkit.spec.code import VERSION_PLACEHOLDER, CodeLayout, CodeRoot

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from airflow_jobkit.spec.code import Code


class CodeVersion(Protocol):
    """One version of the code, found."""

    @property
    def version(self) -> str:
        """The version."""

    @property
    def digest(self) -> str:
        """A sha256 that changes when any of its bytes does."""

    @property
    def wheels(self) -> tuple[str, ...]:
        """The absolute paths or URLs of its wheels."""

    def script(self, engine: str) -> str:
        """Return the absolute path or URL of an Engine's entry script."""

    def verify(self) -> None:
        """Check every file against the digest; raises ReleaseDamagedError where one differs."""


class CodeSource(Protocol):
    """Where one Engine's code is found by version."""

    @property
    def location(self) -> str:
        """Where it is, in words: of two sources with one location, a version has the same digest."""

    def get(self, version: str) -> CodeVersion:
        """Return a version; raises ReleaseNotFoundError where a file of it is missing."""

    def named_by(self, channel: str) -> CodeVersion:
        """Return the version that a channel names now; raises ReleaseNotFoundError where there is none."""


def open_code(code: Code, engine: str, s3: Callable[[], Any] | None = None) -> CodeSource:
    """Open the code of a task.

    Args:
        code: Where it is.
        engine: The Engine that is to run it.
        s3: Makes the boto3 client for S3; default: by boto3's own chain.
    """
    if isinstance(code, CodeRoot):
        return PublishedCode(open_store(code.root, s3))
    return LayoutCode(code.of_engine(engine), s3)


@dataclass(frozen=True)
class PublishedCode:
    """The Releases of a code root."""

    store: Store

    @property
    def location(self) -> str:
        """The code root."""
        return self.store.location("")

    def get(self, version: str) -> CodeVersion:
        """Return the Release of an exact version, as `get_release` does."""
        return get_release(self.store, version)

    def named_by(self, channel: str) -> CodeVersion:
        """Return the Release that a channel names, as `get_channel_release` does."""
        return get_channel_release(self.store, channel)


@dataclass(frozen=True)
class FoundFiles:
    """One version of a layout, whose bytes were all read when it was found."""

    version: str
    digest: str
    wheels: tuple[str, ...]
    entry_script: str

    def script(self, engine: str) -> str:  # noqa: ARG002 - a layout is opened for one Engine
        """Return the entry script of the Engine that the layout was opened for."""
        return self.entry_script

    def verify(self) -> None:
        """Nothing is left to check: the digest was made of the bytes that stand there."""


@dataclass(frozen=True)
class LayoutCode:
    """The files of a layout whose Engine is filled in."""

    layout: CodeLayout
    s3: Callable[[], Any] | None = None

    @property
    def location(self) -> str:
        """The patterns of its files."""
        return " ".join((self.layout.entry_point, *self.layout.wheels))

    def get(self, version: str) -> CodeVersion:
        """Return the files of an exact version; their digest is made of their places and bytes.

        Raises:
            ReleaseNotFoundError: One of them is missing; the message names it and the versions there are.
        """
        files = self.layout.of_version(version)
        patterns = (self.layout.entry_point, *self.layout.wheels)
        digests: dict[str, str] = {}
        for pattern, location in zip(patterns, (files.entry_point, *files.wheels), strict=True):
            store, name = self._place(location)
            data = store.read(name)
            if data is None:
                raise self._not_found(version, pattern, location)
            digests[location] = digest_of(data)
        content = "".join(f"{location} {digest}\n" for location, digest in sorted(digests.items()))
        return FoundFiles(version, digest_of(content.encode()), files.wheels, files.entry_point)

    def named_by(self, channel: str) -> CodeVersion:
        """Refuse a channel.

        Raises:
            ReleaseNotFoundError: Always: channels are pointers to Releases.
        """
        raise ReleaseNotFoundError(
            f"There is no channel {channel!r}: files that are named one by one have none. Choose an exact "
            f"version of {self.location}, or set code.root."
        )

    def _place(self, location: str) -> tuple[Store, str]:
        folder, _, name = location.rpartition("/")
        return open_store(folder or "/", self.s3), name

    def _not_found(self, version: str, pattern: str, location: str) -> ReleaseNotFoundError:
        there = ""
        if VERSION_PLACEHOLDER in pattern.rpartition("/")[2]:
            versions = self._versions(pattern)
            meant = did_you_mean(version, versions)
            there = (
                f" There are: {', '.join(versions) or 'none'}{f'; did you mean {meant}?' if meant else '.'}"
            )
        return ReleaseNotFoundError(
            f"Code version {version!r} is not complete: there is no {location}.{there} Put the file there, "
            "or choose a version that is."
        )

    def _versions(self, pattern: str) -> list[str]:
        """The versions of which there is such a file, the newest first; its name holds the version."""
        folder, _, name = pattern.rpartition("/")
        if VERSION_PLACEHOLDER in folder:
            return []
        before, _, after = name.partition(VERSION_PLACEHOLDER)
        after = re.escape(after).replace(re.escape(VERSION_PLACEHOLDER), "(?P=version)")
        form = re.compile(f"{re.escape(before)}(?P<version>[^/]+){after}")
        matches = (form.fullmatch(key) for key in open_store(folder or "/", self.s3).list(before))
        found = {match["version"] for match in matches if match}
        return sorted(filter(is_normalised, found), key=Version, reverse=True)

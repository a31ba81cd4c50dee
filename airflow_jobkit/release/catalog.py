"""Read what is published: which versions there are, what one holds, whether it is still intact."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from airflow_jobkit.errors import ContractError, ReleaseDamagedError, ReleaseNotFoundError
from airflow_jobkit.problems import choices_remedy, did_you_mean
from airflow_jobkit.release.document import digest_of
from airflow_jobkit.release.manifest import (
    ENTRY_SCRIPT,
    MANIFEST,
    RELEASES,
    Manifest,
    is_normalised,
    release_key,
)
from airflow_jobkit.spec.versions import is_channel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_jobkit.release.store import Store


@dataclass(frozen=True, slots=True)
class ReleaseInfo:
    """One published version, and the folder or URL of its files. Its Manifest has not been read."""

    version: str
    location: str


@dataclass(frozen=True, slots=True)
class Release:
    """One published Release. `digest` is the sha256 of its Manifest's bytes as they stand there."""

    version: str
    digest: str
    manifest: Manifest
    _store: Store = field(repr=False, compare=False)

    def location(self, path: str) -> str:
        """Return the absolute path or URL of one of its files, `scripts/glue/generic_entry.py`.

        Raises:
            ReleaseNotFoundError: The Release holds no such file.
        """
        paths = [file.path for file in self.manifest.files]
        if path not in paths:
            raise ReleaseNotFoundError(
                f"Release {self.version} holds no {path}; {choices_remedy(path, paths)}"
            )
        return self._store.location(release_key(self.version, path))

    def script(self, engine: str) -> str:
        """Return the place of an Engine's entry script.

        Raises:
            ReleaseNotFoundError: The Release holds none for this Engine.
        """
        return self.location(f"scripts/{engine}/{ENTRY_SCRIPT}")

    @property
    def wheels(self) -> tuple[str, ...]:
        """The places of its wheels."""
        paths = (file.path for file in self.manifest.files)
        return tuple(self.location(path) for path in paths if path.startswith("wheels/"))

    def verify(self) -> None:
        """Check its files, as `verify_release` does."""
        verify_release(self._store, self)


def list_releases(store: Store) -> tuple[ReleaseInfo, ...]:
    """Return every published version, the newest (PEP 440) first; an unfinished publish is none."""
    parts = [key.removeprefix(RELEASES).split("/") for key in store.list(RELEASES)]
    versions = [version for version, *path in parts if path == [MANIFEST] and is_normalised(version)]
    return tuple(
        ReleaseInfo(version, store.location(f"{RELEASES}{version}"))
        for version in sorted(versions, key=Version, reverse=True)
    )


def get_release(store: Store, version: str) -> Release:
    """Return the Release of an exact version.

    Raises:
        ReleaseNotFoundError: It is not published; the message names the versions that are.
        ReleaseDamagedError: What stands there is the Manifest of another version.
        ContractError: Its manifest.json is not a Manifest.
    """
    key = release_key(version, MANIFEST)
    data = store.read(key) if is_normalised(version) else None
    if data is None:
        raise _not_found(store, version)
    try:
        manifest = Manifest.from_bytes(data, store.location(key))
    except ContractError as error:
        raise ContractError(
            f"{error}. Restore the file from a copy, or delete it and publish the same build again."
        ) from None
    if manifest.version != version:
        raise ReleaseDamagedError(
            f"{store.location(key)} is the manifest of {manifest.version}, not of {version}: a Release was "
            "copied or moved by hand. Delete it there and publish it with `jobkit release publish`."
        )
    return Release(version, digest_of(data), manifest, store)


def verify_release(store: Store, release: Release) -> None:
    """Check that every file of a Release is there and is the one that its Manifest describes.

    Raises:
        ReleaseDamagedError: It names every file that is not.
    """
    damaged = []
    for file in release.manifest.files:
        data = store.read(release_key(release.version, file.path))
        if data is None or not file.describes(data):
            damaged.append(f"{release.location(file.path)} is {'missing' if data is None else 'changed'}")
    if damaged:
        raise ReleaseDamagedError(
            f"Release {release.version} is damaged: {'; '.join(damaged)}. Publishing the same build again "
            "puts back a missing file; restore a changed one from a copy, or publish a new version."
        )


def _not_found(store: Store, version: str) -> ReleaseNotFoundError:
    root = store.location("")
    publish = "`jobkit release publish` publishes the version of your pyproject.toml."
    versions = [release.version for release in list_releases(store)]
    if not versions:
        there = "No release is published there yet."
    else:
        meant = _meant(version, versions)
        there = f"There are: {', '.join(versions)}{f'; did you mean {meant}?' if meant else '.'}"
    missing = f"Release {version!r} is not at the code root {root}"
    if versions and not is_normalised(version):
        return ReleaseNotFoundError(f"{missing}, for {_why(version)} {there}")
    return ReleaseNotFoundError(f"{missing}. {there} {publish}")


def _why(text: str) -> str:
    """Why nothing can be published under a text."""
    channel = text.strip().lower()
    if is_channel(text):
        return "that is the name of a channel."
    if is_channel(channel):
        return f"that is no version. Channels are in lower case: did you mean {channel}?"
    return "that is not how a version is written."


def _meant(version: str, versions: Sequence[str]) -> str | None:
    # The same version in another spelling ("v1.0" for "1.0.0") is nearer than one with similar letters.
    try:
        same = [known for known in versions if Version(known) == Version(version)]
    except InvalidVersion:
        same = []
    return same[0] if same else did_you_mean(version, versions)

"""Publish a built Release: all files first, the Manifest last, nothing ever overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_jobkit.errors import ReleaseConflictError, ReleaseDamagedError
from airflow_jobkit.release.manifest import MANIFEST, Manifest, release_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_jobkit.release.build import BuiltRelease
    from airflow_jobkit.release.store import Store


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a publish; `created` is False where the same Release stood there already."""

    version: str
    digest: str
    created: bool


def publish_release(
    built: BuiltRelease, store: Store, progress: Callable[[str], None] = lambda _line: None
) -> Published:
    """Publish a Release under `releases/<version>/`; a version without a manifest.json is not published.

    Publishing the same bytes again changes nothing, but puts back a file that went missing. Of several
    publishers with different bytes exactly one wins; the others raise, and never mix files into its Release.

    Args:
        built: What to publish.
        store: The code root.
        progress: Called with a line before each file.

    Raises:
        ReleaseConflictError: This version stands there, finished or unfinished, with other bytes.
        ReleaseDamagedError: A file of the build, or of the same Release published before, was changed.
    """
    version, manifest = built.manifest.version, built.manifest.to_bytes()
    contents = _read_build(built)
    _check_published(built.manifest, store)
    # Always in the Manifest's order: then whoever is stopped by another's file is behind that other, so
    # one of any number of publishers gets through, and no two of them can stop each other.
    for number, (path, data) in enumerate(contents.items(), 1):
        progress(f"publishing {path} ({len(data):,} bytes, {number} of {len(contents)})")
        key = release_key(version, path)
        if not store.create(key, data) and store.read(key) != data:
            raise _stopped_at(path, built.manifest, store)
    created = store.create(release_key(version, MANIFEST), manifest)
    if not created:
        _check_published(built.manifest, store)
    return Published(version, built.manifest.digest, created)


def _read_build(built: BuiltRelease) -> dict[str, bytes]:
    contents = {}
    for file in built.manifest.files:
        path = built.folder / file.path
        data = path.read_bytes() if path.is_file() else None
        if data is None or not file.describes(data):
            state = "missing" if data is None else "changed"
            raise ReleaseDamagedError(
                f"{path} is {state} since it was built: run `jobkit release build` again."
            )
        contents[file.path] = data
    return contents


def _check_published(manifest: Manifest, store: Store) -> bool:
    """Whether this very Manifest is published; raises ReleaseConflictError where another one is."""
    key = release_key(manifest.version, MANIFEST)
    standing, location = store.read(key), store.location(key)
    if standing is None or standing == manifest.to_bytes():
        return standing is not None
    differences = _differences(manifest, Manifest.from_bytes(standing, location))
    raise ReleaseConflictError(
        f"{manifest.version} is published already at {location}, and differs: {'; '.join(differences)}. "
        "A published version never changes: raise the version in pyproject.toml, build and publish again."
    )


def _differences(ours: Manifest, theirs: Manifest) -> list[str]:
    here = {file.path: file.sha256 for file in ours.files}
    there = {file.path: file.sha256 for file in theirs.files}
    files = [f"{path} differs" for path in sorted(here.keys() & there) if here[path] != there[path]]
    files += [f"{path} is only in this build" for path in sorted(here.keys() - there)]
    files += [f"{path} is only in the published Release" for path in sorted(there.keys() - here)]
    return files or ["the files are the same, what the Manifest says of the jobs or the runtime differs"]


def _stopped_at(path: str, manifest: Manifest, store: Store) -> ReleaseConflictError | ReleaseDamagedError:
    """Say what stands at a file's key with other bytes than ours."""
    version = manifest.version
    location = store.location(release_key(version, path))
    if _check_published(manifest, store):
        return ReleaseDamagedError(
            f"{location} was changed after {version} was published: restore it from a copy, or raise the "
            "version in pyproject.toml, then build and publish again."
        )
    folder = location.removesuffix(f"/{path}")
    return ReleaseConflictError(
        f"An unfinished publish of {version} stands at the code root: {location} holds other bytes than this "
        "build, and there is no manifest.json. Where another publish is running, let it end. Where it was "
        f"interrupted, delete {folder} (nothing uses it yet) or raise the version in pyproject.toml, then "
        "publish again."
    )

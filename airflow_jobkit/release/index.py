"""The index of Releases beside the DAGs, so that parsing them opens no socket."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.version import Version

from airflow_jobkit.release.catalog import get_release, list_releases
from airflow_jobkit.release.document import Document, Record
from airflow_jobkit.release.manifest import ManifestJob
from airflow_jobkit.release.store import LocalStore

if TYPE_CHECKING:
    from airflow_jobkit.release.store import Store

INDEX_FILE: Final = Path(".jobkit", "releases.json")
"""Where the index is, below the DAGs folder."""


class IndexedRelease(Record):
    """What parsing needs to know of one Release."""

    digest: str
    jobs: tuple[ManifestJob, ...]


class ReleaseIndex(Document):
    """The Releases of one code root, by version, when the index was written."""

    code_root: str
    releases: Mapping[str, IndexedRelease]

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions, the newest (PEP 440) first."""
        return tuple(sorted(self.releases, key=Version, reverse=True))


def write_release_index(store: Store, code_root: str, path: Path) -> ReleaseIndex:
    """Write the index of all that `store` holds to `path`; the same Releases give the same bytes.

    Raises:
        ContractError: A manifest.json at the code root is not a Manifest.
        ReleaseDamagedError: One is the Manifest of another version.
    """
    releases = [get_release(store, info.version) for info in list_releases(store)]
    index = ReleaseIndex(
        code_root=code_root,
        releases={
            release.version: IndexedRelease(digest=release.digest, jobs=release.manifest.jobs)
            for release in releases
        },
    )
    LocalStore(path.parent).replace(path.name, index.to_bytes())
    return index


def read_release_index(path: Path) -> ReleaseIndex | None:
    """Read the index; None where there is none.

    Raises:
        ContractError: The file is not a ReleaseIndex.
    """
    data = LocalStore(path.parent).read(path.name)
    return None if data is None else ReleaseIndex.from_bytes(data, str(path))

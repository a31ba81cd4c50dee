"""Write the index of Releases that stands beside the DAGs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow_jobkit.release.catalog import get_release, list_releases
from airflow_jobkit.release.channels import list_channels
from airflow_jobkit.release.index import IndexedRelease, ReleaseIndex
from airflow_jobkit.release.store import LocalStore

if TYPE_CHECKING:
    from airflow_jobkit.release.store import Store


def write_release_index(store: Store, code_root: str, path: Path) -> ReleaseIndex:
    """Write the index of all that `store` holds to `path`; the same content gives the same bytes.

    Raises:
        ContractError: A manifest.json at the code root is not a Manifest, or a channel cannot be read.
        ReleaseDamagedError: One is the Manifest of another version.
    """
    releases = [get_release(store, info.version) for info in list_releases(store)]
    index = ReleaseIndex(
        code_root=code_root,
        releases={
            release.version: IndexedRelease(digest=release.digest, jobs=release.manifest.jobs)
            for release in releases
        },
        channels=list_channels(store),
    )
    LocalStore(path.parent).replace(path.name, index.to_bytes())
    return index

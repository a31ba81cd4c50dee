"""The index of Releases beside the DAGs, so that parsing them opens no socket.

It is read where files are validated, so nothing here may lead to a code root.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from packaging.version import Version

from airflow_jobkit.errors import ContractError
from airflow_jobkit.release.document import Document, Record
from airflow_jobkit.release.manifest import ManifestJob
from airflow_jobkit.spec.jobs import PublishedJobs

INDEX_FILE: Final = Path(".jobkit", "releases.json")
"""Where the index is, below the DAGs folder."""


class IndexedRelease(Record):
    """What parsing needs to know of one Release."""

    digest: str
    jobs: tuple[ManifestJob, ...]


class ReleaseIndex(Document):
    """The Releases of one code root, by version, and what its channels named when the index was written."""

    code_root: str
    releases: Mapping[str, IndexedRelease]
    channels: Mapping[str, str] = {}

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions, the newest (PEP 440) first."""
        return tuple(sorted(self.releases, key=Version, reverse=True))

    @property
    def code_versions(self) -> tuple[str, ...]:
        """What a run can choose: the channels, then the versions, the newest first."""
        return (*sorted(self.channels), *self.versions)

    def published(self, *, complete: bool) -> PublishedJobs:
        """What the DAGs' arguments and versions are held against.

        Args:
            complete: Whether a version or channel that is not in the index is taken to be a mistake, and the
                channels to name what they do there.
        """
        jobs = {version: release.jobs for version, release in self.releases.items()}
        # Those of before there were channels have no word of them.
        knows_channels = "channels" in self.model_fields_set
        return PublishedJobs(self.code_root, jobs, complete, self.channels, knows_channels)


def read_release_index(path: Path) -> ReleaseIndex | None:
    """Read the index; None where there is none.

    Raises:
        ContractError: The file is not a ReleaseIndex, or cannot be read.
    """
    try:
        os.stat(path)  # noqa: PTH116 - asked at each load, mostly in vain, and opening what is not there takes longer
        data = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
    except OSError as error:
        raise ContractError(f"{path} cannot be read: {error.strerror}") from error
    return ReleaseIndex.from_bytes(data, str(path))

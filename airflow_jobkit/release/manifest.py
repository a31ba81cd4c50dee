"""The Manifest: what a Release holds. It has no timestamp, so the same sources give the same bytes."""

from __future__ import annotations

from typing import Annotated, Final

from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, Field, JsonValue

from airflow_jobkit.release.document import Document, Record, digest_of

RELEASES: Final = "releases/"  # below this key of the code root stands one folder per version
MANIFEST: Final = "manifest.json"
ENTRY_SCRIPT: Final = "generic_entry.py"


def release_key(version: str, path: str) -> str:
    """Return the key of a Release's file."""
    return f"{RELEASES}{version}/{path}"


def is_normalised(version: str) -> bool:
    """Whether a text is a PEP 440 version in its one normal form, `1.0.dev1` and not `v1.0-dev1`."""
    try:
        return str(Version(version)) == version
    except InvalidVersion:
        return False


def normalised(version: str) -> str:
    """Return a version in its normal form as it is; raises ValueError for any other text."""
    if not is_normalised(version):
        raise ValueError(f"{version!r} is not a PEP 440 version in its normal form, such as '1.0.dev1'")
    return version


class ManifestFile(Record):
    """One file of a Release: its path below the Release, `wheels/dwh-0.1.0-py3-none-any.whl`."""

    path: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=0)

    @classmethod
    def of(cls, path: str, data: bytes) -> ManifestFile:
        """Describe these bytes."""
        return cls(path=path, sha256=digest_of(data), size=len(data))

    def describes(self, data: bytes) -> bool:
        """Whether these are the bytes."""
        return self.sha256 == digest_of(data)


class ManifestParameter(Record):
    """One parameter of a job; `default` counts only where it is not required."""

    name: str
    type: str
    required: bool
    default: JsonValue = None


class ManifestJob(Record):
    """One job: the dotted name of its JobFactory and its parameters, in the order the job declares them.

    `accepts_others`: it takes any further argument too, as `main(**kwargs)` does.
    """

    module_name: str
    parameters: tuple[ManifestParameter, ...] = ()
    accepts_others: bool = False


def _files_by_path(files: tuple[ManifestFile, ...]) -> tuple[ManifestFile, ...]:
    paths = [file.path for file in files]
    if doubled := {path for path in paths if paths.count(path) > 1}:
        raise ValueError(f"named twice: {', '.join(sorted(doubled))}")
    return tuple(sorted(files, key=lambda file: file.path))


def _jobs_by_name(jobs: tuple[ManifestJob, ...]) -> tuple[ManifestJob, ...]:
    return tuple(sorted(jobs, key=lambda job: job.module_name))


class Manifest(Document):
    """What a Release holds: its files, its jobs, and the Envelope versions that its runtime reads."""

    project: str
    version: Annotated[str, AfterValidator(normalised)]
    files: Annotated[tuple[ManifestFile, ...], AfterValidator(_files_by_path)]
    jobs: Annotated[tuple[ManifestJob, ...], AfterValidator(_jobs_by_name)]
    envelope_versions: tuple[int, ...]
    runtime_version: str

    @property
    def digest(self) -> str:
        """The sha256 of `to_bytes()`, in hex."""
        return digest_of(self.to_bytes())

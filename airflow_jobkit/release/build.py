"""Build a Release from a job_code folder, in a local folder that is ready to publish."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.utils import canonicalize_name, parse_wheel_filename

from airflow_jobkit.errors import ContractError, ReleaseBuildError
from airflow_jobkit.problems import choices_remedy
from airflow_jobkit.release.describe import describe_jobs
from airflow_jobkit.release.manifest import ENTRY_SCRIPT, MANIFEST, Manifest, ManifestFile
from airflow_jobkit.release.wheels import build_wheels

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BuiltRelease:
    """A Release in a local folder: `manifest.json` and the files that it names, at their paths."""

    folder: Path
    manifest: Manifest

    @classmethod
    def load(cls, folder: Path) -> BuiltRelease:
        """Take up what an earlier `build_release` left in this folder.

        Raises:
            ReleaseBuildError: Nothing is built there.
            ContractError: Its manifest.json is not a Manifest.
        """
        path = folder / MANIFEST
        if not path.is_file():
            raise ReleaseBuildError(f"No Release is built in {folder}: run `jobkit release build` first.")
        return cls(folder, Manifest.from_bytes(path.read_bytes(), str(path)))


def build_release(
    job_code: Path,
    project: str,
    out: Path,
    *,
    python: str = sys.executable,
    progress: Progress = lambda _line: None,
) -> BuiltRelease:
    """Build every wheel of `job_code`, describe the jobs of `project`, and write the Release to `out`.

    The Release's version is that of the wheel named `project`. The same sources and the same build tools
    give the same bytes; `job_code` is left as it is. `out` may be missing, empty, or an older Release, which
    is then replaced.

    Raises:
        ReleaseBuildError: A wheel, a script or a description of the jobs could not be had; the message says
            why and what to do, and `out` is untouched.
    """
    _check_out(out)
    scripts = _entry_scripts(job_code)
    with TemporaryDirectory(prefix="jobkit-release-") as temporary:
        work = Path(temporary)
        wheels = build_wheels(job_code, work, python=python, progress=progress)
        name = canonicalize_name(project)
        if name not in wheels:
            raise ReleaseBuildError(
                f"No wheel in {job_code} is named {name}, as pyproject.toml ([project] name) and jobkit.yaml "
                f"(project) must both say; {choices_remedy(name, wheels)}"
            )
        progress(f"describing the jobs of {name}")
        description = describe_jobs(wheels.values(), name.replace("-", "_"), work, python=python)
        contents = {f"wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels.values()} | scripts
        manifest = Manifest(
            project=name,
            version=str(parse_wheel_filename(wheels[name].name)[1]),
            files=tuple(ManifestFile.of(path, data) for path, data in contents.items()),
            jobs=description.jobs,
            envelope_versions=description.envelope_versions,
            runtime_version=description.runtime_version,
        )
        _write(out, contents, manifest)
    progress(f"built {name} {manifest.version} in {out}, jobs: {len(manifest.jobs)}")
    return BuiltRelease(out, manifest)


def _check_out(out: Path) -> None:
    """Refuse a folder that holds something else, because an older Release in it is deleted."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        BuiltRelease.load(out)
    except (ContractError, ReleaseBuildError):
        raise ReleaseBuildError(
            f"{out} holds something that is not a Release: name an empty or missing folder to build in."
        ) from None


def _entry_scripts(job_code: Path) -> dict[str, bytes]:
    scripts = {
        f"scripts/{path.parent.name}/{path.name}": path.read_bytes()
        for path in job_code.glob(f"scripts/*/{ENTRY_SCRIPT}")
    }
    if not scripts:
        raise ReleaseBuildError(
            f"No entry script stands at {job_code}/scripts/<engine>/{ENTRY_SCRIPT}: an engine starts a job "
            "with it, so put one there for each engine you use."
        )
    return scripts


def _write(out: Path, contents: dict[str, bytes], manifest: Manifest) -> None:
    for older in ("wheels", "scripts"):
        shutil.rmtree(out / older, ignore_errors=True)
    for path, data in contents.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(data)
    (out / MANIFEST).write_bytes(manifest.to_bytes())

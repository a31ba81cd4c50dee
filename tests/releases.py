"""Small real Releases, published without any build tool, for tests that run jobs."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from textwrap import dedent

import jobkit_runtime
from airflow_jobkit.release import (
    BuiltRelease,
    Manifest,
    ManifestFile,
    ManifestJob,
    Published,
    open_store,
    publish_release,
)
from jobkit_runtime.envelope import VERSIONS

JOB_CODE = Path(__file__).resolve().parents[1] / "job_code"
PACKAGE = "probe"


def publish_release_of(modules: Mapping[str, str], version: str, code_root: Path) -> Published:
    """Publish a Release with the repository's own runtime and scripts, and a team package `probe`.

    Args:
        modules: The source text of the package's modules by name; `{"report": "def main(): ..."}` is the job
            `probe.report`. Each is taken for a job that takes any argument.
        version: The Release's version.
        code_root: A folder; it need not exist.
    """
    contents = {
        f"wheels/{PACKAGE}-{version}-py3-none-any.whl": _team_wheel(modules, version),
        f"wheels/jobkit_runtime-{jobkit_runtime.__version__}-py3-none-any.whl": _runtime_wheel(),
        **_scripts(),
    }
    jobs = tuple(ManifestJob(module_name=f"{PACKAGE}.{name}", accepts_others=True) for name in modules)
    return _publish(PACKAGE, version, contents, jobs, code_root)


def publish_texts(version: str, code_root: Path) -> Published:
    """Publish a Release of the project `dwh` whose files are short texts, the same bytes at all times."""
    contents = {
        f"wheels/dwh-{version}-py3-none-any.whl": f"the wheel of {version}".encode(),
        "scripts/local/generic_entry.py": b"print('local')\n",
    }
    return _publish("dwh", version, contents, (), code_root)


def _publish(
    project: str,
    version: str,
    contents: Mapping[str, bytes],
    jobs: tuple[ManifestJob, ...],
    code_root: Path,
) -> Published:
    manifest = Manifest(
        project=project,
        version=version,
        files=tuple(ManifestFile.of(path, data) for path, data in contents.items()),
        jobs=jobs,
        envelope_versions=VERSIONS,
        runtime_version=jobkit_runtime.__version__,
    )
    with tempfile.TemporaryDirectory() as folder:
        for path, data in contents.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return publish_release(BuiltRelease(Path(folder), manifest), open_store(str(code_root)))


def _team_wheel(modules: Mapping[str, str], version: str) -> bytes:
    sources = {"__init__": f"VERSION = {version!r}\n", **modules}
    files = {f"{PACKAGE}/{name}.py": dedent(text).encode() for name, text in sources.items()}
    return _wheel(PACKAGE, version, files)


@cache
def _runtime_wheel() -> bytes:
    files = {
        path.relative_to(JOB_CODE).as_posix(): path.read_bytes()
        for path in (JOB_CODE / "jobkit_runtime").rglob("*")
        if path.suffix in (".py", ".typed")
    }
    return _wheel("jobkit_runtime", jobkit_runtime.__version__, files)


@cache
def _scripts() -> dict[str, bytes]:
    paths = sorted(JOB_CODE.glob("scripts/*/*.py"))
    return {path.relative_to(JOB_CODE).as_posix(): path.read_bytes() for path in paths}


def _wheel(name: str, version: str, files: Mapping[str, bytes]) -> bytes:
    """A wheel is a zip of the package and its metadata; the same files give the same bytes."""
    metadata = {
        f"{name}-{version}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{name}-{version}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    entries = {**files, **{path: text.encode() for path, text in metadata.items()}}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(entries):
            archive.writestr(zipfile.ZipInfo(path, (2020, 2, 2, 0, 0, 0)), entries[path])
    return buffer.getvalue()

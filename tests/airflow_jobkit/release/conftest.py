"""Releases prepared without building, and small real projects to build."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from airflow_jobkit.release.build import BuiltRelease
from airflow_jobkit.release.manifest import Manifest, ManifestFile, ManifestJob, ManifestParameter
from airflow_jobkit.release.store import LocalStore

JOB = ManifestJob(
    module_name="dwh.jobs.flights.clean_flights_factory",
    parameters=(
        ManifestParameter(name="month", type="integer", required=True),
        ManifestParameter(name="min_rows", type="integer", required=False, default=1),
    ),
)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "code")


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[..., BuiltRelease]:
    """Make a folder as `build_release` leaves it, with these files."""
    made = iter(range(1000))

    def _prepare(
        version: str = "0.1.0",
        files: dict[str, str] | None = None,
        jobs: tuple[ManifestJob, ...] = (JOB,),
    ) -> BuiltRelease:
        folder = tmp_path / f"built-{next(made)}"
        contents = files or {
            f"wheels/dwh-{version}-py3-none-any.whl": "the team's wheel",
            "wheels/jobkit_runtime-0.1.0-py3-none-any.whl": "the runtime's wheel",
            "scripts/glue/generic_entry.py": "print('glue')",
        }
        manifest = Manifest(
            project="dwh",
            version=version,
            files=tuple(ManifestFile.of(path, data.encode()) for path, data in contents.items()),
            jobs=jobs,
            envelope_versions=(1,),
            runtime_version="0.1.0",
        )
        for path, data in contents.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(data)
        (folder / "manifest.json").write_bytes(manifest.to_bytes())
        return BuiltRelease(folder, manifest)

    return _prepare


@pytest.fixture
def write_project() -> Callable[..., None]:
    """Write a wheel project with one package, its modules given by name."""

    def _write(folder: Path, name: str, version: str = "0.1.0", **modules: str) -> None:
        package = folder / name.replace("-", "_")
        package.mkdir(parents=True)
        for module, source in {"__init__": "", **modules}.items():
            (package / f"{module}.py").write_text(dedent(source))
        (folder / "pyproject.toml").write_text(
            dedent(f"""
            [build-system]
            requires = ["hatchling"]
            build-backend = "hatchling.build"
            [project]
            name = "{name}"
            version = "{version}"
            requires-python = ">=3.10"
            [tool.hatch.build.targets.wheel]
            packages = ["{package.name}"]
            """)
        )

    return _write


@pytest.fixture
def write_job_code(write_project: Callable[..., None]) -> Callable[..., Path]:
    """Write a job_code folder: a runtime that gives a prepared description, a team's project, a script."""

    def _write(
        folder: Path,
        *,
        version: str = "0.1.0",
        problems: tuple[dict[str, str], ...] = (),
        describe: str | None = None,
    ) -> Path:
        answer = {
            "runtime_version": "0.7.0",
            "envelope_versions": [1],
            "jobs": [JOB.model_dump()],
            "problems": list(problems),
        }
        describe = describe or f"import dwh\nprint({json.dumps(answer)!r})\n"
        write_project(folder, "jobkit-runtime", "0.7.0", describe=describe)
        write_project(folder / "dwh", "dwh", version, jobs="MONTHS = 12\n")
        for engine in ("glue", "local"):
            script = folder / "scripts" / engine / "generic_entry.py"
            script.parent.mkdir(parents=True)
            script.write_text(f"print('{engine}')\n")
        return folder

    return _write

"""Build the wheels of a job_code folder, reproducibly and without a trace in it."""

from __future__ import annotations

import shutil
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Final

import tomllib
from packaging.utils import parse_wheel_filename

from airflow_jobkit.errors import ReleaseBuildError
from airflow_jobkit.release.subprocesses import end_of, run_python

if TYPE_CHECKING:
    from collections.abc import Callable

_SOURCE_DATE_EPOCH: Final = "1580601600"  # 2020-02-02, the date that hatchling gives files by default
_LEFT_OUT: Final = ("__pycache__", "*.egg-info", "*.pyc", ".*_cache", ".git", ".venv", "node_modules", "venv")
_LEFTOVERS: Final = ("build", "dist")  # of earlier builds, where they stand beside a pyproject.toml
_MISSING_TOOL: Final = (
    "No module named build",
    "Missing dependencies",
    "Unmet dependencies",
    "is not available",
)


def find_projects(job_code: Path) -> tuple[Path, ...]:
    """Return the folders of the wheel projects: `job_code` itself and those directly below it, sorted.

    Raises:
        ReleaseBuildError: There is none, or a pyproject.toml is not TOML.
    """
    candidates = [job_code / "pyproject.toml", *sorted(job_code.glob("*/pyproject.toml"))]
    projects = tuple(path.parent for path in candidates if path.is_file() and _makes_a_wheel(path))
    if not projects:
        raise ReleaseBuildError(
            f"No wheel project stands in {job_code.absolute()}: looked for a pyproject.toml with a [project] "
            f"or [build-system] table at {job_code}/pyproject.toml and {job_code}/*/pyproject.toml. Name the "
            "folder that holds your jobs."
        )
    return projects


def build_wheels(
    job_code: Path, work: Path, *, python: str, progress: Callable[[str], None]
) -> dict[str, Path]:
    """Build every wheel project of `job_code` in the empty folder `work`; return wheels by normalised name.

    Raises:
        ReleaseBuildError: There is no project, a build failed, or two wheels have one name.
    """
    projects = find_projects(job_code)
    sources = work / "sources"
    _copy_sources(job_code, sources)
    wheels: dict[str, Path] = {}
    for number, project in enumerate(projects):
        progress(f"building the wheel of {project}")
        wheel = _build(sources / project.relative_to(job_code), project, work / f"wheel-{number}", python)
        name = parse_wheel_filename(wheel.name)[0]
        if name in wheels:
            raise ReleaseBuildError(
                f"{project}/pyproject.toml builds a second wheel of the name {name} ({wheels[name].name} and "
                f"{wheel.name}): rename one, or move it out of {job_code}."
            )
        wheels[name] = wheel
    return wheels


def _makes_a_wheel(pyproject: Path) -> bool:
    try:
        tables = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ReleaseBuildError(f"{pyproject} is not TOML: {error}. Mend it and build again.") from None
    return "project" in tables or "build-system" in tables


def _copy_sources(job_code: Path, copy: Path) -> None:
    """Copy what builders may read, with the same modes for everyone."""
    shutil.copytree(job_code, copy, ignore=_left_out, copy_function=_copy_file)
    # hatchling leaves out what the nearest .gitignore names, up to the folder with .git; keep it so.
    (copy / ".git").mkdir()
    for folder in (job_code.absolute(), *job_code.absolute().parents):
        if (ignored := folder / ".gitignore").is_file():
            shutil.copyfile(ignored, copy / ".gitignore")
        if ignored.is_file() or (folder / ".git").exists():
            return


def _left_out(_folder: str, names: list[str]) -> set[str]:
    patterns = (*_LEFT_OUT, *_LEFTOVERS) if "pyproject.toml" in names else _LEFT_OUT
    return {name for name in names if any(fnmatch(name, pattern) for pattern in patterns)}


def _copy_file(source: str, destination: str) -> None:
    shutil.copyfile(source, destination)
    Path(destination).chmod(0o755 if Path(source).stat().st_mode & 0o100 else 0o644)


def _build(source: Path, project: Path, out: Path, python: str) -> Path:
    finished = run_python(
        python,
        ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)],
        folder=source.parent,
        environment={"SOURCE_DATE_EPOCH": _SOURCE_DATE_EPOCH},
    )
    if finished.returncode:
        output = finished.stdout + finished.stderr
        remedy = "Mend what it names and build again."
        if any(sign in output for sign in _MISSING_TOOL):
            remedy = (
                f"A build tool is missing beside {python}: pip install 'airflow-jobkit[release]' brings "
                "build and hatchling; any other build backend has to be installed there too."
            )
        raise ReleaseBuildError(
            f"The wheel of {project}/pyproject.toml could not be built. Its builder said:\n{end_of(output)}\n"
            f"{remedy}"
        )
    return next(out.glob("*.whl"))

"""`jobkit validate`: every mistake in the YAML, with `--build` also what only building the DAGs shows."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_jobkit.cli.project import dags_folder_of, yaml_file_of
from airflow_jobkit.cli.published import has_unchecked_jobs, has_undescribed_jobs, published_jobs
from airflow_jobkit.cli.sarif import sarif
from airflow_jobkit.loading.dags import DagLoader
from airflow_jobkit.loading.duplicates import OtherFiles
from airflow_jobkit.loading.folder import load_project, project_environments
from airflow_jobkit.loading.layers import DEFAULTS_FILES
from airflow_jobkit.loading.listing import PROJECT_FILE, dag_files
from airflow_jobkit.loading.published import version_problems
from airflow_jobkit.problems import Problem, counted
from airflow_jobkit.release.index import INDEX_FILE

if TYPE_CHECKING:
    from airflow_jobkit.cli.build import Builds


@dataclass(frozen=True)
class Checked:
    """What was checked, and everything that is wrong.

    Attributes:
        problems: Everything that is wrong.
        files: How many files there are.
        dags: How many good DAGs.
        environments: The Environments that they were checked for.
        jobs_unchecked: Those of them where some code version, job or arguments could not be held against what
            is published.
        jobs_undescribed: Those of them with jobs whose files are named one by one, so that no release
            describes them.
        airflow: The version of Airflow that the good DAGs were built with; None: they were not.
        warnings: What costs no DAG, and is hardly meant.
    """

    problems: tuple[Problem, ...]
    files: int
    dags: int
    environments: tuple[str, ...]
    jobs_unchecked: tuple[str, ...] = ()
    jobs_undescribed: tuple[str, ...] = ()
    airflow: str | None = None
    warnings: tuple[Problem, ...] = ()


def run(arguments: argparse.Namespace) -> int:
    """Check the files and print what is wrong; 1 if anything is."""
    builds = None
    if arguments.build:
        from airflow_jobkit.cli.build import Builds

        builds = Builds(arguments.timeout)
    checked = check(arguments.paths, arguments.env, builds)
    if arguments.format == "json":
        print(json.dumps(asdict(checked), indent=2))
    elif arguments.format == "sarif":
        print(json.dumps(sarif(checked.problems, _notes(checked), checked.warnings), indent=2))
    else:
        print(_text(checked))
    return 1 if checked.problems else 0


def check(paths: Sequence[Path], environment: str | None, builds: Builds | None = None) -> Checked:
    """Check DAG files and the projects they belong to.

    Args:
        paths: Folders or files.
        environment: The Environment to check for; None for every one.
        builds: Builds the good DAGs; None: they are not built.
    """
    problems: set[Problem] = set()
    files: set[Path] = set()
    dags: set[tuple[Path, str]] = set()
    seen: set[str] = set()
    unchecked: set[str] = set()
    undescribed: set[str] = set()
    for folder, chosen in _by_project(paths):
        files.update(chosen)
        others = OtherFiles(folder, chosen)
        jobs, broken = published_jobs(folder)
        problems.update(broken)
        for name in [environment] if environment else project_environments(folder):
            project = load_project(folder, name)
            problems.update(project.problems)
            if project.settings is None:
                continue
            loader = DagLoader(project.settings, folder, jobs=jobs)
            loaded = others.held_against(loader)
            problems.update(loaded.problems)
            problems.update(version_problems(project, jobs) if jobs is not None else ())
            good = {dag.spec.dag_id for dag in loaded.dags}
            if builds is not None:
                good = builds.build(folder, project.settings.environment, chosen, loaded)
            dags.update((folder, dag_id) for dag_id in good)
            seen.add(project.settings.environment)
            if has_unchecked_jobs(loaded, jobs):
                unchecked.add(project.settings.environment)
            if has_undescribed_jobs(loaded):
                undescribed.add(project.settings.environment)
    if builds is not None:
        problems.update(builds.problems)
    return Checked(
        tuple(sorted(problems)),
        len(files),
        len(dags),
        tuple(sorted(seen)),
        tuple(sorted(unchecked)),
        tuple(sorted(undescribed)),
        builds.airflow if builds is not None else None,
        builds.warnings(files, problems) if builds is not None else (),
    )


def _by_project(paths: Sequence[Path]) -> Iterator[tuple[Path, list[Path]]]:
    """The DAG files of each project among the paths."""
    chosen: dict[Path, set[Path]] = {}
    for path in paths:
        own = chosen.setdefault(dags_folder_of(path), set())
        if path.is_dir():
            own.update(dag_files(path.resolve()))
        elif path.name != PROJECT_FILE:
            own.add(yaml_file_of(path))
            if path.name in DEFAULTS_FILES:  # which hold for all DAGs below
                own.update(dag_files(path.resolve().parent))
    return ((folder, sorted(files)) for folder, files in chosen.items())


def _text(checked: Checked) -> str:
    dags, files = counted(checked.dags, "DAG"), counted(checked.files, "file")
    noun = "environment" if len(checked.environments) == 1 else "environments"
    done = f"checked and built with Airflow {checked.airflow}" if checked.airflow else "checked"
    scope = f"{done} for the {noun} {', '.join(checked.environments)}"
    if not checked.problems:
        return "\n".join([f"no problems: {dags} in {files}, {scope}", *_remarks(checked)])
    if not checked.environments:
        scope = f"the DAGs are not checked before {PROJECT_FILE} is right"
    total = counted(len(checked.problems), "problem")
    lines = [problem.text() for problem in checked.problems]
    summary = f"{total}, {checked.dags} good {dags.split()[1]} in {files}; {scope}"
    return "\n".join([*lines, "", summary, *_remarks(checked)])


def _remarks(checked: Checked) -> list[str]:
    return [*_notes(checked), *(f"warning: {warning.headline()}" for warning in checked.warnings)]


def _notes(checked: Checked) -> tuple[str, ...]:
    """What was left out."""
    what = f"code versions, jobs, arguments (no {INDEX_FILE} of their code root"
    left = (
        (checked.jobs_unchecked, f"{what}; `jobkit release publish` writes it)"),
        (
            checked.jobs_undescribed,
            "jobs and arguments of code whose files are named one by one (no release describes them)",
        ),
    )
    return tuple(f"not checked for {', '.join(names)}: {what}" for names, what in left if names)

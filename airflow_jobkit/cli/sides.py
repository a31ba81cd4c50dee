"""The two sides of a comparison: the DAGs of a folder, or of a git revision."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from airflow_jobkit.cli.named_files import with_contents
from airflow_jobkit.cli.render import as_plain, render_dag
from airflow_jobkit.cli.revisions import write_out
from airflow_jobkit.errors import JobkitError
from airflow_jobkit.loading.dags import DagLoader
from airflow_jobkit.loading.folder import display_name, load_project, project_environments
from airflow_jobkit.loading.listing import PROJECT_FILE, dag_files
from airflow_jobkit.problems import Problem
from airflow_jobkit.spec.settings import Settings


@dataclass(frozen=True)
class Side:
    """A DAGs folder, under the name that somebody gave it.

    Attributes:
        name: The folder or the revision, as it was given.
        folder: Where its DAGs lie now.
        shown: What stands before a file's place in the folder, for a person.
    """

    name: str
    folder: Path
    shown: str

    def file(self, name: str) -> str:
        """A file as a person would name it on this side."""
        return self.shown + os.path.relpath(Path(name).absolute(), self.folder)


@dataclass(frozen=True)
class Rendered:
    """What a Side comes to in one Environment.

    Attributes:
        project: What `jobkit.yaml` says beside the DAGs; None where it cannot be read.
        dags: The good DAGs by id, each as `render` shows it, with what is in the files that it names.
        files: The file of each.
        problems: Everything that is wrong.
    """

    project: Mapping[str, Any] | None
    dags: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, str]
    problems: tuple[Problem, ...]


@contextmanager
def side(name: str, dags: Path) -> Iterator[Side]:
    """A folder, or the DAGs folder of a git revision, which is written out for as long as it is needed.

    Args:
        name: A DAGs folder, a folder that holds one, or a git revision.
        dags: The DAGs folder of this working tree, whose place a revision is looked up at.

    Raises:
        JobkitError: It is neither.
    """
    path = Path(name)
    if path.is_dir():
        folder = _dags_folder(path, dags.name)
        yield Side(name, folder, f"{display_name(folder)}{os.sep}")
        return
    with TemporaryDirectory(prefix="jobkit-diff-") as scratch:
        folder, place = write_out(name, dags, Path(scratch).resolve())
        inside = f"{place}/" if place else ""
        if not (folder / PROJECT_FILE).is_file():
            raise JobkitError(f"{name} has no {inside}{PROJECT_FILE}; name its DAGs folder with --dags")
        yield Side(name, folder, f"{name}:{inside}")


def environments_of(one: Side) -> tuple[str, ...]:
    """The names of a Side's Environments."""
    return tuple(name for name in project_environments(one.folder) if name is not None)


def rendered(one: Side, environment: str, base: Path) -> Rendered:
    """Everything that a Side comes to in an Environment.

    Args:
        one: The Side.
        environment: The Environment's name.
        base: Where relative places start, so that they are the same on both sides.
    """
    project = load_project(one.folder, environment, base=base)
    if project.settings is None:
        return Rendered(None, {}, {}, tuple(_placed(one, problem) for problem in project.problems))
    loaded = DagLoader(project.settings, one.folder).load(dag_files(one.folder))
    settings = project.settings
    return Rendered(
        as_plain(_project(settings)),
        {
            dag.spec.dag_id: with_contents(as_plain(render_dag(dag.spec, settings)), dag, one.folder)
            for dag in loaded.dags
        },
        {dag.spec.dag_id: one.file(dag.document.file) for dag in loaded.dags},
        tuple(_placed(one, problem) for problem in loaded.problems),
    )


def _project(settings: Settings) -> dict[str, Any]:
    """What reaches the jobs of every DAG, though no DAG shows it; notifiers by name, for their secrets."""
    return {
        "engine": settings.engine,
        "code_version": settings.code_version,
        "data": {"root": settings.data_root},
        "runs": settings.runs_root,
        "aws_conn_id": settings.aws_conn_id,
        "notification": {
            "service_type": settings.notification_service_type,
            "services": list(settings.notification_service_types),
        },
        "datasets": {
            name: dataset.model_dump(by_alias=True, exclude_none=True)
            for name, dataset in settings.datasets.items()
        },
        "sweeper": {
            "enabled": settings.sweeper.enabled,
            "schedule": settings.sweeper.schedule,
            "grace": settings.sweeper.grace,
        },
    }


def _placed(one: Side, problem: Problem) -> Problem:
    return replace(problem, file=one.file(problem.file))


def _dags_folder(path: Path, usual: str) -> Path:
    for folder in (path, path / usual):
        if (folder / PROJECT_FILE).is_file():
            return folder.resolve()
    raise JobkitError(f"no {PROJECT_FILE} in {path} or in {path / usual}; name the DAGs folder")

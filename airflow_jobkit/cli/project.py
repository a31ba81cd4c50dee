"""The project that a command works on."""

from __future__ import annotations

from pathlib import Path

from airflow_jobkit.errors import JobkitError
from airflow_jobkit.loading.folder import PROJECT_FILE, load_project
from airflow_jobkit.problems import ProblemsError
from airflow_jobkit.spec.settings import Settings


def dags_folder_of(path: Path) -> Path:
    """The DAGs folder that a path belongs to: the nearest folder, from it upwards, with a `jobkit.yaml`.

    Raises:
        JobkitError: There is no such path, or no such folder.
    """
    if not path.exists():
        raise JobkitError(
            f"there is no {path}; start jobkit in the folder that holds dags/, or correct the path"
        )
    start = path.resolve()
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    raise JobkitError(
        f"no {PROJECT_FILE} in the folder of {path} or above it; write one with `project: <name>` and "
        "`environments: {local: {}}`"
    )


def settings_of(folder: Path, environment: str | None) -> Settings:
    """The Settings of a DAGs folder.

    Raises:
        ProblemsError: `jobkit.yaml` is wrong.
    """
    project = load_project(folder, environment)
    if project.settings is None:
        raise ProblemsError(project.problems)
    return project.settings

"""The project that a command works on."""

from __future__ import annotations

from pathlib import Path

from airflow_jobkit.errors import JobkitError
from airflow_jobkit.loading.folder import display_name, load_project
from airflow_jobkit.loading.listing import PROJECT_FILE, dag_files
from airflow_jobkit.problems import ProblemsError
from airflow_jobkit.spec.settings import Settings

_SHOWN_FILES = 3
_EXAMPLE = "dags/flights.yaml"


def dags_folder_of(path: Path) -> Path:
    """The DAGs folder that a path belongs to: the nearest folder, from it upwards, with a `jobkit.yaml`.

    Raises:
        JobkitError: There is no such path, or no such folder.
    """
    if not path.exists():
        raise JobkitError(missing(path, "start jobkit in the folder that holds dags/, or correct the path"))
    start = path.resolve()
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    raise JobkitError(
        f"no {PROJECT_FILE} in the folder of {path} or above it; write one with `project: <name>` and "
        "`environments: {local: {}}`"
    )


def missing(path: Path, remedy: str) -> str:
    """What is said of a path that leads nowhere."""
    if path.is_symlink():
        return f"{path} is a link that leads nowhere; correct the link"
    return f"there is no {path}; {remedy}"


def dag_file_of(path: Path) -> Path:
    """The DAG file that a path names, resolved.

    Raises:
        JobkitError: It is a folder, or the project file.
    """
    if not path.is_dir() and path.name != PROJECT_FILE:
        return yaml_file_of(path)
    what = "a folder" if path.is_dir() else "the project file"
    folder = path if path.is_dir() else path.parent
    named = [display_name(file) for file in dag_files(folder)[:_SHOWN_FILES]]
    raise JobkitError(f"{path} is {what}; name a DAG file, such as {' or '.join(named) or _EXAMPLE}")


def yaml_file_of(path: Path) -> Path:
    """A YAML file that somebody names, resolved.

    Raises:
        JobkitError: It has another ending, so that no folder's DAGs would be read from it.
    """
    if path.suffix not in (".yaml", ".yml"):
        raise JobkitError(f"{path} is no DAG file by its name; name one that ends in .yaml or .yml")
    return path.resolve()


def settings_of(folder: Path, environment: str | None) -> Settings:
    """The Settings of a DAGs folder.

    Raises:
        ProblemsError: `jobkit.yaml` is wrong.
    """
    project = load_project(folder, environment)
    if project.settings is None:
        raise ProblemsError(project.problems)
    return project.settings

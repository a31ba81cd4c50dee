"""The project of a DAGs folder, and how its files are read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from airflow_jobkit.errors import EnvironmentNotFoundError
from airflow_jobkit.loading.bounds import MOST_BYTES, oversized, undecodable, unreadable
from airflow_jobkit.loading.environment import choose_environment
from airflow_jobkit.loading.listing import PROJECT_FILE, READING
from airflow_jobkit.loading.yaml_text import Document, read_document
from airflow_jobkit.problems import Issue, Problem
from airflow_jobkit.spec.project import ProjectSpec, parse_project
from airflow_jobkit.spec.settings import Settings, resolve_settings


@dataclass(frozen=True)
class LoadedProject:
    """The project of a DAGs folder: its Settings (None where they could not be made) and its Problems."""

    folder: Path
    settings: Settings | None
    problems: tuple[Problem, ...]
    document: Document = field(repr=False)


def load_project(
    folder: Path,
    environment: str | None = None,
    variables: Mapping[str, str] | None = None,
    base: Path | None = None,
) -> LoadedProject:
    """Read `jobkit.yaml` of a DAGs folder and lay the Environment over it.

    Args:
        folder: The DAGs folder.
        environment: The Environment's name; None to choose it as `choose_environment` says.
        variables: The environment variables; default: the process's own.
        base: The folder that relative places start from; default: the one that holds the DAGs folder.
    """
    folder = Path(os.path.realpath(folder))
    file = folder / PROJECT_FILE
    document = read_file(file)
    project, issues = _parse(document, file)
    settings = None
    if project is not None and project.environment_names:
        try:
            name = choose_environment(project, environment, os.environ if variables is None else variables)
            if name in project.environments:  # else its mistakes are among the Issues
                settings = resolve_settings(project, name, base or folder.parent, str(folder))
        except EnvironmentNotFoundError as error:
            message, _, remedy = str(error).rpartition("; ")
            issues.append(Issue(("environments",), message, remedy, "unknown-environment", at="key"))
    return LoadedProject(folder, settings, document.all_problems(issues), document)


def project_environments(folder: Path) -> tuple[str | None, ...]:
    """The names of the project's Environments; a lone None where the project file is wrong or has none."""
    project, _ = parse_project(read_file(folder / PROJECT_FILE).data)
    return (project.environment_names if project is not None else ()) or (None,)


def read_file(path: Path) -> Document:
    """Read one YAML file; one that cannot be read gives a Problem, a missing one an empty Document."""
    name = display_name(path)
    try:
        data = _content(name, path)
        if isinstance(data, Problem):
            return Document(name, "", None, (data,))
        try:
            text = _text(data)
        except UnicodeDecodeError as error:
            return Document(name, "", None, (undecodable(name, data, error),))
        return read_document(name, text)
    except FileNotFoundError:
        return Document(name, "", None)
    except OSError as error:
        problem = Problem(name, 1, 1, "", f"cannot be read: {error.strerror}", "correct that", "unreadable")
    return Document(name, "", None, (problem,))


def _content(name: str, path: Path) -> bytes | Problem:
    """What is in a file, or why it is not read; in four calls to the system, as there are many files.

    Raises:
        OSError: The system refuses it.
    """
    opened = os.open(path, READING)
    try:
        found = os.fstat(opened)
        problem = unreadable(name, found)
        if problem is not None:
            return problem
        data = os.read(opened, found.st_size + 1)
        if len(data) != found.st_size:  # somebody writes it just now, or it comes in parts
            while len(data) <= MOST_BYTES and (more := os.read(opened, MOST_BYTES)):
                data += more
        return oversized(name, len(data)) or data
    finally:
        os.close(opened)


def read_inside(path: Path, top: Path) -> Document:
    """Read a file of a DAGs folder; one that is a link out of the folder is none of the project's."""
    misled = _misled(path, top) if path.is_symlink() and top in path.parents else None
    return read_file(path) if misled is None else Document(misled.file, "", None, (misled,))


def _misled(path: Path, top: Path) -> Problem | None:
    """The Problem of a link that leads out of the DAGs folder, or to nothing.

    One that leads to itself cannot be followed; reading it tells that.
    """
    name, target = display_name(path), Path(os.path.realpath(path))
    if not target.exists():
        message = f"a link to {target}, where there is no file"
        remedy = "remove it, or put a file in its place"
        return Problem(name, 1, 1, "", message, remedy, "unreadable") if target != path else None
    if top.resolve() in target.parents:
        return None
    message, remedy = f"a link to {target}, outside the DAGs folder", "put a file in its place"
    return Problem(name, 1, 1, "", message, remedy, "outside")


def _text(data: bytes) -> str:
    """A file's text, without the mark of its encoding; its lines end as Python's do.

    Raises:
        UnicodeDecodeError: It is not UTF-8.
    """
    text = data.decode().removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _parse(document: Document, file: Path) -> tuple[ProjectSpec | None, list[Issue]]:
    if document.data is not None:
        return parse_project(document.data)
    if document.problems:
        return None, []
    message = "there is no project file" if not file.exists() else "the project file is empty"
    remedy = "write `project: <name>` and `environments: {local: {}}` there"
    return None, [Issue((), message, remedy, "no-project")]


def display_name(path: Path) -> str:
    """The path as a person would type it: relative to the working directory where it is below it."""
    # As text, since there are many: a Path takes three times as long.
    folder, name = os.path.split(path)
    return os.path.join(_shown_folder(folder, os.getcwd()), name)  # noqa: PTH109, PTH118


@lru_cache(maxsize=256)
def _shown_folder(folder: str, working: str) -> str:
    """What stands before the names of a folder's files."""
    try:
        shown = Path(folder).resolve().relative_to(working)
    except (ValueError, OSError, RuntimeError):  # elsewhere, or a link that leads to itself
        return str(Path(folder))
    return "" if shown == Path() else str(shown)

"""The files of a DAGs folder, and the project they belong to."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from airflow_jobkit.errors import EnvironmentNotFoundError
from airflow_jobkit.loading.bounds import undecodable, unreadable
from airflow_jobkit.loading.environment import airflow_config, choose_environment
from airflow_jobkit.loading.ignore import (
    NAME,
    IgnoreFile,
    Syntax,
    ignore_syntax,
    is_ignored,
    read_ignore_file,
)
from airflow_jobkit.loading.yaml_text import Document, read_document
from airflow_jobkit.problems import Issue, Problem
from airflow_jobkit.spec.project import ProjectSpec, parse_project
from airflow_jobkit.spec.settings import Settings, resolve_settings

PROJECT_FILE = "jobkit.yaml"
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # Windows has no such pipes
_NO_DAGS = frozenset({PROJECT_FILE, "defaults.yaml", "defaults.yml"})


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
    folder = folder.resolve()
    file = folder / PROJECT_FILE
    document = read_file(file)
    project, issues = _parse(document, missing=not file.exists())
    settings = None
    if project is not None and project.environment_names:
        try:
            name = choose_environment(project, environment, os.environ if variables is None else variables)
            if name in project.environments:  # else its mistakes are among the Issues
                settings = resolve_settings(project, name, base or folder.parent)
                settings = replace(settings, folder=str(folder))
        except EnvironmentNotFoundError as error:
            message, _, remedy = str(error).rpartition("; ")
            issues.append(Issue(("environments",), message, remedy, "unknown-environment", at="key"))
    return LoadedProject(folder, settings, document.all_problems(issues), document)


def project_environments(folder: Path) -> tuple[str | None, ...]:
    """The names of the project's Environments; a lone None where the project file is wrong or has none."""
    project, _ = parse_project(read_file(folder / PROJECT_FILE).data)
    return (project.environment_names if project is not None else ()) or (None,)


def dag_files(folder: Path, syntax: Syntax | None = None) -> list[Path]:
    """The YAML files below a folder that describe DAGs, sorted.

    Hidden files and folders are left out, and what an `.airflowignore` says; links to folders are not
    followed.

    Args:
        folder: The folder.
        syntax: That of `.airflowignore` files; default: as Airflow is told, else `glob`.
    """
    return [Path(path) for path in _listed(folder, syntax)]


def files_with_bytes(dag_id: str, folder: Path) -> Iterator[Path]:
    """The DAG files below a folder that hold an id's bytes, and so may define that DAG; none is parsed here.

    A file of its name right in the folder goes first, before the others are even listed.
    """
    needle = dag_id.encode()
    named = str(folder / f"{dag_id}.yaml")
    if _is_plain_name(named, folder) and needle in _bytes(named):
        yield Path(named)
    for path in _listed(folder):
        if path != named and needle in _bytes(path):
            yield Path(path)


def files_with_escapes(dag_id: str, folder: Path) -> Iterator[Path]:
    """The DAG files below a folder that may hold an id though not its bytes, with escapes of YAML in it."""
    needle = dag_id.encode()
    for path in _listed(folder):
        data = _bytes(path)
        if b"\\" in data and needle not in data:
            yield Path(path)


def _is_plain_name(path: str, folder: Path) -> bool:
    """Whether a path made of a DAG id is that of a DAG file right in a folder that ignores none."""
    parent, name = os.path.split(path)
    if parent != str(folder) or name in _NO_DAGS or name.startswith("."):
        return False
    return os.path.isfile(path) and not (folder / NAME).exists()  # noqa: PTH113 - it stays text


def _bytes(path: str) -> bytes:
    """What is in a file; nothing of what is none, which may block or never end."""
    try:
        with open(path, "rb", buffering=0, opener=_opened) as file:
            return file.read() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
    except OSError:
        return b""


def _opened(path: str, flags: int) -> int:
    """Open a file without waiting for whoever writes into a pipe."""
    return os.open(path, flags | _AT_ONCE)


def _listed(folder: Path, syntax: Syntax | None = None) -> list[str]:
    """As `dag_files`; making a thousand Paths takes as long as finding them."""
    found: list[str] = []
    ignoring: dict[str, tuple[IgnoreFile, ...]] = {}
    for parent, folders, names in os.walk(folder):
        above = ignoring.get(os.path.dirname(parent), ())  # noqa: PTH120 - once for each folder
        if NAME in names:
            syntax = syntax or configured_syntax()
            own = read_ignore_file(Path(parent), syntax)
            above = (*above, own) if own is not None else above
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if above:
            ignoring[parent] = above
            place = Path(parent)
            folders[:] = [n for n in folders if not is_ignored(place / n, above, is_folder=True)]
            names = [n for n in names if not is_ignored(place / n, above, is_folder=False)]
        found += [
            f"{parent}{os.sep}{name}"
            for name in names
            if name.endswith((".yaml", ".yml")) and name not in _NO_DAGS and not name.startswith(".")
        ]
    # As Paths sort, part by part, at a fraction of the time that it takes them.
    return sorted(found, key=lambda path: path.replace(os.sep, "\0"))


def configured_syntax(variables: Mapping[str, str] | None = None) -> Syntax:
    """The syntax of `.airflowignore` files in this process's environment, by the version of its Airflow."""
    variables = os.environ if variables is None else variables
    try:
        default: Syntax = "regexp" if version("apache-airflow").startswith("2.") else "glob"
    except PackageNotFoundError:
        default = "glob"
    return ignore_syntax(variables, airflow_config(variables), default)


def read_file(path: Path) -> Document:
    """Read one YAML file; one that cannot be read gives a Problem, a missing one an empty Document."""
    name = display_name(path)
    try:
        problem = unreadable(name, path)
        if problem is not None:
            return Document(name, "", None, (problem,))
        data = path.read_bytes()
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


def read_inside(path: Path, top: Path) -> Document:
    """Read a file of a DAGs folder; one that is a link out of the folder is none of the project's."""
    if path.is_symlink() and top in path.parents:
        target = Path(os.path.realpath(path))
        if target.exists() and top.resolve() not in target.parents:
            message, remedy = f"a link to {target}, outside the DAGs folder", "put a file in its place"
            name = display_name(path)
            return Document(name, "", None, (Problem(name, 1, 1, "", message, remedy, "outside"),))
    return read_file(path)


def _text(data: bytes) -> str:
    """A file's text, without the mark of its encoding; its lines end as Python's do.

    Raises:
        UnicodeDecodeError: It is not UTF-8.
    """
    text = data.decode().removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _parse(document: Document, *, missing: bool) -> tuple[ProjectSpec | None, list[Issue]]:
    if document.data is not None:
        return parse_project(document.data)
    if document.problems:
        return None, []
    message = "there is no project file" if missing else "the project file is empty"
    remedy = "write `project: <name>` and `environments: {local: {}}` there"
    return None, [Issue((), message, remedy, "no-project")]


def display_name(path: Path) -> str:
    """The path as a person would type it: relative to the working directory where it is below it."""
    return os.path.join(_shown_folder(path.parent, os.getcwd()), path.name)  # noqa: PTH109, PTH118 - once per file


@lru_cache(maxsize=256)
def _shown_folder(folder: Path, working: str) -> str:
    """What stands before the names of a folder's files."""
    try:
        shown = folder.resolve().relative_to(working)
    except (ValueError, OSError, RuntimeError):  # elsewhere, or a link that leads to itself
        return str(folder)
    return "" if shown == Path() else str(shown)

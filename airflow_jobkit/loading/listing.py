"""The files of a DAGs folder that describe DAGs, and those of them that hold some bytes."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from airflow_jobkit.loading.environment import airflow_config
from airflow_jobkit.loading.ignore import (
    NAME,
    IgnoreFile,
    Syntax,
    ignore_syntax,
    is_ignored,
    read_ignore_file,
)

PROJECT_FILE: Final = "jobkit.yaml"
_NO_DAGS = frozenset({PROJECT_FILE, "defaults.yaml", "defaults.yml"})
_ENDINGS = (".yaml", ".yml")
# Without waiting for whoever writes into a pipe; Windows has no such pipes.
READING: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_AT_ONCE = 64 * 1024


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

    A file of its name right in the folder goes first; where none is ignored, the others are not even listed.
    """
    needle = dag_id.encode()
    named = os.path.join(folder, f"{dag_id}.yaml")  # noqa: PTH118 - it stays text
    if _is_dag_file(named, folder) and needle in bytes_of(named):
        yield Path(named)
    with _opened(folder) as top:
        start = len(os.path.join(folder, "")) if top is not None else 0  # noqa: PTH118
        for path in _listed(folder):
            if needle in bytes_of(path[start:], top) and path != named:
                yield Path(path)


def files_with_escapes(dag_id: str, folder: Path) -> Iterator[Path]:
    """The DAG files below a folder that may hold an id though not its bytes, with escapes of YAML in it."""
    needle = dag_id.encode()
    for path in _listed(folder):
        data = bytes_of(path)
        if b"\\" in data and needle not in data:
            yield Path(path)


def configured_syntax(variables: Mapping[str, str] | None = None) -> Syntax:
    """The syntax of `.airflowignore` files in this process's environment, by the version of its Airflow."""
    variables = os.environ if variables is None else variables
    try:
        default: Syntax = "regexp" if version("apache-airflow").startswith("2.") else "glob"
    except PackageNotFoundError:
        default = "glob"
    return ignore_syntax(variables, airflow_config(variables), default)


def _is_dag_file(path: str, folder: Path) -> bool:
    """Whether a path made of a DAG id is that of a DAG file right in a folder."""
    parent, name = os.path.split(path)
    if parent != str(folder) or name in _NO_DAGS or name.startswith("."):
        return False
    if not os.path.isfile(path):  # noqa: PTH113 - it stays text
        return False
    return not (folder / NAME).exists() or path in _listed(folder)


@contextmanager
def _opened(folder: Path) -> Iterator[int | None]:
    """A folder to open files from, which spares the way there for each; None where that cannot be done."""
    if os.open not in os.supports_dir_fd:
        yield None
        return
    try:
        top = os.open(folder, os.O_RDONLY)
    except OSError:
        yield None
        return
    try:
        yield top
    finally:
        os.close(top)


def bytes_of(path: str, top: int | None = None) -> bytes:
    """What is in a file; nothing of what is none, which may block or never end.

    A thousand files take half the time so as with file objects, and a task waits for it.

    Args:
        path: The file's path.
        top: The opened folder that it starts from; default: the working directory.
    """
    try:
        opened = os.open(path, READING, dir_fd=top)
    except (OSError, ValueError):
        return b""
    try:
        data = _part(opened, 0)
        if len(data) < _AT_ONCE:
            return data
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            return b""
        parts = [data]
        while data := _part(opened, len(parts) * _AT_ONCE):
            parts.append(data)
        return b"".join(parts)
    except OSError:
        return b""
    finally:
        os.close(opened)


if sys.platform == "win32":

    def _part(opened: int, start: int) -> bytes:
        """What is in a file from there on, as much as is read at once."""
        os.lseek(opened, start, os.SEEK_SET)
        return os.read(opened, _AT_ONCE)

else:

    def _part(opened: int, start: int) -> bytes:
        """What is in a file from there on, as much as is read at once; a pipe keeps what is in it.

        Raises:
            OSError: It is a pipe, or a folder.
        """
        return os.pread(opened, _AT_ONCE, start)


def _listed(folder: Path, syntax: Syntax | None = None) -> Iterator[str]:
    """As `dag_files`; making a thousand Paths takes as long as finding them."""
    pending = [_Level.of(str(folder), (), syntax)]
    while pending:
        level = pending[-1]
        for name in level.names:
            if name in level.folders:
                pending.append(_Level.of(level.above + name, level.ignoring, syntax))
                break
            yield level.above + name
        else:
            pending.pop()


@dataclass(frozen=True)
class _Level:
    """A folder on the way down.

    Attributes:
        above: Its path, up to the names in it.
        names: The DAG files and folders right in it that are still to come, in order.
        folders: Which of them are folders.
        ignoring: The files that say what is left out in it.
    """

    above: str
    names: Iterator[str]
    folders: frozenset[str]
    ignoring: tuple[IgnoreFile, ...]

    @classmethod
    def of(cls, folder: str, above: tuple[IgnoreFile, ...], syntax: Syntax | None) -> _Level:
        """Read a folder; one that may not be read is passed over, as Airflow does."""
        files, folders, has_own = _content(folder)
        own = read_ignore_file(Path(folder), syntax or configured_syntax()) if has_own else None
        ignoring = (*above, own) if own is not None else above
        if ignoring:
            place = Path(folder)
            files = [name for name in files if not is_ignored(place / name, ignoring, is_folder=False)]
            folders = [name for name in folders if not is_ignored(place / name, ignoring, is_folder=True)]
        names = iter(sorted([*files, *folders]))
        return cls(os.path.join(folder, ""), names, frozenset(folders), ignoring)  # noqa: PTH118


def _content(folder: str) -> tuple[list[str], list[str], bool]:
    """The names of the DAG files and of the folders right in a folder, and whether it has an ignore file."""
    files: list[str] = []
    folders: list[str] = []
    has_own = False
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name.endswith(_ENDINGS) and (entry.is_file(follow_symlinks=False) or not _leads(entry)):
                    if name not in _NO_DAGS and not name.startswith("."):
                        files.append(name)
                elif name == NAME:
                    has_own = True
                elif entry.is_dir(follow_symlinks=False) and not name.startswith("."):
                    folders.append(name)
    except OSError:
        pass
    return files, folders, has_own


def _leads(entry: os.DirEntry[str]) -> bool:
    """Whether something is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False

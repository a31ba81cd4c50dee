"""Files of the DAGs folder that a DAG names: Python files with functions, and its documentation.

They are read here, never run: what a Python file defines is told from its text.
"""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Final

from airflow_jobkit.problems import Issue, Path, choices_remedy
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.file_functions import OF_CALLBACKS, OF_TASKS, FileFunction, file_functions
from airflow_jobkit.spec.weights import MOST_SUGGESTED

DOCUMENTATION: Final = "doc_md_file_path"
MOST_BYTES: Final = 256 * 1024

_KEYS = {**OF_TASKS, **OF_CALLBACKS}
_FILE_KEYS = (DOCUMENTATION, *(file_key for file_key, _ in _KEYS.values()))
_ANYTHING = "*"


class FileOfDag:
    """A file that a DAG names.

    Args:
        name: As the YAML has it.
        folder: The DAGs folder; a relative name starts at the folder that holds it.
    """

    def __init__(self, name: str, folder: FilePath) -> None:
        self.name = name
        self._folder = folder.resolve()
        self.path = _resolved(self._folder.parent / name)

    def mistake(self) -> tuple[str, str, str] | None:
        """Why it cannot be read, what to do, and the kind of mistake; None: it can."""
        if self._folder not in self.path.parents:
            where = f"the DAGs folder, {self._folder.name}/"
            remedy = f"put it there, and write {self._folder.name}/{FilePath(self.name).name}"
            return f"{self.name} is outside {where}", remedy, "outside"
        try:
            if not self.path.is_file():
                remedy = f"correct the path; a relative one starts with {self._folder.name}/"
                return f"no file {self.name}", remedy, "no-file"
            size = self.path.stat().st_size
            if size > MOST_BYTES:
                message = f"{self.name} has {size:,} bytes, and {MOST_BYTES:,} are the most"
                return message, "make it shorter", "too-large"
            self.text()
        except UnicodeDecodeError as error:
            return f"{self.name} is not UTF-8 text: byte {error.start}", "save it as UTF-8", "encoding"
        except OSError as error:
            return f"{self.name} cannot be read: {error.strerror}", "correct that", "unreadable"
        return None

    def text(self) -> str:
        """What is in it.

        Raises:
            OSError, UnicodeDecodeError: It cannot be read.
        """
        return self.path.read_text(encoding="utf-8-sig")


def may_name_files(text: str) -> bool:
    """Whether a YAML may name other files; to look through what it came to takes longer."""
    return "_file" in text and any(key in text for key in _FILE_KEYS)


def _resolved(path: FilePath) -> FilePath:
    """A path without links; a link that leads to itself, and a name that no system takes, stay."""
    try:
        return FilePath(os.path.realpath(path))
    except ValueError:
        return path


def file_issues(spec: DagSpec, folder: FilePath) -> Iterator[Issue]:
    """What is wrong with the files that a DAG names; paths start at the DAG.

    Args:
        spec: The DAG.
        folder: The DAGs folder.
    """
    if spec.keys.doc_md_file_path is not None:
        found = FileOfDag(spec.keys.doc_md_file_path, folder).mistake()
        if found is not None:
            yield Issue((DOCUMENTATION,), *found)
    told = 0
    for path, function in _functions(spec):
        file_key, name_key = _KEYS[str(path[-1])]
        file = FileOfDag(function.file, folder)
        found = file.mistake()
        if found is not None:
            yield Issue((*path[:-1], file_key), *found)
            continue
        found = _name_mistake(function, file.text(), told)
        if found is not None:
            told += 1
            yield Issue((*path[:-1], name_key), *found)


def _functions(spec: DagSpec) -> Iterator[tuple[Path, FileFunction]]:
    yield from file_functions(spec.keys)
    yield from file_functions(spec.default_args, ("default_args",))
    for group in spec.groups:
        yield from file_functions(group.default_args, (*spec.path_of(group.group_id), "default_args"))
    for task in spec.tasks:
        path = spec.path_of(task.task_id)
        yield from file_functions(task.keys, path)
        yield from file_functions(getattr(task, "arguments", {}), path)


def _name_mistake(function: FileFunction, text: str, told: int) -> tuple[str, str, str] | None:
    """What is wrong with the name of a function in a file's text, after so many others."""
    names = _names(text)
    if isinstance(names, str):
        return f"{function.file} is no Python{names}", "correct it", "no-python"
    if function.name in names or _ANYTHING in names:
        return None
    is_suggested = told < MOST_SUGGESTED
    remedy = choices_remedy(function.name, names) if is_suggested else "name a function that it defines"
    return f"{function.file} defines no {function.name}", remedy, "no-function"


@lru_cache(maxsize=16)
def _names(text: str) -> Collection[str] | str:
    """The names that a file's text defines, or what is wrong with it; many tasks may name one file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python says of the text is not about the YAML
            return frozenset(_defined(ast.parse(text).body))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        return f"{f', line {line}' if line else ''}: {getattr(error, 'msg', error)}"


def _defined(body: list[ast.stmt]) -> Iterator[str]:
    """The names that a module defines, `*` where it takes over those of another."""
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield statement.name
            case ast.Import() | ast.ImportFrom():
                yield from ((alias.asname or alias.name) for alias in statement.names)
            case ast.Assign() | ast.AnnAssign():
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.If() | ast.Try() | ast.With():
                for part in ("body", "orelse", "finalbody"):
                    yield from _defined(getattr(statement, part, []))
                for handler in getattr(statement, "handlers", []):
                    yield from _defined(handler.body)

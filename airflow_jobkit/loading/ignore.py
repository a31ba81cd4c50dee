"""`.airflowignore`: which files of a DAGs folder are left out, in Airflow's own two syntaxes.

Source: Airflow's documentation, "DAGs: .airflowignore". A file holds for its folder and all below it; `#`
starts a comment. `regexp`, the default of Airflow 2, looks for each pattern anywhere in the path below the
file's folder; `glob`, that of Airflow 3, is gitignore's.

Expressions are those of Airflow's own engine. In Airflow 2 that is RE2, which takes time by the length of a
path alone. In Airflow 3 it is Python's, where a pattern such as `(a+)+$` may take years: there it keeps
Airflow itself from listing the Python files of the folder, before ours are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from configparser import Error, RawConfigParser
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Literal

NAME: Final = ".airflowignore"
Syntax = Literal["glob", "regexp"]


@dataclass(frozen=True)
class IgnoreFile:
    """The patterns of one file.

    Attributes:
        folder: The folder that they hold for.
        matches: Whether a path below it, with a `/` at the end of a folder's, is left out.
    """

    folder: Path
    matches: Callable[[str], bool]


def read_ignore_file(folder: Path, syntax: Syntax) -> IgnoreFile | None:
    """The patterns of a folder; None where it has none. One that cannot be read leaves nothing out."""
    file = folder / NAME
    try:
        if not file.is_file():  # reading a pipe may never end
            return None
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    lines = [line for raw in text.splitlines() if (line := raw.partition("#")[0].strip())]
    return IgnoreFile(folder, _globs(lines) if syntax == "glob" else _expressions(lines))


def is_ignored(path: Path, files: Sequence[IgnoreFile], *, is_folder: bool) -> bool:
    """Whether one of the files leaves a path out."""
    return any(
        file.matches(path.relative_to(file.folder).as_posix() + ("/" if is_folder else "")) for file in files
    )


def ignore_syntax(variables: Mapping[str, str], config: Path, default: Syntax) -> Syntax:
    """The syntax that Airflow is told: by the variable, else by airflow.cfg, else its version's default."""
    named = variables.get("AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX")
    if named is None:
        parser = RawConfigParser(strict=False)
        try:
            parser.read(config, encoding="utf-8")
        except (OSError, Error, UnicodeDecodeError):
            return default
        named = parser.get("core", "dag_ignore_file_syntax", fallback=default)
    return "regexp" if named.strip().lower() == "regexp" else "glob"


def _globs(lines: Sequence[str]) -> Callable[[str], bool]:
    # Imported here, since few folders have such a file and it is slow.
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(lines).match_file


def _expressions(lines: Sequence[str]) -> Callable[[str], bool]:
    compiled = [found for line in lines if (found := _compiled(line)) is not None]

    def matches(path: str) -> bool:
        text = path.encode(errors="replace").decode()  # RE2 takes no name that is not UTF-8
        return any(pattern.search(text) is not None for pattern in compiled)

    return matches


def _compiled(pattern: str) -> Any:
    """A pattern that can search; None where the engine does not take it, which Airflow logs and goes on."""
    engine = _engine()
    try:
        return engine.compile(pattern, _quiet(engine)) if engine is not re else re.compile(pattern)
    except engine.error:
        return None


@cache
def _engine() -> Any:
    """The module that this Airflow looks for expressions with."""
    try:
        return import_module("re2") if version("apache-airflow").startswith("2.") else re
    except (PackageNotFoundError, ImportError):  # a laptop without Airflow, which reads as Airflow 3
        return re


def _quiet(engine: Any) -> Any:
    """The options of RE2 with which it prints nothing of patterns that it does not take."""
    options = engine.Options()
    options.log_errors = False
    return options

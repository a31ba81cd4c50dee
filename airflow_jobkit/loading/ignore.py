"""`.airflowignore`: which files of a DAGs folder are left out, in Airflow's own two syntaxes.

Source: Airflow's documentation, "DAGs: .airflowignore". A file holds for its folder and all below it; `#`
starts a comment. `regexp`, the default of Airflow 2, looks for each pattern anywhere in the path below the
file's folder; `glob`, that of Airflow 3, is gitignore's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from configparser import Error, RawConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

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
    return lambda path: any(pattern.search(path) for pattern in compiled)


def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None  # Airflow logs it and goes on

"""Constants that a DAG file imports from files beside it, which are read as it is: never run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from airflow_jobkit.converting.python.plain import MOST_ITEMS, is_single
from airflow_jobkit.converting.python.values import Made, Place, Templated, Value
from airflow_jobkit.loading.bounds import unreadable

MOST_MODULES: Final = 10
_MOST_FOLDERS: Final = 4
# What is made of nothing but what it is given, in the words of Python or Airflow.
_MADE = ("datetime.", "pendulum.", "airflow.")

_SECRET = re.compile(r"SECRET|PASSWORD|PASSWD|TOKEN|PRIVATE|CREDENTIAL|ACCESS_KEY|API_KEY", re.IGNORECASE)

Names = Mapping[str, Value]
ReadNames = Callable[[str, str, "Constants"], Names]


def is_secret(name: str) -> bool:
    """Whether a name looks like a secret's."""
    return bool(_SECRET.search(name))


@dataclass
class Constants:
    """The constants of modules that stand in the folder of a file, or above it.

    Attributes:
        folder: The folder of the file.
        read: Reads the names of a module: of its file's name, its text, and what it may import in its turn.
        modules: The names of the modules that were read.
    """

    folder: Path
    read: ReadNames
    modules: dict[str, Names] = field(default_factory=dict)

    def find(self, path: str, place: Place) -> tuple[Value] | None:
        """What a constant is, in `(value,)`, as if it stood at a place; None: it is none, or not known.

        Args:
            path: Its import path, `package.module.NAME`.
            place: Where it is imported, or named.
        """
        module, _, name = path.rpartition(".")
        names = self._names(module) if module else {}
        if name not in names or is_secret(name):
            return None
        counted = [0]
        found = _constant(names[name], place, counted)
        return (found,) if found is not _NONE else None

    def _names(self, module: str) -> Names:
        if module not in self.modules:
            file = self._file(module)
            if file is None or len(self.modules) >= MOST_MODULES:
                return {}
            self.modules[module] = {}  # for one that imports itself
            self.modules[module] = self.read(file.name, _text(file), self)
        return self.modules[module]

    def _file(self, module: str) -> Path | None:
        """The file of a module, in the folder of the file or one above it."""
        parts = module.split(".")
        for folder in (self.folder, *self.folder.parents[: _MOST_FOLDERS - 1]):
            place = folder.joinpath(*parts)
            for file in (place.with_suffix(".py"), place / "__init__.py"):
                if file.is_file():
                    return file
        return None


def _text(file: Path) -> str:
    """What a file holds; nothing where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8-sig") if unreadable(file.name, file.stat()) is None else ""
    except (OSError, UnicodeDecodeError):
        return ""


_NONE: Final = object()


def _constant(value: Value, place: Place, counted: list[int]) -> Any:
    """A value that is settled by the text of its file, at another place; `_NONE` for any other."""
    counted[0] += 1
    if counted[0] > MOST_ITEMS:
        return _NONE
    if is_single(value) or isinstance(value, Templated):
        return value
    if isinstance(value, list | tuple):
        items = [_constant(item, place, counted) for item in value]
        return _NONE if any(item is _NONE for item in items) else type(value)(items)
    if isinstance(value, dict):
        pairs = {key: _constant(item, place, counted) for key, item in value.items()}
        return _NONE if any(item is _NONE for item in pairs.values()) else pairs
    if isinstance(value, Made) and value.path.startswith(_MADE):
        args, kwargs = (_constant(part, place, counted) for part in (value.args, dict(value.kwargs)))
        return _NONE if _NONE in (args, kwargs) else replace(value, args=args, kwargs=kwargs, place=place)
    return _NONE

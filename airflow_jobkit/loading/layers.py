"""What a DAG is made of: `jobkit.yaml`, its Environment, folders' defaults, the file's defaults, itself.

A value's origin is the last layer that has its path: nothing needs to be written down while layers merge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Final

from airflow_jobkit.engines import engine_names
from airflow_jobkit.loading.yaml_text import Document
from airflow_jobkit.problems import Issue, Path, Problem
from airflow_jobkit.spec.templates import EXTENDS, TEMPLATES, merged

DEFAULTS_FILES: Final = ("defaults.yaml", "defaults.yml")
FILE_DEFAULTS: Final = "default"
"""The key of a DAG file below which defaults of its DAGs stand."""


@dataclass(frozen=True)
class Layer:
    """Keys of a DAG, and where they stand.

    Attributes:
        document: The document.
        path: The path of the keys in it.
        data: The keys; what is no mapping has no effect.
    """

    document: Document
    path: Path
    data: Any


@dataclass(frozen=True)
class Layers:
    """The layers of one DAG, the last on top; that one is the DAG itself."""

    layers: tuple[Layer, ...]

    def merged(self) -> Any:
        """The keys of the DAG: mappings merge, lists and everything else are replaced."""
        data: Any = self.layers[-1].data
        if not isinstance(data, dict):
            return data
        whole: Any = {}
        for layer in self.layers:
            if isinstance(layer.data, dict) and layer.data:
                whole = merged(whole, layer.data) if whole else layer.data
        return whole

    def origin(self, path: Path) -> tuple[Layer, Path]:
        """The layer that a path of the merged keys comes from, and the path in that layer's document."""
        for way in _ways(path, self.layers):
            for layer in reversed(self.layers):
                if has_path(layer.data, way):
                    return layer, (*layer.path, *way)
        own = self.layers[-1]
        return own, (*own.path, *path)

    def place(self, path: Path) -> str | None:
        """The `file:line` of a path of the merged keys; None where no layer has it."""
        layer, found = self.origin(path)
        return layer.document.place(found) if has_path(layer.document.data, found) else None

    def problem(self, issue: Issue) -> Problem:
        """The Issue, whose path starts at the DAG, in the file that has what it is about."""
        layer, path = self.origin(issue.path)
        return layer.document.problem(Issue(path, issue.message, issue.remedy, issue.code, issue.at))


def _ways(path: Path, layers: Sequence[Layer]) -> Iterator[Path]:
    """The path, and for a key of a task its places in the templates that the task extends.

    An option of an Engine may be the DAG's, for all its tasks.
    """
    yield path
    if "tasks" in path[:-1]:
        end = len(path) - 1 - path[::-1].index("tasks") + 2
        task, rest = path[:end], path[end:]
        if rest:
            yield from ((TEMPLATES, name, *rest) for name in _templates(task, layers, set()))
        if len(rest) > 1 and rest[0] in engine_names():
            yield rest


def _templates(task: Path, layers: Sequence[Layer], seen: set[str]) -> Iterator[str]:
    """The templates of a task, the nearest first."""
    for layer in reversed(layers):
        wanted = _at(layer.data, (*task, EXTENDS))
        if wanted is None:
            continue
        for name in reversed(wanted if isinstance(wanted, list) else [wanted]):
            if isinstance(name, str) and name not in seen:
                seen.add(name)
                yield name
                yield from _templates((TEMPLATES, name), layers, seen)
        return


def has_path(data: Any, path: Path) -> bool:
    """Whether data has something at a path; a list's items count by position, or by the id that they name."""
    for part in path:
        if isinstance(data, dict):
            if part not in data:
                return False
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return False
    return True


def _at(data: Any, path: Path) -> Any:
    return _value(data, path) if has_path(data, path) else None


def _value(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def folders_between(top: FilePath, file: FilePath) -> Iterator[FilePath]:
    """The folders from the top one down to that of a file; only the file's where it is elsewhere."""
    folder = file.parent
    if folder != top and top not in folder.parents:
        yield folder
        return
    parts = folder.relative_to(top).parts
    yield top
    for end in range(1, len(parts) + 1):
        yield top.joinpath(*parts[:end])

"""Where each value of a rendered DAG comes from: the file and line that set it; built-in ones have none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from airflow_jobkit.engines import engine_names
from airflow_jobkit.loading.dags import LoadedDag
from airflow_jobkit.loading.layers import has_path
from airflow_jobkit.loading.yaml_text import Document
from airflow_jobkit.problems import Path

# Where the project file and its Environments set what a DAG or a task can set too.
_OF_PROJECT: Mapping[str, Path] = {
    "code_version": ("code", "version"),
    "notification_service_type": ("notification", "service_type"),
}
_SHARED = frozenset({"engine", "code", "code_version", "notification_service_type", *engine_names()})


@dataclass(frozen=True)
class Origins:
    """The origins of the values of one DAG.

    Attributes:
        dag: The DAG with its layers.
        project: The project file.
        environment: The Environment's name.
    """

    dag: LoadedDag
    project: Document
    environment: str

    def of(self, path: Path) -> str | None:
        """The `file:line` of a value of the rendered DAG; None for a built-in default.

        Args:
            path: The path of the value in the rendered DAG, as `render_dag` makes it.
        """
        for way in self._ways(path):
            place = self.dag.layers.place(way)
            if place is not None:
                return place
        shared = next((path[n:] for n, part in enumerate(path) if part in _SHARED), None)
        return self._of_project(shared) if shared else None

    def _ways(self, path: Path) -> Iterator[Path]:
        """The paths in the DAG that can have set a value, the nearest first."""
        if path[:1] == ("tasks",) and len(path) > 2:
            own, rest = self.dag.spec.path_of(str(path[1])), path[2:]
            yield (*own, *rest)
            if rest[0] not in _SHARED:
                return
            path = rest
        if path[:1] == ("task_groups",) and len(path) > 2:
            path = (*self.dag.spec.path_of(str(path[1])), *path[2:])
        yield path

    def _of_project(self, path: Path) -> str | None:
        path = (*_OF_PROJECT.get(str(path[0]), path[:1]), *path[1:])
        for way in (("environments", self.environment, *path), path):
            if has_path(self.project.data, way):
                return self.project.place(way)
        return None


def annotated(text: str, origins: Mapping[str, Origins]) -> str:
    """A rendered document, as YAML text, with the origin of each value behind it.

    Args:
        text: The text, in block style.
        origins: The origins by DAG id, which is the first part of a path.
    """
    lines = text.splitlines()
    for path, line in _values(yaml.compose(text, yaml.SafeLoader), ()):
        found = origins[str(path[0])].of(path[1:]) if len(path) > 1 else None
        if found is not None:
            lines[line] += f"  # {found}"
    return "\n".join(lines) + "\n"


def _values(node: Any, path: Path) -> Iterator[tuple[Path, int]]:
    """The paths of single values, and of lists by their first item, that end in the line they begin in."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _values(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode) and node.value:
        first = node.value[0]
        if isinstance(first, yaml.ScalarNode) and first.start_mark.line == first.end_mark.line:
            yield path, first.start_mark.line
    elif _is_in_a_line(node):
        yield path, node.start_mark.line


def _is_in_a_line(node: Any) -> bool:
    one_line = isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">")
    return one_line and node.start_mark.line == node.end_mark.line

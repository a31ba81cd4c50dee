"""Where the keys and values of a YAML text stand: from paths to lines and columns, and back.

This parses the text a second time, which only files with mistakes pay for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

import yaml

from airflow_jobkit.problems import Path

try:
    from yaml import CSafeLoader as FastLoader
except ImportError:  # a PyYAML that was built without libyaml
    from yaml import SafeLoader as FastLoader  # type: ignore[assignment]

__all__ = ["FastLoader", "Places", "inner_nodes"]

_Entry = tuple[Path, yaml.Node, yaml.Node]
_MERGE = "tag:yaml.org,2002:merge"


class Places:
    """The places of a text's keys and values."""

    def __init__(self, text: str) -> None:
        self._text = text

    def of(self, path: Path, at: Literal["key", "value"]) -> tuple[int, int]:
        """The line and column of a path, or of what is nearest above it; both count from 1."""
        names = tuple(str(part) for part in path)
        for end in range(len(names), -1, -1):
            nodes = self._nodes.get(names[:end])
            if nodes is not None:
                key, value = nodes
                mark = (key if at == "key" or end < len(names) else value).start_mark
                return mark.line + 1, mark.column + 1
        return 1, 1

    def path_at(self, mark: yaml.Mark) -> Path:
        """The path of the key or the single value that starts at a mark."""
        return self._paths.get((mark.line, mark.column), ())

    @cached_property
    def _nodes(self) -> dict[tuple[str, ...], tuple[yaml.Node, yaml.Node]]:
        """For each path, the nodes of its key and its value; of a key that stands twice, the second's."""
        return {tuple(str(part) for part in path): (key, value) for path, key, value in self._entries}

    @cached_property
    def _paths(self) -> dict[tuple[int, int], Path]:
        paths: dict[tuple[int, int], Path] = {}
        for path, key, value in self._entries:
            for node in (key, value):
                if isinstance(node, yaml.ScalarNode):
                    # What an alias repeats has the path of its anchor, which comes first.
                    paths.setdefault((node.start_mark.line, node.start_mark.column), path)
        return paths

    @cached_property
    def _entries(self) -> list[_Entry]:
        """Every key and value with its path, in the order of the text."""
        loader = FastLoader(self._text)
        try:
            root = loader.get_single_node()
            pending: list[_Entry] = [((), root, root)] if root else []
            entries: list[_Entry] = []
            opened: set[int] = set()
            while pending:
                entry = pending.pop()
                entries.append(entry)
                path, _, value = entry
                if id(value) not in opened:  # else an alias: what is below has its place at the anchor
                    opened.add(id(value))
                    pending += reversed(list(_children(loader, path, value)))
            return entries
        finally:
            loader.dispose()


def inner_nodes(node: yaml.Node) -> list[yaml.Node]:
    """The nodes right below one: keys and values, or items."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _children(loader: FastLoader, path: Path, node: yaml.Node) -> Iterator[_Entry]:
    if isinstance(node, yaml.SequenceNode):
        yield from (((*path, position), item, item) for position, item in enumerate(node.value))
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.tag == _MERGE:
                for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    yield from _children(loader, path, merged)
        for key, value in node.value:
            if key.tag != _MERGE:
                yield (*path, _key_text(loader, key)), key, value


def _key_text(loader: FastLoader, key: yaml.Node) -> str:
    """A key as paths name it: what YAML makes of it, in words."""
    try:
        return str(loader.construct_object(key, deep=True))
    except (yaml.YAMLError, ValueError):  # a date that does not exist
        return str(key.value)

"""The entries of a YAML text that mean something to a DAG factory, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from airflow_jobkit.converting.yaml.edits import Entry
from airflow_jobkit.loading.bounds import knot_or_mass, too_deep
from airflow_jobkit.loading.places import FastLoader


@dataclass(frozen=True)
class Owner:
    """A DAG, its `default_args`, a group or a task: the entry that names it, and its own entries."""

    kind: str
    entry: Entry
    entries: tuple[Entry, ...]
    listed: bool = False


def root_of(text: str) -> yaml.Node | None:
    """The nodes of a text; None where it is no YAML, or one without end."""
    if too_deep(text) is not None:
        return None
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=FastLoader)
    except yaml.YAMLError:
        return None
    return root if root is not None and knot_or_mass(root) == (None, None) else None


def entries_of(text: str, node: yaml.Node | None, path: tuple[str | int, ...] = ()) -> tuple[Entry, ...]:
    """The entries of a mapping; those of no mapping are none."""
    if not isinstance(node, yaml.MappingNode):
        return ()
    return tuple(
        Entry(text, (*path, str(key.value)), node, key, value)
        for key, value in node.value
        if isinstance(key, yaml.ScalarNode) and key.value != "<<"
    )


def owners(text: str, root: yaml.Node | None) -> Iterator[Owner]:
    """Every DAG, group and task of a file, and the `default_args` of each."""
    for entry in entries_of(text, root):
        kind = "defaults" if entry.name == "default" else "dag"
        yield from _owner(kind, entry, entry.value)


def _owner(kind: str, entry: Entry, node: yaml.Node, *, listed: bool = False) -> Iterator[Owner]:
    own = entries_of(entry.text, node, entry.path)
    yield Owner(kind, entry, own, listed)
    for one in own:
        if one.name == "default_args":
            yield Owner("default_args", one, entries_of(one.text, one.value, one.path))
        elif one.name in ("tasks", "task_groups") and kind != "task":
            yield from _members("task" if one.name == "tasks" else "group", one)


def _members(kind: str, entry: Entry) -> Iterator[Owner]:
    if isinstance(entry.value, yaml.SequenceNode):
        for node in entry.value.value:
            yield from _owner(kind, entry, node, listed=True)
    for one in entries_of(entry.text, entry.value, entry.path):
        yield from _owner(kind, one, one.value)


def all_entries(text: str, root: yaml.Node | None) -> Iterator[Entry]:
    """Every entry of a text, outer ones first; what an alias repeats counts once."""
    pending: list[tuple[tuple[str | int, ...], yaml.Node | None]] = [((), root)]
    seen: set[int] = set()
    while pending:
        path, node = pending.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        found = entries_of(text, node, path)
        yield from found
        pending += [(entry.path, entry.value) for entry in reversed(found)]
        if isinstance(node, yaml.SequenceNode):
            pending += [((*path, n), item) for n, item in reversed(list(enumerate(node.value)))]


def all_scalars(
    text: str, root: yaml.Node | None
) -> Iterator[tuple[tuple[str | int, ...], yaml.ScalarNode, bool]]:
    """Every single value of a text: its path, its node, whether brackets or braces are around it."""
    pending: list[tuple[tuple[str | int, ...], yaml.Node | None, bool]] = [((), root, False)]
    seen: set[int] = set()
    while pending:
        path, node, flow = pending.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            yield path, node, flow
            continue
        flow = flow or bool(getattr(node, "flow_style", False))
        if isinstance(node, yaml.SequenceNode):
            inner = [((*path, n), item) for n, item in enumerate(node.value)]
        else:
            inner = [(entry.path, entry.value) for entry in entries_of(text, node, path)]
        pending += [(where, one, flow) for where, one in reversed(inner)]

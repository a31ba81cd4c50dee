"""What differs between two rendered documents: values, tasks and edges, each with its path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from airflow_jobkit.problems import Path

Kind = Literal["added", "removed", "changed"]

MEMBERS = ("tasks", "task_groups")
EDGES = "edges"
"""Where a DAG's edges stand once its document is made comparable."""
CONTENTS = "contents of "
"""How the key begins that stands for what is in a file; no key of YAML has spaces in it."""


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        kind: Whether the second document alone has it, or the first alone, or both, with other values.
        path: Where it is: `("tasks", "clean")` where a whole task is new.
        before: The value of the first document; None where it has none.
        after: That of the second.
    """

    kind: Kind
    path: Path
    before: Any = None
    after: Any = None


def dag_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """What differs between two DAGs, as `render` shows them.

    What a task or a group waits for is told as edges, each by itself. Of a task that only one of them has,
    the Change tells what it runs: the rest depends on the Environment, and `render` shows it.
    """
    found = changes(_comparable(before), _comparable(after))
    return [_whole(change) for change in found if not _is_another_file(change)]


def changes(before: Any, after: Any, path: Path = ()) -> Iterator[Change]:
    """What differs between two values, as deep as both are mappings, or lists of as many mappings."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            if key not in after:
                yield Change("removed", (*path, key), before=before[key])
            elif key not in before:
                yield Change("added", (*path, key), after=after[key])
            else:
                yield from changes(before[key], after[key], (*path, key))
    elif _are_alike(before, after):
        for position, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from changes(one, other, (*path, position))
    elif before != after or type(before) is not type(after):
        yield Change("changed", path, before, after)


def _is_another_file(change: Change) -> bool:
    """Whether a Change is what is in a file that one side alone names, whose name is told already."""
    return change.kind != "changed" and str(change.path[-1]).startswith(CONTENTS)


def _whole(change: Change) -> Change:
    """The Change of a whole task or group, with what it runs instead of all its keys."""
    if len(change.path) != 2 or change.path[0] not in MEMBERS:
        return change
    return replace(change, before=_runs(change.before), after=_runs(change.after))


def _runs(keys: Any) -> Any:
    """The key of a task that says what it runs."""
    if not isinstance(keys, Mapping):
        return keys
    return next(({name: keys[name]} for name in ("spark_job", "decorator", "operator") if name in keys), {})


def _are_alike(before: Any, after: Any) -> bool:
    """Whether both are lists of as many mappings, which then are compared one by one."""
    return (
        isinstance(before, Sequence)
        and isinstance(after, Sequence)
        and len(before) == len(after)
        and all(isinstance(item, Mapping) for item in (*before, *after))
    )


def _comparable(dag: Mapping[str, Any]) -> dict[str, Any]:
    """A DAG with its edges apart, and without the name of the Environment."""
    edges: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    for part in MEMBERS:
        parts[part] = {}
        for member, keys in dag.get(part, {}).items():
            edges |= {f"{upstream} -> {member}": None for upstream in keys.get("dependencies", ())}
            parts[part][member] = {key: value for key, value in keys.items() if key != "dependencies"}
    own = {key: value for key, value in dag.items() if key != "environment"}
    return {**own, **parts, EDGES: edges}

"""References to what another task returns: `+extract`, `+extract["key"]`, to expand over `extract.output`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_jobkit.problems import Path

_PLUS = re.compile(r"""\+(?P<task>[A-Za-z_][\w.-]*)(?:\[(?P<quote>['"])(?P<key>.*)(?P=quote)\])?""")
# How other factories write it, where a task expands over nothing else; anywhere else it is a file's name.
_OUTPUT = re.compile(r"(?P<task>[A-Za-z_][\w.-]*)\.output|XcomArg\((?P<other>[A-Za-z_][\w.-]*)\)")


@dataclass(frozen=True)
class Reference:
    """What a task returns, or one key of it.

    Attributes:
        task: The name of the task, as the file has it.
        key: The key of what it returns; None: the whole.
        path: Where it is referred to, in the referring task.
    """

    task: str
    key: str | None
    path: Path


def reference_of(text: object, path: Path = (), *, expanded: bool = False) -> Reference | None:
    """The reference that a text is, if it is one.

    Args:
        text: The text.
        path: Where it stands, in the referring task.
        expanded: Whether it is all that a task, or a group, is expanded over for one argument.
    """
    if not isinstance(text, str):
        return None
    plus = _PLUS.fullmatch(text)
    if plus is not None:
        return Reference(plus["task"], plus["key"], path)
    output = _OUTPUT.fullmatch(text) if expanded else None
    return Reference(output["task"] or output["other"], None, path) if output is not None else None


def expanded_references(values: Mapping[str, Any], path: Path) -> Iterator[Reference]:
    """Every reference in what is expanded over."""
    for name, value in values.items():
        found = reference_of(value, (*path, name), expanded=True)
        if found is not None:
            yield found
        else:
            yield from references_in(value, (*path, name))


def references_in(value: Any, path: Path) -> Iterator[Reference]:
    """Every reference in a value."""
    if isinstance(value, str):
        found = reference_of(value, path)
        if found is not None:
            yield found
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from references_in(item, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from references_in(item, (*path, position))

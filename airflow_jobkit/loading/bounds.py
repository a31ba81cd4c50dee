"""Bounds that keep a hostile or broken file from costing time or memory without end.

They are far above what people write, and far below what hurts: a text of 1 MiB holds some 10,000 tasks,
Airflow itself is slow with 1,000, and nobody nests 100 levels deep.
"""

from __future__ import annotations

import os
import re
import stat
from typing import Any, Final

import yaml

from airflow_jobkit.loading.places import FastLoader, inner_nodes
from airflow_jobkit.problems import Problem

MOST_BYTES: Final = 1024 * 1024
MOST_LEVELS: Final = 100
MOST_NODES: Final = 200_000
"""Keys and values of a file, with what its aliases repeat."""
MOST_PROBLEMS: Final = 100
LONGEST_NUMBER: Final = 300
"""Characters; Python itself refuses to print a number of more than 4,300 digits."""

_CODE = "too-large"
# What may nest beside brackets: such an indentation, or so many `- - -` and `? ? ?` in a line.
_DEEP = re.compile(rf"^ {{{MOST_LEVELS}}}|(?:[-?][ \t]+){{{MOST_LEVELS // 2}}}", re.MULTILINE)


def unreadable(name: str, found: os.stat_result) -> Problem | None:
    """The Problem of what is no file, or too large a one, before it is read; None: it can be."""
    if not stat.S_ISREG(found.st_mode):
        return Problem(name, 1, 1, "", "cannot be read: not a file", "remove it, or rename it", "unreadable")
    return oversized(name, found.st_size)


def oversized(name: str, size: int) -> Problem | None:
    """The Problem of a file of too many bytes."""
    if size <= MOST_BYTES:
        return None
    message = f"the file has {size:,} bytes, and {MOST_BYTES:,} are the most"
    return Problem(name, 1, 1, "", message, "split it", _CODE)


def undecodable(name: str, data: bytes, error: UnicodeDecodeError) -> Problem:
    """The Problem of a file that is not UTF-8, at the first byte that is none."""
    start = data.rfind(b"\n", 0, error.start) + 1
    line, column = data.count(b"\n", 0, start) + 1, len(data[start : error.start].decode("utf-8-sig")) + 1
    message = f"not UTF-8 text: {error.reason} at byte {error.start}"
    return Problem(name, line, column, "", message, "save it as UTF-8", "encoding")


def too_deep(text: str) -> Any:
    """The mark where a text nests too deep, found without recursion; None for any other text."""
    if not _may_be_deep(text):
        return None
    depth = 0
    try:
        for event in yaml.parse(text, Loader=FastLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MOST_LEVELS:
                    return event.start_mark
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return None  # whoever reads the text tells what is wrong with it
    return None


def _may_be_deep(text: str) -> bool:
    """Whether a text has what it takes to nest too deep; counting is quicker than matching."""
    if text.count("[") + text.count("{") >= MOST_LEVELS:
        return True
    is_indented = " " * MOST_LEVELS in text
    is_listed = text.count("-") + text.count("?") >= MOST_LEVELS // 2
    return (is_indented or is_listed) and _DEEP.search(text) is not None


def knot_or_mass(root: yaml.Node) -> tuple[yaml.Node | None, yaml.Node | None]:
    """A node that holds itself through an alias in its own anchor, or one that its aliases make too large.

    Each node is looked at once, without recursion; single values count as one.
    """
    sizes: dict[int, int] = {}
    opened: set[int] = set()
    pending = [root]
    while pending:
        node = pending[-1]
        if id(node) in sizes:
            pending.pop()
            continue
        parts = inner_nodes(node)
        inner = [part for part in parts if not isinstance(part, yaml.ScalarNode)]
        if id(node) not in opened:
            opened.add(id(node))
            for part in inner:
                if id(part) not in sizes:
                    if id(part) in opened:
                        return part, None
                    pending.append(part)
            continue
        pending.pop()
        size = 1 + len(parts) - len(inner) + sum(sizes[id(part)] for part in inner)
        if size > MOST_NODES:
            return None, node
        sizes[id(node)] = size
    return None, None


def capped(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """The first Problems of a file, and one that counts the others where there are too many."""
    if len(problems) <= MOST_PROBLEMS:
        return problems
    kept, left = sorted(problems)[:MOST_PROBLEMS], len(problems) - MOST_PROBLEMS
    last = kept[-1]
    more = f"and {left:,} more in this file"
    return (*kept, Problem(last.file, last.line, last.column, "", more, "mend these first", "more", ""))

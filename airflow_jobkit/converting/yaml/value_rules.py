"""What other factories write in values, wherever they stand: variables, tags of their own, old booleans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import yaml

from airflow_jobkit.converting.yaml.edits import Edit, Entry, end_of, start_of
from airflow_jobkit.converting.yaml.nodes import all_entries, all_scalars
from airflow_jobkit.converting.yaml.told import Told
from airflow_jobkit.converting.yaml_writer import quoted, scalar_text
from airflow_jobkit.spec.typed import ALL, ANY

_VARIABLE = re.compile(r"\$(?:\{([A-Z_][A-Z0-9_]*)\}|([A-Z_][A-Z0-9_]*))")
_OURS = re.compile(r"\$\{env:(\w+)\}")
# Where `$NAME` is for the shell, or another program, that gets the text.
_SHELL = frozenset(
    {"bash_command", "command", "cmds", "arguments", "args", "sql", "ssh_command", "script", "doc_md"}
)
_TAGS: Final = {"!and": ALL, "!or": ANY}
_JOIN: Final = ("!join", "__join__")
_TRUE = frozenset({"yes", "on"})


def edits_of_values(text: str, root: yaml.Node | None, told: Told) -> Iterator[Edit]:
    """The edits of values."""
    for path, node, flow in all_scalars(text, root):
        if not _SHELL.intersection(map(str, path)):
            if told.loads:  # then it may well mean itself
                _note_variables(node, told)
            else:
                yield from _variables(text, node, flow=flow)
        if (problem := told.about(node)) is not None and problem.code == "yaml-trap":
            yield from _boolean(node)
    for entry in all_entries(text, root):
        yield from _tagged(text, entry.value, entry)
        if isinstance(entry.value, yaml.SequenceNode):
            yield from _items(text, entry.value)


def _items(text: str, node: yaml.SequenceNode) -> Iterator[Edit]:
    """The edits of what stands in a list, and in the lists in it."""
    for item in node.value:
        yield from _tagged(text, item, None)
        if isinstance(item, yaml.SequenceNode):
            yield from _items(text, item)


def variables_named(before: str, after: str) -> tuple[str, ...]:
    """The environment variables that a text refers to in our way, and did not before."""
    found = {match[1] for match in _OURS.finditer(after)} - {match[1] for match in _OURS.finditer(before)}
    return tuple(sorted(found))


def _note_variables(node: yaml.ScalarNode, told: Told) -> None:
    for match in _VARIABLE.finditer(node.value):
        name = match[1] or match[2]
        told.note(
            f"{match[0]} stays as it is; where it is meant as an environment variable, which dag-factory "
            f"would expand, write ${{env:{name}}}"
        )


def _variables(text: str, node: yaml.ScalarNode, *, flow: bool) -> Iterator[Edit]:
    """`$NAME` of the environment, which others expand in the whole text, as `${env:NAME}`."""
    if flow and not node.style and _VARIABLE.search(node.value):  # a brace would end it
        whole = _VARIABLE.sub(lambda match: f"${{env:{match[1] or match[2]}}}", node.value)
        yield Edit(start_of(node), end_of(node), quoted(whole))
        return
    for match in _VARIABLE.finditer(text, start_of(node), end_of(node)):
        if text[match.start() - 1] != "$":
            yield Edit(match.start(), match.end(), f"${{env:{match[1] or match[2]}}}")


def _boolean(node: yaml.ScalarNode) -> Iterator[Edit]:
    """`yes` and `off`, which others take for true and false without a word."""
    word = node.value.lower()
    if word in ("yes", "no", "on", "off"):
        yield Edit(start_of(node), end_of(node), "true" if word in _TRUE else "false")


def _tagged(text: str, node: yaml.Node, entry: Entry | None) -> Iterator[Edit]:
    """`!and [...]`, `!or [...]`, `!join [...]` and `__join__`, which only their own loader knows."""
    if isinstance(node, yaml.SequenceNode) and node.tag == _JOIN[0]:
        yield from _joined(node, node, entry)
    elif isinstance(node, yaml.SequenceNode) and node.tag in _TAGS:
        yield from _condition(text, node, entry)
    elif isinstance(node, yaml.MappingNode) and len(node.value) == 1 and node.value[0][0].value == _JOIN[1]:
        yield from _joined(node, node.value[0][1], entry)


def _joined(node: yaml.Node, parts: yaml.Node, entry: Entry | None) -> Iterator[Edit]:
    items = parts.value if isinstance(parts, yaml.SequenceNode) else []
    if items and all(isinstance(item, yaml.ScalarNode) for item in items):
        whole = scalar_text("".join(str(item.value) for item in items), flow=True)
        yield entry.replaced(whole) if entry else Edit(start_of(node), end_of(node), whole)


def _condition(text: str, node: yaml.SequenceNode, entry: Entry | None) -> Iterator[Edit]:
    word, start = _TAGS[node.tag], start_of(node)
    behind = start + len(node.tag)
    if text[start:behind] != node.tag or not node.value:
        return
    if node.flow_style:
        yield Edit(start, behind + 1, f"{{{word}: ")
        yield Edit(end_of(node), end_of(node), "}")
        return
    line = text.rfind("\n", 0, start_of(node.value[0])) + 1
    indent = len(text[line:]) - len(text[line:].lstrip(" "))
    if entry is None and indent >= node.start_mark.column:
        yield Edit(start, behind, f"{word}:")
    elif entry is not None and indent > entry.indent:
        yield Edit(int(entry.key.end_mark.index), behind, f":\n{' ' * indent}{word}:")

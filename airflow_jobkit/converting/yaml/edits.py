"""Edits of a YAML text that leave everything else of it as it is."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import yaml

# What YAML takes for the end of a line.
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_LONE = re.compile("(?<!\r)\n")


@dataclass(frozen=True, order=True)
class Edit:
    """A part of a text, by its offsets, and what stands there instead."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class _Piece:
    """A part of an edited text: its text, and the offsets of what it was; whether it is the same."""

    text: str
    start: int
    end: int
    same: bool


@dataclass(frozen=True)
class Text:
    """A text after some edits, with the line that each of its lines was at first.

    Attributes:
        text: The text.
        origins: For each line, counted from 0, the line of the first text that it comes from.
    """

    text: str
    origins: tuple[int, ...]

    @classmethod
    def first(cls, text: str) -> Text:
        """A text that was not edited yet."""
        return cls(text, tuple(range(len(_BREAK.findall(text)) + 1)))

    def origin(self, line: int) -> int:
        """The line of the first text that a line of this one comes from; both count from 0."""
        return self.origins[min(line, len(self.origins) - 1)]

    def edited(self, edits: Iterable[Edit]) -> Text:
        """The text after edits; of those that overlap the first holds, the others wait for another time."""
        kept: list[Edit] = []
        for edit in sorted(set(edits)):
            if not kept or edit.start >= kept[-1].end:
                kept.append(edit)
        pieces: list[_Piece] = []
        end = 0
        in_windows = "\r\n" in self.text
        for edit in kept:
            text = _LONE.sub("\r\n", edit.text) if in_windows else edit.text
            pieces += [
                _Piece(self.text[end : edit.start], end, edit.start, same=True),
                _Piece(text, edit.start, edit.end, same=False),
            ]
            end = edit.end
        pieces.append(_Piece(self.text[end:], end, len(self.text), same=True))
        return Text("".join(piece.text for piece in pieces), tuple(self._origins(pieces)))

    def _origins(self, pieces: Sequence[_Piece]) -> Iterable[int]:
        starts = [0, *(found.end() for found in _BREAK.finditer(self.text))]

        def origin(offset: int) -> int:
            return self.origins[min(bisect_right(starts, offset) - 1, len(self.origins) - 1)]

        begins = True  # a line, with whatever comes next: where lines are gone, what stood behind them
        for piece in pieces:
            if begins and piece.text:
                yield origin(piece.start)
                begins = False
            for found in _BREAK.finditer(piece.text):
                if found.end() == len(piece.text):
                    begins = True
                else:
                    yield origin(piece.start + found.end() if piece.same else piece.start)
        if begins:
            yield origin(len(self.text))


def end_of(node: yaml.Node) -> int:
    """The offset behind a node's last character; a block's own mark stands behind comments that follow it."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return int(node.end_mark.index)


def start_of(node: yaml.Node) -> int:
    """The offset of a node's first character."""
    return int(node.start_mark.index)


@dataclass(frozen=True)
class Entry:
    """A key of a mapping with its value.

    Attributes:
        text: The whole text.
        path: The keys that lead to it, its own among them.
        mapping: The mapping.
        key: The node of the key.
        value: The node of the value.
    """

    text: str
    path: tuple[str | int, ...]
    mapping: yaml.MappingNode
    key: yaml.ScalarNode
    value: yaml.Node

    @property
    def name(self) -> str:
        """The key."""
        return str(self.key.value)

    @property
    def scalar(self) -> str | None:
        """The text of a single value; None for a list or a mapping."""
        return str(self.value.value) if isinstance(self.value, yaml.ScalarNode) else None

    def sibling(self, name: str) -> Entry | None:
        """Another key of the same mapping."""
        for key, value in self.mapping.value:
            if key.value == name:
                return Entry(self.text, (*self.path[:-1], name), self.mapping, key, value)
        return None

    @property
    def source(self) -> str:
        """The value as it is written."""
        return self.text[start_of(self.value) : end_of(self.value)]

    def renamed(self, name: str) -> Edit:
        """Another key for the same value."""
        return Edit(start_of(self.key), int(self.key.end_mark.index), name)

    def replaced(self, value: str) -> Edit:
        """Another value for the same key, in its line."""
        if self.value.start_mark.line > self.key.start_mark.line:
            return Edit(int(self.key.end_mark.index), end_of(self.value), f": {value}")
        return Edit(start_of(self.value), end_of(self.value), value)

    @property
    def indent(self) -> int:
        """The column of the key."""
        return int(self.key.start_mark.column)

    def _lines(self) -> tuple[int, int] | None:
        """The offsets of the whole lines of the entry; None where others stand in them."""
        start = self.text.rfind("\n", 0, start_of(self.key)) + 1
        if self.mapping.flow_style or self.text[start : start_of(self.key)].strip():
            return None
        end = self.text.find("\n", end_of(self.value))
        return start, len(self.text) if end < 0 else end + 1

    def removed(self) -> Edit | None:
        """Without the entry; None where that takes more than the mapping has."""
        if len(self.mapping.value) < 2:
            return None
        lines = self._lines()
        if lines is not None:
            behind = self.text[end_of(self.value) : lines[1]].strip()
            return Edit(*lines, f"{' ' * self.indent}{behind}\n" if behind.startswith("#") else "")
        starts = [start_of(key) for key, _ in self.mapping.value]
        position = starts.index(start_of(self.key))
        if position + 1 < len(starts):
            return Edit(starts[position], starts[position + 1], "")
        if not self.mapping.flow_style:
            return None
        return Edit(end_of(self.mapping.value[position - 1][1]), end_of(self.value), "")

    def commented_out(self, why: str) -> Edit | None:
        """With the entry as a comment; None where it does not have its lines to itself."""
        lines = self._lines()
        if lines is None or len(self.mapping.value) < 2:
            return self.removed()
        pad = " " * self.indent
        kept = "".join(
            f"{pad}# {line[self.indent :] if not line[: self.indent].strip() else line}"
            for line in self.text[slice(*lines)].splitlines(keepends=True)
        )
        return Edit(*lines, f"{pad}# {why}:\n{kept}")

    def nested(self, outer: str) -> Edit | None:
        """With the entry one level deeper, below another key; None where others stand in its lines."""
        lines = self._lines()
        if lines is None:
            return None
        inner = "".join(f"  {line}" for line in self.text[slice(*lines)].splitlines(keepends=True))
        return Edit(*lines, f"{' ' * self.indent}{outer}:\n{inner}")

    def moved_into(self, other: Entry) -> list[Edit]:
        """With the entry inside another mapping of the text, at its beginning; empty: it is too large."""
        removed, inner = self.removed(), other.value
        if removed is None or "\n" in self.source:
            return []
        if not isinstance(inner, yaml.MappingNode) or not inner.value:
            return []
        first = inner.value[0][0]
        ending = ", " if inner.flow_style else f"\n{' ' * int(first.start_mark.column)}"
        return [removed, Edit(start_of(first), start_of(first), f"{self.name}: {self.source}{ending}")]

"""Plain data to YAML that a person likes to read: keys in their order, quotes only where they are needed."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

from airflow_jobkit.fields import TYPE
from airflow_jobkit.loading.bounds import MOST_NODES
from airflow_jobkit.problems import Path, visible

WIDTH: Final = 100
"""Characters of a line beyond which a list is written one item per line."""

Comments = Mapping[Path, Sequence[str]]

_TEXT = "tag:yaml.org,2002:str"
_RESOLVER = yaml.SafeLoader("")
_INDICATORS = "-?:,[]{}#&*!|>'\"%@`"
# What starts like a number and is none: cron, dates, versions; and what other readers of YAML take for one.
_LIKE_A_NUMBER = re.compile(r"[-+.]?\d")
_WORD = re.compile(r"[\w.-]*[A-Za-z_][\w.-]*")
_EXPONENT = re.compile(r"[-+]?[\d.]+[eE][-+]?\d+|0o[0-7]+")
_OTHER_BOOLEANS = frozenset({"y", "n", "Y", "N"})


class TooLargeError(ValueError):
    """More values than a file may have; what repeats in memory takes its room in a text."""


def write_yaml(data: Mapping[Any, Any], comments: Comments | None = None) -> str:
    """A mapping as a YAML document.

    Args:
        data: Plain data: mappings, lists, texts, numbers, dates, None.
        comments: The lines of a comment above the key, or the list item, at a path; `()` is the top.

    Raises:
        TooLargeError: It has more values than our loader reads.
    """
    writer = _Writer(comments or {})
    lines = [*writer.comment((), 0), *writer.mapping(data, (), 0)]
    return "\n".join(lines) + "\n"


class _Writer:
    def __init__(self, comments: Comments) -> None:
        self._comments = comments
        self._written = 0

    def comment(self, path: Path, indent: int) -> Iterator[str]:
        for line in self._comments.get(path, ()):
            yield f"{' ' * indent}# {visible(line)}".rstrip()

    def mapping(self, data: Mapping[Any, Any], path: Path, indent: int) -> Iterator[str]:
        for position, (key, value) in enumerate(data.items()):
            inner = (*path, str(key))
            if not path and position:
                yield ""  # between two DAGs
            yield from self.comment(inner, indent)
            yield from self._entry(f"{' ' * indent}{scalar_text(key)}:", value, inner, indent + 2)

    def _entry(self, head: str, value: Any, path: Path, indent: int) -> Iterator[str]:
        """A key, or the dash of an item, with its value behind it or below it."""
        self._count()
        if isinstance(value, str) and "\n" in value and (block := _block(value, indent)) is not None:
            yield f"{head} {block[0]}"
            yield from block[1:]
            return
        inline = self._inline(value, path, WIDTH - len(head))
        if inline is not None:
            yield f"{head} {inline}"
        elif isinstance(value, Mapping):
            yield head
            yield from self.mapping(value, path, indent)
        else:
            yield head
            for position, item in enumerate(value):
                yield from self._item(item, (*path, position), indent)

    def _item(self, item: Any, path: Path, indent: int) -> Iterator[str]:
        """An item of a list; the first key of a mapping stands behind the dash."""
        yield from self.comment(path, indent)
        dash = " " * indent + "-"
        if isinstance(item, Mapping) and self._inline(item, path, WIDTH - len(dash)) is None:
            self._count()
            lines = list(self.mapping(item, path, indent + 2))
            first = next(n for n, line in enumerate(lines) if not line.lstrip().startswith("#"))
            lines[first] = f"{dash} {lines[first].lstrip(' ')}"
            yield from lines
            return
        yield from self._entry(dash, item, path, indent + 2)

    def _inline(self, value: Any, path: Path, room: int) -> str | None:
        """A value in one line; None where it needs more, or reads better in more."""
        if isinstance(value, Mapping):
            if not value:
                return "{}"
            if TYPE not in value or not all(_is_scalar(item) for item in value.values()):
                return None
            if any((*path, str(key)) in self._comments for key in value):
                return None
            pairs = (f"{scalar_text(k, flow=True)}: {scalar_text(v, flow=True)}" for k, v in value.items())
            return self._fitting(f"{{{', '.join(pairs)}}}", len(value), room)
        if isinstance(value, list | tuple):
            if not all(_is_scalar(item) for item in value):
                return None
            return self._fitting(
                f"[{', '.join(scalar_text(item, flow=True) for item in value)}]", len(value), room
            )
        return scalar_text(value)

    def _fitting(self, text: str, size: int, room: int) -> str | None:
        if len(text) >= room and size:
            return None
        self._count(size)
        return text

    def _count(self, more: int = 1) -> None:
        self._written += more
        if self._written > MOST_NODES:
            raise TooLargeError(f"more than {MOST_NODES:,} values")


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, Mapping | list | tuple)


def scalar_text(value: Any, *, flow: bool = False) -> str:
    """A single value as YAML writes it.

    Args:
        value: A text, a number, a date, a truth value or None.
        flow: Whether it stands between brackets or braces.

    Raises:
        TypeError: It is something else.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _float_text(value)
        case dt.date():
            return value.isoformat()
        case str():
            return value if _is_plain(value, flow=flow) else quoted(value)
    raise TypeError(f"no plain value: {type(value).__name__}")


def _float_text(value: float) -> str:
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    if math.isnan(value):
        return ".nan"
    text = repr(value)
    # YAML 1.1 takes an exponent for one only behind a point.
    return text if "e" not in text or "." in text else text.replace("e", ".0e")


def _is_plain(text: str, *, flow: bool) -> bool:
    """Whether a text means itself without quotes, to our loader and to every other."""
    if not text or text != text.strip() or not text.isprintable() or text in _OTHER_BOOLEANS:
        return False
    if text[0] in _INDICATORS and not re.match(r"-[\w-]", text):
        return False
    if text.startswith(("---", "...")) or text.endswith(":") or ": " in text or " #" in text:
        return False
    if flow and re.search(r"[,\[\]{}:?]", text):
        return False
    if (_LIKE_A_NUMBER.match(text) and not _WORD.fullmatch(text)) or _EXPONENT.fullmatch(text):
        return False
    found: str = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return found == _TEXT


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def quoted(text: str) -> str:
    """A text in double quotes, with escapes for what YAML does not take as it is."""
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else _escape(c)) for c in text) + '"'


def _escape(character: str) -> str:
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _block(text: str, indent: int) -> list[str] | None:
    """The lines of a text below `|`; None where it needs escapes."""
    lines = text.split("\n")
    if not any(lines) or not all(line.replace("\t", "").isprintable() for line in lines):
        return None
    first = next(line for line in lines if line)
    if first[0] in " \t":
        return None  # an indentation of its own would need to be told
    body = text.rstrip("\n")
    if len(text) - len(body) > 1:
        return None  # empty lines that follow would be taken for its own
    mark = "|" if text.endswith("\n") else "|-"
    return [mark, *(f"{' ' * indent}{line}" if line else "" for line in body.split("\n"))]

"""The loader of YAML: as safe as PyYAML's own and faster, and it writes down what is not what it looks like.

What YAML 1.1 would silently turn into something else is a mistake here: `on` (True), `010` (8), `12:30`
(750), `1.10` (1.1), a key that stands twice (the second wins).
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from airflow_jobkit.loading.bounds import LONGEST_NUMBER
from airflow_jobkit.loading.places import FastLoader

_TEXT, _MAPPING, _LIST, _INTEGER = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq", "int"))
_OF_WORDS = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:null")
_WORDS = {"true": True, "false": False, "null": None}
_OLD_BOOLEAN = re.compile(r"(?i:yes|no|on|off)")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_CLOCK = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_TRIMMED = re.compile(r"[-+]?[0-9]+\.[0-9]+0")


_LONGEST_WORD = 64
_MOST_KEPT = 16 * 1024
"""Characters of a text whose words are kept for those after it."""


@lru_cache(maxsize=4096)
def _tag(kind: type[yaml.Node], value: str | None, implicit: tuple[bool, bool]) -> str:
    """The tag of a node that names none.

    Args:
        kind: What it is.
        value: The text of a single value.
        implicit: Whether the text stands there without quotes, which alone may be a number or a date; and
            the opposite.
    """
    if kind is not yaml.ScalarNode:
        return _MAPPING if kind is yaml.MappingNode else _LIST
    if value is None or not implicit[0]:
        return _TEXT
    resolvers = FastLoader.yaml_implicit_resolvers
    candidates = (*resolvers.get(value[:1], ()), *resolvers.get(None, ()))
    return next((tag for tag, pattern in candidates if pattern.match(value)), _TEXT)


@dataclass(frozen=True)
class Slip:
    """A mistake that the loader saw while it built the data: its mark and the words for it."""

    mark: yaml.Mark
    message: str
    remedy: str
    code: str


class YamlLoader(FastLoader):
    """The safe loader, which writes down traps and keys that stand twice."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.slips: list[Slip] = []
        self._made: dict[int, Any] = {}
        self._has_escapes = "\\" in text
        self._is_long = len(text) > _MOST_KEPT

    def dispose(self) -> None:
        """Let go of the text, and of its words where they are many."""
        super().dispose()
        if self._is_long:
            _tag.cache_clear()

    def data(self, node: yaml.Node) -> Any:
        """The data of a node, and what an alias repeats as one object.

        The loader's own way builds every mapping and list in two steps, since they may hold themselves; these
        do not, and are built in one, which takes half the time.
        """
        if isinstance(node, yaml.ScalarNode):
            return self._single(node)
        if id(node) in self._made:
            return self._made[id(node)]
        found: Any
        if node.tag == _MAPPING:
            found = {}
            for key, value in node.value:
                if key.tag != _TEXT:
                    found = self.construct_object(node, deep=True)
                    break
                # Most values are texts, which need no call of their own.
                if self._has_escapes:
                    found[self.data(key)] = self.data(value)
                elif value.tag == _TEXT and isinstance(value, yaml.ScalarNode):
                    found[key.value] = value.value
                else:
                    found[key.value] = self.data(value)
            else:
                if len(found) < len(node.value):
                    self._tell_duplicates(node)
        elif node.tag == _LIST:
            found = [self.data(item) for item in node.value]
        else:
            found = self.construct_object(node, deep=True)
        self._made[id(node)] = found
        return found

    def _single(self, node: yaml.ScalarNode) -> Any:
        """The data of a single value, of the usual ones without the detour through the constructors."""
        text, tag = node.value, node.tag
        if self._has_escapes and "\0" in text:  # databases take no such text
            message, remedy = "the character U+0000 is not allowed", "take it out"
            self.slips.append(Slip(node.start_mark, message, remedy, "bad-value"))
        if tag == _TEXT:
            return text
        if (
            tag == _INTEGER
            and text.isdecimal()
            and text.isascii()
            and text[0] != "0"
            and len(text) < _LONGEST_WORD
        ):
            return int(text)
        return _WORDS[text] if tag in _OF_WORDS and text in _WORDS else self.construct_object(node)

    # The parser asks these for every node. Files share most of their words, and a word has the same tag
    # everywhere; tags that depend on a node's place, which the other two are for, there are none.
    resolve = staticmethod(_tag)
    descend_resolver: Any = staticmethod(operator.is_)
    ascend_resolver: Any = staticmethod(tuple)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping, with keys that stand twice written down."""
        self._tell_duplicates(node)
        return super().construct_mapping(node, deep=deep)

    def _tell_duplicates(self, node: yaml.Node) -> None:
        seen: dict[str, yaml.Mark] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            first = seen.setdefault(key.value, key.start_mark)
            if first is not key.start_mark:
                message = f"the key {key.value!r} stands here a second time (first in line {first.line + 1})"
                remedy = "rename or remove one of them"
                self.slips.append(Slip(key.start_mark, message, remedy, "duplicate-key"))

    def construct_bool(self, node: yaml.ScalarNode) -> Any:
        """A truth value; a word that only old YAML takes for one is a trap."""
        value = self.construct_yaml_bool(node)
        if _OLD_BOOLEAN.fullmatch(node.value):
            word = str(value).lower()
            self._trap(node, word, f'write {word}, or "{node.value}"')
        return value

    def construct_int(self, node: yaml.ScalarNode) -> Any:
        """A whole number; one that is written as another number is a trap."""
        if self._is_too_long(node):
            return None
        value = self.construct_yaml_int(node)
        self._check_number(node, value)
        return value

    def construct_float(self, node: yaml.ScalarNode) -> Any:
        """A number, within what Airflow and its database can hold."""
        if self._is_too_long(node):
            return None
        value = self.construct_yaml_float(node)
        if not math.isfinite(value):
            message, remedy = f"{node.value} is no number to Airflow", "put it in quotes if it is text"
            self.slips.append(Slip(node.start_mark, message, remedy, "bad-value"))
        self._check_number(node, value)
        return value

    def construct_timestamp(self, node: yaml.ScalarNode) -> Any:
        """A date or a moment; None for one that there is not."""
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError as error:
            message, remedy = f"no such date: {error}", "correct it, or put it in quotes if it is text"
            self.slips.append(Slip(node.start_mark, message, remedy, "bad-value"))
            return None

    def _is_too_long(self, node: yaml.ScalarNode) -> bool:
        if len(node.value) <= LONGEST_NUMBER:
            return False
        message, remedy = f"a number of {len(node.value):,} characters", "put it in quotes if it is text"
        self.slips.append(Slip(node.start_mark, message, remedy, "too-large"))
        return True

    def _check_number(self, node: yaml.ScalarNode, value: float) -> None:
        text = node.value
        octal = _OCTAL.fullmatch(text) and text.strip("+-0_")
        if octal or _CLOCK.fullmatch(text) or _TRIMMED.fullmatch(text):
            self._trap(node, str(value), f'put it in quotes, "{text}", or write {value}')

    def _trap(self, node: yaml.ScalarNode, value: str, remedy: str) -> None:
        message = f"YAML reads {node.value} as {value}"
        self.slips.append(Slip(node.start_mark, message, remedy, "yaml-trap"))


YamlLoader.add_constructor("tag:yaml.org,2002:bool", YamlLoader.construct_bool)
YamlLoader.add_constructor("tag:yaml.org,2002:int", YamlLoader.construct_int)
YamlLoader.add_constructor("tag:yaml.org,2002:float", YamlLoader.construct_float)
YamlLoader.add_constructor("tag:yaml.org,2002:timestamp", YamlLoader.construct_timestamp)

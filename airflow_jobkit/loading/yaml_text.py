"""YAML text to plain data, fast; and back to lines and columns where there is something to report.

What YAML 1.1 would silently turn into something else is a mistake here: `on` (True), `010` (8), `12:30`
(750), `1.10` (1.1), a key that stands twice (the second wins).
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from airflow_jobkit.loading.bounds import LONGEST_NUMBER, MOST_LEVELS, MOST_NODES, knot_or_mass, too_deep
from airflow_jobkit.loading.places import FastLoader, Places
from airflow_jobkit.loading.syntax import syntax_problem, unreadable_problem
from airflow_jobkit.problems import MOST_SHOWN, Issue, Path, Problem, dotted

_TEXT, _MAPPING, _LIST = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq"))
_OLD_BOOLEAN = re.compile(r"(?i:yes|no|on|off)")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_CLOCK = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
# What may be an alias; a `*` of cron is not followed by a letter.
_ALIAS = re.compile(r"\*[\w-]")
_TRIMMED = re.compile(r"[-+]?[0-9]+\.[0-9]+0")


@dataclass(frozen=True)
class _Slip:
    """A mistake that the loader saw while it built the data: its mark and the words for it."""

    mark: yaml.Mark
    message: str
    remedy: str
    code: str


class _Loader(FastLoader):
    """The safe loader, which writes down traps and keys that stand twice."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.slips: list[_Slip] = []
        self._made: dict[int, Any] = {}

    def data(self, node: yaml.Node) -> Any:
        """The data of a node, and what an alias repeats as one object.

        The loader's own way builds every mapping and list in two steps, since they may hold themselves; these
        do not, and are built in one, which takes half the time.
        """
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.tag == _TEXT else self.construct_object(node)
        if id(node) in self._made:
            return self._made[id(node)]
        found: Any
        if node.tag == _MAPPING and all(key.tag == _TEXT for key, _ in node.value):
            if len({key.value for key, _ in node.value}) < len(node.value):
                self._tell_duplicates(node)
            found = {key.value: self.data(value) for key, value in node.value}
        elif node.tag == _LIST:
            found = [self.data(item) for item in node.value]
        else:
            found = self.construct_object(node, deep=True)
        self._made[id(node)] = found
        return found

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
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
                self.slips.append(_Slip(key.start_mark, message, remedy, "duplicate-key"))

    def construct_bool(self, node: yaml.ScalarNode) -> Any:
        value = self.construct_yaml_bool(node)
        if _OLD_BOOLEAN.fullmatch(node.value):
            word = str(value).lower()
            self._trap(node, word, f'write {word}, or "{node.value}"')
        return value

    def construct_int(self, node: yaml.ScalarNode) -> Any:
        if self._is_too_long(node):
            return None
        value = self.construct_yaml_int(node)
        self._check_number(node, value)
        return value

    def construct_float(self, node: yaml.ScalarNode) -> Any:
        if self._is_too_long(node):
            return None
        value = self.construct_yaml_float(node)
        self._check_number(node, value)
        return value

    def construct_timestamp(self, node: yaml.ScalarNode) -> Any:
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError as error:
            message, remedy = f"no such date: {error}", "correct it, or put it in quotes if it is text"
            self.slips.append(_Slip(node.start_mark, message, remedy, "bad-value"))
            return None

    def _is_too_long(self, node: yaml.ScalarNode) -> bool:
        if len(node.value) <= LONGEST_NUMBER:
            return False
        message, remedy = f"a number of {len(node.value):,} characters", "put it in quotes if it is text"
        self.slips.append(_Slip(node.start_mark, message, remedy, "too-large"))
        return True

    def _check_number(self, node: yaml.ScalarNode, value: float) -> None:
        text = node.value
        octal = _OCTAL.fullmatch(text) and text.strip("+-0_")
        if octal or _CLOCK.fullmatch(text) or _TRIMMED.fullmatch(text):
            self._trap(node, str(value), f'put it in quotes, "{text}", or write {value}')

    def _trap(self, node: yaml.ScalarNode, value: str, remedy: str) -> None:
        message = f"YAML reads {node.value} as {value}"
        self.slips.append(_Slip(node.start_mark, message, remedy, "yaml-trap"))


_Loader.add_constructor("tag:yaml.org,2002:bool", _Loader.construct_bool)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _Loader.construct_float)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_timestamp)


@dataclass(frozen=True)
class Document:
    """A YAML file that was read: its name, its text, its data and the mistakes seen on the way."""

    file: str
    text: str
    data: Any
    problems: tuple[Problem, ...] = field(default=())

    def problem(self, issue: Issue) -> Problem:
        """The Issue with its place in this file."""
        line, column = self._places.of(issue.path, issue.at)
        source = self._lines[line - 1] if line <= len(self._lines) else ""
        where = dotted(issue.path)
        return Problem(self.file, line, column, where, issue.message, issue.remedy, issue.code, source)

    def place(self, path: Path) -> str:
        """The file and line of what stands at a path: `dags/flights.yaml:3`."""
        return f"{self.file}:{self._places.of(path, 'key')[0]}"

    def all_problems(self, issues: Iterable[Issue]) -> tuple[Problem, ...]:
        """The mistakes seen while reading, and these Issues.

        Left out are Issues that follow from a mistake at the same place, and those that an alias repeats.
        """
        places = {(problem.line, problem.column) for problem in self.problems}
        found = [p for p in map(self.problem, issues) if (p.line, p.column) not in places]
        once = {(problem.line, problem.column, problem.message): problem for problem in reversed(found)}
        return (*self.problems, *reversed(once.values()))

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def _places(self) -> Places:
        return Places(self.text)


def read_document(file: str, text: str) -> Document:
    """Read one YAML document; mistakes of form become its Problems, and its data is then None."""
    deep = too_deep(text)
    if deep is not None:
        message = f"more than {MOST_LEVELS} levels deep"
        return Document(file, text, None, (_bound_problem(file, text, deep, message),))
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        knot, large = None, None
        if root is not None and _ALIAS.search(text):
            knot, large = knot_or_mass(root)
        if knot is not None:
            raise yaml.MarkedYAMLError(problem="this value holds itself", problem_mark=knot.start_mark)
        if large is not None:
            message = f"more than {MOST_NODES:,} values, with what its aliases repeat"
            return Document(file, text, None, (_bound_problem(file, text, large.start_mark, message),))
        data = loader.data(root) if root is not None else None
    except yaml.MarkedYAMLError as error:
        return Document(file, text, None, (syntax_problem(file, text, error),))
    except (yaml.YAMLError, ValueError, TypeError) as error:
        return Document(file, text, None, (unreadable_problem(file, text, error),))
    finally:
        loader.dispose()
    return Document(file, text, data, tuple(_slip_problems(file, text, loader.slips)))


def _bound_problem(file: str, text: str, mark: yaml.Mark, message: str) -> Problem:
    """The Problem of a text that goes beyond a bound."""
    lines = text.splitlines()
    source = lines[mark.line][:MOST_SHOWN] if mark.line < len(lines) else ""
    line, column = mark.line + 1, mark.column + 1
    return Problem(file, line, column, "", message, "make it simpler", "too-large", source)


def _slip_problems(file: str, text: str, slips: Iterable[_Slip]) -> Iterable[Problem]:
    lines, places = text.splitlines(), Places(text)
    for slip in slips:
        line, column = slip.mark.line + 1, slip.mark.column + 1
        where = dotted(places.path_at(slip.mark))
        yield Problem(file, line, column, where, slip.message, slip.remedy, slip.code, lines[line - 1])

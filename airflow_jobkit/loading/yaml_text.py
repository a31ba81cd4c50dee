"""YAML text to plain data, fast; and back to lines and columns where there is something to report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from airflow_jobkit.loading.bounds import MOST_LEVELS, MOST_NODES, knot_or_mass, too_deep
from airflow_jobkit.loading.places import Places
from airflow_jobkit.loading.syntax import syntax_problem, unreadable_problem
from airflow_jobkit.loading.yaml_loader import Slip, YamlLoader
from airflow_jobkit.problems import MOST_SHOWN, Issue, Path, Problem, dotted

# What may be an alias; a `*` of cron is not followed by a letter.
_ALIAS = re.compile(r"\*[\w-]")


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
    loader = YamlLoader(text)
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
    return Document(file, text, data, tuple(_slip_problems(file, text, loader.slips)) if loader.slips else ())


def _bound_problem(file: str, text: str, mark: yaml.Mark, message: str) -> Problem:
    """The Problem of a text that goes beyond a bound."""
    lines = text.splitlines()
    source = lines[mark.line][:MOST_SHOWN] if mark.line < len(lines) else ""
    line, column = mark.line + 1, mark.column + 1
    return Problem(file, line, column, "", message, "make it simpler", "too-large", source)


def _slip_problems(file: str, text: str, slips: Iterable[Slip]) -> Iterable[Problem]:
    lines, places = text.splitlines(), Places(text)
    for slip in slips:
        line, column = slip.mark.line + 1, slip.mark.column + 1
        where = dotted(places.path_at(slip.mark))
        yield Problem(file, line, column, where, slip.message, slip.remedy, slip.code, lines[line - 1])

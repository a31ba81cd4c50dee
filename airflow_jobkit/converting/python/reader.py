"""A Python DAG file, read from top to bottom: its DAGs, tasks and edges, and what it leaves unsaid."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Final

from airflow_jobkit.converting.carried import Left
from airflow_jobkit.converting.python import calls, edges, expressions
from airflow_jobkit.converting.python.constants import Constants, is_secret
from airflow_jobkit.converting.python.graph import Dag
from airflow_jobkit.converting.python.statements import LoopSignal, ReturnSignal, run
from airflow_jobkit.converting.python.values import (
    Context,
    Made,
    Named,
    Place,
    Scope,
    Templated,
    Unknown,
    Value,
    place_of,
)
from airflow_jobkit.problems import Problem

MOST_STEPS: Final = 300_000
"""Expressions and statements that are looked at, those of loops and functions each time."""


class TooMuchError(Exception):
    """The file goes on without end; `place` is where it was left."""

    def __init__(self, place: Place) -> None:
        self.place = place
        super().__init__()


@dataclass
class Reader:
    """What was read so far.

    Attributes:
        left: What cannot be carried.
        module: The name of the file's module.
        dags: The DAGs by id.
        notes: What a person should know.
        comments: The comments that have a line of their own, by that line.
        depth: How many functions of the file are being read within each other.
        constants: The constants of files beside it.
        argument_places: Where the named arguments of the call stand that is made now.
    """

    left: Left
    module: str
    dags: dict[str, Dag] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    comments: dict[int, str] = field(default_factory=dict)
    depth: int = 0
    constants: Constants | None = None
    argument_places: dict[str, Place] = field(default_factory=dict)
    _contexts: list[Context] = field(default_factory=list)
    _steps: int = 0
    _pending: tuple[str, ...] = ()

    def read(self, file: str, text: str) -> Scope:
        """Read a text from top to bottom; the names that it has then."""
        module = ast.parse(text)
        names: dict[str, Value] = {
            "__name__": self.module,
            "__doc__": ast.get_docstring(module, clean=False),
            "__file__": file,
        }
        scope = Scope(names)
        # What Python itself would refuse, outside of a function or a loop, ends the file.
        with suppress(ReturnSignal, LoopSignal):
            run(self, module.body, scope)
        return scope

    def imported(self, path: str, place: Place) -> Value:
        """What stands at an import path: a constant of a file beside this one, or a name."""
        found = self.constants.find(path, place) if self.constants is not None else None
        return found[0] if found is not None else Named(path)

    def step(self, node: ast.AST) -> None:
        """Count one more thing that is looked at.

        Raises:
            TooMuchError: There are too many.
        """
        self.count(1, place_of(node))

    def count(self, steps: int, place: Place) -> None:
        """Count several things at once.

        Raises:
            TooMuchError: There are too many.
        """
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise TooMuchError(place)

    def comes_to(self, statement: ast.stmt) -> None:
        """Take the comment above a statement for what it makes."""
        lines: list[str] = []
        line = statement.lineno - 1
        while line in self.comments:
            lines.append(self.comments[line])
            line -= 1
        self._pending = tuple(reversed(lines))

    def comment(self) -> tuple[str, ...]:
        """The comment of what is made now; what the same statement makes next has none."""
        found, self._pending = self._pending, ()
        return found

    def enter(self, context: Context) -> None:
        """Be inside a DAG or a group."""
        self._contexts.append(context)

    def leave(self) -> None:
        """Be outside it again."""
        self._contexts.pop()

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """What an expression is."""
        return expressions.evaluate(self, node, scope)

    @property
    def context(self) -> Context | None:
        """The DAG or the group that something made now is in."""
        return self._contexts[-1] if self._contexts else None

    def edge(self, left: Value, right: Value, place: Place, *, backwards: bool) -> Value:
        """Draw `left >> right`, or `left << right`."""
        return edges.shifted(self, left, right, place, backwards=backwards)

    def call(self, called: Value, args: tuple[Value, ...], kwargs: dict[str, Value], node: ast.Call) -> Value:
        """What a call gives, and makes."""
        return calls.call(self, called, args, kwargs, node)

    def decorate(self, decorator: Value, value: Value, place: Place) -> Value:
        """What a decorator makes of a function."""
        made = calls.decorated(decorator, value, place)
        path = decorator.path if isinstance(decorator, Named | Made) else ""
        if isinstance(made, Unknown) and path.startswith("airflow."):
            remedy = "write what it makes into the YAML"
            self.left.add(place, "", f"a function below @{path.rpartition('.')[2]}", remedy)
        return made

    def environment_variable(self, name: str, default: Value, place: Place) -> Templated | Unknown:
        """The reference that stands for an environment variable; no secret stands in a YAML."""
        if is_secret(name):
            remedy = "keep it in a connection, or in the store of secrets that the job itself reads"
            return Unknown(f"the environment variable {name}, which looks like a secret", remedy, place)
        if default is not None:
            remedy = f"set {name} where Airflow runs, in every environment"
            message = f"the default of the environment variable {name}, {default!r}"
            self.left.add(place, "", message, remedy)
        return Templated(f"${{env:{name}}}")

    def proposed(self, name: str) -> str:
        """The import path at which a function or a class of the file is looked for once it is moved."""
        return f"{self.module}_code.{name}"


def read_python(file: str, text: str, folder: Path | None = None) -> Reader | Problem:
    """Read a Python file.

    Args:
        file: Its name, as a person would write it.
        text: What it holds.
        folder: Where it stands; constants that it imports from files there are known.

    Returns:
        What was read; a Problem where it is no Python.
    """
    lines = text.splitlines()
    left = Left(file, lines)
    reader = Reader(left, PurePath(file).stem.replace("-", "_"))
    reader.constants = Constants(folder, _names_of) if folder is not None else None
    try:
        reader.comments = _comments(text)
        reader.read(file, text)
    except SyntaxError as error:
        line, column = error.lineno or 1, max(error.offset or 1, 1)
        source = lines[line - 1] if line <= len(lines) else ""
        message = f"not Python: {error.msg}"
        return Problem(file, line, column, "", message, "correct it", "python-syntax", source)
    except TooMuchError as error:
        line, column = error.place
        message, remedy = "more than can be read: loops or functions without end", "split the file"
        return Problem(file, line, column, "", message, remedy, "too-large", lines[line - 1])
    except (RecursionError, MemoryError):
        return Problem(file, 1, 1, "", "nested too deep to be read", "make it simpler", "too-large")
    except ValueError as error:  # a zero byte, or a number of thousands of digits
        return Problem(file, 1, 1, "", f"not Python: {error}", "correct it", "python-syntax")
    return reader


def _names_of(file: str, text: str, constants: Constants) -> Mapping[str, Value]:
    """The names of a module that a DAG file imports; none where it cannot be read."""
    reader = Reader(Left(file, text.splitlines()), PurePath(file).stem)
    reader.constants = constants
    try:
        return reader.read(file, text).names
    except (SyntaxError, ValueError, TooMuchError, RecursionError, MemoryError):
        return {}


def _comments(text: str) -> dict[int, str]:
    """The comments that have a line of their own, by that line."""
    found: dict[int, str] = {}
    lines = text.splitlines()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            line = token.start[0]
            if token.type == tokenize.COMMENT and lines[line - 1].lstrip().startswith("#"):
                said = token.string.lstrip("#").strip()
                if said and not said.startswith(("noqa", "type:", "pylint", "ruff", "fmt:", "isort", "!")):
                    found[line] = said
    except (tokenize.TokenError, IndentationError, IndexError):
        return {}
    return found

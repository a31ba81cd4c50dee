"""What an expression of a DAG file can be, beside plain data: read, never run."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from airflow_jobkit.converting.python.graph import Dag, Group, Task

Place: TypeAlias = tuple[int, int]
"""A line and a column, both counted from 1."""

COMPUTED: Final = "write the value itself"
"""What to do about most of what only running the file would tell."""

Value: TypeAlias = Any
"""Plain data (texts, numbers, lists, tuples, dicts, None), or one of the classes here."""


@dataclass(frozen=True)
class Named:
    """What stands at an import path: a class, a function, a module, a constant."""

    path: str


@dataclass(frozen=True, eq=False)
class Made:
    """What calling something imported gives: a timedelta, an asset, a notifier, anything."""

    path: str
    args: tuple[Value, ...]
    kwargs: Mapping[str, Value]
    place: Place


@dataclass(frozen=True)
class Unknown:
    """What only running the file would tell: why, and what to do about it."""

    message: str
    remedy: str
    place: Place


@dataclass(frozen=True)
class Templated:
    """A text of which a part is filled in later: a template, a variable of the environment."""

    text: str


@dataclass(frozen=True, eq=False)
class Function:
    """A function or a lambda of the file."""

    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    place: Place


@dataclass(frozen=True, eq=False)
class LocalClass:
    """A class of the file, with the constants in it."""

    name: str
    place: Place
    names: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Decorator:
    """`@dag`, `@task` and its kinds, `@task_group`, with their arguments."""

    path: str
    args: tuple[Value, ...]
    kwargs: Mapping[str, Value]
    place: Place


@dataclass(frozen=True, eq=False)
class Decorated:
    """A function below one of Airflow's decorators, with what `partial` and `override` add."""

    decorator: Decorator
    function: Function | Named
    partial: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Partial:
    """`Operator.partial(...)`, before it is expanded."""

    operator: Named | LocalClass
    kwargs: Mapping[str, Value]
    place: Place


@dataclass(frozen=True, eq=False)
class Output:
    """What a task returns, or one key of it."""

    task: Task
    key: str | None = None


@dataclass(frozen=True, eq=False)
class GroupValue:
    """What a mapped group gives to its tasks under a name."""

    group: Group
    name: str


@dataclass(frozen=True)
class Label:
    """A label of an edge."""

    place: Place


@dataclass(frozen=True, eq=False)
class Bound:
    """A method of something, not called yet."""

    target: Value
    name: str
    place: Place


Member: TypeAlias = Task | Group
Context: TypeAlias = Dag | Group


@dataclass
class Scope:
    """The names of a module or of a function's call."""

    names: dict[str, Value] = field(default_factory=dict)
    outer: Scope | None = None

    def find(self, name: str) -> Value | None:
        """What a name means here, in `(value,)`; None where it means nothing."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return (scope.names[name],)
            scope = scope.outer
        return None


def place_of(node: ast.AST) -> Place:
    """The line and column of a part of the file, both counted from 1."""
    return getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1


def computed(node: ast.AST) -> Unknown:
    """What is known of a part of the file that only running it would tell."""
    return Unknown("a value that is computed when the file is run", COMPUTED, place_of(node))

"""DAGs, groups and tasks as a Python file makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias


@dataclass(eq=False, repr=False)
class Node:
    """What a DAG, a group and a task have in common.

    Attributes:
        name: As the file names it.
        place: Where it is made: line and column.
        arguments: What it is given, by name.
        comments: The comment above it.
        places: Where its arguments stand, of those that are named where it is made.
    """

    name: str
    place: tuple[int, int]
    arguments: dict[str, Any] = field(default_factory=dict)
    comments: tuple[str, ...] = ()
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def place_of(self, argument: str) -> tuple[int, int]:
        """Where an argument stands."""
        return self.places.get(argument, self.place)


@dataclass(eq=False, repr=False)
class Dag(Node):
    """A DAG.

    Attributes:
        members: What is in it, in the order in which it is made.
        ids: The same, and what is in its groups, by id.
        numbers: The last number behind each id of what a function made more than once.
    """

    members: list[Group | Task] = field(default_factory=list)
    ids: dict[str, Group | Task] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)


@dataclass(eq=False, repr=False)
class Group(Node):
    """A group of tasks.

    Attributes:
        id: With those around it.
        dag: Its DAG.
        outer: The group around it.
        members: What is in it.
        upstream: What it waits for.
        expand: What it is mapped over.
        partial: What is the same for all its instances.
    """

    id: str = ""
    dag: Dag | None = None
    outer: Group | None = None
    members: list[Group | Task] = field(default_factory=list)
    upstream: dict[Group | Task, None] = field(default_factory=dict)
    expand: Mapping[str, Any] = field(default_factory=dict)
    partial: Mapping[str, Any] = field(default_factory=dict)

    def child_id(self, name: str) -> str:
        """The id of something in it."""
        return f"{self.id}.{name}" if self.arguments.get("prefix_group_id", True) else name


@dataclass(eq=False, repr=False)
class Task(Node):
    """A task.

    Attributes:
        id: With the groups around it.
        kind: Whether an operator's class makes it, or a decorated function.
        path: The import path of the class, or of the decorator.
        dag: Its DAG.
        group: The group that it is in.
        upstream: What it waits for.
        expand: What it is mapped over.
        partial: What is the same for all its instances, of a decorated function.
        function: What a decorated function is: an import path.
        calls: The arguments of that function.
    """

    id: str = ""
    kind: Literal["operator", "decorator"] = "operator"
    path: str = ""
    dag: Dag | None = None
    group: Group | None = None
    upstream: dict[Group | Task, None] = field(default_factory=dict)
    expand: Mapping[str, Any] = field(default_factory=dict)
    partial: Mapping[str, Any] = field(default_factory=dict)
    function: Any = None
    calls: Mapping[str, Any] = field(default_factory=dict)


Member: TypeAlias = Group | Task

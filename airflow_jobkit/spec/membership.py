"""The tasks and groups of a DAG, flat, and what their names mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from airflow_jobkit.problems import Issue, Path

Kind = Literal["task", "group"]


class Member(NamedTuple):
    """A task or a group, before its keys are read.

    Attributes:
        kind: Which of both.
        name: As the file names it.
        id: With the groups around it, `outer.inner.task`.
        group: The id of the group around it.
        path: Where it stands in its DAG.
        data: Its keys.
    """

    kind: Kind
    name: str
    id: str
    group: str | None
    path: Path
    data: Any


@dataclass
class Members:
    """What `members_of` found.

    Attributes:
        tasks: The tasks by id, in the order of the file.
        groups: The groups by id, outer ones before inner ones.
        issues: What is wrong with them; paths start at the DAG.
        names: Ids by name, for references from elsewhere.
        group_paths: Ids of the groups by their paths.
    """

    tasks: dict[str, Member] = field(default_factory=dict)
    groups: dict[str, Member] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)
    group_paths: dict[Path, str] = field(default_factory=dict)

    def add(self, member: Member) -> None:
        """Keep a member; one whose id is taken becomes an Issue."""
        if member.id in self.tasks or member.id in self.groups:
            message = f"the id {member.id!r} is taken by another task or group"
            self.issues.append(Issue(member.path, message, "rename one of them", "duplicate-id", at="key"))
            return
        (self.tasks if member.kind == "task" else self.groups)[member.id] = member
        self.names.setdefault(member.name, []).append(member.id)
        if member.kind == "group":
            self.group_paths.setdefault(member.path, member.id)

    @cached_property
    def group_of(self) -> dict[str, str]:
        """For each member in a group, the id of that; to be asked when all are there."""
        return {m.id: m.group for m in (*self.tasks.values(), *self.groups.values()) if m.group is not None}

    def depth(self, member_id: str) -> int:
        """In how many groups a member is."""
        count, group = 0, self.group_of.get(member_id)
        while group is not None:
            count, group = count + 1, self.group_of.get(group)
        return count

    def resolve(self, name: str, group: str | None) -> str | None:
        """The id that a name means where it is written: nearest first, then by its id, then anywhere."""
        scope = group
        while scope is not None:
            candidate = f"{scope}.{name}"
            if candidate in self.tasks or candidate in self.groups:
                return candidate
            outer = self.groups.get(scope)
            scope = outer.group if outer is not None else None
        if name in self.tasks or name in self.groups:
            return name
        found = self.names.get(name, ())
        return found[0] if len(found) == 1 else None

"""The edges between the tasks and groups of a DAG: unknown dependencies and cycles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from airflow_jobkit.problems import Issue, Path, choices_remedy
from airflow_jobkit.spec.membership import Member, Members
from airflow_jobkit.spec.references import Reference, references_in
from airflow_jobkit.spec.task import SparkTask, Task, argument_references, task_references
from airflow_jobkit.spec.weights import MOST_SUGGESTED


class Link(NamedTuple):
    """That a member waits for another: the other as it is named, its id where there is one, and the place."""

    name: str
    upstream: str | None
    path: Path
    is_reference: bool = False


class Edges:
    """The edges of a DAG, by the ids of its tasks and groups; what is no text is passed over."""

    def __init__(self, members: Members, tasks: Mapping[str, Task]) -> None:
        self._members = members
        self.links: dict[str, list[Link]] = {}
        for member in (*members.tasks.values(), *members.groups.values()):
            self.links[member.id] = self._dependencies(member)
        for task_id, task in tasks.items():
            self.links[task_id] += self._references(members.tasks[task_id], task_references(task))
        if self._is_any_group_mapped():
            for task_id, task in tasks.items():
                self.links[task_id] += self._missing_values(members.tasks[task_id], task)
        for group in members.groups.values():
            for key in ("expand", "partial") if isinstance(group.data, dict) else ():
                self.links[group.id] += self._references(group, references_in(group.data.get(key), (key,)))

    @property
    def upstream(self) -> dict[str, tuple[str, ...]]:
        """For each member that waits for any, the ids of those that it names as dependencies."""
        found = {
            member: tuple(link.upstream for link in links if link.upstream and not link.is_reference)
            for member, links in self.links.items()
        }
        return {member: ids for member, ids in found.items() if ids}

    def names(self, but: str) -> list[str]:
        """What a member can wait for: the names that the file has."""
        members = self._members
        return [m.name for m in (*members.tasks.values(), *members.groups.values()) if m.id != but]

    def parent(self, member: str) -> str | None:
        """The group around a member."""
        found = self._members.tasks.get(member) or self._members.groups.get(member)
        return found.group if found is not None else None

    def is_group(self, member: str) -> bool:
        """Whether it is a group."""
        return member in self._members.groups

    def _dependencies(self, member: Member) -> list[Link]:
        listed = member.data.get("dependencies") if isinstance(member.data, dict) else None
        return [
            Link(name, self._members.resolve(name, member.group), (*member.path, "dependencies", position))
            for position, name in enumerate(listed if isinstance(listed, list) else [])
            if isinstance(name, str)
        ]

    def _references(self, member: Member, references: Iterable[Reference]) -> list[Link]:
        links = []
        for reference in references:
            name = reference.task
            found = self._members.resolve(name, member.group)
            if found is None and "." in name and self._is_value_of_group(name, member):
                continue
            links.append(Link(name, found, (*member.path, *reference.path), is_reference=True))
        return links

    def _missing_values(self, member: Member, task: Task) -> Iterator[Link]:
        """The references to a value that the mapped group does not give; to an operator, others are text."""
        for reference in argument_references(task):
            name = reference.task
            group = self._members.resolve(name.rpartition(".")[0], member.group) if "." in name else None
            if group is None or not self._is_mapped(group) or self._is_value_of_group(name, member):
                continue
            if self._members.resolve(name, member.group) is None:
                yield Link(name, None, (*member.path, *reference.path), is_reference=True)

    def _is_any_group_mapped(self) -> bool:
        return any(map(self._is_mapped, self._members.groups))

    def _is_mapped(self, group: str) -> bool:
        found = self._members.groups.get(group)
        return found is not None and isinstance(found.data, dict) and bool(found.data.get("expand"))

    def _is_value_of_group(self, name: str, member: Member) -> bool:
        """Whether `+group.value` means what a mapped group around the member is mapped over."""
        group, _, value = name.rpartition(".")
        return value in _values_of_group(self._members, group, member)


def edge_issues(edges: Edges) -> list[Issue]:
    """Everything wrong with the edges.

    Returns:
        An Issue for each dependency on a task that does not exist, and one for each cycle, named as a path,
        at the dependency that closes it. Their paths start at the DAG.
    """
    issues: list[Issue] = []
    for member, links in edges.links.items():
        for link in links:
            if link.upstream is None:
                is_suggested = len(issues) < MOST_SUGGESTED
                names = edges.names(member) if is_suggested else ()
                remedy = choices_remedy(link.name, names) if is_suggested else "name a task of this DAG"
                message = f"no task {link.name!r} in this DAG"
                issues.append(Issue(link.path, message, remedy, "unknown-dependency"))
    return issues + [_cycle_issue(cycle, edges) for cycle in _cycles(edges)]


def argument_issues(members: Members, tasks: Mapping[str, Task]) -> Iterator[Issue]:
    """Arguments of jobs that read like what a task or a mapped group gives, and would be text."""
    for task_id, task in tasks.items():
        member = members.tasks[task_id]
        for reference in references_in(task.keys.args, ("args",)) if isinstance(task, SparkTask) else ():
            path = (*member.path, *reference.path)
            found = members.resolve(reference.task, member.group)
            if found in members.tasks:
                remedy = f"write \"{{{{ ti.xcom_pull(task_ids='{found}') }}}}\", and name it as a dependency"
                yield Issue(path, "a job's argument takes no `+task`", remedy, "bad-value")
            elif found is None and "." in reference.task:
                group, _, value = reference.task.rpartition(".")
                given = _values_of_group(members, group, member)
                if given and value not in given:
                    message = f"the group {group} is mapped over no {value!r}"
                    yield Issue(path, message, choices_remedy(value, given), "bad-value")


def _values_of_group(members: Members, group: str, member: Member) -> set[str]:
    """The names that a mapped group gives to what is in it."""
    around = members.groups.get(members.resolve(group, member.group) or "")
    data = around.data if around is not None else {}
    return {str(name) for key in ("expand", "partial") for name in data.get(key) or {}}


def _graph(edges: Edges) -> dict[str, list[str]]:
    """Who waits for whom, where a group waits for all that is in it, and what is in it for what it waits for.

    A group is two nodes: its start, which all in it wait for, and its end, which waits for all in it.
    """
    graph: dict[str, list[str]] = {}
    for member, links in edges.links.items():
        start = f"{member}/start" if edges.is_group(member) else member
        waits = [link.upstream for link in links if link.upstream is not None]
        parent = edges.parent(member)
        graph.setdefault(start, []).extend([*waits, *([f"{parent}/start"] if parent else [])])
        if edges.is_group(member):
            graph.setdefault(member, []).append(start)
        if parent:
            graph.setdefault(parent, []).append(member)
    return graph


def _cycles(edges: Edges) -> Iterator[list[str]]:
    """Cycles from each node to the one that waits for it; without their last edges no cycle is left."""
    if _is_in_order(edges):
        return
    left = _graph(edges)
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:  # noqa: PERF203 - once per cycle
            cycle: list[str] = error.args[1]
            cut = _named_edge(cycle, edges)
            yield cut
            task, upstream = _start(cut[-1], edges), cut[-2]
            left[task] = [other for other in left[task] if other != upstream]
        else:
            return


def _is_in_order(edges: Edges) -> bool:
    """Whether a DAG without groups names each task after those that it waits for, so that it has no cycle."""
    seen: set[str] = set()
    for member, links in edges.links.items():
        if edges.is_group(member) or not all(link.upstream in seen for link in links):
            return False
        seen.add(member)
    return True


def _start(member: str, edges: Edges) -> str:
    return f"{member}/start" if edges.is_group(member) else member


def _named_edge(cycle: Sequence[str], edges: Edges) -> list[str]:
    """The members of a cycle, turned so that its last edge is a dependency that the file names."""
    nodes = list(cycle[:-1])
    for turn in range(len(nodes)):
        # The last edge stays the one that it is, where a file names it.
        turned = [*nodes[-turn:], *nodes[:-turn]] if turn else nodes
        closing, before = turned[0].removesuffix("/start"), turned[-1]
        if any(link.upstream == before for link in edges.links.get(closing, ())):
            return [*_members_only(turned), closing]
    return [node.removesuffix("/start") for node in cycle]


def _members_only(nodes: Sequence[str]) -> list[str]:
    named = [node.removesuffix("/start") for node in nodes]
    return [name for position, name in enumerate(named) if not position or named[position - 1] != name]


def _cycle_issue(cycle: list[str], edges: Edges) -> Issue:
    task, upstream = cycle[-1], cycle[-2]
    message, remedy = (
        f"the tasks wait for each other: {' -> '.join(cycle)}",
        "take one of these dependencies out",
    )
    if len(cycle) == 2 and task == upstream:
        message, remedy = "the task waits for itself", "take this dependency out"
    path = next((link.path for link in edges.links[task] if link.upstream == upstream), ("tasks", task))
    return Issue(path, message, remedy, "cycle")

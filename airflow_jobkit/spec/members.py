"""The tasks and groups of a DAG as a YAML writes them, flat: nested groups, lists and fan-outs taken apart.

A task keeps the path at which it stands in the file, so that a mistake in it has a place, however it got its
id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow_jobkit.fields import describe
from airflow_jobkit.problems import Issue, Path, choices_remedy
from airflow_jobkit.spec.membership import Kind, Member, Members
from airflow_jobkit.spec.values import name_problem
from airflow_jobkit.spec.variables import filled
from airflow_jobkit.spec.weights import LONGEST_TEXT, MOST_VALUES, references_in_texts, values_in

_NAMES: Mapping[str, tuple[str, ...]] = {"tasks": ("task_id",), "task_groups": ("group_name", "group_id")}
_KINDS: Mapping[str, Kind] = {"tasks": "task", "task_groups": "group"}
_STRUCTURE = ("tasks", "task_groups", "parent_group_name")


def members_of(data: Mapping[Any, Any]) -> Members:
    """Take the `tasks` and `task_groups` of a DAG apart."""
    members = Members()
    groups = list(_items(data, "task_groups", (), members.issues))
    siblings = {n: (b, p) for n, b, p in groups}
    for name, body, path in groups:
        _group(name, body, path, siblings, members, ())
    for name, body, path in _items(data, "tasks", (), members.issues):
        _task(name, body, path, None, members)
    return members


def _items(
    data: Mapping[Any, Any], key: str, above: Path, issues: list[Issue]
) -> Iterator[tuple[str, Any, Path]]:
    """The entries below `tasks` or `task_groups`, a mapping or a list: name, keys, path."""
    found = data.get(key)
    if isinstance(found, dict):
        for name, body in found.items():
            path = (*above, key, str(name))
            problem = name_problem(name, "a name")
            if problem is not None:
                issues.append(Issue(path, *problem, "bad-value", at="key"))
            yield str(name), _without_name(str(name), body, key, path, issues), path
    elif isinstance(found, list):
        yield from _listed(found, key, above, issues)
    elif found is not None and above:
        message = f"expected a mapping or a list, got {describe(found)}"
        issues.append(Issue((*above, key), message, "write `key: value` lines", "type"))


def _without_name(name: str, body: Any, kind: str, path: Path, issues: list[Issue]) -> Any:
    """The keys of an entry of a mapping without its name, which it may say once more."""
    own = [key for key in _NAMES[kind] if key in body] if isinstance(body, dict) else ()
    for key in own:
        if body[key] != name:
            message, remedy = (
                f"the id of a {_KINDS[kind]} is its key",
                f"take it out, or rename the key {name!r}",
            )
            issues.append(Issue((*path, key), message, remedy, "contradiction"))
    return {key: value for key, value in body.items() if key not in own} if own else body


def _listed(
    found: Sequence[Any], key: str, above: Path, issues: list[Issue]
) -> Iterator[tuple[str, Any, Path]]:
    seen: set[str] = set()
    for position, body in enumerate(found):
        path = (*above, key, position)
        own = next((n for n in _NAMES[key] if isinstance(body, dict) and n in body), None)
        if own is None:
            wanted = _NAMES[key][0]
            message = f"an entry of a list of {_KINDS[key]}s without `{wanted}`"
            remedy = f"add `{wanted}: ...`, or write a mapping of ids"
            issues.append(Issue(path, message, remedy, "missing-key"))
            continue
        name = str(body[own])
        if name in seen:
            message, remedy = f"a second {_KINDS[key]} with the id {name!r}", "rename one of them"
            issues.append(Issue((*path, own), message, remedy, "duplicate-id"))
            continue
        seen.add(name)
        problem = name_problem(name, "a name")
        if problem is not None:
            issues.append(Issue((*path, own), *problem, "bad-value"))
        yield name, {k: v for k, v in body.items() if k != own}, path


def _group(
    name: str,
    body: Any,
    path: Path,
    siblings: Mapping[str, tuple[Any, Path]],
    members: Members,
    within: tuple[str, ...],
    outer: str | None = None,
) -> None:
    """Take a group apart, after the one that it names as its parent."""
    if path in members.group_paths:
        return
    if body is None:
        body = {}
    if not isinstance(body, dict):
        message = f"expected a mapping of keys, got {describe(body)}"
        members.issues.append(Issue(path, message, "write `key: value` lines", "type"))
        return
    if body.get("parent_group_name") is not None:
        outer = _parent(name, body["parent_group_name"], path, siblings, members, within)
        if outer is None:
            return  # its mistake is told already
    own = {key: value for key, value in body.items() if key not in _STRUCTURE}
    group_id = _id_in(outer, name, members)
    members.add(Member("group", name, group_id, outer, path, own))
    inner = list(_items(body, "task_groups", path, members.issues))
    nested = {n: (b, p) for n, b, p in inner}
    for child, child_body, child_path in inner:
        _group(child, child_body, child_path, nested, members, (), group_id)
    for task, task_body, task_path in _items(body, "tasks", path, members.issues):
        _task(task, task_body, task_path, group_id, members)


def _parent(
    name: str,
    parent: Any,
    path: Path,
    siblings: Mapping[str, tuple[Any, Path]],
    members: Members,
    within: tuple[str, ...],
) -> str | None:
    """The id of the group that a group names as its parent, taken apart first."""
    place = (*path, "parent_group_name")
    if name in within:
        circle = " -> ".join((*within[within.index(name) :], name))
        message, remedy = f"the groups hold each other: {circle}", "take one of them out"
        members.issues.append(Issue(place, message, remedy, "cycle"))
        return None
    if not isinstance(parent, str) or parent not in siblings or parent == name:
        remedy = choices_remedy(parent, [other for other in siblings if other != name])
        members.issues.append(Issue(place, f"no group {parent!r} in this DAG", remedy, "unknown-group"))
        return None
    _group(parent, *siblings[parent], siblings, members, (*within, name))
    return members.group_paths.get(siblings[parent][1])


def _task(name: str, body: Any, path: Path, group: str | None, members: Members) -> None:
    if isinstance(body, dict) and "task_group_name" in body:
        wanted = body["task_group_name"]
        found = members.names.get(str(wanted), ()) or [one for one in members.groups if one == wanted]
        if not found:
            remedy = choices_remedy(wanted, [g.name for g in members.groups.values()])
            issue = Issue(
                (*path, "task_group_name"), f"no group {wanted!r} in this DAG", remedy, "unknown-group"
            )
            members.issues.append(issue)
        group = found[0] if found else group
        body = {key: value for key, value in body.items() if key != "task_group_name"}
    task_id = _id_in(group, name, members)
    if isinstance(body, dict) and "for_each" in body:
        _fan_out(name, task_id, body, path, group, members)
        return
    members.add(Member("task", name, task_id, group, path, body))


def _id_in(group: str | None, name: str, members: Members) -> str:
    """The id of a task or a group in a group, which may not put its own in front."""
    if group is None:
        return name
    data = members.groups[group].data
    return f"{group}.{name}" if data.get("prefix_group_id", True) else name


def _fan_out(
    name: str, task_id: str, body: Mapping[Any, Any], path: Path, group: str | None, members: Members
) -> None:
    """Make a group of one task for each item, with `${item}` and `${key}` filled in."""
    items = _each(body["for_each"])
    if not items:
        message = f"`for_each` needs a list of texts and numbers, or a mapping: {describe(body['for_each'])}"
        remedy = "write `for_each: [jfk, lga]`, or `for_each: {jfk: {runways: 4}}`"
        members.issues.append(Issue((*path, "for_each"), message, remedy, "bad-value"))
        return
    own = {key: value for key, value in body.items() if key not in ("for_each", "dependencies")}
    if _is_too_much(own, items):
        message, remedy = "the items and their task are too large together", "make them fewer, or simpler"
        members.issues.append(Issue((*path, "for_each"), message, remedy, "too-large"))
        return
    shared = {"dependencies": body["dependencies"]} if "dependencies" in body else {}
    members.add(Member("group", name, task_id, group, path, shared))
    for key, item in items.items():
        problem = name_problem(key, "a task id")
        if problem is not None:
            members.issues.append(Issue((*path, "for_each"), *problem, "bad-value"))
            continue
        data, issues = filled(own, {"key": key, "item": item})
        members.issues += [issue.below(*path) for issue in issues]
        members.add(Member("task", key, f"{task_id}.{key}", task_id, path, data))


def _is_too_much(own: Mapping[Any, Any], items: Mapping[str, Any]) -> bool:
    """Whether the tasks that are made of one for items go beyond what a DAG can hold."""
    if len(items) * values_in(own) > MOST_VALUES:
        return True
    references = references_in_texts(own)
    return bool(references) and references * sum(len(str(item)) for item in items.values()) > LONGEST_TEXT


def _each(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return {str(item): item for item in value}
    return {}

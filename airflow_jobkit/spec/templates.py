"""Task templates: what several tasks of a DAG share, named once and taken over by `extends`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from airflow_jobkit.fields import describe
from airflow_jobkit.problems import Issue, Path, choices_remedy
from airflow_jobkit.spec.weights import MOST_VALUES, values_in

TEMPLATES: Final = "task_templates"
EXTENDS: Final = "extends"

Templates = Mapping[str, Any]


def merged(lower: Any, upper: Any) -> Any:
    """Two layers of data, the later on top: mappings merge, everything else is replaced."""
    if not isinstance(lower, Mapping) or not isinstance(upper, Mapping):
        return upper
    return {
        **lower,
        **{key: merged(lower[key], value) if key in lower else value for key, value in upper.items()},
    }


def extended(data: Any) -> tuple[Any, list[Issue]]:
    """The data of a DAG with every `extends` filled in, and what is wrong with those that cannot be."""
    if not isinstance(data, Mapping):
        return data, []
    templates = data.get(TEMPLATES) or {}
    if not isinstance(templates, Mapping):
        message = f"expected a mapping of keys, got {describe(templates)}"
        return data, [Issue((TEMPLATES,), message, "write `<name>: {...}` lines", "type")]
    issues: list[Issue] = []
    if templates and _tasks_in(data) * values_in(templates) > MOST_VALUES:
        message = "the templates are too large for as many tasks"
        return data, [Issue((TEMPLATES,), message, "make them fewer, or simpler", "too-large", at="key")]
    return _members(data, templates, (), issues), issues


def _tasks_in(data: Any) -> int:
    """How many tasks of a DAG or a group, and of the groups in it, there are."""
    if not isinstance(data, Mapping):
        return 0
    tasks, groups = (data.get(key) for key in ("tasks", "task_groups"))
    inner = groups.values() if isinstance(groups, Mapping) else groups if isinstance(groups, list) else ()
    own = len(tasks) if isinstance(tasks, Mapping | list) else 0
    return own + sum(map(_tasks_in, inner))


def _members(data: Mapping[Any, Any], templates: Templates, path: Path, issues: list[Issue]) -> Any:
    """A DAG or a group with the tasks below it filled in; the same object where nothing is."""
    changes: dict[str, Any] = {}
    for key, fill in (("tasks", _task), ("task_groups", _group)):
        found = data.get(key)
        if isinstance(found, Mapping):
            new: Any = {n: fill(body, templates, (*path, key, str(n)), issues) for n, body in found.items()}
            same = all(new[n] is body for n, body in found.items())
        elif isinstance(found, list):
            new = [fill(body, templates, (*path, key, n), issues) for n, body in enumerate(found)]
            same = all(a is b for a, b in zip(new, found, strict=True))
        else:
            continue
        if not same:
            changes[key] = new
    return {**data, **changes} if changes else data


def _group(body: Any, templates: Templates, path: Path, issues: list[Issue]) -> Any:
    return _members(body, templates, path, issues) if isinstance(body, Mapping) else body


def _task(body: Any, templates: Templates, path: Path, issues: list[Issue]) -> Any:
    if not isinstance(body, Mapping) or EXTENDS not in body:
        return body
    own = {key: value for key, value in body.items() if key != EXTENDS}
    lower = _resolved(body[EXTENDS], templates, (*path, EXTENDS), issues, ())
    return merged(lower, own)


def _resolved(
    wanted: Any, templates: Templates, path: Path, issues: list[Issue], within: tuple[str, ...]
) -> Mapping[Any, Any]:
    """The templates of these names, later ones on top, each over those that it extends itself."""
    found: Mapping[Any, Any] = {}
    for name in wanted if isinstance(wanted, list) else [wanted]:
        template = templates.get(name) if isinstance(name, str) else None
        if name in within:
            circle = " -> ".join((*within[within.index(name) :], name))
            issues.append(Issue(path, f"the templates extend each other: {circle}", "take one out", "cycle"))
        elif not isinstance(template, Mapping):
            remedy = choices_remedy(name, map(str, templates))
            issues.append(Issue(path, f"no task template {describe(name)}", remedy, "unknown-template"))
        else:
            own = {key: value for key, value in template.items() if key != EXTENDS}
            if EXTENDS in template:
                below = (TEMPLATES, str(name), EXTENDS)
                lower = _resolved(template[EXTENDS], templates, below, issues, (*within, name))
                own = merged(lower, own)
            found = merged(found, own)
    return found

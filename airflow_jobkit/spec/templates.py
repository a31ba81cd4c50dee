"""Task templates: what several tasks of a DAG share, named once and taken over by `extends`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from airflow_jobkit.fields import describe
from airflow_jobkit.problems import Issue, Path, choices_remedy
from airflow_jobkit.spec.weights import MOST_SUGGESTED, MOST_VALUES, values_in

TEMPLATES: Final = "task_templates"
EXTENDS: Final = "extends"


def merged(lower: Any, upper: Any) -> Any:
    """Two layers of data, the later on top: mappings merge, everything else is replaced."""
    if not isinstance(lower, dict) or not isinstance(upper, dict):
        return upper
    return {
        **lower,
        **{key: merged(lower[key], value) if key in lower else value for key, value in upper.items()},
    }


def extended(data: Any) -> tuple[Any, list[Issue]]:
    """The data of a DAG with every `extends` filled in, and what is wrong with those that cannot be."""
    if not isinstance(data, dict):
        return data, []
    templates = data.get(TEMPLATES) or {}
    if not isinstance(templates, dict):
        message = f"expected a mapping of keys, got {describe(templates)}"
        return data, [Issue((TEMPLATES,), message, "write `<name>: {...}` lines", "type")]
    extending = _Extending(templates)
    whole = extending.members(data, ())
    if extending.is_too_large:
        message = "the templates are too large for as many tasks"
        return data, [Issue((TEMPLATES,), message, "make them fewer, or simpler", "too-large", at="key")]
    return whole, extending.issues


class _Extending:
    """The templates of one DAG, each with those that it extends itself, and how much their tasks repeat."""

    def __init__(self, templates: Mapping[Any, Any]) -> None:
        self._templates = templates
        self._whole: dict[str, Mapping[Any, Any]] = {}
        self._left = MOST_VALUES
        self.issues: list[Issue] = []

    @property
    def is_too_large(self) -> bool:
        """Whether the tasks repeat more than a DAG may hold; the rest of them was left then."""
        return self._left < 0

    def members(self, data: Mapping[Any, Any], path: Path) -> Any:
        """A DAG or a group with the tasks below it filled in; the same object where nothing is."""
        changes: dict[str, Any] = {}
        for key, fill in (("tasks", self._task), ("task_groups", self._group)):
            found = data.get(key)
            if isinstance(found, dict):
                new: Any = {n: fill(body, (*path, key, str(n))) for n, body in found.items()}
                same = all(new[n] is body for n, body in found.items())
            elif isinstance(found, list):
                new = [fill(body, (*path, key, n)) for n, body in enumerate(found)]
                same = all(a is b for a, b in zip(new, found, strict=True))
            else:
                continue
            if not same:
                changes[key] = new
        return {**data, **changes} if changes else data

    def _group(self, body: Any, path: Path) -> Any:
        return self.members(body, path) if isinstance(body, dict) else body

    def _task(self, body: Any, path: Path) -> Any:
        if not isinstance(body, dict) or EXTENDS not in body:
            return body
        own = {key: value for key, value in body.items() if key != EXTENDS}
        lower = self._resolved(body[EXTENDS], (*path, EXTENDS), ())
        return merged(lower, own)

    def _resolved(self, wanted: Any, path: Path, within: tuple[str, ...]) -> Mapping[Any, Any]:
        """The templates of these names, later ones on top."""
        found: Mapping[Any, Any] = {}
        for name in wanted if isinstance(wanted, list) else [wanted]:
            template = self._templates.get(name) if isinstance(name, str) else None
            if name in within:
                circle = " -> ".join((*within[within.index(name) :], name))
                message = f"the templates extend each other: {circle}"
                self.issues.append(Issue(path, message, "take one out", "cycle"))
            elif not isinstance(template, dict):
                is_suggested = len(self.issues) < MOST_SUGGESTED
                names = map(str, self._templates)
                remedy = choices_remedy(name, names) if is_suggested else "name one of the DAG's templates"
                message = f"no task template {describe(name)}"
                self.issues.append(Issue(path, message, remedy, "unknown-template"))
            elif not self.is_too_large:
                whole = self._template(name, template, within)
                self._left -= values_in(whole)
                found = merged(found, whole)
        return found

    def _template(self, name: str, template: Mapping[Any, Any], within: tuple[str, ...]) -> Mapping[Any, Any]:
        """A template over those that it extends itself, made once."""
        if name in self._whole:
            return self._whole[name]
        own: Mapping[Any, Any] = {key: value for key, value in template.items() if key != EXTENDS}
        if EXTENDS in template:
            below = (TEMPLATES, name, EXTENDS)
            own = merged(self._resolved(template[EXTENDS], below, (*within, name)), own)
        self._whole[name] = own
        return own

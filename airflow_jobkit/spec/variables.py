"""`${env:NAME}`, `${jobkit:name}` and `${item}` in a YAML's texts, filled in when it is loaded.

All other `${...}` is somebody else's, a shell's for example, and stays. Airflow's own `{{ ... }}` is left
alone for run time. `$${...}` stands for `${...}` itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from airflow_jobkit.problems import Issue, Path, choices_remedy

_REFERENCE = re.compile(r"(\$?)\$\{(env|jobkit):([^{}]*)\}")
_FIELD = re.compile(r"(\$?)\$\{(item|key)((?:\.\w+)*)\}")
# What other factories take for an environment variable: a value that starts with it, or a path that has it.
_NAMED = r"\$(\{[A-Z_][A-Z0-9_]*\}|[A-Z_][A-Z0-9_]*)"
_BARE = re.compile(_NAMED)
_PATH = re.compile(rf"[^$]*{_NAMED}")
_LONGEST_PATH = 1000
_TEMPLATE = re.compile(r"\{\{.*?\}\}")
_SHELL = frozenset(
    {"bash_command", "command", "cmds", "arguments", "args", "sql", "ssh_command", "script", "env"}
)


class Variables:
    """Where `${env:...}` and `${jobkit:...}` come from.

    Args:
        allowed: The environment variables that the project file allows.
        environment: The process's environment.
        project: What `${jobkit:...}` can name, with its value.
    """

    def __init__(
        self, allowed: Iterable[str], environment: Mapping[str, str], project: Mapping[str, str]
    ) -> None:
        self._allowed = frozenset(allowed)
        self._environment = environment
        self._project = project

    def substituted(self, data: Any) -> tuple[Any, list[Issue]]:
        """The data with every reference filled in, and what is wrong with those that cannot be."""
        issues: list[Issue] = []

        def replace(text: str, path: Path) -> str:
            def value(match: re.Match[str]) -> str:
                if match[1]:
                    return match[0][1:]
                found = self._value(match[2], match[3])
                if isinstance(found, Issue):
                    issues.append(found.below(*path))
                    return match[0]
                return found

            bare = _BARE.match(text) or _in_path(text)
            if bare is not None and not _SHELL.intersection(map(str, path)):
                name = bare[1].strip("{}")
                message = f"${name} is not expanded here"
                remedy = (
                    f"write ${{env:{name}}}, and allow {name} in jobkit.yaml: `variables: {{env: [{name}]}}`"
                )
                issues.append(Issue(path, message, remedy, "environment-variable"))
            return _REFERENCE.sub(value, text) if "${" in text else text

        return _walked(data, (), replace), issues

    def _value(self, kind: str, name: str) -> str | Issue:
        if kind == "jobkit":
            if name in self._project:
                return self._project[name]
            remedy = choices_remedy(name, self._project)
            return Issue((), f"no project value {name!r}", remedy, "unknown-variable")
        if name not in self._allowed:
            message = f"the environment variable {name} is not allowed"
            remedy = (
                f"allow it in jobkit.yaml: `variables: {{env: [{name}]}}`; a secret never stands in a YAML"
            )
            return Issue((), message, remedy, "not-allowed")
        if name not in self._environment:
            message = f"the environment variable {name} is not set"
            return Issue((), message, f"set {name} where Airflow runs, or write the value", "unset-variable")
        return self._environment[name]


def unfilled_issues(data: Any) -> list[Issue]:
    """An Issue for each `${env:...}` and `${jobkit:...}` in data in which none is filled in."""
    issues: list[Issue] = []

    def looked_at(text: str, path: Path) -> str:
        for match in _REFERENCE.finditer(text):
            if not match[1]:
                remedy = "write the value, for each environment its own below `environments:`"
                issues.append(
                    Issue(path, f"{match[0]} is not filled in here", remedy, "environment-variable")
                )
        return text

    _walked(data, (), looked_at)
    return issues


def references(text: str) -> list[str]:
    """Each `${env:...}` and `${jobkit:...}` in a text, with a `$` in front of one that stands for itself."""
    return [match[0] for match in _REFERENCE.finditer(text)]


def escaped(text: str) -> str:
    """A text in which nothing is filled in, for one that may hold what looks like a reference."""
    return _REFERENCE.sub(lambda match: f"${match[0]}", text)


def _in_path(text: str) -> re.Match[str] | None:
    """The environment variable in a path or a URI, which is one word but for its templates."""
    if "/" not in text or len(text) > _LONGEST_PATH:
        return None
    word = _TEMPLATE.sub("_", text)
    return None if len(word.split()) > 1 else _PATH.match(word)


def filled(data: Any, values: Mapping[str, Any]) -> tuple[Any, list[Issue]]:
    """The data with `${item}`, `${item.field}` and `${key}` filled in; a value that is one keeps its type."""
    issues: list[Issue] = []

    def replace(text: str, path: Path) -> Any:
        def found(match: re.Match[str]) -> Any:
            value: Any = values.get(match[2])
            for part in match[3].split(".")[1:]:
                if not isinstance(value, dict) or part not in value:
                    known = value if isinstance(value, dict) else ()
                    remedy = choices_remedy(part, map(str, known))
                    issues.append(Issue(path, f"no {part!r} in this item", remedy, "unknown-variable"))
                    return match[0]
                value = value[part]
            return value

        if "${" not in text:
            return text
        whole = _FIELD.fullmatch(text)
        if whole is not None and not whole[1]:
            return found(whole)
        return _FIELD.sub(lambda match: match[0][1:] if match[1] else str(found(match)), text)

    return _walked(data, (), replace), issues


def _walked(data: Any, path: Path, replace: Callable[[str, Path], Any]) -> Any:
    """The data with every text replaced; keys stay."""
    if isinstance(data, str):
        return replace(data, path) if "$" in data else data
    if isinstance(data, dict):
        return {key: _walked(value, (*path, str(key)), replace) for key, value in data.items()}
    if isinstance(data, list):
        return [_walked(value, (*path, position), replace) for position, value in enumerate(data)]
    return data

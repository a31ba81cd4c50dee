"""Functions and notifiers that a YAML names: callbacks, and what a Python task calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from airflow_jobkit.fields import describe, mistake
from airflow_jobkit.problems import Issue, Path
from airflow_jobkit.spec.file_functions import FileFunction

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)
_REMEDY = "write package.module.function, or `{callback: package.module.Notifier, <its arguments>}`"

NOT_OF_TEAMS = ("airflow.", "airflow_jobkit.")
"""Whose operators and notifiers are for everybody, and whose functions, which may run anything, for none."""


@dataclass(frozen=True)
class CallableRef:
    """A function or a notifier by its import path, with the arguments that it is given beforehand."""

    path: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


def parse_function(value: Any) -> str | FileFunction:
    """Read a function, by its import path or by file and name."""
    return value if isinstance(value, FileFunction) else parse_callable_path(value)


def parse_callable_path(value: Any) -> str:
    """Read the import path of a function: `package.module.function`."""
    if not isinstance(value, str) or not _PATH.fullmatch(value):
        raise mistake(f"not an import path: {describe(value)}", "write package.module.function")
    return value


def parse_callbacks(value: Any) -> tuple[CallableRef | FileFunction, ...]:
    """Read one callback or a list of them; each a path, or a mapping of `callback` and its arguments."""
    if value is None:
        return ()
    if isinstance(value, tuple):
        return value
    if isinstance(value, FileFunction):
        return (value,)
    return tuple(_callback(item) for item in (value if isinstance(value, list) else [value]))


def _callback(value: Any) -> CallableRef:
    if isinstance(value, dict) and "callback" in value:
        arguments = {str(key): item for key, item in value.items() if key != "callback"}
        return CallableRef(parse_callable_path(value["callback"]), arguments)
    if isinstance(value, dict):
        raise mistake("a callback without `callback`", _REMEDY)
    if not isinstance(value, str) or not _PATH.fullmatch(value):
        raise mistake(f"not a callback: {describe(value)}", _REMEDY)
    return CallableRef(value)


PATH_SCHEMA = {
    "title": "import path",
    "type": "string",
    "pattern": f"^{_PATH.pattern}$",
    "patternErrorMessage": "Not an import path: write package.module.function.",
    "examples": ["package.module.function"],
}
_CALLBACK = {
    "anyOf": [
        PATH_SCHEMA,
        {
            "type": "object",
            "required": ["callback"],
            "properties": {
                "callback": {
                    **PATH_SCHEMA,
                    "description": "The function or the notifier; further keys are its arguments.",
                }
            },
        },
    ]
}
_CALLBACKS = {
    "title": "callbacks",
    "anyOf": [*_CALLBACK["anyOf"], {"type": "array", "items": _CALLBACK}, {"type": "null"}],
    "examples": ["team.callbacks.tell", {"callback": "team.notifiers.Pager", "channel": "night"}],
}

Callbacks = Annotated[
    tuple[CallableRef | FileFunction, ...], BeforeValidator(parse_callbacks), WithJsonSchema(_CALLBACKS)
]

CALLBACKS = (
    "on_execute_callback",
    "on_success_callback",
    "on_failure_callback",
    "on_retry_callback",
    "on_skipped_callback",
)
_CALLBACKS_SET = frozenset(CALLBACKS)


def callback_issues(keys: Any, allowed: Iterable[str]) -> Iterator[Issue]:
    """An Issue for each callback that the project does not allow.

    Args:
        keys: A Spec with some of the callbacks.
        allowed: The import prefixes that are allowed.
    """
    given = keys.model_fields_set
    if _CALLBACKS_SET.isdisjoint(given):
        return
    for name in CALLBACKS:
        if name in given:
            for ref in getattr(keys, name):
                if isinstance(ref, CallableRef):
                    yield from not_allowed((name,), ref.path, allowed)


def macro_issues(values: Mapping[str, Any], path: Path, allowed: Iterable[str]) -> Iterator[Issue]:
    """What is wrong with macros or filters, whose texts are import paths of one's own packages."""
    for name, value in values.items():
        below = (*path, name)
        if isinstance(value, dict):
            yield from macro_issues(value, below, allowed)
        elif isinstance(value, str) and not _PATH.fullmatch(value):
            message, remedy = f"not an import path: {describe(value)}", "write package.module.function"
            yield Issue(below, message, remedy, "bad-value")
        elif isinstance(value, str) and value.startswith(NOT_OF_TEAMS):
            message = f"{value} is no macro of a DAG's own"
            yield Issue(below, message, "name a function of your own package", "not-allowed")
        elif isinstance(value, str):
            yield from not_allowed(below, value, allowed)


def not_allowed(path: Path, class_path: str, allowed: Iterable[str]) -> Iterator[Issue]:
    """The Issue of an import path that the project does not allow, if it does not."""
    if not class_path.startswith(tuple(allowed)):
        package = class_path.partition(".")[0]
        remedy = f"allow its package in jobkit.yaml: `operators: {{allow: [{package}.]}}`"
        yield Issue(path, f"{class_path} is not allowed", remedy, "not-allowed")

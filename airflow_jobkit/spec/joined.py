"""Plain data that dag-factory writes as something else, in any place of a file.

`{__join__: [a, b]}` is a text, `{__type__: builtins.list, items: [a, b]}` a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from airflow_jobkit.fields import TYPE, describe
from airflow_jobkit.problems import Issue, Path

JOIN: Final = "__join__"
LIST: Final = "builtins.list"


def joined(data: Any, path: Path = ()) -> tuple[Any, list[Issue]]:
    """The data with every join and list made, and what is wrong with the joins that cannot be."""
    issues: list[Issue] = []

    def made(value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            if JOIN in value:
                return _text(value, path, issues)
            if value.get(TYPE) == LIST and isinstance(value.get("items"), list) and len(value) == 2:
                return [made(item, (*path, "items", n)) for n, item in enumerate(value["items"])]
            return {key: made(item, (*path, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [made(item, (*path, position)) for position, item in enumerate(value)]
        return value

    return made(data, path), issues


def _text(value: Mapping[Any, Any], path: Path, issues: list[Issue]) -> Any:
    items = value[JOIN]
    if len(value) > 1 or not isinstance(items, list):
        message = f"`{JOIN}` beside other keys" if len(value) > 1 else f"nothing to join: {describe(items)}"
        issues.append(
            Issue((*path, JOIN), message, f"write `{{{JOIN}: [text, text]}}`", "bad-value", at="key")
        )
        return value
    parts: list[str] = []
    for position, item in enumerate(items):
        found, inner = joined(item, (*path, JOIN, position))
        issues += inner
        if isinstance(found, str | int | float):
            parts.append(str(found))
        elif not inner:
            message, remedy = f"no text to join: {describe(found)}", "write texts and numbers"
            issues.append(Issue((*path, JOIN, position), message, remedy, "bad-value"))
    return "".join(parts)

"""Plain data that dag-factory writes as something else, in any place of a file.

`{__join__: [a, b]}` is a text, `{__type__: builtins.list, items: [a, b]}` a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from airflow_jobkit.fields import TYPE, describe
from airflow_jobkit.problems import Issue, Path
from airflow_jobkit.spec.weights import LONGEST_TEXT

JOIN: Final = "__join__"
LIST: Final = "builtins.list"


def joined(data: Any) -> tuple[Any, list[Issue]]:
    """The data with every join and list made, and what is wrong with the joins that cannot be."""
    joins = _Joins()
    return joins.made(data, ()), joins.issues


class _Joins:
    """What is joined in a file, and how much that is: aliases could repeat it any number of times."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self._length = 0

    def made(self, value: Any, path: Path) -> Any:
        """A value with every join and list in it made."""
        if isinstance(value, dict):
            if JOIN in value:
                return self._text(value, path)
            if value.get(TYPE) == LIST and isinstance(value.get("items"), list) and len(value) == 2:
                return [self.made(item, (*path, "items", n)) for n, item in enumerate(value["items"])]
            return {key: self.made(item, (*path, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [self.made(item, (*path, position)) for position, item in enumerate(value)]
        return value

    def _text(self, value: Mapping[Any, Any], path: Path) -> Any:
        items, path = value[JOIN], (*path, JOIN)
        if len(value) > 1 or not isinstance(items, list):
            message = (
                f"`{JOIN}` beside other keys" if len(value) > 1 else f"nothing to join: {describe(items)}"
            )
            self._tell(path, message, f"write `{{{JOIN}: [text, text]}}`", "key")
            return value
        parts: list[str] = []
        for position, item in enumerate(items):
            told = len(self.issues)
            found = self.made(item, (*path, position))
            if isinstance(found, str | int | float):
                parts.append(str(found))
            elif len(self.issues) == told:
                message = f"no text to join: {describe(found)}"
                self._tell((*path, position), message, "write texts and numbers", "value")
        self._length += sum(map(len, parts))
        if self._length > LONGEST_TEXT:
            message = f"more than {LONGEST_TEXT:,} characters are joined in this file"
            self.issues.append(Issue(path, message, "make it shorter", "too-large", at="key"))
            return value
        return "".join(parts)

    def _tell(self, path: Path, message: str, remedy: str, at: Literal["key", "value"]) -> None:
        self.issues.append(Issue(path, message, remedy, "bad-value", at=at))

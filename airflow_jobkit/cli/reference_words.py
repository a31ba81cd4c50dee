"""What a JSON Schema allows, in the words of the reference."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

WRITTEN: Final[Mapping[str, str]] = {
    "duration": "`30m`, `1h30m`, `2d`, `PT30M`, whole seconds, `{__type__: datetime.timedelta, minutes: 5}`",
    "duration or none": "a duration, or `0`",
    "date": "`2026-01-31`, `2026-01-31T06:00:00+01:00`, without a zone in UTC; never a word such as `today`",
    "version": 'exact, in quotes: `"0.2.0"`, `"1.10"`, `"0.3.0rc1"`; or a channel: `stable`',
    "name": "letters, digits, `_`, `-` and `.`, 250 at most",
    "cron": '`"0 6 * * *"` in UTC, or a preset such as `"@daily"`; null: never by itself',
    "schedule": "cron, `6h`, assets, a condition on them, a timetable: [here](writing-dags.md#when-it-runs)",
    "assets": "one or a list of `s3://bucket/flights`, `{uri: s3://bucket/flights, name: flights}`",
    "callbacks": "one or a list of `team.callbacks.tell`, `{callback: team.notifiers.Pager, channel: night}`",
    "import path": "`package.module.function`",
    "class path": "`package.module.Class`",
    "module": "`package.module`, or `package.module:Class`",
    "decorator": "`airflow.sdk.task`, `airflow.decorators.task`, or a kind such as `airflow.sdk.task.branch`",
    "entry": "a text or a number, which is a task's id as well",
    "place": "a file or a URL, in which `{engine}` and `{code_version}` are filled in",
}
"""How each kind of value is written, by the title of its definition."""

_SIMPLE: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true`, `false`",
}

_EITHER = re.compile(r"mapping of (\S+) or list of \1$")


class Words:
    """Words for the schemas of some definitions.

    Args:
        definitions: The definitions, by name.
        sections: Where the keys of a definition stand: its word and the section's title, by name.
    """

    def __init__(self, definitions: Mapping[str, Schema], sections: Mapping[str, tuple[str, str]]) -> None:
        self._definitions = definitions
        self._sections = sections

    def of(self, schema: Schema) -> str:
        """What a value may be; texts in backquotes are written as they are."""
        found = _EITHER.sub(r"mapping or list of \1", " or ".join(dict.fromkeys(self._choices(schema))))
        return f"{found}, {_such_as(schema)}" if found == "text" and "examples" in schema else found

    def _choices(self, schema: Schema) -> Iterator[str]:
        if "$ref" in schema:
            yield self._named(schema["$ref"].rpartition("/")[2])
        elif "anyOf" in schema and "type" not in schema:
            for choice in schema["anyOf"]:
                yield from self._choices(choice)
        elif "enum" in schema or "const" in schema:
            yield ", ".join(f"`{_plain(one)}`" for one in schema.get("enum", [schema.get("const")]))
        else:
            kinds = schema.get("type", "")
            for kind in [kinds] if isinstance(kinds, str) else kinds:
                if kind != "null":
                    yield self._typed(kind, schema)

    def _named(self, name: str) -> str:
        if name in self._sections:
            word, title = self._sections[name]
            return f"[{word}](#{anchor(title)})"
        return str(self._definitions[name].get("title", "anything"))

    def _typed(self, kind: str, schema: Schema) -> str:
        if kind in ("array", "object"):
            inner = schema.get("items" if kind == "array" else "additionalProperties")
            word = "list" if kind == "array" else "mapping"
            of = self.of(inner) if isinstance(inner, dict) else ""
            return f"{word} of {of}" if of not in ("", "anything") else word
        if kind in ("integer", "number") and "minimum" in schema:
            return f"{_SIMPLE[kind]}, {schema['minimum']} or more"
        return _SIMPLE.get(kind, "anything")


def anchor(title: str) -> str:
    """The anchor that a page gives a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _such_as(schema: Schema) -> str:
    return "such as " + ", ".join(f"`{one}`" for one in schema["examples"])


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

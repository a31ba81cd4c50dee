"""Values that YAML writes in words: dates, names, trigger rules."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from airflow_jobkit.engines import engine_names
from airflow_jobkit.fields import MOMENTS, TYPE, datetime_of, describe, mistake
from airflow_jobkit.problems import choices_remedy

# The rules that every supported version of Airflow knows.
TRIGGER_RULES = (
    "all_success",
    "all_failed",
    "all_done",
    "all_done_setup_success",
    "all_skipped",
    "one_success",
    "one_failed",
    "one_done",
    "none_failed",
    "none_failed_min_one_success",
    "none_skipped",
    "always",
)
_NEWER_TRIGGER_RULES = ("all_done_min_one_success",)
"""Those that only newer versions know; an older one refuses them when the DAG is built."""

_WEIGHT_RULES = ("absolute", "downstream", "upstream")

_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_MOVING = re.compile(
    r"\b(now|today|yesterday|tomorrow|ago|last|next|days?|weeks?|months?|years?|days_ago)(\b|\()",
    re.IGNORECASE,
)
_NO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")
_LOCAL_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./]\d{1,2}[./]\d{1,2}|\d{4}-\d{1,2}-\d{1,2}")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,250}")


def parse_name(value: Any) -> str:
    """Read a name: of a task, a param, a dataset, an argument."""
    problem = name_problem(value, "a name")
    if problem is not None:
        raise mistake(*problem)
    return str(value)


def name_problem(value: object, what: str) -> tuple[str, str] | None:
    """What is wrong with a name and what to do, if anything is.

    Args:
        value: What YAML gave.
        what: What it names, such as `a DAG id`.
    """
    if not isinstance(value, str):
        return f"{what} is text, got {describe(value)}", "put it in quotes"
    if not _NAME.fullmatch(value):
        return f"not {what}: {_spelt(value)}", "use letters, digits, `_`, `-` and `.`, 250 at most"
    return None


def _spelt(value: str) -> str:
    """A text in a message, with the names of characters that may look like others, or like nothing."""
    strange = [character for character in dict.fromkeys(value) if not character.isascii()][:3]
    names = [f"U+{ord(c):04X} {unicodedata.name(c, 'without a name')}" for c in strange]
    holds = f" (it holds {', '.join(names)})" if names else ""
    return f"{describe(value)}{holds}"


def parse_moment(value: Any, zone: dt.tzinfo | None = None) -> dt.datetime:
    """Read a date or a date with a time, a typed one too; without a zone of its own it is in this, or UTC."""
    value = datetime_of(value) or value
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise mistake(f"not a date: {describe(value)}", _date_remedy(value)) from None
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime.combine(value, dt.time.min)
    if not isinstance(value, dt.datetime):
        raise mistake(f"not a date: {describe(value)}", "write it like 2026-01-31")
    return _in_range(value if value.tzinfo else value.replace(tzinfo=zone or dt.UTC))


def _date_remedy(text: str) -> str:
    """What to write instead of a text that is no date."""
    if _MOVING.search(text):
        return "write the day itself, like 2026-01-31; with a day that moves, runs come and go"
    if _NO_DATE.fullmatch(text.strip()):
        return "there is no such day; correct it"
    if _LOCAL_DATE.fullmatch(text.strip()):
        return "write year, month and day in this order, like 2026-01-31"
    return "write it like 2026-01-31"


def _in_range(moment: dt.datetime) -> dt.datetime:
    """Refuse a date that nobody means and that databases or time zones cannot all hold."""
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        remedy = f"write one from {_FIRST_YEAR} to {_LAST_YEAR}"
        if moment.year > _LAST_YEAR:
            remedy = "take the date out; without an end there is none"
        raise mistake(f"the year {moment.year} is out of range", remedy)
    return moment


def parse_trigger_rule(value: Any) -> str:
    """Read when a task runs, going by the ends of those it waits for: one of Airflow's trigger rules."""
    if value not in TRIGGER_RULES and value not in _NEWER_TRIGGER_RULES:
        raise mistake(f"no trigger rule {describe(value)}", choices_remedy(value, TRIGGER_RULES))
    return str(value)


def parse_weight_rule(value: Any) -> str:
    """Read one of Airflow's weight rules, or the import path of a strategy that a plugin brings."""
    if not isinstance(value, str) or (value not in _WEIGHT_RULES and "." not in value):
        raise mistake(f"no weight rule: {describe(value)}", choices_remedy(value, _WEIGHT_RULES))
    return value


def parse_backoff(value: Any) -> bool | float:
    """Read whether pauses grow, or by how much."""
    if not isinstance(value, bool | int | float):
        message = f"expected true, false or a number, got {describe(value)}"
        raise mistake(message, "write true, false or digits without quotes", "type")
    return value


def parse_texts(value: Any) -> str | tuple[str, ...] | None:
    """Read one text, or a list of them, or nothing."""
    if isinstance(value, list | tuple):
        for position, item in enumerate(value):
            if not isinstance(item, str):
                message, remedy = f"expected text, got {describe(item)}", "put the value in quotes"
                raise mistake(message, remedy, "type", (position,))
        return tuple(value)
    if value is None or isinstance(value, str):
        return value
    message = f"expected text or a list of texts, got {describe(value)}"
    raise mistake(message, "write one text, or [a, b]", "type")


def any_case(pattern: str) -> str:
    """A pattern whose letters may be of either case, for JSON Schema, which has no flags."""
    return re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", pattern)


_MOMENT = {
    "title": "date",
    "anyOf": [
        {
            "type": "string",
            "pattern": r"^(19|2[0-9])[0-9]{2}(-?[0-9]{1,2}-?[0-9]{1,2}|-?W[0-9]{2}(-?[1-7])?)([^0-9].*)?$",
            "patternErrorMessage": "Not a date: write it like 2026-01-31.",
        },
        {
            "type": "object",
            "required": [TYPE],
            "properties": {TYPE: {"enum": [*MOMENTS], "description": "The class."}},
        },
    ],
    "examples": ["2026-01-31", "2026-01-31T06:00:00+01:00"],
}
NAME_SCHEMA = {
    "title": "name",
    "type": "string",
    "pattern": f"^{_NAME.pattern}$",
    "patternErrorMessage": "Not a name: use letters, digits, `_`, `-` and `.`, 250 at most.",
}

Moment = Annotated[dt.datetime, BeforeValidator(lambda value: parse_moment(value)), WithJsonSchema(_MOMENT)]
Name = Annotated[str, BeforeValidator(parse_name), WithJsonSchema(NAME_SCHEMA)]
TriggerRule = Annotated[
    str,
    BeforeValidator(parse_trigger_rule),
    WithJsonSchema({"enum": [*TRIGGER_RULES, *_NEWER_TRIGGER_RULES]}),
]
WeightRule = Annotated[
    str,
    BeforeValidator(parse_weight_rule),
    WithJsonSchema({"anyOf": [{"enum": [*_WEIGHT_RULES]}, {"type": "string", "pattern": "[.]"}]}),
]
Backoff = Annotated[bool | float, BeforeValidator(parse_backoff)]
EngineName = Annotated[str, WithJsonSchema({"enum": [*engine_names()]})]
"""The name of an Engine; `parse_with_engines` says of another what was meant."""

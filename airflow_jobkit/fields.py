"""What the fields of Specs and of Engines' options share: how they refuse a value, and durations in words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_LONGEST_SECONDS = int(dt.timedelta.max.total_seconds())
_WORDS = re.compile(r"(\d+)\s+(day|hour|minute|second)s?")
_ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")

TYPE: Final = "__type__"
"""The key of a value that is an object: its class path. `ARGUMENTS` holds those without a name."""
ARGUMENTS: Final = "__args__"
TIMEDELTA: Final = "datetime.timedelta"
DATETIME: Final = "datetime.datetime"
MOMENTS: Final = (DATETIME, "pendulum.datetime")

TYPED_TIMEDELTA: Final[dict[str, Any]] = {
    "type": "object",
    "required": [TYPE],
    "properties": {
        TYPE: {"const": TIMEDELTA, "description": "The class."},
        ARGUMENTS: {"type": "array", "description": "Days, seconds, microseconds, ..., without their names."},
        **{
            unit: {"type": "number", "description": f"How many {unit}."}
            for unit in ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")
        },
    },
    "additionalProperties": False,
}
DURATION_TEXT: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": r"^\s*(?=.*[1-9])((\d+d)?(\d+h)?(\d+m)?(\d+s)?|P(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?)\s*$",
    "patternErrorMessage": "Not a duration: write it like 30m, 1h30m, 2d or 45s.",
}
DURATION: Final[dict[str, Any]] = {
    "title": "duration",
    "anyOf": [DURATION_TEXT, {"type": "integer", "minimum": 1}, TYPED_TIMEDELTA],
    "examples": ["30m", "1h30m", "2d", "PT30M"],
}
"""A duration as a JSON Schema; its title is what the reference calls it."""


@dataclass(frozen=True)
class AlsoJson:
    """In an annotation: what JSON Schema allows beside the type itself, since a validator reads it."""

    schema: Mapping[str, Any]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        found = handler(schema)
        return (
            {**found, "anyOf": [*found["anyOf"], self.schema]}
            if "anyOf" in found
            else {"anyOf": [found, self.schema]}
        )


def mistake(
    message: str, remedy: str, code: str = "bad-value", below: tuple[str | int, ...] = ()
) -> PydanticCustomError:
    """What a validator raises: what is wrong and what to do, apart.

    Args:
        message: What is wrong.
        remedy: What to do.
        code: The kind of mistake.
        below: Where it is inside the value.
    """
    context = {"message": message, "remedy": remedy, "code": code, "below": below}
    return PydanticCustomError("jobkit", "{message}", context)


def describe(value: object) -> str:
    """A value as it stands in a message: what it is, and how it reads."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case dt.date():
            return f"the date {value}"
        case str():
            return f"{value[:60]!r}"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return f"a {type(value).__name__}"


def parse_duration(value: Any) -> dt.timedelta:
    """Read `30m`, `1h30m`, `2d`, `45s`, `PT30M`, a whole number of seconds, or a typed timedelta."""
    if isinstance(value, dt.timedelta):
        return value
    typed = timedelta_of(value)
    if typed is not None:
        return typed
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LONGEST_SECONDS:
        return dt.timedelta(seconds=value)
    text = value.strip() if isinstance(value, str) else ""
    match = _DURATION.fullmatch(text) or _ISO.fullmatch(text)
    amounts = match.groups() if match else ()
    try:
        duration = dt.timedelta(
            **{unit: int(amount) for unit, amount in zip(_UNITS.values(), amounts, strict=False) if amount}
        )
    except (OverflowError, ValueError):  # more than Python's 2.7 million years, or digits without end
        duration = dt.timedelta()
    if not duration:
        raise mistake(f"not a duration: {describe(value)}", "write it like 30m, 1h30m, 2d or 45s")
    return duration


def parse_delay(value: Any) -> dt.timedelta:
    """Read a duration that may also be none at all: `0`, `0s`."""
    return dt.timedelta() if value in (0, "0", "0s") and value is not False else parse_duration(value)


def parse_span(value: Any) -> dt.timedelta:
    """Read a duration, or a number of one unit in words, as other factories write it: `2 hours`."""
    match = _WORDS.fullmatch(value.strip()) if isinstance(value, str) else None
    return parse_duration(f"{match[1]}{match[2][0]}" if match is not None else value)


def timedelta_of(value: object) -> dt.timedelta | None:
    """The timedelta that a `{__type__: datetime.timedelta, ...}` is; None for anything else."""
    if not isinstance(value, dict) or value.get(TYPE) != TIMEDELTA:
        return None
    try:
        return dt.timedelta(*value.get(ARGUMENTS, ()), **_fields(value))
    except (TypeError, OverflowError):
        return None


def datetime_of(value: object) -> dt.datetime | None:
    """The moment that a `{__type__: datetime.datetime, ...}` is; None for anything else."""
    if not isinstance(value, dict) or value.get(TYPE) not in MOMENTS:
        return None
    try:
        return dt.datetime(*value.get(ARGUMENTS, ()), **_fields(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _fields(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): item for key, item in value.items() if key not in (TYPE, ARGUMENTS)}


def duration_text(duration: dt.timedelta) -> str:
    """A duration as `parse_duration` reads it, in whole seconds: `1h30m`."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    amounts = zip((days, hours, minutes, seconds), _UNITS, strict=True)
    return "".join(f"{amount}{unit}" for amount, unit in amounts if amount) or "0s"


DELAY: Final[dict[str, Any]] = {
    "title": "duration or none",
    "anyOf": [{"enum": [0, "0", "0s"]}, *DURATION["anyOf"]],
    "examples": ["5m", 0],
}

Duration = Annotated[dt.timedelta, BeforeValidator(parse_duration), WithJsonSchema(DURATION)]
Delay = Annotated[dt.timedelta, BeforeValidator(parse_delay), WithJsonSchema(DELAY)]

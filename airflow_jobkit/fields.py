"""What the fields of Specs and of Engines' options share: how they refuse a value, and durations in words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def mistake(message: str, remedy: str, code: str = "bad-value") -> PydanticCustomError:
    """What a validator raises: what is wrong and what to do, apart."""
    return PydanticCustomError("jobkit", "{message}", {"message": message, "remedy": remedy, "code": code})


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
    """Read `30m`, `1h30m`, `2d`, `45s`, or a whole number of seconds."""
    if isinstance(value, dt.timedelta):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return dt.timedelta(seconds=value)
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    amounts = match.groups() if match else ()
    duration = dt.timedelta(
        **{unit: int(amount) for unit, amount in zip(_UNITS.values(), amounts, strict=False) if amount}
    )
    if not duration:
        raise mistake(f"not a duration: {describe(value)}", "write it like 30m, 1h30m, 2d or 45s")
    return duration


def duration_text(duration: dt.timedelta) -> str:
    """A duration as `parse_duration` reads it, in whole seconds: `1h30m`."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    amounts = zip((days, hours, minutes, seconds), _UNITS, strict=True)
    return "".join(f"{amount}{unit}" for amount, unit in amounts if amount) or "0s"


Duration = Annotated[dt.timedelta, BeforeValidator(parse_duration)]

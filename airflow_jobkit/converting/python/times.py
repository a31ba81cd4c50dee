"""Durations and moments, as a Python file makes them."""

from __future__ import annotations

import datetime as dt
import math
import re
import zoneinfo
from typing import Any

from airflow_jobkit.converting.python.plain import is_single
from airflow_jobkit.converting.python.values import Bound, Made, Named, Templated, Unknown, Value
from airflow_jobkit.fields import TIMEDELTA, TYPE, duration_text

_DURATIONS = ("datetime.timedelta", "pendulum.duration")
_DATES = re.compile(
    r"(datetime\.(datetime|date)|pendulum\.(datetime|DateTime)|airflow\.(utils|sdk)\.timezone\.datetime)"
)
_PARSED = re.compile(
    r"(datetime\.(datetime|date)\.fromisoformat|pendulum\.parse|airflow\.\w+\.timezone\.parse)"
)
_UTC = re.compile(
    r"(datetime\.(timezone\.utc|UTC)|pytz\.(utc|UTC)|pendulum\.UTC|airflow\.\w+\.timezone\.utc)"
)
_ZONES = ("pendulum.timezone", "pendulum.tz.timezone", "zoneinfo.ZoneInfo", "pytz.timezone")


class NotCarriedError(Exception):
    """A value has no form in YAML: why, what to do, and where it stands, if it says so itself."""

    def __init__(self, message: str, remedy: str, place: tuple[int, int] | None = None) -> None:
        self.message, self.remedy, self.place = message, remedy, place
        super().__init__(message)


def refused(value: Value) -> NotCarriedError:
    """The error of a value that nothing here knows."""
    match value:
        case Bound(target=Made()):
            message = f"what {value.target.path}(...).{value.name} gives when the file is run"
            return NotCarriedError(message, "write the value itself", value.place)
        case Unknown():
            return NotCarriedError(value.message, value.remedy, value.place)
        case Made():
            message = f"what {value.path}(...) gives when the file is run"
            return NotCarriedError(message, "write the value itself", value.place)
        case Named():
            return NotCarriedError(f"the value of {value.path}, which is imported", "write the value itself")
    return NotCarriedError("a value that YAML has no form for", "write text or a number")


def timedelta_of(value: Value) -> dt.timedelta | None:
    """The timedelta that something is; None for anything else.

    Raises:
        NotCarriedError: It is one that Python itself would refuse.
    """
    if not isinstance(value, Made) or value.path not in _DURATIONS:
        return None
    if not all(map(is_single, (*value.args, *value.kwargs.values()))):
        raise NotCarriedError("a duration that is computed when the file is run", "write it", value.place)
    try:
        return dt.timedelta(*value.args, **value.kwargs)
    except (TypeError, ValueError, OverflowError) as error:
        raise NotCarriedError(f"no duration: {error}", "write it like 30m", value.place) from error


def duration(value: Value) -> Any:
    """A duration as YAML has it: `30m`, whole seconds, or a typed timedelta."""
    if isinstance(value, float) and not math.isfinite(value):
        raise NotCarriedError(f"no duration: {value}", "write it like 30m")
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = Made("datetime.timedelta", (), {"seconds": value}, (1, 1))
    found = timedelta_of(value)
    if found is None:
        if isinstance(value, Templated):
            return value.text
        if value is None or isinstance(value, str):
            return value
        raise refused(value)
    if found > dt.timedelta() and not found.microseconds:
        return duration_text(found)
    return {TYPE: TIMEDELTA, "seconds": found.total_seconds()}


def moment(value: Value) -> dt.datetime | None:
    """The moment that something is, without a zone where the file gives none; None for anything else.

    Raises:
        NotCarriedError: It is one that Python itself would refuse, or in a zone that is not known here.
    """
    if not isinstance(value, Made):
        return None
    try:
        if _PARSED.fullmatch(value.path) and isinstance(value.args[0], str):
            return dt.datetime.fromisoformat(value.args[0])
        if value.path == "datetime.datetime.strptime" and all(isinstance(one, str) for one in value.args):
            return dt.datetime.strptime(*value.args)
        if _DATES.fullmatch(value.path) and all(isinstance(one, int) for one in value.args):
            kwargs = dict(value.kwargs)
            zone = _zone(kwargs.pop("tz", kwargs.pop("tzinfo", None)))
            made = dt.datetime(*value.args, **kwargs)
            return made if zone is None else made.replace(tzinfo=zone)
    except (TypeError, ValueError, OverflowError, IndexError) as error:
        raise NotCarriedError(f"no date: {error}", "write it like 2026-01-31", value.place) from error
    return None


def _zone(value: Value) -> dt.tzinfo | None:
    if value is None:
        return None
    if isinstance(value, Named) and _UTC.fullmatch(value.path):
        return dt.UTC
    if isinstance(value, Made) and value.path in _ZONES and value.args:
        value = value.args[0]
    if isinstance(value, str):
        try:
            return dt.UTC if value == "UTC" else zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise NotCarriedError(f"the time zone {value!r} is not known here", "write the offset") from None
    raise NotCarriedError("a time zone that is computed when the file is run", "write the offset")


def zone_name(value: Value) -> str | None:
    """The name of the zone of a moment, where it is another than UTC."""
    found = moment(value)
    zone = found.tzinfo if found is not None else None
    return zone.key if isinstance(zone, zoneinfo.ZoneInfo) else None


def date(value: Value) -> Any:
    """A date as YAML has it: a day, or a moment with its offset.

    Raises:
        NotCarriedError: It is neither a date nor a text.
    """
    if isinstance(value, Templated):
        return value.text
    if value is None or isinstance(value, str):
        return value
    found = moment(value)
    if found is None:
        raise refused(value)
    if found.tzinfo is None or found.tzinfo is dt.UTC:
        if found.time() == dt.time():
            return found.date()
        found = found.replace(tzinfo=dt.UTC)
    try:  # an offset for a zone: YAML's dates have no other form
        return found.astimezone(dt.timezone(found.utcoffset() or dt.timedelta()))
    except OverflowError:
        raise NotCarriedError("a date at the end of time", "write it like 2026-01-31") from None

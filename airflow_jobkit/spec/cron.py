"""What is wrong with a cron expression, in words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from functools import lru_cache

from airflow_jobkit.fields import describe
from airflow_jobkit.problems import did_you_mean

PRESETS = ("@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
REMEDY = 'write cron, "0 6 * * *", or @daily, @hourly, ...'

_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of a month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
)
# A day that a month may lack comes again within 8 years, the 29th of February around 2100.
_START = dt.datetime(2026, 1, 1)

_DAY = re.compile(r"(?<![#/\d])[1-7]")


@lru_cache(maxsize=1024)
def cron_mistake(text: str) -> tuple[str, str] | None:
    """What is wrong with a cron expression and what to do; None: nothing.

    Args:
        text: The expression, which is no preset.
    """
    # Only files that set a schedule pay for the import; and one project has few schedules.
    from croniter import CroniterBadDateError, croniter

    inner = text.removeprefix("cron(").removesuffix(")").strip() if text.startswith("cron(") else text
    parts = inner.split()
    if inner != text and len(parts) == len(_FIELDS):
        return "a cron expression of AWS", f'write "{inner}"'
    if text.startswith("@"):
        meant = did_you_mean(text.lower(), PRESETS)
        return f"no preset {describe(text)}", f"did you mean {meant}?" if meant else REMEDY
    if len(parts) in (6, 7) and "?" in parts:
        if len(parts) == 6 and "?" in (parts[2], parts[4]):
            return "a cron expression of AWS, with ? and a year", f'write "{_plain(parts[:5])}"'
        return "a cron expression of Quartz, with seconds and ?", f'write "{_plain(parts[1:6])}"'
    if len(parts) in (6, 7) and croniter.is_valid(" ".join(parts[:6])):
        remedy = f'take the seconds out: "{" ".join(parts[1:6])}"'
        return f"a cron expression has five fields, and this one {len(parts)}", remedy
    if len(parts) != len(_FIELDS):
        return f"not a schedule: {describe(text)}", REMEDY
    if not croniter.is_valid(text):
        return _out_of_range(parts) or (f"not a schedule: {describe(text)}", REMEDY)
    if parts[2] == "*" or parts[3] == "*" or parts[4] != "*":
        return None  # every month has such a day, or the day of the week counts as well
    try:
        croniter(text, _START).get_next()
    except CroniterBadDateError:
        return (
            f"{describe(text)} never comes: no such month has such a day",
            'write a day that exists, or "L"',
        )
    return None


def _out_of_range(parts: list[str]) -> tuple[str, str] | None:
    for part, (name, least, most) in zip(parts, _FIELDS, strict=True):
        if part.isdigit() and not least <= int(part) <= most:
            return (
                f"{part} is no {name}",
                f"write {least} to {most}; the order is minute, hour, day, month, weekday",
            )
    return None


def _plain(parts: Sequence[str]) -> str:
    """Five fields of AWS or Quartz, where the week begins with Sunday as 1, and not as 0."""
    *others, day = (part.replace("?", "*") for part in parts)
    return " ".join([*others, _DAY.sub(lambda number: str(int(number[0]) - 1), day)])

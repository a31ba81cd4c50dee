"""A job's own arguments as the text that every Engine passes on."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any


def job_arguments(arguments: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """A job's own arguments as text; one without a value (None) is left out, so that its default holds."""
    return tuple((name, argument_text(value)) for name, value in arguments.items() if value is not None)


def argument_text(value: Any) -> str:
    """One value as text that the job's typed parameters read back: JSON for lists and mappings."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        return json.dumps(value, default=argument_text, separators=(",", ":"))
    return str(value)


def plain_name(argument: str) -> str:
    """An argument's name without dashes in front, and with `_` for `-`, as the entry script reads it."""
    return argument.removeprefix("--").replace("-", "_")

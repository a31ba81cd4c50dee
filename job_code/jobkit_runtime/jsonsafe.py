"""Any Python value as one that JSON can hold."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal


def json_safe(value: object, where: str, warn: Callable[[str], None]) -> object:
    """`value` as JSON holds it.

    Dates become ISO text, Decimals numbers (integral ones int), sets lists, and scalars of numpy and their
    like what their `.item()` gives. NaN and the infinities become None. Anything else becomes its text, and
    `warn` is told so, with `where` as its name.
    """
    if isinstance(value, enum.Enum):
        return json_safe(value.value, where, warn)
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, (date, time)):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): json_safe(item, f"{where}.{key}", warn) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((json_safe(item, where, warn) for item in value), key=repr)
    if isinstance(value, (list, tuple)):
        return [json_safe(item, f"{where}[{index}]", warn) for index, item in enumerate(value)]
    return _other(value, where, warn)


def _number(value: Decimal) -> int | float | None:
    if not value.is_finite():
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _other(value: object, where: str, warn: Callable[[str], None]) -> object:
    item = getattr(value, "item", None)
    if callable(item):
        try:
            plain = item()
        except (TypeError, ValueError):
            plain = value
        if plain is None or isinstance(plain, (str, bool, int, float, date)):
            return json_safe(plain, where, warn)
    warn(f"{where} is a {type(value).__name__}, which JSON does not know: its text is in the Result")
    return str(value)

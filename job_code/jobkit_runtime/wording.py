"""How messages are worded: did-you-mean, lists, numbers, and what is never shown."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_SECRET = re.compile(r"password|passwd|passphrase|pwd|secret|token|credential|apikey|(^|_)(key|auth)(_|$)")


def looks_secret(name: str) -> bool:
    """Whether an argument of this name must not be shown: passwords, tokens, keys and their like."""
    return _SECRET.search(name.lower().replace("-", "_")) is not None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message: `; did you mean X?` where something known is close, else nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def listed(words: Iterable[str]) -> str:
    """Words in sorted order with commas, or `none`."""
    return ", ".join(sorted(words)) or "none"


def counted_rows(rows: int | None) -> str:
    """A number of rows for a log line: `327,346 rows`, `1 row`, or `an unknown number of rows`."""
    if rows is None:
        return "an unknown number of rows"
    return f"{rows:,} row" if rows == 1 else f"{rows:,} rows"

"""How much data weighs: bounds for what a short text can ask to be made many times over.

A file is bounded, and so is what its aliases repeat. Templates, items and joined texts multiply it again.
"""

from __future__ import annotations

from typing import Any, Final

MOST_VALUES: Final = 2_000_000
"""Keys and values that one DAG may be made of, with all that it repeats."""
LONGEST_TEXT: Final = 1024 * 1024
"""Characters of all texts together that are put together from others, in one file or one fan-out."""
MOST_SUGGESTED: Final = 100
"""Mistakes of one kind in a DAG for which likely names are looked for; nobody reads of more."""


def values_in(data: Any) -> int:
    """How many values data has, itself and those in it."""
    if isinstance(data, dict):
        return 1 + sum(map(values_in, data.values()))
    return 1 + sum(map(values_in, data)) if isinstance(data, list) else 1


def references_in_texts(data: Any) -> int:
    """How many `${...}` the texts of data hold."""
    if isinstance(data, str):
        return data.count("${")
    if isinstance(data, dict):
        return sum(map(references_in_texts, data.values()))
    return sum(map(references_in_texts, data)) if isinstance(data, list) else 0

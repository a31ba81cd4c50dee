"""Macros and filters of a DAG's templates: functions by import path, and plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_jobkit.factory.building import imported
from airflow_jobkit.problems import Path


def macros(values: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """What templates can name; a text is an import path.

    Raises:
        BuildError: There is nothing at an import path.
    """
    made: dict[str, Any] = {}
    for name, value in values.items():
        below = (*path, name)
        if isinstance(value, dict):
            made[name] = macros(value, below)
        else:
            made[name] = imported(value, below, "no-function") if isinstance(value, str) else value
    return made

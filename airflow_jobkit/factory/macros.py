"""Macros and filters of a DAG's templates: functions by import path, and plain values."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from airflow_jobkit.factory.building import imported
from airflow_jobkit.factory.findings import BuildError
from airflow_jobkit.problems import Issue, Path


def macros(values: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """What templates can name; a text is an import path.

    Raises:
        BuildError: There is nothing at an import path, or a module.
    """
    made: dict[str, Any] = {}
    for name, value in values.items():
        below = (*path, name)
        if isinstance(value, dict):
            made[name] = macros(value, below)
        else:
            made[name] = _imported(value, below) if isinstance(value, str) else value
    return made


def _imported(class_path: str, path: Path) -> Any:
    """What stands at an import path; a module would give templates all that it imports itself."""
    found = imported(class_path, path, "no-function")
    if isinstance(found, ModuleType):
        remedy = "name a function or a value in it"
        raise BuildError(Issue(path, f"{class_path} is a module", remedy, "no-function"))
    return found

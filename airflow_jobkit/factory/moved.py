"""Where operators of older Airflows are now, for those whose path leads nowhere any more."""

from __future__ import annotations

import importlib.util
import re

_OLD = re.compile(
    r"airflow\.(?P<kind>operators|sensors)\.(?P<module>\w+?)(_operator|_sensor)?\.(?P<name>\w+)"
)
_RENAMED = {"DummyOperator": ("empty", "EmptyOperator")}
_MODULES = {"dagrun": "trigger_dagrun", "external_task": "external_task", "dummy": "empty"}


def new_path(class_path: str) -> str | None:
    """The path of an operator of Airflow 1 or 2 in this Airflow; None where it is not known."""
    found = _OLD.fullmatch(class_path)
    if found is None:
        return None
    module, name = _RENAMED.get(
        found["name"], (_MODULES.get(found["module"], found["module"]), found["name"])
    )
    for package in ("airflow.providers.standard", "airflow"):
        place = f"{package}.{found['kind']}.{module}"
        if f"{place}.{name}" != class_path and _exists(place):
            return f"{place}.{name}"
    return None


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:  # the package above it is not there
        return False

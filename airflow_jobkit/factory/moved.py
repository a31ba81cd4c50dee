"""Where operators of older Airflows are now, for those whose path leads nowhere any more."""

from __future__ import annotations

import importlib.util
import re
import sys

from airflow_jobkit.converting.moved import present_path

_OLD = re.compile(r"airflow\.(?P<kind>operators|sensors)\.(?P<module>\w+)\.(?P<name>\w+)")
_STANDARD = "airflow.providers.standard."


def new_path(class_path: str) -> str | None:
    """The path of an operator of Airflow 1 or 2 in this Airflow; None where it is not known."""
    now = present_path(class_path)
    known = [now, now.replace(_STANDARD, "airflow.")]  # Airflow 2 has them without the provider
    if _OLD.fullmatch(class_path):
        known.append(class_path.replace("airflow.", _STANDARD, 1))
    return next((one for one in known if one != class_path and _exists(one.rpartition(".")[0])), None)


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:  # the package above it is not there
        return False
    except ValueError:  # Airflow has made a module of its own under the old name
        return module in sys.modules

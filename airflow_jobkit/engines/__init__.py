"""The Engines: where Spark runs. Each is one folder here; nothing else names them.

A folder `engines/<name>/` provides `OPERATOR` (the class path of its operator), `options.Options` (what a
YAML may set under the engine's name: pure, without Airflow) and whatever modules its operator needs.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from airflow_jobkit.engines.options import EngineOptions


@cache
def engine_names() -> tuple[str, ...]:
    """The names of all Engines, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg))


@cache
def options_class(engine: str) -> type[EngineOptions]:
    """The options that a YAML may set for an Engine."""
    module = importlib.import_module(f"{__name__}.{engine}.options")
    options: type[EngineOptions] = module.Options
    return options


def operator_class_path(engine: str) -> str:
    """The class path of the operator that runs a job on an Engine."""
    class_path: str = importlib.import_module(f"{__name__}.{engine}").OPERATOR
    return class_path

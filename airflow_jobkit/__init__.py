"""Run Spark jobs from YAML in Airflow, at a pinned code version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_jobkit.factory.load import load_dags

__version__ = "0.1.0"

__all__ = ["__version__", "load_dags"]


def __getattr__(name: str) -> Any:
    """Import on first use, so that the command line and the linter do not pay for Airflow."""
    if name == "load_dags":
        from airflow_jobkit.factory.load import load_dags

        globals()[name] = load_dags
        return load_dags
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

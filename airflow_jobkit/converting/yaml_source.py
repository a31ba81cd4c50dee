"""A YAML file of another factory to our YAML: what loads already stays, byte for byte."""

from __future__ import annotations

from pathlib import Path

from airflow_jobkit.converting.carried import Conversion
from airflow_jobkit.converting.ours import said_of


def convert_yaml(file: str, text: str, path: Path) -> Conversion:
    """Convert a YAML file.

    Args:
        file: Its name, as a person would write it.
        text: What it holds.
        path: Where it stands.
    """
    said = said_of(file, text, path)
    return Conversion(file, text, True, len(said.loaded.dags), said.problems, said.project_notes())

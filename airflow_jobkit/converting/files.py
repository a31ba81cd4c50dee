"""One file to our YAML, whatever it is."""

from __future__ import annotations

from pathlib import Path

from airflow_jobkit.converting.carried import Conversion
from airflow_jobkit.converting.python_source import convert_python
from airflow_jobkit.converting.yaml_source import convert_yaml
from airflow_jobkit.loading.bounds import undecodable, unreadable
from airflow_jobkit.loading.folder import display_name
from airflow_jobkit.loading.layers import DEFAULTS_FILES
from airflow_jobkit.loading.listing import PROJECT_FILE
from airflow_jobkit.problems import Problem

_YAML = (".yaml", ".yml")


def convert_file(path: Path) -> Conversion:
    """Convert a file; what it is tells its ending. Nothing of it is run or imported.

    Raises:
        OSError: It cannot be read.
    """
    name = display_name(path)
    problem = unreadable(name, path.stat()) or _of_no_kind(name, path)
    if problem is not None:
        return Conversion(name, None, left=(problem,))
    text = _decoded(name, path.read_bytes())
    if isinstance(text, Problem):
        return Conversion(name, None, left=(text,))
    return (convert_yaml if path.suffix in _YAML else convert_python)(name, text, path)


def _of_no_kind(name: str, path: Path) -> Problem | None:
    """The Problem of a file that is surely none with DAGs."""
    if path.suffix not in (".py", *_YAML):
        message = "neither Python nor YAML by its name"
        return Problem(name, 1, 1, "", message, "name a file that ends in .py, .yaml or .yml", "no-dags")
    if path.name in (PROJECT_FILE, *DEFAULTS_FILES):
        message = f"{path.name} holds no DAGs"
        return Problem(name, 1, 1, "", message, "name a file of DAGs; this one stays as it is", "no-dags")
    return None


def _decoded(name: str, data: bytes) -> str | Problem:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return undecodable(name, data, error)
    zero = text.find("\0")
    if zero >= 0:
        line, column = text.count("\n", 0, zero) + 1, zero - (text.rfind("\n", 0, zero) + 1) + 1
        message = "not text: it holds a zero byte"
        return Problem(name, line, column, "", message, "name a file of DAGs", "encoding")
    return text

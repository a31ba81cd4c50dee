"""A Python DAG file to our YAML."""

from __future__ import annotations

from pathlib import Path

from airflow_jobkit.converting.carried import Conversion
from airflow_jobkit.converting.ours import said_of
from airflow_jobkit.converting.python.emit import Emitter
from airflow_jobkit.converting.python.reader import read_python
from airflow_jobkit.converting.yaml_writer import TooLargeError, write_yaml
from airflow_jobkit.problems import Problem


def convert_python(file: str, text: str, path: Path) -> Conversion:
    """Convert a Python file.

    Args:
        file: Its name, as a person would write it.
        text: What it holds.
        path: Where it stands.
    """
    reader = read_python(file, text, path.absolute().parent)
    if isinstance(reader, Problem):
        return Conversion(file, None, left=(reader,))
    if not reader.dags:
        message, remedy = "the file makes no DAG that can be read", "name a file with `DAG(...)` or `@dag`"
        nothing = Problem(file, 1, 1, "", message, remedy, "no-dags")
        return Conversion(file, None, left=(nothing, *reader.left.all()))
    try:
        made = Emitter(reader).emitted()
        comments = {where: tuple(lines) for where, lines in made.comments.items()}
        written = write_yaml(made.data, comments)
    except (TooLargeError, RecursionError):
        message, remedy = "it comes to more than a YAML file may hold", "split it"
        return Conversion(file, None, left=(Problem(file, 1, 1, "", message, remedy, "too-large"),))
    target = path.with_suffix(".yaml")
    said = said_of(target.name, written, target)
    left = (*reader.left.all(), *said.problems)
    return Conversion(file, written, False, len(reader.dags), left, (*reader.notes, *said.project_notes()))

"""A YAML file of another factory to our YAML: what loads already stays, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from airflow_jobkit.converting.carried import CODE, Conversion
from airflow_jobkit.converting.ours import Said, said_of
from airflow_jobkit.converting.yaml.dag_rules import edits_of_dag
from airflow_jobkit.converting.yaml.edits import Edit, Text
from airflow_jobkit.converting.yaml.nodes import owners, root_of
from airflow_jobkit.converting.yaml.task_rules import edits_of_task
from airflow_jobkit.converting.yaml.told import Told
from airflow_jobkit.converting.yaml.value_rules import edits_of_values, variables_named
from airflow_jobkit.problems import Problem

_MOST_ROUNDS: Final = 50
"""An edit may make room for another one; each round makes all that do not overlap."""


def convert_yaml(file: str, text: str, path: Path) -> Conversion:
    """Convert a YAML file.

    Args:
        file: Its name, as a person would write it.
        text: What it holds.
        path: Where it stands.
    """
    changed = Text.first(text)
    notes: dict[str, None] = {}
    lost: dict[Problem, None] = {}
    said = said_of(file, text, path)
    loads = not said.problems
    for _ in range(_MOST_ROUNDS):
        told = Told.of(said.problems, loads=loads)
        edits = list(_edits(changed.text, told))
        if not edits:
            notes |= told.notes
            lost |= dict.fromkeys(_lost(told, changed, file, text))
            break
        next_text = changed.edited(edits)
        next_said = said_of(file, next_text.text, path)
        if next_said.document.data is None and said.document.data is not None:
            break  # what was YAML stays YAML
        notes |= told.notes
        lost |= dict.fromkeys(_lost(told, changed, file, text))
        changed, said = next_text, next_said
    left = sorted({*lost, *_at_first(said, changed, text)})
    unchanged = changed.text == text
    if variables := variables_named(text, changed.text):
        words = ", ".join(f"${name} is ${{env:{name}}}" for name in variables)
        notes[f"{words} now; what a variable gives is text, whatever it looks like"] = None
    dags = sum(owner.kind == "dag" for owner in owners(changed.text, root_of(changed.text)))
    return Conversion(file, changed.text, unchanged, dags, tuple(left), (*notes, *said.project_notes()))


def _edits(text: str, told: Told) -> Iterator[Edit]:
    root = root_of(text)
    if root is None:
        return
    yield from edits_of_values(text, root, told)
    for owner in owners(text, root):
        if owner.kind in ("dag", "defaults"):
            yield from edits_of_dag(owner, told)
        if owner.kind != "group":
            yield from edits_of_task(owner, told)


def _lost(told: Told, changed: Text, file: str, text: str) -> Iterator[Problem]:
    """What became a comment, at the place that it had at first."""
    lines = text.splitlines()
    for line, column, where, message, remedy in told.lost:
        origin = changed.origin(line)
        source = lines[origin] if origin < len(lines) else ""
        yield Problem(file, origin + 1, column, where, message, remedy, CODE, source)


def _at_first(said: Said, changed: Text, text: str) -> Iterator[Problem]:
    """What our loader still says, at the places of the file that was read."""
    before, after = text.splitlines(), changed.text.splitlines()
    for problem in said.problems:
        index = problem.line - 1
        origin = changed.origin(index)
        first = before[origin] if origin < len(before) else ""
        same = index < len(after) and first[: problem.column - 1] == after[index][: problem.column - 1]
        # Where the line is another one now, its beginning is the place.
        column = problem.column if same else len(first) - len(first.lstrip()) + 1
        yield replace(problem, line=origin + 1, column=column, source=first)

"""What a person sees of a comparison."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.text import Text

from airflow_jobkit.cli.comparison import Compared, Difference
from airflow_jobkit.cli.differences import EDGES, Change, Kind
from airflow_jobkit.cli.run_view import data_console
from airflow_jobkit.problems import counted, dotted, visible

_SIGNS: Mapping[Kind, str] = {"added": "+", "removed": "-", "changed": "~"}
_STYLES: Mapping[str, str] = {"+": "green", "-": "red", "~": "yellow"}
_MEMBERS = {"tasks": "task", "task_groups": "group"}
_SHORT = 60
"""Characters of a value that still stands beside the other one."""
_MOST_NAMED = 8
"""Tasks of a DAG that is new or gone."""


def show(compared: Compared) -> None:
    """Print the Problems on stderr, the differences and their count on stdout."""
    for problem in compared.problems:
        print(problem.text(), file=sys.stderr)
    console = data_console()
    for line in _lines(compared):
        style = _STYLES.get(line.lstrip()[:1], "")
        console.print(Text(line, style), soft_wrap=True)


def _lines(compared: Compared) -> Iterator[str]:
    for difference in compared.differences:
        yield from _difference(difference, compared.environments)
        yield ""
    yield _summary(compared)
    if compared.left_out:
        names = ", ".join(compared.left_out)
        yield f"not compared, for the mistakes above: {names}"
    elif compared.problems:
        yield "not compared: the DAGs with the mistakes above"


def _summary(compared: Compared) -> str:
    kinds = [one.kind for one in compared.differences if one.dag_id is not None]
    noun = "environment" if len(compared.environments) == 1 else "environments"
    scope = f"{compared.before} -> {compared.after}"
    if compared.environments:
        scope += f", in the {noun} {', '.join(compared.environments)}"
    if not compared.differences and not compared.problems:
        return f"no differences: {counted(compared.same, 'DAG')} the same; {scope}"
    changed, added, removed = (kinds.count(kind) for kind in ("changed", "added", "removed"))
    dags = f"{counted(changed, 'DAG')} changed, {added} added, {removed} removed, {compared.same} the same"
    return f"{dags}; {scope}"


def _difference(difference: Difference, environments: Sequence[str]) -> Iterator[str]:
    if difference.dag_id is None:
        yield f"~ project  {difference.file}"
    else:
        yield f"{_SIGNS[difference.kind]} DAG {difference.dag_id}  {difference.file}"
    if difference.kind != "changed":
        yield from _whole(difference)
        return
    for names, found in difference.changes:
        everywhere = names in ((), tuple(environments))
        indent = "  " if everywhere else "    "
        if not everywhere:
            yield f"  in {', '.join(names)}:"
        for line in _changes(found):
            yield indent + line


def _whole(difference: Difference) -> Iterator[str]:
    """The tasks of a DAG that is new or gone."""
    every = [change.path for _, found in difference.changes for change in found]
    tasks = [str(path[1]) for path in dict.fromkeys(every) if path[0] == "tasks" and len(path) > 1]
    more = f" and {len(tasks) - _MOST_NAMED} more" if len(tasks) > _MOST_NAMED else ""
    yield f"    {counted(len(tasks), 'task')}: {', '.join(tasks[:_MOST_NAMED])}{more}"


def _changes(found: Iterable[Change]) -> Iterator[str]:
    """The lines of some changes, those of one task together."""
    for member, of_member in groupby(found, key=_member):
        if member is None:
            for change in of_member:
                yield from _change(change, change.path)
            continue
        inside = list(of_member)
        noun = f"{_MEMBERS[member[0]]} {member[1]}"
        if len(inside[0].path) == 2:
            yield f"{_SIGNS[inside[0].kind]} {noun}{_about(inside[0])}"
            continue
        yield f"~ {noun}"
        for change in inside:
            for line in _change(change, change.path[2:]):
                yield "    " + line


def _member(change: Change) -> tuple[str, str] | None:
    """The task or the group that a change is of."""
    if len(change.path) < 2 or change.path[0] not in _MEMBERS:
        return None
    return str(change.path[0]), str(change.path[1])


def _about(change: Change) -> str:
    """What a task that is new or gone runs."""
    keys = change.after if change.kind == "added" else change.before
    return "".join(f": {name} {value}" for name, value in keys.items())


def _change(change: Change, path: Sequence[Any]) -> Iterator[str]:
    sign = _SIGNS[change.kind]
    if path[0] in (EDGES, "environments"):
        yield f"{sign} {'edge' if path[0] == EDGES else 'environment'} {path[1]}"
        return
    where = dotted(tuple(path))
    if change.kind != "changed":
        yield f"{sign} {where}: {_short(change.after if change.kind == 'added' else change.before)}"
        return
    before, after = _value(change.before), _value(change.after)
    if len(before) <= _SHORT and len(after) <= _SHORT:
        yield f"~ {where}: {before} -> {after}"
        return
    yield f"~ {where}:"
    for line in _text_difference(change.before, change.after):
        yield "    " + line


def _text_difference(before: Any, after: Any) -> Iterator[str]:
    """The lines of two long values that differ."""
    for line in difflib.unified_diff(_in_lines(before), _in_lines(after), n=0, lineterm=""):
        if not line.startswith(("---", "+++", "@@")):
            yield visible(f"{line[0]} {line[1:]}")


def _in_lines(value: Any) -> list[str]:
    if isinstance(value, str):
        return value.splitlines()
    return json.dumps(value, indent=1, ensure_ascii=False).splitlines()


def _value(value: Any) -> str:
    """A value in one line."""
    text = value if isinstance(value, str) and value.strip() else json.dumps(value, ensure_ascii=False)
    return visible(text)


def _short(value: Any) -> str:
    text = _value(value)
    return text if len(text) <= 2 * _SHORT else text[: 2 * _SHORT] + "..."

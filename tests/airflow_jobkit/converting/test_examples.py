"""The example DAGs that Airflow and its providers ship are read as Airflow makes them."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import airflow
import pytest
from task_context import use_temporary_airflow_home

from airflow_jobkit.converting.python.graph import Dag, Group, Member, Task
from airflow_jobkit.converting.python.reader import Reader, read_python

use_temporary_airflow_home()

EXAMPLES = sorted(Path(airflow.__path__[0]).glob("**/example_dags/**/*.py"))
MODULE = "an_example_of_airflow"

pytest.importorskip("airflow.sdk", reason="Airflow 2 keeps the DAGs that a file makes elsewhere")


def made_by_airflow(file: Path) -> dict[str, Any]:
    """The DAGs that a file makes; none where it cannot be imported here."""
    from airflow.sdk.definitions._internal.contextmanager import DagContext

    from airflow_jobkit._compat import DAG

    spec = importlib.util.spec_from_file_location(MODULE, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    DagContext.autoregistered_dags.clear()
    DagContext.current_autoregister_module_name = MODULE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spec.loader.exec_module(module)
    except (Exception, SystemExit):  # noqa: BLE001 - whatever it needs and does not find
        return {}
    finally:
        DagContext.current_autoregister_module_name = None
        del sys.modules[MODULE]
    dags = [value for value in vars(module).values() if isinstance(value, DAG)]
    return {dag.dag_id: dag for dag in (*dags, *(dag for dag, _ in DagContext.autoregistered_dags))}


def all_members(top: Dag | Group) -> list[Member]:
    """Every group and task below a DAG or a group, outer ones first."""
    found: list[Member] = []
    pending: list[Member] = list(reversed(top.members))
    while pending:
        member = pending.pop()
        found.append(member)
        if isinstance(member, Group):
            pending += reversed(member.members)
    return found


def edges_of(dag: Dag) -> set[tuple[str, str]]:
    """The edges between tasks: an edge of a group is one of its last or first tasks, as in Airflow."""
    members = all_members(dag)
    direct: dict[Task, set[Task]] = {one: set() for one in members if isinstance(one, Task)}

    def inner(one: Member) -> list[Task]:
        return [one] if isinstance(one, Task) else [task for member in one.members for task in inner(member)]

    def first(one: Member) -> list[Task]:
        own = inner(one)
        return [task for task in own if isinstance(one, Task) or not direct[task].intersection(own)]

    def last(one: Member) -> list[Task]:
        own = inner(one)
        waited = {up for task in own for up in direct[task]}
        return [task for task in own if isinstance(one, Task) or task not in waited]

    for member in sorted(members, key=lambda one: -one.id.count(".")):
        for up in member.upstream:
            for task in first(member):
                direct[task].update(last(up))
    return {(up.id, task.id) for task, ups in direct.items() for up in ups}


def pairs() -> Iterator[Any]:
    yield from (pytest.param(file, id=file.stem) for file in EXAMPLES)


@pytest.mark.parametrize("file", pairs())
def test_an_example_has_the_tasks_groups_and_edges_of_airflow_or_the_difference_is_told(
    file: Path, no_environment: None
) -> None:
    theirs = made_by_airflow(file)
    if not theirs:
        pytest.skip("it makes no DAG here")
    ours = read_python(file.name, file.read_text())
    assert isinstance(ours, Reader)
    same = set(ours.dags) == set(theirs) and all(
        {one.id for one in all_members(ours.dags[name]) if isinstance(one, Task)}
        == {str(task.task_id) for task in dag.tasks}
        and {one.id for one in all_members(ours.dags[name]) if isinstance(one, Group)}
        == {group for group in dag.task_group_dict if group}
        and edges_of(ours.dags[name])
        == {(up, task.task_id) for task in dag.tasks for up in task.upstream_task_ids}
        for name, dag in theirs.items()
    )
    assert same or ours.left.all()


def test_most_examples_are_read_whole() -> None:
    """So that the test above does not hold by telling of everything."""
    read = [read_python(file.name, file.read_text()) for file in EXAMPLES]
    structure = ("loop", "edge", "condition", "`with`", "`.as_")
    whole = [
        one
        for one in read
        if isinstance(one, Reader)
        and not any(word in problem.message for problem in one.left.all() for word in structure)
    ]
    assert len(whole) > 0.85 * len(EXAMPLES) > 40

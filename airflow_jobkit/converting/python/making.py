"""What calls make: DAGs, groups, tasks of operators."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow_jobkit.converting.python.edges import wait_for_outputs
from airflow_jobkit.converting.python.graph import Dag, Group, Member, Task
from airflow_jobkit.converting.python.plain import NO_TEXT
from airflow_jobkit.converting.python.values import (
    COMPUTED,
    Context,
    LocalClass,
    Named,
    Partial,
    Place,
    Templated,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from airflow_jobkit.converting.python.reader import Reader

Args = tuple[Value, ...]
Kwargs = Mapping[str, Value]


# What stands for a part of a text that is filled in later: of a template its last word.
_FILLED = re.compile(r"\{\{.*?(\w+)\W*\}\}|\$\{env:(\w+)\}")


def failed(reader: Reader, place: Place, message: str, remedy: str) -> Unknown:
    """Tell of what cannot be made; what stands for it."""
    reader.left.add(place, "", message, remedy)
    return Unknown(message, remedy, place)


def own(kwargs: Kwargs, *without: str) -> dict[str, Value]:
    """The arguments of something, its lists and mappings its own: the file may change them later."""
    return {name: _copied(value) for name, value in kwargs.items() if name not in without}


def _copied(value: Value) -> Value:
    return copy.copy(value) if isinstance(value, list | dict) else value


def id_of(reader: Reader, value: Value, what: str, place: Place) -> str | None:
    """The id of something; of one that is filled in later the words of what fills it. None: unknown."""
    if isinstance(value, str):
        made = NO_TEXT.sub("_", value)
        if made != value:
            reader.left.add(place, "", f"an id with characters that YAML does not hold: {made}", "rename it")
        return made
    if isinstance(value, Templated):
        words = _FILLED.sub(lambda match: match[1] or match[2], value.text)
        made = re.sub(r"[^\w.-]+", "_", words)
        message = f"the id of a {what} that is only known when the file is run; the YAML has {made}"
        reader.left.add(place, "", message, "write the id out")
        return made
    unknown = value if isinstance(value, Unknown) else Unknown("no text", COMPUTED, place)
    reader.left.add(place, "", f"the id of a {what} is not known: {unknown.message}", "write the id out")
    return None


def dag(reader: Reader, args: Args, kwargs: Kwargs, place: Place, name: str | None = None) -> Value:
    """Make a DAG."""
    given = {**dict(zip(("dag_id", "description", "schedule"), args, strict=False)), **kwargs}
    dag_id = id_of(reader, given.get("dag_id", name), "DAG", place) or reader.module
    made = Dag(dag_id, place, own(given, "dag_id"), reader.comment(), reader.argument_places)
    if dag_id in reader.dags:
        failed(reader, place, f"a second DAG with the id {dag_id!r}", "rename one of them")
    reader.dags.setdefault(dag_id, made)
    return made


def group(reader: Reader, args: Args, kwargs: Kwargs, place: Place) -> Value:
    """Make a group."""
    given = {**dict(zip(("group_id",), args, strict=False)), **kwargs}
    group_id = given.get("group_id")
    around = given.get("parent_group") or given.get("dag") or reader.context
    if not isinstance(group_id, str) or not isinstance(around, Dag | Group):
        return failed(reader, place, "a group without an id, or outside a DAG", "write `group_id` out")
    made = Group(group_id, place, own(given, "group_id", "parent_group", "dag"), reader.comment())
    made.places = reader.argument_places
    add(reader, made, around)
    return made


def dag_of(around: Context) -> Dag:
    """The DAG that something in a DAG or a group is in."""
    found = around if isinstance(around, Dag) else around.dag
    assert found is not None  # noqa: S101 - a group is always made in a DAG
    return found


def add(reader: Reader, made: Member, around: Context) -> None:
    """Put a task or a group into a DAG or a group; one whose id is taken is told."""
    owner = dag_of(around)
    made.dag = owner
    made.id = around.child_id(made.name) if isinstance(around, Group) else made.name
    if isinstance(made, Task):
        made.group = around if isinstance(around, Group) else None
    else:
        made.outer = around if isinstance(around, Group) else None
    if made.id in owner.ids:
        failed(reader, made.place, f"a second task or group with the id {made.id!r}", "rename one of them")
        return
    owner.ids[made.id] = made
    around.members.append(made)


def around_of(reader: Reader, given: dict[str, Value]) -> Context | None:
    """The DAG or group that a task is made in; takes the arguments that say so."""
    group, owner, inside = given.pop("task_group", None), given.pop("dag", None), reader.context
    if isinstance(group, Group):
        return group
    if isinstance(owner, Dag) and not (isinstance(inside, Group) and inside.dag is owner):
        return owner
    return inside


def operator(reader: Reader, path: str, args: Args, kwargs: Kwargs, place: Place) -> Value:
    """Make the task of an operator."""
    given = own(kwargs)
    around = around_of(reader, given)
    task_id = given.pop("task_id")
    task_id = id_of(reader, task_id, "task", place)
    if task_id is None:
        return Unknown("a task whose id is not known", "write the id out", place)
    if around is None:
        return failed(reader, place, f"the task {task_id} is in no DAG", "make it inside `with DAG(...)`")
    if args:
        failed(reader, place, f"arguments of {task_id} without names", "write their names")
    made = Task(task_id, place, given, reader.comment(), reader.argument_places, path=path)
    add(reader, made, around)
    wait_for_outputs(made, given.values())
    return made


def mapped_operator(reader: Reader, partial: Partial, expand: Kwargs, place: Place) -> Value:
    """Make the task of `Operator.partial(...).expand(...)`."""
    path = partial.operator.path if isinstance(partial.operator, Named) else ""
    if isinstance(partial.operator, LocalClass):
        path = reader.proposed(partial.operator.name)
        remedy = f"move it to {path.rpartition('.')[0]}.py, or to your package, and name it as in the YAML"
        message = f"the class {partial.operator.name} is defined in this file"
        reader.left.add(partial.operator.place, "", message, remedy)
    if "task_id" not in partial.kwargs:
        return failed(reader, place, "a mapped task without a `task_id`", "write it out")
    made = operator(reader, path, (), partial.kwargs, partial.place)
    if isinstance(made, Task):
        made.expand = dict(expand)
        wait_for_outputs(made, expand.values())
    return made

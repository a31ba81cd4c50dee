"""What calls make: DAGs, groups, tasks of operators, tasks of decorated functions."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_jobkit.converting.python import names
from airflow_jobkit.converting.python.edges import all_values, wait_for_outputs
from airflow_jobkit.converting.python.expressions import COMPUTED, evaluate
from airflow_jobkit.converting.python.graph import Dag, Group, Member, Task
from airflow_jobkit.converting.python.inlining import inlined, parameters_of
from airflow_jobkit.converting.python.values import (
    Context,
    Decorated,
    Decorator,
    Function,
    GroupValue,
    LocalClass,
    Named,
    Output,
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


def _failed(reader: Reader, place: Place, message: str, remedy: str) -> Unknown:
    reader.left.add(place, "", message, remedy)
    return Unknown(message, remedy, place)


def _own(kwargs: Kwargs, *without: str) -> dict[str, Value]:
    """The arguments of something, its lists and mappings its own: the file may change them later."""
    return {name: _copied(value) for name, value in kwargs.items() if name not in without}


def _copied(value: Value) -> Value:
    return copy.copy(value) if isinstance(value, list | dict) else value


def dag(reader: Reader, args: Args, kwargs: Kwargs, place: Place, name: str | None = None) -> Value:
    """Make a DAG."""
    given = {**dict(zip(("dag_id", "description", "schedule"), args, strict=False)), **kwargs}
    dag_id = given.get("dag_id", name)
    if not isinstance(dag_id, str):
        unknown = dag_id if isinstance(dag_id, Unknown) else None
        message = f"the DAG's id: {unknown.message}" if unknown else "a DAG without an id"
        return _failed(reader, place, message, "write `dag_id` out")
    made = Dag(dag_id, place, _own(given, "dag_id"), reader.comment(), reader.argument_places)
    if dag_id in reader.dags:
        _failed(reader, place, f"a second DAG with the id {dag_id!r}", "rename one of them")
    reader.dags.setdefault(dag_id, made)
    return made


def group(reader: Reader, args: Args, kwargs: Kwargs, place: Place) -> Value:
    """Make a group."""
    given = {**dict(zip(("group_id",), args, strict=False)), **kwargs}
    group_id = given.get("group_id")
    around = given.get("parent_group") or given.get("dag") or reader.context
    if not isinstance(group_id, str) or not isinstance(around, Dag | Group):
        return _failed(reader, place, "a group without an id, or outside a DAG", "write `group_id` out")
    made = Group(group_id, place, _own(given, "group_id", "parent_group", "dag"), reader.comment())
    made.places = reader.argument_places
    _added(reader, made, around)
    return made


def _dag_of(around: Context) -> Dag:
    found = around if isinstance(around, Dag) else around.dag
    assert found is not None  # noqa: S101 - a group is always made in a DAG
    return found


def _added(reader: Reader, made: Member, around: Context) -> None:
    """Put a task or a group into a DAG or a group; one whose id is taken is told."""
    owner = _dag_of(around)
    made.dag = owner
    made.id = around.child_id(made.name) if isinstance(around, Group) else made.name
    if isinstance(made, Task):
        made.group = around if isinstance(around, Group) else None
    else:
        made.outer = around if isinstance(around, Group) else None
    if made.id in owner.ids:
        _failed(reader, made.place, f"a second task or group with the id {made.id!r}", "rename one of them")
        return
    owner.ids[made.id] = made
    around.members.append(made)


def _around(reader: Reader, given: dict[str, Value]) -> Context | None:
    """The DAG or group that a task is made in; takes the arguments that say so."""
    group, owner, inside = given.pop("task_group", None), given.pop("dag", None), reader.context
    if isinstance(group, Group):
        return group
    if isinstance(owner, Dag) and not (isinstance(inside, Group) and inside.dag is owner):
        return owner
    return inside


def operator(reader: Reader, path: str, args: Args, kwargs: Kwargs, place: Place) -> Value:
    """Make the task of an operator."""
    given = _own(kwargs)
    around = _around(reader, given)
    task_id = given.pop("task_id")
    if not isinstance(task_id, str):
        unknown = task_id if isinstance(task_id, Unknown) else Unknown("no text", COMPUTED, place)
        return _failed(reader, place, f"a task whose id is not known: {unknown.message}", "write it out")
    if around is None:
        return _failed(reader, place, f"the task {task_id} is in no DAG", "make it inside `with DAG(...)`")
    if args:
        _failed(reader, place, f"arguments of {task_id} without names", "write their names")
    made = Task(task_id, place, given, reader.comment(), reader.argument_places, path=path)
    _added(reader, made, around)
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
        return _failed(reader, place, "a mapped task without a `task_id`", "write it out")
    made = operator(reader, path, (), partial.kwargs, partial.place)
    if isinstance(made, Task):
        made.expand = dict(expand)
        wait_for_outputs(made, expand.values())
    return made


def decorated_call(
    reader: Reader, decorated: Decorated, args: Args, kwargs: dict[str, Value], place: Place
) -> Value:
    """Call a function below one of Airflow's decorators."""
    path = decorated.decorator.path
    if names.is_dag_decorator(path):
        return _dag_function(reader, decorated, args, kwargs, place)
    if names.is_group_decorator(path):
        return _group_function(reader, decorated, args, kwargs, place)
    return _task_function(reader, decorated, args, kwargs, place)


def decorated_method(
    reader: Reader, decorated: Decorated, name: str, kwargs: dict[str, Value], place: Place
) -> Value:
    """`override`, `partial` and `expand` of a decorated function."""
    if name == "override":
        own = decorated.decorator
        merged = Decorator(own.path, own.args, {**own.kwargs, **kwargs}, own.place)
        return Decorated(merged, decorated.function, decorated.partial)
    if name == "partial":
        return Decorated(decorated.decorator, decorated.function, {**decorated.partial, **kwargs})
    if name == "expand" and names.is_group_decorator(decorated.decorator.path):
        return _group_function(reader, decorated, (), {}, place, expand=kwargs)
    if name == "expand":
        return _task_function(reader, decorated, (), {}, place, expand=kwargs)
    return _failed(reader, place, f"`.{name}(...)` of a task", "write the lists below `expand`")


def _dag_function(
    reader: Reader, decorated: Decorated, args: Args, kwargs: dict[str, Value], place: Place
) -> Value:
    """Make the DAG of a function below `@dag`; its parameters are the DAG's params."""
    function, decorator = decorated.function, decorated.decorator
    if not isinstance(function, Function):
        return _failed(reader, place, "a DAG of an imported function", "convert the file that defines it")
    made = dag(reader, decorator.args, decorator.kwargs, decorator.place, function.name)
    if not isinstance(made, Dag):
        return made
    parameters = parameters_of(function)
    given = {**dict(zip(parameters, args, strict=False)), **kwargs}
    defaults = reversed(function.node.args.defaults)
    for name, default in zip(reversed(parameters), defaults, strict=False):
        given.setdefault(name, evaluate(reader, default, function.scope))
    if given:
        params = made.arguments.get("params")
        made.arguments["params"] = {**given, **(params if isinstance(params, dict) else {})}
    reader.enter(made)
    try:
        inlined(
            reader, function, (), {name: Templated(f"{{{{ params.{name} }}}}") for name in parameters}, place
        )
    finally:
        reader.leave()
    return made


def _group_function(
    reader: Reader,
    decorated: Decorated,
    args: Args,
    kwargs: dict[str, Value],
    place: Place,
    expand: Kwargs | None = None,
) -> Value:
    """Make the group of a function below `@task_group`."""
    function, decorator = decorated.function, decorated.decorator
    if not isinstance(function, Function):
        return _failed(reader, place, "a group of an imported function", "write its tasks out")
    given = {**dict(zip(("group_id",), decorator.args, strict=False)), **decorator.kwargs}
    group_id, around = given.get("group_id", function.name), given.get("parent_group") or reader.context
    if isinstance(group_id, str) and isinstance(around, Dag | Group):
        given["group_id"] = _unique(group_id, around)  # each call makes one of its own
    made = group(reader, (), given, place)
    if not isinstance(made, Group):
        return made
    if expand:
        made.expand, made.partial = dict(expand), dict(decorated.partial)
        wait_for_outputs(made, all_values(expand, decorated.partial))
        kwargs = {name: GroupValue(made, name) for name in (*expand, *decorated.partial)}
    reader.enter(made)
    try:
        found = inlined(reader, function, args, kwargs, place)
    finally:
        reader.leave()
    if isinstance(found, Unknown):
        _failed(reader, place, f"the group {made.id}: {found.message}", found.remedy)
    # What the function returns is what others take from the group.
    return found if isinstance(found, Output | Task | list | tuple) and not expand else made


def _task_function(
    reader: Reader,
    decorated: Decorated,
    args: Args,
    kwargs: dict[str, Value],
    place: Place,
    expand: Kwargs | None = None,
) -> Value:
    """Make the task of a function below `@task`."""
    function, decorator = decorated.function, decorated.decorator
    options = _own(decorator.kwargs)
    around = _around(reader, options)
    name = function.name if isinstance(function, Function) else function.path.rpartition(".")[2]
    task_id = options.pop("task_id", name)
    if around is None or not isinstance(task_id, str):
        return _failed(reader, place, f"the task {name} is in no DAG", "call it inside `with DAG(...)`")
    calls: dict[str, Any] = dict(kwargs)
    if args:
        known = parameters_of(function) if isinstance(function, Function) else []
        calls = {**dict(zip(known, args, strict=False)), **kwargs}
        if len(known) < len(args):
            _failed(reader, place, f"arguments of {task_id} without names", "write their names")
    made = Task(
        _unique(task_id, around), place, options, reader.comment(), kind="decorator", path=decorator.path
    )
    made.function = function
    made.calls = calls if not expand else {}
    made.partial, made.expand = dict(decorated.partial), dict(expand or {})
    _added(reader, made, around)
    wait_for_outputs(made, all_values(options, made.calls, made.partial, made.expand))
    return Output(made)


def _unique(name: str, around: Context) -> str:
    """The id that Airflow gives to what a function makes that is called again: with a number behind it."""
    dag = _dag_of(around)
    whole = around.child_id(name) if isinstance(around, Group) else name
    if whole not in dag.ids:
        return name
    number = dag.numbers.get(whole, 0) + 1
    while f"{whole}__{number}" in dag.ids:
        number += 1
    dag.numbers[whole] = number
    return f"{name}__{number}"

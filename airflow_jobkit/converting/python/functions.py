"""Functions below Airflow's decorators: the DAGs, groups and tasks that calling them makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_jobkit.converting.python import making, names
from airflow_jobkit.converting.python.edges import all_values, wait_for_outputs
from airflow_jobkit.converting.python.graph import Dag, Group, Task
from airflow_jobkit.converting.python.inlining import inlined, parameters_of
from airflow_jobkit.converting.python.values import (
    Context,
    Decorated,
    Decorator,
    Function,
    GroupValue,
    Output,
    Place,
    Templated,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from airflow_jobkit.converting.python.reader import Reader

Args = tuple[Value, ...]
Kwargs = Mapping[str, Value]


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
    return making.failed(reader, place, f"`.{name}(...)` of a task", "write the lists below `expand`")


def _dag_function(
    reader: Reader, decorated: Decorated, args: Args, kwargs: dict[str, Value], place: Place
) -> Value:
    """Make the DAG of a function below `@dag`; its parameters are the DAG's params."""
    function, decorator = decorated.function, decorated.decorator
    if not isinstance(function, Function):
        return making.failed(
            reader, place, "a DAG of an imported function", "convert the file that defines it"
        )
    made = making.dag(reader, decorator.args, decorator.kwargs, decorator.place, function.name)
    if not isinstance(made, Dag):
        return made
    parameters = parameters_of(function)
    given = {**dict(zip(parameters, args, strict=False)), **kwargs}
    defaults = reversed(function.node.args.defaults)
    for name, default in zip(reversed(parameters), defaults, strict=False):
        given.setdefault(name, reader.evaluate(default, function.scope))
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
        return making.failed(reader, place, "a group of an imported function", "write its tasks out")
    given = {**dict(zip(("group_id",), decorator.args, strict=False)), **decorator.kwargs}
    group_id, around = given.get("group_id", function.name), given.get("parent_group") or reader.context
    if isinstance(group_id, str) and isinstance(around, Dag | Group):
        given["group_id"] = _unique(group_id, around)  # each call makes one of its own
    made = making.group(reader, (), given, place)
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
        making.failed(reader, place, f"the group {made.id}: {found.message}", found.remedy)
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
    options = making.own(decorator.kwargs)
    around = making.around_of(reader, options)
    name = function.name if isinstance(function, Function) else function.path.rpartition(".")[2]
    task_id = options.pop("task_id", name)
    if around is None or not isinstance(task_id, str):
        return making.failed(reader, place, f"the task {name} is in no DAG", "call it inside `with DAG(...)`")
    calls: dict[str, Any] = dict(kwargs)
    if args:
        known = parameters_of(function) if isinstance(function, Function) else []
        calls = {**dict(zip(known, args, strict=False)), **kwargs}
        if len(known) < len(args):
            making.failed(reader, place, f"arguments of {task_id} without names", "write their names")
    made = Task(
        _unique(task_id, around), place, options, reader.comment(), kind="decorator", path=decorator.path
    )
    made.function = function
    made.calls = calls if not expand else {}
    made.partial, made.expand = dict(decorated.partial), dict(expand or {})
    making.add(reader, made, around)
    wait_for_outputs(made, all_values(options, made.calls, made.partial, made.expand))
    return Output(made)


def _unique(name: str, around: Context) -> str:
    """The id that Airflow gives to what a function makes that is called again: with a number behind it."""
    dag = making.dag_of(around)
    whole = around.child_id(name) if isinstance(around, Group) else name
    if whole not in dag.ids:
        return name
    number = dag.numbers.get(whole, 0) + 1
    while f"{whole}__{number}" in dag.ids:
        number += 1
    dag.numbers[whole] = number
    return f"{name}__{number}"

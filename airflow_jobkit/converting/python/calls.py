"""Calls in a DAG file: of Airflow's names, of the file's own functions, of methods."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from airflow_jobkit.converting.python import functions, making, names, plain, plain_calls
from airflow_jobkit.converting.python.edges import connect, drawn
from airflow_jobkit.converting.python.graph import Dag, Group, Task
from airflow_jobkit.converting.python.inlining import inlined
from airflow_jobkit.converting.python.operations import template_of, templated_text
from airflow_jobkit.converting.python.plain import RefusedError
from airflow_jobkit.converting.python.values import (
    COMPUTED,
    Bound,
    Decorated,
    Decorator,
    Function,
    Label,
    LocalClass,
    Made,
    Named,
    Output,
    Partial,
    Place,
    Templated,
    Unknown,
    Value,
    place_of,
)
from airflow_jobkit.spec.variables import escaped

if TYPE_CHECKING:
    from airflow_jobkit.converting.python.reader import Reader

Args = tuple[Value, ...]
Kwargs = dict[str, Value]

_ENVIRONMENT = ("os.environ.get", "os.getenv")
_VARIABLE_NAME = re.compile(r"[A-Za-z_]\w*")


def call(reader: Reader, called: Value, args: Args, kwargs: Kwargs, node: ast.Call) -> Value:
    """What a call gives, and makes."""
    place = place_of(node)
    match called:
        case Unknown():
            return called
        case Named():
            return _named(reader, called.path, args, kwargs, place)
        case LocalClass():
            return _local_class(reader, called, args, kwargs, place)
        case Function():
            return inlined(reader, called, args, kwargs, place)
        case Decorator() if args and not kwargs:
            return decorated(called, args[0], place)
        case Decorated():
            return functions.decorated_call(reader, called, args, kwargs, place)
        case Bound():
            return _method(reader, called, args, kwargs, place)
    return _computed(place)


def decorated(decorator: Value, value: Value, place: Place) -> Value:
    """What a decorator makes of a function."""
    if isinstance(decorator, Named) and _is_decorator(decorator.path):
        decorator = Decorator(decorator.path, (), {}, place)
    if isinstance(decorator, Decorator) and isinstance(value, Function | Named):
        return Decorated(decorator, value)
    if isinstance(value, Unknown):
        return value
    name = decorator.path if isinstance(decorator, Named | Made) else "a decorator"
    return Unknown(f"a function below {name}", COMPUTED, place)


def _is_decorator(path: str) -> bool:
    return names.is_dag_decorator(path) or names.is_task_decorator(path) or names.is_group_decorator(path)


def _computed(place: Place) -> Unknown:
    return Unknown("a value that is computed when the file is run", COMPUTED, place)


def _named(reader: Reader, path: str, args: Args, kwargs: Kwargs, place: Place) -> Value:
    """A call of something imported."""
    if path.startswith("builtins.") or path in plain_calls.BUILTINS:
        return _builtin(path.removeprefix("builtins."), args, kwargs, place)
    if path in _ENVIRONMENT and args and isinstance(args[0], str):
        default = args[1] if len(args) > 1 else kwargs.get("default")
        return reader.environment_variable(args[0], default, place)
    if names.VARIABLE_GET.fullmatch(path):
        return _variable(reader, args, kwargs, place)
    if path == names.DAYS_AGO:
        remedy = "write the day itself, like 2026-01-31; with a day that moves, runs come and go"
        return Unknown("days_ago(...), a day that moves", remedy, place)
    if names.is_airflows(path):
        return _airflows(reader, path, args, kwargs, place)
    return _others(reader, path, args, kwargs, place)


def _airflows(reader: Reader, path: str, args: Args, kwargs: Kwargs, place: Place) -> Value:
    """A call of something that Airflow's DAGs are made of."""
    if names.is_dag(path):
        return making.dag(reader, args, kwargs, place)
    if names.is_group(path):
        return making.group(reader, args, kwargs, place)
    if _is_decorator(path):
        if len(args) == 1 and not kwargs and isinstance(args[0], Function | Named):
            return decorated(Named(path), args[0], place)
        return Decorator(path, args, kwargs, place)
    if name := names.edge_function(path):
        drawn(reader, name, args, place)
        return None
    if names.is_label(path):
        return Label(place)
    if names.is_xcom_arg(path) and args and isinstance(args[0], Task):
        key = kwargs.get("key", args[1] if len(args) > 1 else None)
        return Output(args[0], key if isinstance(key, str) else None)
    return _others(reader, path, args, kwargs, place)


def _others(reader: Reader, path: str, args: Args, kwargs: Kwargs, place: Place) -> Value:
    """A call of any other name: an operator where it says so, else something that is made."""
    if "task_id" in kwargs and names.is_class(path):
        return making.operator(reader, path, args, kwargs, place)
    owner, _, method = path.rpartition(".")
    if method == "partial" and names.is_class(owner):
        return Partial(Named(owner), kwargs, place)
    if names.is_airflows(path) and names.is_operator(path):
        unknown = Unknown(f"{path.rpartition('.')[2]} without a `task_id`", "write it out", place)
        reader.left.add(place, "", unknown.message, unknown.remedy)
        return unknown
    return Made(path, args, kwargs, place)


def _builtin(name: str, args: Args, kwargs: Kwargs, place: Place) -> Value:
    if name == "globals":
        return Made("builtins.globals", args, kwargs, place)
    if name == "dict" and len(args) <= 1 and all(isinstance(one, dict) for one in args):
        # As a mapping in braces: what is not known in it is told where it is used, and costs not the rest.
        return plain.checked({**(args[0] if args else {}), **kwargs})
    for value in (*args, *kwargs.values()):
        if isinstance(value, Unknown):
            return value
    if name == "print":
        return None
    if name == "str" and len(args) == 1 and isinstance(args[0], Output | Task | Templated):
        return Templated(template_of(args[0]))
    if name not in plain_calls.BUILTINS or not all(map(plain.is_plain, (*args, *kwargs.values()))):
        return _computed(place)
    try:
        return plain_calls.call_builtin(name, args, kwargs)
    except RefusedError as error:
        return Unknown(str(error), COMPUTED, place)


def _variable(reader: Reader, args: Args, kwargs: Kwargs, place: Place) -> Value:
    """`Variable.get(...)`: the template that Airflow fills in when the task runs."""
    name = kwargs.get("key", args[0] if args else None)
    if not isinstance(name, str):
        return _computed(place)
    default = kwargs.get("default_var", kwargs.get("default", args[1] if len(args) > 1 else None))
    store = "json" if kwargs.get("deserialize_json") is True else "value"
    if default is not None and plain.is_single(default):
        template = escaped(f"{{{{ var.{store}.get({name!r}, {default!r}) }}}}")
    elif _VARIABLE_NAME.fullmatch(name):
        template = f"{{{{ var.{store}.{name} }}}}"
    else:
        template = escaped(f"{{{{ var.{store}[{name!r}] }}}}")
    message = f"the Airflow variable {name}, read whenever the file is; the YAML has a template for it"
    reader.left.add(place, "", message, "see that it stands in templated arguments alone, or write the value")
    return Templated(template)


def _local_class(reader: Reader, made: LocalClass, args: Args, kwargs: Kwargs, place: Place) -> Value:
    path = reader.proposed(made.name)
    message = f"the class {made.name} is defined in this file"
    remedy = f"move it to {path.rpartition('.')[0]}.py, or to your package, and name it as in the YAML"
    reader.left.add(made.place, "", message, remedy)
    if "task_id" not in kwargs:  # a notifier, perhaps
        return Made(path, args, kwargs, place)
    return making.operator(reader, path, args, kwargs, place)


def _method(reader: Reader, bound: Bound, args: Args, kwargs: Kwargs, place: Place) -> Value:
    target = bound.target
    match target:
        case Task() | Group() | Output():
            return _of_member(reader, bound, args, kwargs, place)
        case Decorated():
            return functions.decorated_method(reader, target, bound.name, kwargs, place)
        case Partial() if bound.name == "expand":
            return making.mapped_operator(reader, target, kwargs, place)
        case Partial():
            return _left(reader, place, f"`.{bound.name}(...)`", "write the lists below `expand`")
        case LocalClass() if bound.name == "partial":
            return Partial(target, kwargs, place)
        case Dag():
            return _of_dag(target, bound, args, place)
        case Made():
            return Made(f"{target.path}.{bound.name}", args, kwargs, place)
    return _of_plain(target, bound.name, args, kwargs, place)


def _of_plain(target: Value, name: str, args: Args, kwargs: Kwargs, place: Place) -> Value:
    """A method of plain data."""
    if not plain_calls.has_method(target, name):
        return _computed(place)
    for value in (*args, *kwargs.values()):
        if isinstance(value, Unknown) and isinstance(target, str):
            return value
    if target and name == "format" and any(isinstance(v, _LATER) for v in (*args, *kwargs.values())):
        texts = tuple(_text_now(value) for value in args)
        named = {key: _text_now(value) for key, value in kwargs.items()}
        found = _of_plain(target, name, texts, named, place)
        if not isinstance(found, str):
            return found
        templates = [one for one in (*args, *kwargs.values()) if isinstance(one, _LATER)]
        return templated_text(found, templates)
    try:
        return plain_calls.call_method(target, name, args, kwargs)
    except RefusedError as error:
        return Unknown(str(error), COMPUTED, place)


_LATER = (Templated, Output)


def _text_now(value: Value) -> Value:
    """A value, or the template that stands for it."""
    return template_of(value) if isinstance(value, _LATER) else value


def _of_dag(dag: Dag, bound: Bound, args: Args, place: Place) -> Value:
    if bound.name == "get_task" and args and isinstance(args[0], str) and args[0] in dag.ids:
        return dag.ids[args[0]]
    if bound.name in ("test", "cli"):
        return None
    return _computed(place)


def _of_member(reader: Reader, bound: Bound, args: Args, kwargs: Kwargs, place: Place) -> Value:
    """A method of a task or a group."""
    target = bound.target
    others = kwargs.get("task_or_task_list", args[0] if args else None)
    if bound.name == "set_upstream":
        connect(reader, others, target, place)
        return None
    if bound.name == "set_downstream":
        connect(reader, target, others, place)
        return None
    if bound.name in ("as_setup", "as_teardown"):
        _left(reader, place, f"`.{bound.name}()`", "write a trigger rule; YAML has no setup and teardown")
        return target
    remedy = "map a task over it with `expand`, or compute it in a task"
    return Unknown(f"`.{bound.name}(...)` of what a task returns", remedy, place)


def _left(reader: Reader, place: Place, message: str, remedy: str) -> Unknown:
    reader.left.add(place, "", message, remedy)
    return Unknown(message, remedy, place)

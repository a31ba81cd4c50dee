"""Expressions of a DAG file: to plain data where that can be computed without running anything of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow_jobkit.converting.python import names, operations, plain, plain_calls, rounds
from airflow_jobkit.converting.python.graph import Dag, Group, Task
from airflow_jobkit.converting.python.plain import RefusedError
from airflow_jobkit.converting.python.values import (
    COMPUTED,
    Bound,
    Function,
    LocalClass,
    Made,
    Named,
    Output,
    Scope,
    Templated,
    Unknown,
    Value,
    computed,
    place_of,
)
from airflow_jobkit.spec.variables import escaped

if TYPE_CHECKING:
    from airflow_jobkit.converting.python.reader import Reader


# An Airflow variable that holds JSON, of which a part may be taken.
_JSON = re.compile(r"\{\{ (var\.json\.\S+) \}\}")


def evaluate(reader: Reader, node: ast.expr, scope: Scope) -> Value:
    """What an expression is."""
    reader.step(node)
    found = _KINDS.get(type(node))
    if found is None:
        return Unknown("an expression that only runs in Python", COMPUTED, place_of(node))
    try:
        return found(reader, node, scope)
    except RefusedError as error:
        return Unknown(str(error), COMPUTED, place_of(node))


def _constant(_reader: Reader, node: ast.Constant, _scope: Scope) -> Value:
    if isinstance(node.value, bytes | complex) or node.value is ...:
        return Unknown("a value that YAML has no form for", "write text or a number", place_of(node))
    return plain.checked(node.value)


def _name(_reader: Reader, node: ast.Name, scope: Scope) -> Value:
    found = scope.find(node.id)
    if found is not None:
        return found[0]
    if node.id in plain_calls.BUILTINS or node.id in ("globals", "print", "isinstance", "open", "any", "all"):
        return Named(f"builtins.{node.id}")
    return Unknown(f"`{node.id}` is not defined in this file", COMPUTED, place_of(node))


def _attribute(reader: Reader, node: ast.Attribute, scope: Scope) -> Value:
    target = evaluate(reader, node.value, scope)
    match target:
        case Unknown():
            return target
        case Named():
            path = f"{target.path}.{node.attr}"
            return names.word_of(target.path, node.attr) or reader.imported(path, place_of(node))
        case LocalClass() if node.attr in target.names:
            return target.names[node.attr]
        case Made(path="pathlib.Path", args=(str() as path,)):
            return plain_calls.part_of_path(path, node.attr) or Bound(target, node.attr, place_of(node))
        case Task() if node.attr == "output":
            return Output(target)
        case Task() if node.attr == "task_id":
            return target.id
        case Dag() if node.attr == "dag_id":
            return target.name
        case Group() if node.attr == "group_id":
            return target.id
    return Bound(target, node.attr, place_of(node))


def _subscript(reader: Reader, node: ast.Subscript, scope: Scope) -> Value:
    target = evaluate(reader, node.value, scope)
    if isinstance(target, Unknown):
        return target
    if isinstance(node.slice, ast.Slice):
        parts = [node.slice.lower, node.slice.upper, node.slice.step]
        bounds = [None if part is None else evaluate(reader, part, scope) for part in parts]
        if isinstance(target, str | list | tuple) and all(b is None or isinstance(b, int) for b in bounds):
            return plain.checked(target[slice(*bounds)]) if bounds[2] != 0 else computed(node)
        return computed(node)
    key = evaluate(reader, node.slice, scope)
    if isinstance(key, Unknown):
        return key
    if isinstance(target, Templated) and isinstance(key, str | int):
        inner = _JSON.fullmatch(target.text)
        return Templated(f"{{{{ {inner[1]}[{escaped(repr(key))}] }}}}") if inner else computed(node)
    if isinstance(target, Output) and isinstance(key, str):
        return Output(target.task, key)
    if isinstance(target, Named) and target.path == "os.environ" and isinstance(key, str):
        return reader.environment_variable(key, None, place_of(node))
    try:
        return target[key] if plain.is_plain(target) else computed(node)
    except (LookupError, TypeError) as error:
        raise RefusedError(f"Python itself would fail here: {type(error).__name__}") from error


def _items(reader: Reader, nodes: list[ast.expr], scope: Scope) -> Iterator[Value]:
    for node in nodes:
        if isinstance(node, ast.Starred):
            many = evaluate(reader, node.value, scope)
            if not isinstance(many, list | tuple):
                yield many if isinstance(many, Unknown) else computed(node)
            else:
                yield from many
        else:
            yield evaluate(reader, node, scope)


def _list(reader: Reader, node: ast.List, scope: Scope) -> Value:
    return plain.checked(list(_items(reader, node.elts, scope)))


def _tuple(reader: Reader, node: ast.Tuple, scope: Scope) -> Value:
    return plain.checked(tuple(_items(reader, node.elts, scope)))


def _set(reader: Reader, node: ast.Set, scope: Scope) -> Value:
    items = list(_items(reader, node.elts, scope))
    return set(items) if all(map(plain.is_single, items)) else computed(node)


def _dict(reader: Reader, node: ast.Dict, scope: Scope) -> Value:
    found: dict[Any, Value] = {}
    for key, value_node in zip(node.keys, node.values, strict=True):
        value = evaluate(reader, value_node, scope)
        if key is None:
            if not isinstance(value, dict):
                return value if isinstance(value, Unknown) else computed(value_node)
            found.update(value)
            continue
        name = evaluate(reader, key, scope)
        if not plain.is_single(name):
            return name if isinstance(name, Unknown) else computed(key)
        found[name] = value
    return plain.checked(found)


def _call(reader: Reader, node: ast.Call, scope: Scope) -> Value:
    called = evaluate(reader, node.func, scope)
    args = tuple(_items(reader, node.args, scope))
    kwargs: dict[str, Value] = {}
    for keyword in node.keywords:
        value = evaluate(reader, keyword.value, scope)
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
        elif isinstance(value, dict) and all(isinstance(key, str) for key in value):
            kwargs.update(value)
        else:
            unknown = value if isinstance(value, Unknown) else computed(keyword.value)
            reader.left.add(unknown.place, "", f"`**`: {unknown.message}", unknown.remedy)
    reader.argument_places = {one.arg: place_of(one.value) for one in node.keywords if one.arg}
    return reader.call(called, args, kwargs, node)


def _lambda(_reader: Reader, node: ast.Lambda, scope: Scope) -> Value:
    return Function("", node, scope, place_of(node))


_KINDS: Mapping[type, Callable[[Any, Any, Scope], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.List: _list,
    ast.Tuple: _tuple,
    ast.Set: _set,
    ast.Dict: _dict,
    ast.JoinedStr: operations.f_string,
    ast.BinOp: operations.binary,
    ast.UnaryOp: operations.unary,
    ast.BoolOp: operations.boolean,
    ast.Compare: operations.comparison,
    ast.IfExp: operations.choice,
    ast.ListComp: rounds.comprehension,
    ast.GeneratorExp: rounds.comprehension,
    ast.SetComp: rounds.comprehension,
    ast.DictComp: rounds.dict_comprehension,
    ast.Call: _call,
    ast.Lambda: _lambda,
}

"""Statements of a DAG file, in the order in which Python would run them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_jobkit.converting.python import plain
from airflow_jobkit.converting.python.expressions import evaluate
from airflow_jobkit.converting.python.graph import Dag, Group, Task
from airflow_jobkit.converting.python.rounds import bind, iterated
from airflow_jobkit.converting.python.values import (
    Function,
    LocalClass,
    Made,
    Named,
    Output,
    Scope,
    Unknown,
    Value,
    place_of,
)
from airflow_jobkit.spec.common import GroupKeys, TaskKeys
from airflow_jobkit.spec.dag_keys import DagKeys

if TYPE_CHECKING:
    from airflow_jobkit.converting.python.reader import Reader

# Calls whose effect is nothing that a DAG is made of.
_QUIET = ("builtins.print", "logging.", "warnings.", "sys.path.", "builtins.globals")


# The attributes that are arguments too.
_ATTRIBUTES: Mapping[type, frozenset[str]] = {
    Dag: frozenset(DagKeys.model_fields) - {"tasks", "task_groups"},
    Group: frozenset(GroupKeys.model_fields) - {"dependencies"},
    Task: frozenset(TaskKeys.model_fields) - {"dependencies", "expand", "partial", "timeout"},
}


class ReturnSignal(Exception):  # noqa: N818 - no error: how a function of the file ends
    """A function of the file returns a value."""

    def __init__(self, value: Value) -> None:
        self.value = value
        super().__init__()


class LoopSignal(Exception):  # noqa: N818 - no error: how a round of a loop ends
    """A round of a loop ends; `ends` says whether the loop does too."""

    def __init__(self, *, ends: bool) -> None:
        self.ends = ends
        super().__init__()


def run(reader: Reader, body: Iterable[ast.stmt], scope: Scope) -> None:
    """Take up what statements say.

    Raises:
        ReturnSignal: One of them returns.
        LoopSignal: One of them ends a round of a loop.
    """
    for statement in body:
        reader.step(statement)
        reader.comes_to(statement)
        handler = _KINDS.get(type(statement))
        if handler is None:
            name = type(statement).__name__.lower()
            reader.left.add(
                place_of(statement), "", f"a `{name}` statement", "write what it comes to into the YAML"
            )
            continue
        handler(reader, statement, scope)


def _nothing(_reader: Reader, _node: ast.stmt, _scope: Scope) -> None:
    return


def _import(_reader: Reader, node: ast.Import, scope: Scope) -> None:
    for alias in node.names:
        if alias.asname:
            scope.names[alias.asname] = Named(alias.name)
        else:
            top = alias.name.partition(".")[0]
            scope.names[top] = Named(top)


def _import_from(reader: Reader, node: ast.ImportFrom, scope: Scope) -> None:
    for alias in node.names:
        name = alias.asname or alias.name
        if alias.name == "*":
            reader.left.add(place_of(node), "", "`import *`", "import the names that are used")
        elif node.level:
            remedy = "import it by its whole path"
            unknown = Unknown(f"`{name}` is imported by a relative path", remedy, place_of(node))
            scope.names[name] = unknown
        else:
            scope.names[name] = reader.imported(f"{node.module}.{alias.name}", place_of(node))


def _assign(reader: Reader, node: ast.Assign, scope: Scope) -> None:
    value = evaluate(reader, node.value, scope)
    for target in node.targets:
        _assign_to(reader, target, value, scope)


def _annotated(reader: Reader, node: ast.AnnAssign, scope: Scope) -> None:
    if node.value is not None:
        _assign_to(reader, node.target, evaluate(reader, node.value, scope), scope)


def _augmented(reader: Reader, node: ast.AugAssign, scope: Scope) -> None:
    whole = ast.BinOp(left=_loaded(node.target), op=node.op, right=node.value)
    ast.copy_location(whole, node)
    _assign_to(reader, node.target, evaluate(reader, whole, scope), scope)


def _loaded(target: ast.expr) -> ast.expr:
    """A target as the expression that reads it."""
    return ast.copy_location(ast.parse(ast.unparse(target), mode="eval").body, target)


def _assign_to(reader: Reader, target: ast.expr, value: Value, scope: Scope) -> None:
    if bind(target, value, scope):
        return
    if isinstance(target, ast.Attribute):
        owner = evaluate(reader, target.value, scope)
        owner = owner.task if isinstance(owner, Output) else owner
        keys = next((keys for kind, keys in _ATTRIBUTES.items() if isinstance(owner, kind)), frozenset())
        if target.attr in keys:
            owner.arguments[target.attr] = value
            return
    if isinstance(target, ast.Subscript):
        owner = evaluate(reader, target.value, scope)
        key = evaluate(reader, target.slice, scope)
        if isinstance(owner, dict) and plain.is_single(key):
            owner[key] = value
            return
        if isinstance(owner, Unknown | Made):  # `globals()["dag"] = ...`, or of what nobody knows
            return
    reader.left.add(place_of(target), "", "an assignment to a part of something", "write the value itself")


def _expression(reader: Reader, node: ast.Expr, scope: Scope) -> None:
    value = evaluate(reader, node.value, scope)
    if not isinstance(node.value, ast.Call | ast.Await):
        return
    if isinstance(value, Unknown):
        reader.left.add(value.place, "", value.message, value.remedy)
    elif isinstance(value, Made) and not value.path.startswith(_QUIET):
        remedy = "do it in a task, or leave it out"
        reader.left.add(value.place, "", f"the call of {value.path} when the file is read", remedy)


def _with(reader: Reader, node: ast.With, scope: Scope) -> None:
    entered = 0
    for item in node.items:
        value = evaluate(reader, item.context_expr, scope)
        if isinstance(value, Dag | Group):
            reader.enter(value)
            entered += 1
        else:
            remedy = "take its tasks out of the `with`, or write the keys that it stands for"
            reader.left.add(place_of(item.context_expr), "", "a `with` over neither DAG nor group", remedy)
        if item.optional_vars is not None:
            _assign_to(reader, item.optional_vars, value, scope)
    try:
        run(reader, node.body, scope)
    finally:
        for _ in range(entered):
            reader.leave()


def _function(reader: Reader, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
    value: Value = Function(node.name, node, scope, place_of(node))
    for decorator in reversed(node.decorator_list):
        value = reader.decorate(evaluate(reader, decorator, scope), value, place_of(decorator))
    scope.names[node.name] = value


def _class(reader: Reader, node: ast.ClassDef, scope: Scope) -> None:
    inner = Scope(outer=scope)
    run(reader, (one for one in node.body if isinstance(one, ast.Assign | ast.AnnAssign)), inner)
    scope.names[node.name] = LocalClass(node.name, place_of(node), inner.names)


def _if(reader: Reader, node: ast.If, scope: Scope) -> None:
    if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    test = evaluate(reader, node.test, scope)
    if plain.is_plain(test):
        run(reader, node.body if test else node.orelse, scope)
        return
    remedy = "write what holds; environments are told apart in jobkit.yaml"
    place = test.place if isinstance(test, Unknown) else place_of(node.test)
    reader.left.add(place, "", "a condition that is decided when the file is run", remedy)


def _for(reader: Reader, node: ast.For, scope: Scope) -> None:
    many = iterated(evaluate(reader, node.iter, scope), node.iter)
    if isinstance(many, Unknown):
        remedy = "write the list itself, or map a task over it with `expand`"
        reader.left.add(place_of(node), "", f"a loop over {_article(many.message)}", remedy)
        return
    for item in many:
        reader.step(node)
        bind(node.target, item, scope)
        try:
            run(reader, node.body, scope)
        except LoopSignal as signal:
            if signal.ends:
                return
    run(reader, node.orelse, scope)


def _article(message: str) -> str:
    return message.removeprefix("a loop over ")


def _break(_reader: Reader, _node: ast.Break, _scope: Scope) -> None:
    raise LoopSignal(ends=True)


def _continue(_reader: Reader, _node: ast.Continue, _scope: Scope) -> None:
    raise LoopSignal(ends=False)


def _return(reader: Reader, node: ast.Return, scope: Scope) -> None:
    raise ReturnSignal(evaluate(reader, node.value, scope) if node.value is not None else None)


def _try(reader: Reader, node: ast.Try, scope: Scope) -> None:
    """What holds where nothing is raised."""
    for part in (node.body, node.orelse, node.finalbody):
        run(reader, part, scope)


_KINDS: Mapping[type, Callable[[Any, Any, Scope], None]] = {
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Expr: _expression,
    ast.With: _with,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.If: _if,
    ast.For: _for,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.Return: _return,
    ast.Try: _try,
    ast.Pass: _nothing,
    ast.Assert: _nothing,
    ast.Delete: _nothing,
    ast.Global: _nothing,
    ast.Nonlocal: _nothing,
}

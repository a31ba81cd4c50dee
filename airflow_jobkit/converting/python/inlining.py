"""The file's own functions: what a call gives is what their body says with these arguments."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from airflow_jobkit.converting.python.expressions import evaluate
from airflow_jobkit.converting.python.statements import ReturnSignal, run
from airflow_jobkit.converting.python.values import COMPUTED, Function, Place, Scope, Unknown, Value

if TYPE_CHECKING:
    from airflow_jobkit.converting.python.reader import Reader

MOST_CALLS: Final = 20
"""How deep functions of a file may call each other."""

Args = tuple[Value, ...]
Kwargs = dict[str, Value]


def inlined(reader: Reader, function: Function, args: Args, kwargs: Kwargs, place: Place) -> Value:
    """What a function of the file gives: its body is read with these arguments."""
    scope = Scope(outer=function.scope)
    problem = _bound_arguments(reader, function, args, kwargs, scope)
    if problem is not None:
        return Unknown(problem, COMPUTED, place)
    if reader.depth >= MOST_CALLS:
        return Unknown("functions that call each other without end", COMPUTED, place)
    reader.depth += 1
    try:
        if isinstance(function.node, ast.Lambda):
            return evaluate(reader, function.node.body, scope)
        run(reader, function.node.body, scope)
    except ReturnSignal as signal:
        return signal.value
    finally:
        reader.depth -= 1
    return None


def _bound_arguments(
    reader: Reader, function: Function, args: Args, kwargs: Kwargs, scope: Scope
) -> str | None:
    """Give a function's parameters their values; what is wrong with that."""
    wanted = function.node.args
    parameters = [*wanted.posonlyargs, *wanted.args]
    defaults = dict(zip(reversed([p.arg for p in parameters]), reversed(wanted.defaults), strict=False))
    defaults |= {
        p.arg: default
        for p, default in zip(wanted.kwonlyargs, wanted.kw_defaults, strict=True)
        if default is not None
    }
    for name, default in defaults.items():
        scope.names[name] = evaluate(reader, default, function.scope)
    given = {p.arg: value for p, value in zip(parameters, args, strict=False)}
    known = {p.arg for p in (*parameters, *wanted.kwonlyargs)}
    others = {name: value for name, value in kwargs.items() if name not in known}
    scope.names |= given | {name: value for name, value in kwargs.items() if name in known}
    if wanted.vararg is not None:
        scope.names[wanted.vararg.arg] = tuple(args[len(parameters) :])
    if wanted.kwarg is not None:
        scope.names[wanted.kwarg.arg] = others
    elif others:
        return f"{function.name} takes no {next(iter(others))}"
    if len(args) > len(parameters) and wanted.vararg is None:
        return f"{function.name} takes fewer arguments"
    missing = known - set(scope.names)
    return f"{function.name} needs {min(missing)}" if missing else None


def parameters_of(function: Function) -> list[str]:
    """The names of a function's parameters, in order."""
    wanted = function.node.args
    return [p.arg for p in (*wanted.posonlyargs, *wanted.args, *wanted.kwonlyargs)]

"""Comprehensions and loops: what they go over, and the names of each round."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from airflow_jobkit.converting.python import plain
from airflow_jobkit.converting.python.values import Scope, Unknown, Value, computed, place_of

if TYPE_CHECKING:
    from airflow_jobkit.converting.python.reader import Reader


def comprehension(reader: Reader, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope) -> Value:
    """The items of a comprehension."""
    found: list[Value] = []
    for inner in _rounds(reader, node.generators, Scope(outer=scope)):
        if isinstance(inner, Unknown):
            return inner
        found.append(reader.evaluate(node.elt, inner))
        plain.checked(found)
    return found


def dict_comprehension(reader: Reader, node: ast.DictComp, scope: Scope) -> Value:
    """The mapping of a comprehension."""
    found: dict[Any, Value] = {}
    for inner in _rounds(reader, node.generators, Scope(outer=scope)):
        if isinstance(inner, Unknown):
            return inner
        key = reader.evaluate(node.key, inner)
        if not plain.is_single(key):
            return key if isinstance(key, Unknown) else computed(node)
        found[key] = reader.evaluate(node.value, inner)
        plain.checked(found)
    return found


def _rounds(reader: Reader, generators: list[ast.comprehension], scope: Scope) -> Iterator[Scope | Unknown]:
    """The scope of each round of a comprehension."""
    if not generators:
        yield scope
        return
    first = generators[0]
    many = iterated(reader.evaluate(first.iter, scope), first.iter)
    if isinstance(many, Unknown):
        yield many
        return
    for item in many:
        reader.step(first.iter)
        inner = Scope(outer=scope)
        bind(first.target, item, inner)
        tests = [reader.evaluate(test, inner) for test in first.ifs]
        unknown = next((test for test in tests if isinstance(test, Unknown)), None)
        if unknown is not None:
            yield unknown
            return
        if all(tests):
            yield from _rounds(reader, generators[1:], inner)


def iterated(value: Value, node: ast.AST) -> list[Value] | Unknown:
    """What a loop goes over, where that is known."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, list | tuple | dict | str):
        return list(value)
    if isinstance(value, set):
        return sorted(value, key=repr)
    message = "a loop over what is computed when the file is run"
    return Unknown(message, "write the list itself, or map a task over it with `expand`", place_of(node))


def bind(target: ast.expr, value: Value, scope: Scope) -> bool:
    """Give a name, or several, what is assigned to them; whether that was possible."""
    if isinstance(target, ast.Name):
        scope.names[target.id] = value
        return True
    if isinstance(target, ast.Tuple | ast.List):
        names = target.elts
        if isinstance(value, list | tuple) and len(value) == len(names):
            items: list[Value] = list(value)
        else:
            items = [value if isinstance(value, Unknown) else computed(target)] * len(names)
        bound = [bind(name, item, scope) for name, item in zip(names, items, strict=True)]
        return all(bound)
    return False

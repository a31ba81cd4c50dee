"""Expressions of a DAG file: to plain data where that can be computed without running anything of it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow_jobkit.converting.python import names, plain
from airflow_jobkit.converting.python.graph import Dag, Group, Task
from airflow_jobkit.converting.python.plain import RefusedError
from airflow_jobkit.converting.python.values import (
    Bound,
    Function,
    LocalClass,
    Made,
    Named,
    Output,
    Place,
    Scope,
    Templated,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from airflow_jobkit.converting.python.reader import Reader

COMPUTED = "write the value itself"


def place_of(node: ast.AST) -> Place:
    """The line and column of a part of the file, both counted from 1."""
    return getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1


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
    if node.id in plain.BUILTINS or node.id in ("globals", "print", "isinstance", "open", "any", "all"):
        return Named(f"builtins.{node.id}")
    return Unknown(f"`{node.id}` is not defined in this file", COMPUTED, place_of(node))


def _attribute(reader: Reader, node: ast.Attribute, scope: Scope) -> Value:
    target = evaluate(reader, node.value, scope)
    match target:
        case Unknown():
            return target
        case Named():
            return names.word_of(target.path, node.attr) or Named(f"{target.path}.{node.attr}")
        case LocalClass() if node.attr in target.names:
            return target.names[node.attr]
        case Made(path="pathlib.Path", args=(str() as path,)):
            return plain.part_of_path(path, node.attr) or Bound(target, node.attr, place_of(node))
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
            return plain.checked(target[slice(*bounds)]) if bounds[2] != 0 else _computed(node)
        return _computed(node)
    key = evaluate(reader, node.slice, scope)
    if isinstance(key, Unknown):
        return key
    if isinstance(target, Output) and isinstance(key, str):
        return Output(target.task, key)
    if isinstance(target, Named) and target.path == "os.environ" and isinstance(key, str):
        return reader.environment_variable(key, None, place_of(node))
    try:
        return target[key] if plain.is_plain(target) else _computed(node)
    except (LookupError, TypeError) as error:
        raise RefusedError(f"Python itself would fail here: {type(error).__name__}") from error


def _computed(node: ast.AST) -> Unknown:
    return Unknown("a value that is computed when the file is run", COMPUTED, place_of(node))


def _items(reader: Reader, nodes: list[ast.expr], scope: Scope) -> Iterator[Value]:
    for node in nodes:
        if isinstance(node, ast.Starred):
            many = evaluate(reader, node.value, scope)
            if not isinstance(many, list | tuple):
                yield many if isinstance(many, Unknown) else _computed(node)
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
    return set(items) if all(map(plain.is_single, items)) else _computed(node)


def _dict(reader: Reader, node: ast.Dict, scope: Scope) -> Value:
    found: dict[Any, Value] = {}
    for key, value_node in zip(node.keys, node.values, strict=True):
        value = evaluate(reader, value_node, scope)
        if key is None:
            if not isinstance(value, dict):
                return value if isinstance(value, Unknown) else _computed(value_node)
            found.update(value)
            continue
        name = evaluate(reader, key, scope)
        if not plain.is_single(name):
            return name if isinstance(name, Unknown) else _computed(key)
        found[name] = value
    return plain.checked(found)


def _f_string(reader: Reader, node: ast.JoinedStr, scope: Scope) -> Value:
    text, templated = "", False
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            assert isinstance(part, ast.FormattedValue)  # noqa: S101 - there are two kinds
            value = evaluate(reader, part.value, scope)
            spec = evaluate(reader, part.format_spec, scope) if part.format_spec else ""
            for one in (value, spec):
                if isinstance(one, Unknown):
                    return one
            if isinstance(value, Output | Task | Templated):
                text, templated = text + template_of(value), True
            else:
                text += plain.format_value(value, spec, chr(part.conversion) if part.conversion > 0 else None)
        plain.checked(text)
    return Templated(text) if templated else text


def template_of(value: Output | Task | Templated) -> str:
    """The template that stands for what a task returns, or that something is already."""
    if isinstance(value, Templated):
        return value.text
    task, key = (value.task, value.key) if isinstance(value, Output) else (value, None)
    more = f", key={key!r}" if key is not None else ""
    return f"{{{{ ti.xcom_pull(task_ids={task.id!r}{more}) }}}}"


def _binary(reader: Reader, node: ast.BinOp, scope: Scope) -> Value:
    """A chain such as `a >> b >> c`, taken apart without recursion: it may be long."""
    chain: list[ast.BinOp] = []
    left_node: ast.expr = node
    while isinstance(left_node, ast.BinOp):
        chain.append(left_node)
        left_node = left_node.left
    left = evaluate(reader, left_node, scope)
    for one in reversed(chain):
        right = evaluate(reader, one.right, scope)
        left = _operated(reader, one, left, right)
    return left


def _operated(reader: Reader, node: ast.BinOp, left: Value, right: Value) -> Value:
    if isinstance(node.op, ast.RShift | ast.LShift):
        return reader.edge(left, right, place_of(node), backwards=isinstance(node.op, ast.LShift))
    for side in (left, right):
        if isinstance(side, Unknown):
            return side
    if isinstance(node.op, ast.BitAnd | ast.BitOr) and isinstance(left, Made) and isinstance(right, Made):
        word = "__and__" if isinstance(node.op, ast.BitAnd) else "__or__"
        parts = plain.checked((*_parts(left, word), *_parts(right, word)))
        return Made(word, parts, {}, place_of(node))
    if (
        isinstance(node.op, ast.Add)
        and isinstance(left, Templated | str)
        and isinstance(right, Templated | str)
    ):
        texts = [side.text if isinstance(side, Templated) else side for side in (left, right)]
        whole = plain.checked("".join(texts))
        return whole if isinstance(left, str) and isinstance(right, str) else Templated(whole)
    return plain.binary(type(node.op).__name__, left, right)


def _parts(value: Made, word: str) -> tuple[Value, ...]:
    return value.args if value.path == word else (value,)


def _unary(reader: Reader, node: ast.UnaryOp, scope: Scope) -> Value:
    value = evaluate(reader, node.operand, scope)
    if isinstance(value, Unknown):
        return value
    if isinstance(node.op, ast.Not) and plain.is_plain(value):
        return not value
    if isinstance(node.op, ast.USub) and isinstance(value, int | float):
        return -value
    return _computed(node)


def _boolean(reader: Reader, node: ast.BoolOp, scope: Scope) -> Value:
    value: Value = None
    for part in node.values:
        value = evaluate(reader, part, scope)
        if not plain.is_plain(value):
            return value if isinstance(value, Unknown) else _computed(node)
        if bool(value) is isinstance(node.op, ast.Or):
            return value
    return value


def _comparison(reader: Reader, node: ast.Compare, scope: Scope) -> Value:
    left = evaluate(reader, node.left, scope)
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        right = evaluate(reader, right_node, scope)
        for side in (left, right):
            if isinstance(side, Unknown):
                return side
        if not plain.compare(type(op).__name__, left, right):
            return False
        left = right
    return True


def _choice(reader: Reader, node: ast.IfExp, scope: Scope) -> Value:
    test = evaluate(reader, node.test, scope)
    if not plain.is_plain(test):
        return test if isinstance(test, Unknown) else _computed(node)
    return evaluate(reader, node.body if test else node.orelse, scope)


def _comprehension(
    reader: Reader, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope
) -> Value:
    found: list[Value] = []
    for inner in _rounds(reader, node.generators, Scope(outer=scope)):
        if isinstance(inner, Unknown):
            return inner
        found.append(evaluate(reader, node.elt, inner))
        plain.checked(found)
    return found


def _dict_comprehension(reader: Reader, node: ast.DictComp, scope: Scope) -> Value:
    found: dict[Any, Value] = {}
    for inner in _rounds(reader, node.generators, Scope(outer=scope)):
        if isinstance(inner, Unknown):
            return inner
        key = evaluate(reader, node.key, inner)
        if not plain.is_single(key):
            return key if isinstance(key, Unknown) else _computed(node)
        found[key] = evaluate(reader, node.value, inner)
        plain.checked(found)
    return found


def _rounds(reader: Reader, generators: list[ast.comprehension], scope: Scope) -> Iterator[Scope | Unknown]:
    """The scope of each round of a comprehension."""
    if not generators:
        yield scope
        return
    first = generators[0]
    many = iterated(evaluate(reader, first.iter, scope), first.iter)
    if isinstance(many, Unknown):
        yield many
        return
    for item in many:
        reader.step(first.iter)
        inner = Scope(outer=scope)
        bind(first.target, item, inner)
        tests = [evaluate(reader, test, inner) for test in first.ifs]
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
            items = [value if isinstance(value, Unknown) else _computed(target)] * len(names)
        bound = [bind(name, item, scope) for name, item in zip(names, items, strict=True)]
        return all(bound)
    return False


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
            unknown = value if isinstance(value, Unknown) else _computed(keyword.value)
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
    ast.JoinedStr: _f_string,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _comparison,
    ast.IfExp: _choice,
    ast.ListComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.SetComp: _comprehension,
    ast.DictComp: _dict_comprehension,
    ast.Call: _call,
    ast.Lambda: _lambda,
}

"""Operators between values: texts put together, arithmetic, comparisons, edges, conditions on assets."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow_jobkit.converting.python import plain
from airflow_jobkit.converting.python.graph import Task
from airflow_jobkit.converting.python.values import (
    Made,
    Output,
    Scope,
    Templated,
    Unknown,
    Value,
    computed,
    place_of,
)
from airflow_jobkit.spec.variables import escaped, references

if TYPE_CHECKING:
    from airflow_jobkit.converting.python.reader import Reader


def f_string(reader: Reader, node: ast.JoinedStr, scope: Scope) -> Value:
    """The text that an f-string is."""
    text, templates = "", []
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            assert isinstance(part, ast.FormattedValue)  # noqa: S101 - there are two kinds
            value = reader.evaluate(part.value, scope)
            spec = reader.evaluate(part.format_spec, scope) if part.format_spec else ""
            for one in (value, spec):
                if isinstance(one, Unknown):
                    return one
            if isinstance(value, Output | Task | Templated):
                text += template_of(value)
                templates.append(value)
            else:
                text += plain.format_value(value, spec, chr(part.conversion) if part.conversion > 0 else None)
        plain.checked(text)
    return templated_text(text, templates) if templates else text


def templated_text(text: str, templates: Iterable[Output | Task | Templated]) -> Templated:
    """A text that was put together with templates.

    Raises:
        RefusedError: Our loader would fill in more of it than the templates, or less.
    """
    given = {name for one in templates for name in references(template_of(one))}
    if not given.issuperset(references(text)):
        raise plain.RefusedError("a text with `${...}` or `$` of its own, beside what is filled in later")
    return Templated(text)


def template_of(value: Output | Task | Templated) -> str:
    """The template that stands for what a task returns, or that something is already."""
    if isinstance(value, Templated):
        return value.text
    task, key = (value.task, value.key) if isinstance(value, Output) else (value, None)
    more = f", key={key!r}" if key is not None else ""
    return escaped(f"{{{{ ti.xcom_pull(task_ids={task.id!r}{more}) }}}}")


def binary(reader: Reader, node: ast.BinOp, scope: Scope) -> Value:
    """A chain such as `a >> b >> c`, taken apart without recursion: it may be long."""
    chain: list[ast.BinOp] = []
    left_node: ast.expr = node
    while isinstance(left_node, ast.BinOp):
        chain.append(left_node)
        left_node = left_node.left
    left = reader.evaluate(left_node, scope)
    for one in reversed(chain):
        right = reader.evaluate(one.right, scope)
        left = _operated(reader, one, left, right)
    return left


def _operated(reader: Reader, node: ast.BinOp, left: Value, right: Value) -> Value:
    if isinstance(node.op, ast.RShift | ast.LShift) and not _are_numbers(left, right):
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
        templates = [side for side in (left, right) if isinstance(side, Templated)]
        return templated_text(whole, templates) if templates else whole
    return plain.binary(type(node.op).__name__, left, right)


def _are_numbers(*sides: Value) -> bool:
    """Whether `<<` and `>>` move bits, and draw no edge; what is not known may be a number beside one."""
    return all(isinstance(side, int | Unknown) for side in sides) and any(
        isinstance(side, int) for side in sides
    )


def _parts(value: Made, word: str) -> tuple[Value, ...]:
    return value.args if value.path == word else (value,)


def unary(reader: Reader, node: ast.UnaryOp, scope: Scope) -> Value:
    """What `not` or a minus gives."""
    value = reader.evaluate(node.operand, scope)
    if isinstance(value, Unknown):
        return value
    if isinstance(node.op, ast.Not) and plain.is_plain(value):
        return not value
    if isinstance(node.op, ast.USub) and isinstance(value, int | float):
        return -value
    return computed(node)


def boolean(reader: Reader, node: ast.BoolOp, scope: Scope) -> Value:
    """What `and` or `or` gives."""
    value: Value = None
    for part in node.values:
        value = reader.evaluate(part, scope)
        if not plain.is_plain(value):
            return value if isinstance(value, Unknown) else computed(node)
        if bool(value) is isinstance(node.op, ast.Or):
            return value
    return value


def comparison(reader: Reader, node: ast.Compare, scope: Scope) -> Value:
    """What a chain of comparisons gives."""
    left = reader.evaluate(node.left, scope)
    for op, right_node in zip(node.ops, node.comparators, strict=True):
        right = reader.evaluate(right_node, scope)
        for side in (left, right):
            if isinstance(side, Unknown):
                return side
        if not plain.compare(type(op).__name__, left, right):
            return False
        left = right
    return True


def choice(reader: Reader, node: ast.IfExp, scope: Scope) -> Value:
    """What `a if test else b` gives."""
    test = reader.evaluate(node.test, scope)
    if not plain.is_plain(test):
        return test if isinstance(test, Unknown) else computed(node)
    return reader.evaluate(node.body if test else node.orelse, scope)

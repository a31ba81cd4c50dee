"""Edges between tasks and groups: `>>`, `set_upstream`, `chain`, and what an argument waits for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from airflow_jobkit.converting.python.graph import Group, Task
from airflow_jobkit.converting.python.values import Label, Made, Member, Output, Place, Unknown, Value

if TYPE_CHECKING:
    from airflow_jobkit.converting.python.reader import Reader

_REMEDY = "write it as a task's `dependencies`"


def shifted(reader: Reader, left: Value, right: Value, place: Place, *, backwards: bool) -> Value:
    """What `left >> right` gives, after the edges are drawn; `left << right` where it goes backwards."""
    for side in (left, right):
        if isinstance(side, Label):
            reader.left.add(side.place, "", "the label of an edge", "YAML has none; say it in `doc`")
    if isinstance(right, Label):
        return left
    if isinstance(left, Label):
        return right
    ends = (right, left) if backwards else (left, right)
    connect(reader, *ends, place)
    return right


def connect(reader: Reader, upstream: Value, downstream: Value, place: Place) -> None:
    """Let every task of one side wait for every one of the other."""
    ups, downs = (list(_members(reader, side, place)) for side in (upstream, downstream))
    reader.count(len(ups) * len(downs), place)
    for down in downs:
        for up in ups:
            if up is not down:
                down.upstream.setdefault(up)


def _members(reader: Reader, value: Value, place: Place) -> Iterator[Member]:
    """The tasks and groups of one side of an edge: one, or a list of them."""
    items = value if isinstance(value, list | tuple) else [value]
    for item in items:
        yield from _member(reader, item, place)


def _member(reader: Reader, value: Value, place: Place) -> Iterator[Member]:
    if isinstance(value, Task | Group):
        yield value
    elif isinstance(value, Output):
        yield value.task
    elif value is not None:
        unknown = value if isinstance(value, Unknown) else None
        message = f"an edge: {unknown.message}" if unknown else "an edge to what is neither task nor group"
        reader.left.add(unknown.place if unknown else place, "", message, _REMEDY)


def drawn(reader: Reader, name: str, args: tuple[Value, ...], place: Place) -> None:
    """Draw the edges of `chain`, `chain_linear` or `cross_downstream`."""
    if name == "cross_downstream":
        if len(args) == 2:
            connect(reader, args[0], args[1], place)
        return
    for up, down in pairwise(arg for arg in args if not isinstance(arg, Label)):
        if name == "chain" and isinstance(up, list | tuple) and isinstance(down, list | tuple):
            if len(up) != len(down):
                message = f"`chain` of lists of {len(up)} and {len(down)}, which Airflow refuses"
                reader.left.add(place, "", message, _REMEDY)
            for one, other in zip(up, down, strict=False):
                connect(reader, one, other, place)
        else:
            connect(reader, up, down, place)


def outputs_in(value: Any) -> Iterator[Output]:
    """What other tasks return, wherever it stands in a value."""
    pending: list[Any] = [value]
    seen: set[int] = set()
    while pending:
        one = pending.pop()
        if isinstance(one, Output):
            yield one
        elif isinstance(one, list | tuple | dict) and id(one) not in seen:
            seen.add(id(one))
            pending += one.values() if isinstance(one, dict) else one
        elif isinstance(one, Made):
            pending += [*one.args, *one.kwargs.values()]


def wait_for_outputs(task: Member, values: Iterable[Any]) -> None:
    """Let a task or a group wait for those whose results it takes."""
    for value in values:
        for output in outputs_in(value):
            if output.task is not task:
                task.upstream.setdefault(output.task)


def all_values(*many: Mapping[str, Any]) -> list[Any]:
    """The values of several mappings."""
    return [value for one in many for value in one.values()]

"""Plans as JSON has them, read and checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from airflow_jobkit.local.emulators.simulation.plans import DEEDS, RESULTS, Course, Fault, Plan, Step

_PLAN_KEYS = (
    "name",
    "match",
    "states",
    "reason",
    "result",
    "stop_seconds",
    "list_lag",
    "log_denied",
    "faults",
)
_FAULT_KEYS = ("call", "path", "state", "nth", "times", "do", "seconds")
_STOP_SECONDS = 0.3

_Item = TypeVar("_Item")


class PlanError(Exception):
    """A plan that cannot be taken: what is wrong, and where."""


def parse_plans(document: Any, taken: Collection[str] = ()) -> list[Plan]:
    """Read a list of plans.

    Args:
        document: The list, as JSON has it.
        taken: Names that other plans have already.

    Raises:
        PlanError: A plan is not valid, or its name is taken.
    """
    if not isinstance(document, list):
        raise PlanError("the body is no list of plans")
    plans = [_plan(item, f"plan {number}") for number, item in enumerate(document, start=1)]
    names = list(taken)
    for plan in plans:
        if plan.name in names:
            raise PlanError(f"plan {plan.name!r} is there already; choose another name, or DELETE the plans")
        names.append(plan.name)
    return plans


def _plan(item: Any, where: str) -> Plan:
    fields = _fields(item, where, _PLAN_KEYS)
    name = _text(fields, "name", where)
    if not name:
        raise PlanError(f"{where}: a plan needs a name")
    where = f"plan {name!r}"
    match = _text(fields, "match", where) or name
    faults = _items(fields, "faults", where)
    return Plan(
        name,
        match,
        _courses(fields, where),
        _seconds(fields, "list_lag", where, 0.0),
        _flag(fields, "log_denied", where),
        tuple(_fault(fault, f"{where}, faults[{place}]") for place, fault in enumerate(faults)),
    )


def _courses(fields: Mapping[str, Any], where: str) -> tuple[Course, ...]:
    """The courses of the runs: as many as the longest list of what differs from run to run."""
    of_runs = [name for name in ("states", "reason", "result") if fields.get(name) is not None]
    if "states" not in of_runs:
        if of_runs:
            raise PlanError(f"{where}: {of_runs[0]} is of simulated runs; add states")
        return ()
    timelines = _timelines(fields["states"], f"{where}, states")
    reasons = _per_run(fields.get("reason"), f"{where}, reason")
    results = _per_run(fields.get("result"), f"{where}, result")
    for result in results:
        if result is not None and result not in RESULTS:
            raise PlanError(f"{where}: result {result!r} is none of {', '.join(RESULTS)}")
    stop_seconds = _seconds(fields, "stop_seconds", where, _STOP_SECONDS)
    return tuple(
        Course(_nth(timelines, number), _nth(reasons, number), _nth(results, number), stop_seconds)
        for number in range(max(len(timelines), len(reasons), len(results)))
    )


def _nth(items: Sequence[_Item], number: int) -> _Item:
    return items[min(number, len(items) - 1)]


def _timelines(value: Any, where: str) -> list[tuple[Step, ...]]:
    if not isinstance(value, list) or not value:
        raise PlanError(f"{where}: give a list of [state, seconds]")
    # One timeline begins with a state, a list of them with a list of states.
    several = isinstance(value[0], list) and bool(value[0]) and isinstance(value[0][0], list)
    if several:
        return [_timeline(timeline, f"{where}[{place}]") for place, timeline in enumerate(value)]
    return [_timeline(value, where)]


def _timeline(value: Any, where: str) -> tuple[Step, ...]:
    if not isinstance(value, list) or not value:
        raise PlanError(f"{where}: give a list of [state, seconds]")
    return tuple(
        _step(step, f"{where}[{place}]", last=place == len(value) - 1) for place, step in enumerate(value)
    )


def _step(value: Any, where: str, *, last: bool) -> Step:
    if not (isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and value[0]):
        raise PlanError(f"{where}: {value!r} is no [state, seconds]")
    if value[1] is None and not last:
        raise PlanError(f"{where}: the run would stay {value[0]} for ever; give it seconds")
    return Step(value[0], None if last else _seconds({"seconds": value[1]}, "seconds", where, 0.0))


def _per_run(value: Any, where: str) -> list[str | None]:
    """A text, or a list of one for each run; an empty one stands for the default."""
    values = value if isinstance(value, list) and value else [value]
    for item in values:
        if item is not None and not isinstance(item, str):
            raise PlanError(f"{where}: {item!r} is no text")
    return [item or None for item in values]


def _fault(item: Any, where: str) -> Fault:
    fields = _fields(item, where, _FAULT_KEYS)
    do = _text(fields, "do", where)
    if do not in DEEDS:
        raise PlanError(f"{where}: do {do!r} is none of {', '.join(DEEDS)}")
    call = _text(fields, "call", where)
    if not call:
        raise PlanError(f"{where}: name the call, such as StartJobRun, runs/submit or S3:PUT")
    if do == "delay" and fields.get("seconds") is None:
        raise PlanError(f"{where}: a delay needs seconds")
    return Fault(
        call,
        do,
        _whole(fields, "nth", where, least=1),
        _whole(fields, "times", where, least=0),
        _text(fields, "path", where) or None,
        _text(fields, "state", where) or None,
        _seconds(fields, "seconds", where, 0.0),
    )


def _fields(item: Any, where: str, allowed: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(item, dict):
        raise PlanError(f"{where}: {item!r} is no object")
    unknown = [key for key in item if key not in allowed]
    if unknown:
        raise PlanError(f"{where}: unknown key {unknown[0]!r}; there are {', '.join(allowed)}")
    return item


def _text(fields: Mapping[str, Any], key: str, where: str) -> str:
    value = fields.get(key)
    if value is not None and not isinstance(value, str):
        raise PlanError(f"{where}: {key} {value!r} is no text")
    return value or ""


def _items(fields: Mapping[str, Any], key: str, where: str) -> list[Any]:
    value = fields.get(key)
    if value is not None and not isinstance(value, list):
        raise PlanError(f"{where}: {key} {value!r} is no list")
    return value or []


def _flag(fields: Mapping[str, Any], key: str, where: str) -> bool:
    value = fields.get(key)
    if value is not None and not isinstance(value, bool):
        raise PlanError(f"{where}: {key} {value!r} is neither true nor false")
    return bool(value)


def _whole(fields: Mapping[str, Any], key: str, where: str, *, least: int) -> int:
    value = fields.get(key, 1)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise PlanError(f"{where}: {key} {value!r} is no whole number from {least}")
    return value


def _seconds(fields: Mapping[str, Any], key: str, where: str, default: float) -> float:
    value = fields.get(key)
    if value is None:
        return default
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < float("inf"):
        raise PlanError(f"{where}: {key} {value!r} is no number of seconds")
    return float(value)

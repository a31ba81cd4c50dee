"""When a DAG runs: cron, a preset, an interval, a timetable, or the assets that it waits for."""

from __future__ import annotations

import ast
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from airflow_jobkit.fields import ARGUMENTS, TYPE, describe, mistake, parse_duration, timedelta_of
from airflow_jobkit.problems import Path
from airflow_jobkit.spec.cron import PRESETS, REMEDY, cron_mistake
from airflow_jobkit.spec.schedule_schema import ASSETS, CRON, SCHEDULE
from airflow_jobkit.spec.timetables import refuse_arguments
from airflow_jobkit.spec.typed import ALL, ANY, TIMETABLE_CLASSES, is_asset

_FILE_OF_ASSETS = (
    "a file of assets without the names of those that are meant",
    "add `datasets: [...]`, or write the URIs themselves: `[s3://bucket/flights, ...]`",
)
_DURATION = re.compile(r"(\d+[dhms])+|P(T?\d+[A-Z])+.*")


@dataclass(frozen=True)
class Timetable:
    """A timetable of Airflow's own, by its class path and arguments (which may hold typed values)."""

    class_path: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class AssetSpec:
    """An asset (a dataset, as Airflow 2 calls it) by its URI, its name, or both."""

    uri: str | None = None
    name: str | None = None
    group: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AliasSpec(AssetSpec):
    """A name for assets that are known only when a task runs."""


@dataclass(frozen=True)
class AssetCondition:
    """Assets of which all, or any, must have been updated."""

    every: bool
    of: tuple[AssetSpec | AssetCondition, ...]


@dataclass(frozen=True)
class AssetSchedule:
    """A schedule by assets, and besides by a timetable where there is one."""

    condition: AssetCondition
    timetable: str | Timetable | None = None


Schedule = str | dt.timedelta | Timetable | AssetSchedule | None


def parse_schedule(value: Any) -> Schedule:
    """Read a schedule in any of its forms."""
    match value:
        case None:
            return None
        case dt.timedelta():
            return value
        case str():
            return _text(value)
        case list():
            return _by_assets(AssetCondition(True, tuple(parse_asset(item) for item in value)))
        case Mapping():
            return _mapping(value)
    raise mistake(f"a schedule is text, got {describe(value)}", 'put it in quotes: "0 6 * * *"')


def _text(value: str) -> Schedule:
    text = value.strip()
    if text.lower() == "none":
        return None
    if text in PRESETS:
        return text
    if _DURATION.fullmatch(text):
        return parse_duration(text)
    found = cron_mistake(text)
    if found is not None:
        raise mistake(*found)
    return text


def parse_cron(value: Any) -> str | None:
    """Read a cron expression, a preset such as `@daily`, or nothing."""
    found = parse_schedule(value)
    if found is not None and not isinstance(found, str):
        raise mistake(f"not a cron expression: {describe(value)}", REMEDY)
    return found


def _mapping(value: Mapping[Any, Any]) -> Schedule:
    interval = timedelta_of(value)
    if interval is not None:
        return interval
    if ALL in value or ANY in value or is_asset(value.get(TYPE)):
        return _by_assets(_as_condition(_asset_or_condition(value)))
    if TYPE in value:
        return _typed(value)
    if "file" in value:
        raise mistake(*_FILE_OF_ASSETS, below=("file",))
    for name in ("assets", "datasets"):
        if name in value:
            return _by_assets(_as_condition(_asset_or_condition(value[name])), _beside(value))
    if "timetable" in value:
        return _beside(value)
    raise mistake(
        f"not a schedule: a mapping with {', '.join(map(str, value))}",
        "write cron, a list of assets, `{__type__: <timetable>, ...}` or `{assets: [...], timetable: ...}`",
    )


def _beside(value: Mapping[Any, Any]) -> str | Timetable | None:
    """The timetable of a mapping: cron, `{__type__: ...}`, or `{callable: ..., params: {...}}`."""
    found = value.get("timetable")
    if isinstance(found, dict) and "callable" in found:
        return _timetable(found["callable"], found.get("params") or {}, ("timetable", "params"))
    if isinstance(found, dict) and found.get(TYPE) in TIMETABLE_CLASSES:
        return _typed(found, ("timetable",))
    parsed = parse_schedule(found)
    if parsed is not None and not isinstance(parsed, str | Timetable):
        raise mistake(f"not a timetable: {describe(found)}", REMEDY)
    return parsed


def _typed(value: Mapping[Any, Any], place: Path = ()) -> Timetable:
    return _timetable(value[TYPE], {str(key): item for key, item in value.items() if key != TYPE}, place)


def _timetable(class_path: object, arguments: object, place: Path) -> Timetable:
    if class_path not in TIMETABLE_CLASSES:
        raise mistake(
            f"not a timetable of Airflow's: {describe(class_path)}",
            "write one such as airflow.timetables.trigger.CronTriggerTimetable",
            "unsafe-type",
        )
    if not isinstance(arguments, Mapping):
        message = f"expected the arguments of a timetable, got {describe(arguments)}"
        raise mistake(message, "write `key: value` lines", "type", place)
    refuse_arguments(str(class_path), arguments, place)
    return Timetable(str(class_path), dict(arguments))


def _by_assets(condition: AssetCondition, timetable: str | Timetable | None = None) -> AssetSchedule:
    if not condition.of and timetable is None:
        remedy = 'name one, such as "s3://bucket/flights", or write `schedule: null`'
        raise mistake("no assets, whose updates would never run the DAG", remedy)
    return AssetSchedule(condition, timetable)


def parse_asset(value: Any) -> AssetSpec:
    """Read an asset: a URI, `{uri: ..., name: ...}`, or `{__type__: airflow.sdk.Asset, ...}`."""
    if isinstance(value, AssetSpec):
        return value
    if isinstance(value, str) and value.strip():
        return AssetSpec(uri=value.strip())
    if isinstance(value, dict) and _is_asset_mapping(value):
        found = _asset_of(value)
        if found.uri or found.name:
            return found
    if isinstance(value, dict) and "file" in value:
        raise mistake(*_FILE_OF_ASSETS)
    raise mistake(f"not an asset: {describe(value)}", 'write its URI, such as "s3://bucket/flights"')


def _asset_of(value: Mapping[Any, Any]) -> AssetSpec:
    fields = {str(key): item for key, item in value.items() if key not in (TYPE, ARGUMENTS)}
    alias = str(value.get(TYPE)).endswith("Alias")
    unnamed = value.get(ARGUMENTS)
    if isinstance(unnamed, list):
        # An alias's name; an asset's URI, or its name and its URI.
        fields.update(zip(("name", "uri") if alias or len(unnamed) > 1 else ("uri",), unnamed, strict=False))
    return (AliasSpec if alias else AssetSpec)(**fields)


def _is_asset_mapping(value: Mapping[Any, Any]) -> bool:
    typed = value.get(TYPE)
    known = {TYPE, ARGUMENTS, "uri", "name", "group", "extra"}
    return (typed is None or is_asset(typed)) and known.issuperset(value)


def _asset_or_condition(value: Any) -> AssetSpec | AssetCondition:
    if isinstance(value, list):
        return AssetCondition(True, tuple(_asset_or_condition(item) for item in value))
    if isinstance(value, dict):
        for key, every in ((ALL, True), (ANY, False)):
            if isinstance(value.get(key), list):
                return AssetCondition(every, tuple(_asset_or_condition(item) for item in value[key]))
        kind = str(value.get(TYPE)).rpartition(".")[2]
        if kind.endswith(("All", "Any")) and isinstance(value.get(ARGUMENTS), list):
            every = kind.endswith("All")
            return AssetCondition(every, tuple(_asset_or_condition(item) for item in value[ARGUMENTS]))
    if isinstance(value, str) and re.search(r"\s[&|]\s", value):
        return _expression(value)
    return parse_asset(value)


def _as_condition(found: AssetSpec | AssetCondition) -> AssetCondition:
    return found if isinstance(found, AssetCondition) else AssetCondition(True, (found,))


def _expression(text: str) -> AssetSpec | AssetCondition:
    """Read `(s3://a & s3://b) | s3://c`."""
    names: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        names.append(match[0])
        return f"a{len(names) - 1}"

    try:
        tree = ast.parse(re.sub(r"[^\s()&|]+", numbered, text), mode="eval").body
        return _condition(tree, names)
    except (SyntaxError, ValueError, RecursionError):
        raise mistake(f"not a condition on assets: {describe(text)}", 'write "(a & b) | c"') from None


def _condition(node: ast.expr, names: list[str]) -> AssetSpec | AssetCondition:
    if isinstance(node, ast.Name):
        return AssetSpec(uri=names[int(node.id[1:])])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
        sides = (_condition(node.left, names), _condition(node.right, names))
        return AssetCondition(isinstance(node.op, ast.BitAnd), sides)
    raise ValueError("neither a name nor a condition")


def parse_assets(value: Any) -> tuple[AssetSpec, ...]:
    """Read the assets that a task reads or writes."""
    if value is None:
        return ()
    if isinstance(value, tuple):
        return value
    return tuple(parse_asset(item) for item in (value if isinstance(value, list) else [value]))


ScheduleField = Annotated[Any, BeforeValidator(parse_schedule), WithJsonSchema(SCHEDULE)]
CronField = Annotated[str | None, BeforeValidator(parse_cron), WithJsonSchema(CRON)]
Assets = Annotated[tuple[AssetSpec, ...], BeforeValidator(parse_assets), WithJsonSchema(ASSETS)]

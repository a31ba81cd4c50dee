"""`timezone`: what the dates of a DAG and below it, or of `default_args`, mean where they name no zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, Final, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from airflow_jobkit.fields import describe, mistake
from airflow_jobkit.problems import Issue, did_you_mean
from airflow_jobkit.spec.membership import Members
from airflow_jobkit.spec.values import parse_moment

T = TypeVar("T")

TIMEZONE: Final = "timezone"
DEFAULTS: Final = "default_args"
_DATES = ("start_date", "end_date")


def parse_timezone(value: Any) -> str:
    """Read the name of a time zone: `Europe/Berlin`."""
    if _zone(value) is None:
        likely = _likely(value) if isinstance(value, str) else None
        remedy = f"did you mean {likely}?" if likely else "write its name, such as Europe/Berlin"
        raise mistake(f"not a time zone: {describe(value)}", remedy)
    return str(value)


def _likely(name: str) -> str | None:
    """The zone that a word may mean; what a machine is set to is none that holds elsewhere."""
    return "UTC" if name.upper() == "Z" else did_you_mean(name, _names() - {"localtime"})


def in_timezone(data: dict[Any, Any]) -> dict[Any, Any]:
    """The data with its dates in its time zone; what is no zone or no date stays, for others to tell."""
    return _in_zone(data, _zone(data.get(TIMEZONE)))


def dag_in_timezone(data: dict[Any, Any]) -> dict[Any, Any]:
    """The data of a DAG, its dates and those of its `default_args` in its time zone."""
    whole = in_timezone(data)
    return _defaults_in_zone(whole, _zone(data.get(TIMEZONE)))


def members_in_timezone(members: Members, name: object) -> Members:
    """The tasks and groups of a DAG with their dates in its time zone, where it has one."""
    zone = _zone(name)
    if zone is None:
        return members
    return replace(
        members,
        tasks={key: one._replace(data=_in_zone(one.data, zone)) for key, one in members.tasks.items()},
        groups={
            key: one._replace(data=_defaults_in_zone(one.data, zone)) for key, one in members.groups.items()
        },
    )


def _defaults_in_zone(data: T, zone: ZoneInfo | None) -> T | dict[Any, Any]:
    """The data of a DAG or a group with the dates of its `default_args` in a zone, or in one of their own."""
    defaults = data.get(DEFAULTS) if isinstance(data, dict) else None
    if zone is None or not isinstance(data, dict) or not isinstance(defaults, dict):
        return data
    return {**data, DEFAULTS: _in_zone(defaults, _zone(defaults.get(TIMEZONE)) or zone)}


def _in_zone(data: T, zone: ZoneInfo | None) -> T | dict[Any, Any]:
    """The data of whatever has dates, with them in a zone."""
    if zone is None or not isinstance(data, dict):
        return data
    dates = {name: data[name] for name in _DATES if data.get(name) is not None}
    for name, value in dates.items():
        try:
            dates[name] = parse_moment(value, zone)
        except PydanticCustomError:  # noqa: PERF203 - there are two
            continue
    return {**data, **dates} if dates else data


def zone_issue(data: Mapping[Any, Any]) -> Issue | None:
    """What is wrong with the time zone of `default_args`, which are no Spec with one."""
    try:
        parse_timezone(data[TIMEZONE])
    except PydanticCustomError as error:
        found = error.context or {}
        return Issue((TIMEZONE,), found["message"], found["remedy"], found["code"])
    return None


@cache
def _names() -> frozenset[str]:
    """All of them, which are looked up in the file system."""
    return frozenset(available_timezones())


@cache
def _known(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # there is none, or it is a folder, or leads elsewhere
        return None


def _zone(name: object) -> ZoneInfo | None:
    return _known(name) if isinstance(name, str) and name else None


_SCHEMA = {"type": "string", "minLength": 1, "examples": ["Europe/Berlin"]}

Timezone = Annotated[str, BeforeValidator(parse_timezone), WithJsonSchema(_SCHEMA)]

"""The schedule of a DAG, as Airflow takes it; the same on every Airflow."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

from airflow_jobkit._compat import CronDataIntervalTimetable, asset_class, asset_or_time_schedule
from airflow_jobkit.factory.building import asset_of, value_of
from airflow_jobkit.fields import TYPE
from airflow_jobkit.spec.schedule import (
    AssetCondition,
    AssetSchedule,
    AssetSpec,
    Schedule,
    Timetable,
)
from airflow_jobkit.spec.timetables import NO_CRON


def airflow_schedule(schedule: Schedule, timezone: str = "UTC") -> Any:
    """What a DAG's `schedule` argument is; a bare cron string would have no data interval on 3.x.

    Args:
        schedule: The schedule.
        timezone: The time zone of cron.

    Raises:
        BuildError: A timetable does not exist on this Airflow, or it or an asset does not take its arguments.
    """
    match schedule:
        case None | dt.timedelta():
            return schedule
        case str():
            return schedule if schedule in NO_CRON else _cron(schedule, timezone)
        case Timetable():
            return value_of({TYPE: schedule.class_path, **schedule.arguments}, ("schedule",))
        case AssetSchedule(timetable=None):
            return _assets(schedule.condition, outermost=True)
    timetable = airflow_schedule(schedule.timetable, timezone)
    made = asset_or_time_schedule()
    of = "assets" if made.__name__.startswith("Asset") else "datasets"
    return made(timetable=timetable, **{of: _assets(schedule.condition, outermost=True)})


@cache
def _cron(expression: str, timezone: str) -> Any:
    """One timetable for all DAGs of a schedule: it holds no state."""
    return CronDataIntervalTimetable(expression, timezone=timezone)


def _assets(condition: AssetSpec | AssetCondition, *, outermost: bool = False) -> Any:
    if isinstance(condition, AssetSpec):
        return asset_of(condition, ("schedule",))
    parts = [_assets(part) for part in condition.of]
    if outermost and condition.every and all(isinstance(part, AssetSpec) for part in condition.of):
        return parts  # as every Airflow shows it best
    return asset_class("AssetAll" if condition.every else "AssetAny")(*parts)

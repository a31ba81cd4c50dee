"""Values that YAML writes as `{__type__: class, ...}`: which classes are safe, and what stands in one.

An import path can name a function that runs anything, so there is a list. None of these does more than hold
what it is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from airflow_jobkit.fields import DATETIME, TIMEDELTA, TYPE, describe
from airflow_jobkit.problems import Issue, Path, did_you_mean

ALL: Final = "__and__"
ANY: Final = "__or__"

ASSET_CLASSES: Final = (
    "Asset",
    "Dataset",
    "AssetAlias",
    "DatasetAlias",
    "AssetAny",
    "AssetAll",
    "DatasetAny",
    "DatasetAll",
)
_ASSET_MODULES = ("airflow.sdk", "airflow.sdk.definitions.asset", "airflow.assets", "airflow.datasets")
_PARAMS = ("airflow.sdk.Param", "airflow.sdk.definitions.param.Param", "airflow.models.param.Param")
_TIMETABLES = (
    "airflow.sdk.AssetOrTimeSchedule",
    "airflow.sdk.CronDataIntervalTimetable",
    "airflow.sdk.CronPartitionTimetable",
    "airflow.sdk.CronTriggerTimetable",
    "airflow.sdk.DeltaDataIntervalTimetable",
    "airflow.sdk.DeltaTriggerTimetable",
    "airflow.sdk.EventsTimetable",
    "airflow.sdk.MultipleCronTriggerTimetable",
    "airflow.timetables.assets.AssetOrTimeSchedule",
    "airflow.timetables.datasets.DatasetOrTimeSchedule",
    "airflow.timetables.events.EventsTimetable",
    "airflow.timetables.interval.CronDataIntervalTimetable",
    "airflow.timetables.interval.DeltaDataIntervalTimetable",
    "airflow.timetables.trigger.CronTriggerTimetable",
    "airflow.timetables.trigger.DeltaTriggerTimetable",
    "airflow.timetables.trigger.MultipleCronTriggerTimetable",
)
_PLAIN = (
    TIMEDELTA,
    DATETIME,
    "datetime.date",
    "datetime.time",
    "pendulum.datetime",
    "pendulum.duration",
    "pendulum.timezone",
    "builtins.list",
    "builtins.set",
    "builtins.tuple",
)
SAFE_TYPES: Final = frozenset(
    {
        *_PLAIN,
        *_PARAMS,
        *_TIMETABLES,
        *(f"{module}.{name}" for module in _ASSET_MODULES for name in ASSET_CLASSES),
    }
)
TIMETABLE_CLASSES: Final = tuple(sorted(name for name in SAFE_TYPES if "imetable" in name))
"""Those of them that a schedule can be."""
SAFE_PREFIXES: Final = ("kubernetes.client.models.V1", "kubernetes.client.V1")
"""Plain documents of the Kubernetes API, which pod operators take."""


def is_asset(class_path: object) -> bool:
    """Whether a type is one of the safe ones that are assets, whatever this Airflow calls it."""
    return (
        isinstance(class_path, str)
        and class_path in SAFE_TYPES
        and str(class_path).rpartition(".")[2] in ASSET_CLASSES
    )


def is_param(class_path: object) -> bool:
    """Whether a type is Airflow's param, wherever this Airflow keeps it."""
    return class_path in _PARAMS


def is_safe(class_path: object) -> bool:
    """Whether a class may be called while a DAG is built."""
    return isinstance(class_path, str) and (class_path in SAFE_TYPES or class_path.startswith(SAFE_PREFIXES))


def type_issue(named: object) -> Issue | None:
    """The Issue of a class that may not be called, at the key that names it; None: it may."""
    if is_safe(named):
        return None
    likely = did_you_mean(named, SAFE_TYPES) if isinstance(named, str) else None
    remedy = f"did you mean {likely}?" if likely else "see docs/writing-dags.md for the types there are"
    return Issue((TYPE,), f"no safe type: {describe(named)}", remedy, "unsafe-type")


def type_issues(value: object, path: Path = ()) -> Iterator[Issue]:
    """An Issue for each `__type__` in a value that is none of the safe ones."""
    return _type_issues(value, path) if _holds_type(value) else iter(())


def _holds_type(value: object) -> bool:
    """Whether there is a `__type__` in a value, which most have not."""
    if type(value) is dict or isinstance(value, dict):  # the first is what YAML gives, and quick to tell
        if TYPE in value:
            return True
        value = value.values()
    elif not isinstance(value, list):
        return False
    for item in value:  # noqa: SIM110 - a generator takes twice the time
        if type(item) is not str and _holds_type(item):
            return True
    return False


def _type_issues(value: object, path: Path) -> Iterator[Issue]:
    if isinstance(value, dict):
        unsafe = type_issue(value[TYPE]) if value.get(TYPE) is not None else None
        if unsafe is not None:
            yield unsafe.below(*path)
        for key, item in value.items():
            yield from _type_issues(item, (*path, str(key)))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _type_issues(item, (*path, position))

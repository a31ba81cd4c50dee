"""What is wrong with the arguments of Airflow's own timetables: cron and zones that none of them takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic_core import PydanticCustomError

from airflow_jobkit.fields import ARGUMENTS, TYPE, describe, mistake
from airflow_jobkit.problems import Path
from airflow_jobkit.spec.cron import PRESETS, REMEDY, cron_mistake
from airflow_jobkit.spec.typed import TIMETABLE_CLASSES
from airflow_jobkit.spec.zones import TIMEZONE, parse_timezone

NO_CRON: Final = ("@once", "@continuous")
"""Those presets that are no cron, and that no timetable of cron takes."""

# What croniter knows besides, which only timetables pass on to it.
_CRONITERS = ("@midnight", "@annually")
_ZONE_CLASS = "pendulum.timezone"


def refuse_arguments(class_path: str, arguments: Mapping[str, Any], place: Path) -> None:
    """Refuse what no Airflow takes as arguments of one of its timetables, or of those within it.

    Args:
        class_path: The timetable's class.
        arguments: Its arguments by name; those without one below `__args__`.
        place: Where they stand in the schedule.

    Raises:
        PydanticCustomError: One of them is wrong.
    """
    if "Cron" in class_path:
        for text, where in _crons(class_path, arguments):
            _refuse_cron(text, (*place, *where))
        _refuse_zone(arguments.get(TIMEZONE), (*place, TIMEZONE))
    inner = arguments.get("timetable")
    if isinstance(inner, dict) and inner.get(TYPE) in TIMETABLE_CLASSES:
        refuse_arguments(inner[TYPE], inner, (*place, "timetable"))


def _crons(class_path: str, arguments: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """The expressions among the arguments, and where they stand."""
    if isinstance(arguments.get("cron"), str):
        yield arguments["cron"], ("cron",)
    unnamed = arguments.get(ARGUMENTS)
    if isinstance(unnamed, list):
        several = "Multiple" in class_path
        for position, item in enumerate(unnamed if several else unnamed[:1]):
            if isinstance(item, str):
                yield item, (ARGUMENTS, position)


def _refuse_cron(text: str, place: Path) -> None:
    if text in NO_CRON:
        message = f"not a cron expression: {describe(text)}"
        raise mistake(message, f'write `schedule: "{text}"`, or cron', below=place)
    if text in PRESETS or text in _CRONITERS:
        return
    found = cron_mistake(text) if text.strip() else (f"not a cron expression: {describe(text)}", REMEDY)
    if found is not None:
        raise mistake(*found, below=place)


def _refuse_zone(value: object, place: Path) -> None:
    """Refuse the name of a zone that there is not; an offset in seconds, or none, timetables take."""
    if isinstance(value, dict) and value.get(TYPE) == _ZONE_CLASS:
        unnamed = value.get(ARGUMENTS)
        name = value.get("name", unnamed[0] if isinstance(unnamed, list) and unnamed else None)
    else:
        name = value
    if not isinstance(name, str) or name.lower() == "utc":
        return
    try:
        parse_timezone(name)
    except PydanticCustomError as error:
        found = error.context or {}
        raise mistake(found["message"], found["remedy"], found["code"], below=place) from None

"""When a DAG runs, and the assets that it waits for, reads or writes, as our YAML writes them."""

from __future__ import annotations

from typing import Any

from airflow_jobkit.converting.python import times, to_yaml
from airflow_jobkit.converting.python.times import NotCarriedError, refused
from airflow_jobkit.converting.python.values import Made, Templated, Value
from airflow_jobkit.fields import ARGUMENTS, TYPE
from airflow_jobkit.spec.typed import ALL, ANY, is_asset, is_safe

_MOST_CONDITIONS = 8
_ASSET_FIELDS = {"Dataset": ("uri", "extra"), "Asset": ("name", "uri")}


def schedule(found: Value, zone: str | None) -> Any:
    """When a DAG runs.

    Args:
        found: What the file says.
        zone: The DAG's time zone, where it is another than UTC.

    Raises:
        NotCarriedError: It has no form in YAML.
    """
    match found:
        case None:
            return None
        case str() if zone and not found.startswith(("@once", "@continuous")):
            path = "airflow.timetables.interval.CronDataIntervalTimetable"
            return {TYPE: path, "cron": to_yaml.text(found), "timezone": zone}
        case str():
            return to_yaml.text(found)
        case Templated():
            return found.text
        case list() | tuple():
            return [asset(item) for item in found] or None  # without one, nothing ever runs the DAG
        case Made():
            return _made(found)
    raise refused(found)


def _made(made: Made) -> Any:
    if times.timedelta_of(made) is not None:
        return times.duration(made)
    if _is_condition(made):
        found = condition(made)
        return found if ALL in found or ANY in found else [found]
    if made.path.endswith("OrTimeSchedule"):
        given = dict(made.kwargs)
        assets = given.get("assets", given.get("datasets"))
        return {"assets": condition(assets), "timetable": schedule(given.get("timetable"), None)}
    if is_safe(made.path) and "imetable" in made.path:
        first = "cron" if "Cron" in made.path and "Multiple" not in made.path else None
        kwargs = {name: to_yaml.value(item) for name, item in made.kwargs.items()}
        args = [to_yaml.value(item) for item in made.args]
        if first and args:
            kwargs, args = {first: args[0], **kwargs}, args[1:]
        return {TYPE: made.path, **({ARGUMENTS: args} if args else {}), **kwargs}
    raise refused(made)


def _is_condition(made: Made) -> bool:
    """Whether something is an asset, or a condition on assets."""
    return made.path in (ALL, ANY) or is_asset(made.path)


def condition(found: Value, levels: int = _MOST_CONDITIONS) -> Any:
    """Assets that a DAG waits for.

    Raises:
        NotCarriedError: They have no form in YAML.
    """
    if levels <= 0:
        raise NotCarriedError("a condition nested too deep", "make it simpler")
    if isinstance(found, Made) and found.path in (ALL, ANY):
        return {found.path: [condition(item, levels - 1) for item in found.args]}
    if isinstance(found, Made) and found.path.endswith(("All", "Any")) and is_asset(found.path):
        word = ALL if found.path.endswith("All") else ANY
        return {word: [condition(item, levels - 1) for item in found.args]}
    if isinstance(found, list | tuple):
        return [condition(item, levels - 1) for item in found]
    return asset(found)


def asset(found: Value) -> Any:
    """An asset: its URI where that is all, else its fields.

    Raises:
        NotCarriedError: It is none.
    """
    if isinstance(found, str | Templated):
        return to_yaml.value(found)
    kind = found.path.rpartition(".")[2] if isinstance(found, Made) else ""
    if not isinstance(found, Made) or kind not in _ASSET_FIELDS or not is_asset(found.path):
        raise refused(found)
    positional = dict(zip(_ASSET_FIELDS[kind], found.args, strict=False))
    fields = {
        name: to_yaml.value(item) for name, item in {**positional, **found.kwargs}.items() if item is not None
    }
    if not {"name", "uri", "group", "extra"}.issuperset(fields):
        raise refused(found)
    # An asset's name is its URI where it has no other, and the other way round.
    return next(iter(fields.values())) if len(fields) == 1 and {"name", "uri"} & set(fields) else fields

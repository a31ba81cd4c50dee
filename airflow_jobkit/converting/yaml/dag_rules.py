"""What other factories say in the keys of a DAG, and what we say there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from airflow_jobkit.converting.yaml.edits import Edit, Entry
from airflow_jobkit.converting.yaml.nodes import Owner
from airflow_jobkit.converting.yaml.told import Told
from airflow_jobkit.problems import Path
from airflow_jobkit.spec.common import AirflowKeys

Rule = Callable[[Owner, Entry, Told], list[Edit]]


def edits_of_dag(owner: Owner, told: Told) -> Iterator[Edit]:
    """The edits of a DAG's own keys, or of the keys that a file has for all its DAGs."""
    for entry in owner.entries:
        if entry.name == "dag_id":
            yield from _id(owner, entry, told)
        elif told.about(entry.key) is not None:
            rule = _RULES.get(entry.name)
            if rule is None and entry.name in AirflowKeys.model_fields:
                rule = _to_defaults
            if rule is not None:
                yield from rule(owner, entry, told)


def _some(*edits: Edit | None) -> list[Edit]:
    return [edit for edit in edits if edit is not None]


def _id(owner: Owner, entry: Entry, told: Told) -> list[Edit]:
    """The key names the DAG, here and in dag-factory."""
    if entry.scalar != owner.entry.name and owner.kind == "dag":
        told.note(f"{owner.entry.name}: the key is the DAG's id; its `dag_id: {entry.scalar}` is taken out")
    return _some(entry.removed())


def _default_of_airflow(*values: str) -> Rule:
    """A key that says what holds anyway; anything else is a comment, and told."""

    def rule(_owner: Owner, entry: Entry, told: Told) -> list[Edit]:
        if entry.scalar in values:
            return _some(entry.removed())
        told.lose(entry, f"`{entry.name}`, which no DAG of ours has", "see whether it is needed")
        return _some(entry.commented_out("not carried, for no DAG of ours has it"))

    return rule


def _schedule(_owner: Owner, entry: Entry, told: Told) -> list[Edit]:
    if entry.sibling("schedule") is not None:
        told.lose(entry, "`schedule_interval` beside `schedule`", "take it out; `schedule` holds")
        return _some(entry.commented_out("not carried, for `schedule` holds"))
    return [entry.renamed("schedule")]


def _timetable(_owner: Owner, entry: Entry, _told: Told) -> list[Edit]:
    return _some(entry.nested("schedule")) if entry.sibling("schedule") is None else []


def _timezone(_owner: Owner, entry: Entry, _told: Told) -> list[Edit]:
    """UTC is what dates and cron are in anyway."""
    return _some(entry.removed()) if (entry.scalar or "").upper() == "UTC" else []


def _no_sla(_owner: Owner, entry: Entry, told: Told) -> list[Edit]:
    told.lose(entry, "an SLA", "take it out; Airflow 3 has no SLAs")
    return _some(entry.commented_out("not carried, for Airflow 3 has no SLAs"))


def _to_defaults(owner: Owner, entry: Entry, told: Told) -> list[Edit]:
    """A key of tasks, which dag-factory does not read in a DAG, to `default_args`."""
    defaults = entry.sibling("default_args")
    if defaults is None:
        edits = _some(entry.nested("default_args"))
    elif any(str(key.value) == entry.name for key, _ in getattr(defaults.value, "value", ())):
        edits = []
    else:
        edits = entry.moved_into(defaults)
    if edits:
        name = _dotted(owner.entry.path)
        told.note(
            f"{name}: `{entry.name}` is a key of tasks; it holds for all of them now, as `default_args`"
        )
    return edits


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path)


def _renamed(name: str) -> Rule:
    return lambda _owner, entry, _told: [entry.renamed(name)] if entry.sibling(name) is None else []


_RULES: Final[Mapping[str, Rule]] = {
    "schedule_interval": _schedule,
    "timetable": _timetable,
    "timezone": _timezone,
    "dagrun_timeout_sec": _renamed("dagrun_timeout"),
    "fail_stop": _renamed("fail_fast"),
    "sla_miss_callback": _no_sla,
    # What converters of Python write out of a DAG's attributes.
    "auto_register": _default_of_airflow("true", "True"),
    "has_serialized_dag": _default_of_airflow("true", "True", "false", "False"),
    "template_undefined": _default_of_airflow("jinja2.runtime.StrictUndefined", "jinja2.StrictUndefined"),
}

"""What other factories say in the keys of a task, or of `default_args`, and what we say there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import yaml

from airflow_jobkit.converting.moved import present_path
from airflow_jobkit.converting.yaml.dag_rules import _some
from airflow_jobkit.converting.yaml.edits import Edit, Entry, end_of, start_of
from airflow_jobkit.converting.yaml.nodes import Owner, entries_of
from airflow_jobkit.converting.yaml.told import Told
from airflow_jobkit.converting.yaml_writer import quoted, scalar_text
from airflow_jobkit.fields import TIMEDELTA, TYPE

Rule = Callable[[Owner, Entry, Told], list[Edit]]

_RULES_OF_AIRFLOW_1 = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}
_RELATIVE = re.compile(r"(\d+)\s+(hour|minute|second|day)s?", re.IGNORECASE)
_ON_PATH = re.compile(r".*/(?:dags|plugins)/(?P<own>.+)\.py|.*/(?P<root>include/.+)\.py")
_WORD = re.compile(r"[A-Za-z_]\w*")


def edits_of_task(owner: Owner, told: Told) -> Iterator[Edit]:
    """The edits of a task's own keys, or of those of `default_args`."""
    for entry in owner.entries:
        always = _ALWAYS.get(entry.name)
        if always is not None:
            yield from always(owner, entry, told)
        if told.about(entry.key) is not None or told.about(entry.value) is not None:
            rule = _TOLD.get(entry.name) or _function_rule(entry.name)
            if rule is not None:
                yield from rule(owner, entry, told)


def _task_id(owner: Owner, entry: Entry, _told: Told) -> list[Edit]:
    """In a mapping of tasks the key is the id; in a list `task_id` is."""
    return [] if owner.listed or owner.kind != "task" else _some(entry.removed())


def _operator(_owner: Owner, entry: Entry, told: Told) -> list[Edit]:
    path = entry.scalar or ""
    present = present_path(path)
    if present == path:
        return []
    told.note(f"{path} is {present} now")
    return [entry.replaced(present)]


def _sla(_owner: Owner, entry: Entry, told: Told) -> list[Edit]:
    told.lose(entry, "an SLA", "take it out; Airflow 3 has no SLAs")
    return _some(entry.commented_out("not carried, for Airflow 3 has no SLAs"))


def _silent(_owner: Owner, entry: Entry, _told: Told) -> list[Edit]:
    return _some(entry.removed())


def _delta(_owner: Owner, entry: Entry, _told: Told) -> list[Edit]:
    """`execution_delta: 1 hours`, which is an argument of its operator."""
    match = _RELATIVE.fullmatch((entry.scalar or "").strip())
    if match is None:
        return []
    unit = f"{match[2].lower()}s"
    return [entry.replaced(f"{{{TYPE}: {TIMEDELTA}, {unit}: {match[1]}}}")]


def _delta_seconds(_owner: Owner, entry: Entry, _told: Told) -> list[Edit]:
    if not (entry.scalar or "").isdecimal():
        return []
    value = f"{{{TYPE}: {TIMEDELTA}, seconds: {entry.scalar}}}"
    return [entry.renamed("execution_delta"), entry.replaced(value)]


def _renamed(name: str) -> Rule:
    return lambda _owner, entry, _told: [entry.renamed(name)] if entry.sibling(name) is None else []


def _trigger_rule(_owner: Owner, entry: Entry, _told: Told) -> list[Edit]:
    rule = _RULES_OF_AIRFLOW_1.get(entry.scalar or "")
    return [entry.replaced(rule)] if rule is not None else []


def _whole_seconds(_owner: Owner, entry: Entry, _told: Told) -> list[Edit]:
    """`300.0`, as a converter writes what Python had as a timedelta."""
    text = entry.scalar or ""
    whole, point, zeros = text.partition(".")
    return [entry.replaced(whole)] if whole.isdecimal() and point and not zeros.strip("0") else []


def _listed(_owner: Owner, entry: Entry, _told: Told) -> list[Edit]:
    text = entry.scalar
    return [entry.replaced(f"[{scalar_text(text, flow=True)}]")] if text else []


def _variables(_owner: Owner, entry: Entry, told: Told) -> list[Edit]:
    """`variables_as_arguments`, as the templates that Airflow fills in."""
    found: list[str] = []
    for item in entry.value.value if isinstance(entry.value, yaml.SequenceNode) else ():
        own = {one.name: one.scalar for one in entries_of(entry.text, item)}
        variable, attribute = own.get("variable"), own.get("attribute")
        if not (variable and attribute and _WORD.fullmatch(variable)):
            return []
        found.append(f"{attribute}: {quoted(f'{{{{ var.value.{variable} }}}}')}")
        where = ".".join(map(str, entry.path[:-1]))
        told.note(f"{where}: {attribute} is a template of the Airflow variable {variable} now")
    if not found or entry.mapping.flow_style:
        return []
    return [Edit(start_of(entry.key), end_of(entry.value), f"\n{' ' * entry.indent}".join(found))]


def _function_rule(name: str) -> Rule | None:
    """The rule of a function that is named with its file: `python_callable_name`, `python_callable_file`."""
    base, _, part = name.rpartition("_")
    if part not in ("name", "file") or not base:
        return None

    def rule(_owner: Owner, entry: Entry, told: Told) -> list[Edit]:
        return _by_import_path(base, entry, told)

    return rule


def _by_import_path(base: str, entry: Entry, told: Told) -> list[Edit]:
    """A function by its import path, where its file stands in a folder that Airflow looks for modules in."""
    name, file = entry.sibling(f"{base}_name"), entry.sibling(f"{base}_file")
    if name is None or file is None or entry.sibling(base) is not None:
        return []
    match = _ON_PATH.fullmatch(file.scalar or "")
    function = name.scalar or ""
    if match is None or not _WORD.fullmatch(function):
        return []
    parts = (match["own"] or match["root"]).split("/")
    if not all(map(_WORD.fullmatch, parts)):
        return []
    path = ".".join((*parts, function))
    told.note(f"{function} of {file.scalar} is {path} now; see that it is imported under that name")
    removed = file.removed()
    return [name.renamed(base), name.replaced(path), removed] if removed is not None else []


_ALWAYS: Final[Mapping[str, Rule]] = {
    "task_id": _task_id,
    "operator": _operator,
    "sla": _sla,
    "provide_context": _silent,
    "execution_delta": _delta,
}
_TOLD: Final[Mapping[str, Rule]] = {
    "sla_secs": _sla,
    "retry_delay_sec": _renamed("retry_delay"),
    "execution_timeout_secs": _renamed("execution_timeout"),
    "execution_delta_secs": _delta_seconds,
    "task_concurrency": _renamed("max_active_tis_per_dag"),
    "trigger_rule": _trigger_rule,
    "dependencies": _listed,
    "variables_as_arguments": _variables,
    **dict.fromkeys(
        ("retry_delay", "max_retry_delay", "execution_timeout", "timeout", "dagrun_timeout"), _whole_seconds
    ),
}

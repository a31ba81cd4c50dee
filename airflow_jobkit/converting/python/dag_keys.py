"""The arguments of a DAG as keys of our YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_jobkit.converting.python import schedules, times, to_yaml
from airflow_jobkit.converting.python.graph import Dag
from airflow_jobkit.converting.python.times import NotCarriedError
from airflow_jobkit.converting.python.values import Decorated, Function, Named, Value
from airflow_jobkit.spec.dag_keys import DagKeys
from airflow_jobkit.spec.typed import ALL, ANY

if TYPE_CHECKING:
    from airflow_jobkit.converting.python.emit import Emitter

_RENAMED = {"fail_stop": "fail_fast", "concurrency": "max_active_tasks"}
_SCHEDULES = ("schedule", "schedule_interval", "timetable")
_GONE = {
    "sla_miss_callback": ("an SLA's callback", "take it out; Airflow 3 has no SLAs"),
}
_MOST_MACROS = 100
_MACROS = frozenset({"user_defined_macros", "user_defined_filters"})
_SILENT = frozenset({"auto_register", "full_filepath"})


def _is_by_time(schedule: Any) -> bool:
    """Whether a schedule, as YAML has it, is by time, so that there are runs of the past to make up for."""
    return isinstance(schedule, str) or (isinstance(schedule, dict) and not {ALL, ANY} & set(schedule))


class DagArguments:
    """What one DAG is given.

    Args:
        dag: The DAG.
        emitter: Whom to tell what cannot be carried.
    """

    def __init__(self, dag: Dag, emitter: Emitter) -> None:
        self._dag = dag
        self._emitter = emitter

    def keys(self) -> dict[str, Any]:
        """The keys of the DAG, without its tasks and groups."""
        found: dict[str, Any] = {}
        for name, value in self._dag.arguments.items():
            if name in _SILENT:
                continue
            try:
                self._put(found, _RENAMED.get(name, name), value)
            except NotCarriedError as error:
                self._emitter.tell(error, (self._dag.name, name), self._dag.place_of(name))
        self._notes(found)
        return found

    def _put(self, found: dict[str, Any], name: str, value: Value) -> None:
        path = (self._dag.name, name)
        if name in _GONE:
            raise NotCarriedError(*_GONE[name])
        if name in _SCHEDULES:
            found["schedule"] = schedules.schedule(value, self._zone())
        elif name == "default_args":
            if not isinstance(value, dict):
                raise times.refused(value)
            defaults = self._emitter.default_args(value, path, self._dag.place_of(name))
            if defaults:
                found[name] = defaults
        elif name in _MACROS:
            if macros := self._macros(value, path):
                found[name] = macros
        elif name == "tags":
            found[name] = to_yaml.value(sorted(value, key=str) if isinstance(value, set) else value)
        elif name not in DagKeys.model_fields:
            message = f"`{name}`, which no DAG of ours has"
            raise NotCarriedError(
                message, "see whether it is needed; `jobkit schema reference` lists the keys"
            )
        else:
            self._emitter.put(found, name, value, path[:1], self._dag.place_of(name), self._dag.name)

    def _macros(self, value: Value, path: tuple[str, ...], levels: int = 2) -> dict[str, Any]:
        """What templates can use besides, where texts are import paths of functions."""
        if not isinstance(value, dict) or not levels or len(value) > _MOST_MACROS:
            raise times.refused(value)
        found: dict[str, Any] = {}
        for name, one in value.items():
            below = (*path, str(name))
            try:
                if isinstance(one, str):
                    raise NotCarriedError(
                        "a text among the macros", "write it below `params`, or in a function"
                    )
                if isinstance(one, dict):
                    found[name] = self._macros(one, below, levels - 1)
                elif isinstance(one, Function | Named | Decorated):
                    found[name] = self._emitter.function_path(one, below, str(name))
                else:
                    found[name] = to_yaml.value(one)
            except NotCarriedError as error:
                self._emitter.tell(error, below, self._dag.place_of(path[1]))
        return found

    def _zone(self) -> str | None:
        """The DAG's time zone, which is that of its start."""
        defaults = self._dag.arguments.get("default_args")
        inner = defaults.get("start_date") if isinstance(defaults, dict) else None
        return times.zone_name(self._dag.arguments.get("start_date", inner))

    def _notes(self, found: dict[str, Any]) -> None:
        notes, name = self._emitter.reader.notes, self._dag.name
        if not any(one in self._dag.arguments for one in _SCHEDULES):
            notes[
                f"{name} has no schedule: Airflow 2 would run it daily, Airflow 3 never; from the YAML it "
                "never runs by itself"
            ] = None
        elif "catchup" not in found and _is_by_time(found.get("schedule")):
            notes[
                f"{name} does not say `catchup`: Airflow 2 would make up for runs of the past, Airflow 3 "
                "not; from the YAML it does not"
            ] = None

"""What was read of a Python file, as the data of our YAML, with comments for what could not be carried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_jobkit.converting.moved import present_path
from airflow_jobkit.converting.python import arguments, to_yaml
from airflow_jobkit.converting.python.dag_keys import DagArguments
from airflow_jobkit.converting.python.edges import outputs_in
from airflow_jobkit.converting.python.graph import Dag, Group, Member, Task
from airflow_jobkit.converting.python.reader import Reader
from airflow_jobkit.converting.python.spark import spark_task
from airflow_jobkit.converting.python.times import NotCarriedError, refused
from airflow_jobkit.converting.python.values import Decorated, Function, LocalClass, Named, Place, Value
from airflow_jobkit.problems import Path, dotted

# What Airflow calls otherwise by now, or what says nothing anymore.
_RENAMED = {"task_concurrency": "max_active_tis_per_dag"}
_SILENT = frozenset({"provide_context", "use_legacy_sql_dialect"})
_GONE = {
    "sla": ("an SLA", "take it out; Airflow 3 has no SLAs"),
    "resources": ("`resources`", "write them in `executor_config`"),
}
# Keys of ours that an operator's argument would be taken for.
_OURS = frozenset(
    {"dependencies", "expand", "partial", "operator", "decorator", "spark_job", "for_each", "extends"}
)


@dataclass
class Emitted:
    """The data of a YAML file, and its comments by path."""

    data: dict[str, Any] = field(default_factory=dict)
    comments: dict[Path, list[str]] = field(default_factory=dict)


class Emitter:
    """Makes the data of the DAGs that were read.

    Args:
        reader: What was read.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.made = Emitted()

    def emitted(self) -> Emitted:
        """The data of all DAGs."""
        for dag in self.reader.dags.values():
            self.made.data[dag.name] = self._dag(dag)
        return self.made

    def _dag(self, dag: Dag) -> dict[str, Any]:
        path: Path = (dag.name,)
        self._comment(path, dag.comments)
        keys = DagArguments(dag, self).keys()
        members = self._members(dag.members, path, keys)  # which may set keys of the DAG
        return {**keys, **members}

    def _members(self, members: list[Member], path: Path, dag_keys: dict[str, Any]) -> dict[str, Any]:
        groups = {one.name: one for one in members if isinstance(one, Group)}
        tasks = {one.name: one for one in members if isinstance(one, Task)}
        found: dict[str, Any] = {}
        if groups:
            found["task_groups"] = {
                name: self._group(one, (*path, "task_groups", name), dag_keys) for name, one in groups.items()
            }
        if tasks:
            found["tasks"] = {
                name: self._task(one, (*path, "tasks", name), dag_keys) for name, one in tasks.items()
            }
        return found

    def _group(self, group: Group, path: Path, dag_keys: dict[str, Any]) -> dict[str, Any]:
        self._comment(path, group.comments)
        given = {**group.arguments}
        given.pop("add_suffix_on_collision", None)
        defaults = given.pop("default_args", None)
        found = self._dependencies(group, group.outer)
        for name, value in given.items():
            self.put(found, name, value, path, group.place_of(name))
        if isinstance(defaults, dict) and defaults:
            found["default_args"] = self.default_args(
                defaults, (*path, "default_args"), group.place_of("default_args")
            )
        for name in ("partial", "expand"):
            mapped = getattr(group, name)
            if mapped:
                found[name] = self._referring(mapped, (*path, name), group.place)
        return {**found, **self._members(group.members, path, dag_keys)}

    def _dependencies(self, member: Member, group: Group | None) -> dict[str, Any]:
        names = [_reference(one, group) for one in member.upstream]
        return {"dependencies": names} if names else {}

    def _task(self, task: Task, path: Path, dag_keys: dict[str, Any]) -> dict[str, Any]:
        self._comment(path, task.comments)
        dependencies = self._dependencies(task, task.group)
        spark = spark_task(task, self, path, dag_keys) if not task.expand else None
        if spark is not None:
            kind = {"spark_job": spark.pop("spark_job")}
            return {**kind, **dependencies, **spark}
        if task.kind == "decorator":
            called = self.function_path(task.function, path, task.name)
            found = {"decorator": task.path, "python_callable": called, **dependencies}
        else:
            found = {"operator": present_path(task.path), **dependencies}
        for name, value in task.arguments.items():
            self.put(found, name, value, path, task.place_of(name), task.name)
            if any(outputs_in(value)):
                note = f"{dotted(path)}: `{name}` takes what another task returns by a template, so as text"
                self.reader.notes[note] = None
        found |= self._referring(task.calls, path, task.place)
        for name in ("partial", "expand"):
            mapped = getattr(task, name)
            if mapped:
                found[name] = self._referring(mapped, (*path, name), task.place)
        return found

    def _referring(self, values: Mapping[str, Value], path: Path, place: Place) -> dict[str, Any]:
        """Values in which the results of other tasks are `+task`."""
        return self.values(values, path, place, to_yaml.referring)

    def values(
        self,
        values: Mapping[str, Value],
        path: Path,
        place: Place,
        write: Callable[[Value], Any] = to_yaml.value,
    ) -> dict[str, Any]:
        """Values that can be carried, by name; the others are told."""
        found: dict[str, Any] = {}

        def put(name: str, value: Value) -> None:
            try:
                found[to_yaml.key_of(name)] = write(value)
            except NotCarriedError as error:
                self.tell(error, (*path, name), place)

        for name, value in values.items():
            put(name, value)
        return found

    def put(
        self, found: dict[str, Any], name: str, value: Value, path: Path, place: Place, owner: str = ""
    ) -> None:
        """Write an argument of something; one that cannot be carried is told and left out."""
        if name in _SILENT:
            return
        name = _RENAMED.get(name, name)
        try:
            if name in _GONE:
                raise NotCarriedError(*_GONE[name])
            if name in _OURS:
                raise NotCarriedError(
                    f"an argument that is named as our key `{name}`", "subclass the operator"
                )
            if isinstance(value, dict) and name not in arguments.OF_A_KIND:
                inner = self.values(value, (*path, name), place, self._inner(path, name, place))
                if inner or not value:
                    found[name] = inner
                else:  # what stood in it is told where it would stand itself
                    self._comment(path, tuple(self.made.comments.pop((*path, name), ())))
                return
            found[name] = arguments.argument(
                name, value, lambda one: self.function_path(one, (*path, name), f"{owner}_{name}".strip("_"))
            )
        except NotCarriedError as error:
            self.tell(error, (*path, name), place)

    def _inner(self, path: Path, name: str, place: Place) -> Callable[[Value], Any]:
        """How the values of a mapping are written: one that cannot be carried goes without the others."""

        def write(value: Value) -> Any:
            if isinstance(value, dict):
                return self.values(value, (*path, name), place)
            return to_yaml.value(value)

        return write

    def default_args(self, given: Mapping[str, Value], path: Path, place: Place) -> dict[str, Any]:
        """The `default_args` of a DAG or a group."""
        found: dict[str, Any] = {}
        for name, value in given.items():
            self.put(found, str(name), value, path, place)
        return found

    def function_path(self, value: Value, path: Path, name: str) -> str:
        """The import path of a function; one of the file itself is told, and named where it is to be moved.

        Raises:
            NotCarriedError: It is none.
        """
        if isinstance(value, Decorated):
            value = value.function
        if isinstance(value, Named):
            return value.path
        if isinstance(value, str):
            return value
        if not isinstance(value, Function | LocalClass):
            raise refused(value)
        proposed = self.reader.proposed(value.name or name)
        module = proposed.rpartition(".")[0]
        what = f"the function {value.name} is defined in this file" if value.name else "a lambda"
        verb = "move it to" if value.name else f"write it as the function {name} in"
        remedy = f"{verb} {module}.py, or in your package, and name it as in the YAML"
        self.tell(NotCarriedError(what, remedy, value.place), path, value.place)
        return proposed

    def tell(self, error: NotCarriedError, path: Path, place: Place) -> None:
        """Tell of what cannot be carried, and leave a comment where it would stand."""
        line = (error.place or place)[0]
        self.reader.left.add(error.place or place, dotted(path), error.message, error.remedy)
        owner, name = path[:-1], path[-1]
        if "default_args" in owner:
            owner = owner[: owner.index("default_args")]
        self._comment(owner, (f"not carried (line {line}): {name}: {error.message}",))

    def _comment(self, path: Path, lines: tuple[str, ...]) -> None:
        if lines:
            self.made.comments.setdefault(path, []).extend(line for line in lines)


def _reference(member: Member, group: Group | None) -> str:
    """How a task or a group in a group names another one."""
    around = member.group if isinstance(member, Task) else member.outer
    return member.name if around is group else member.id

"""The task groups of a DAG, mapped ones too."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from weakref import WeakMethod

from airflow_jobkit._compat import DAG, TaskGroup, current_group, task_group
from airflow_jobkit.factory.arguments import default_arguments
from airflow_jobkit.factory.building import value_of
from airflow_jobkit.factory.findings import BuildError, Findings, made_each, told
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.groups import Group
from airflow_jobkit.spec.references import references_in

Resolve = Callable[[Any, str | None, bool], Any]


@dataclass
class Groups:
    """The groups of a DAG, each made once, after the one around it.

    Attributes:
        spec: The DAG.
        dag: Airflow's.
        resolve: Fills references to tasks into a value for a group, seen from the group around it; also
            those of a form that means one only where it is all that a group is mapped over. Held weakly:
            who it belongs to holds the groups, and would be kept with its Spec until the next search for
            garbage.
        folder: The DAGs folder.
        by_id: Airflow's groups.
        values: What each mapped group gives to its tasks, by name.
        failed: Those that could not be made.
    """

    spec: DagSpec
    dag: DAG
    resolve: WeakMethod[Resolve]
    folder: str
    by_id: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def build(self) -> None:
        """Make the groups.

        Raises:
            BuildError: Airflow does not take some of them.
        """
        findings = Findings()
        for group in self.spec.groups:
            findings.attempt(self.made, group.group_id)
        findings.refuse()

    def made(self, group_id: str) -> Any:
        """Airflow's group of an id.

        Raises:
            BuildError: Airflow does not take it; without an Issue where that has been told.
        """
        if group_id in self.failed:
            raise BuildError
        if group_id not in self.by_id:
            path = self.spec.path_of(group_id)
            try:
                with told(path, "Airflow does not take this group", "correct what it names"):
                    self._make(self.described[group_id])
            except BuildError:
                self.failed.add(group_id)
                raise
        return self.by_id[group_id]

    @cached_property
    def described(self) -> Mapping[str, Group]:
        """What the file has, by id."""
        return {group.group_id: group for group in self.spec.groups}

    def _make(self, group: Group) -> None:
        keys, path = group.keys, self.spec.path_of(group.group_id)
        names = ("tooltip", "group_display_name", "prefix_group_id", "ui_color", "ui_fgcolor")
        given = {name: getattr(keys, name) for name in names if name in keys.model_fields_set}
        defaults = default_arguments(group.default_args, path, self.folder)
        arguments = {**given, **({"default_args": defaults} if defaults else {})}
        around = self.made(group.parent) if group.parent else None
        if keys.expand:
            self._make_mapped(group, around, arguments)
        else:
            made = TaskGroup(group_id=group.name, dag=self.dag, parent_group=around, **arguments)
            self.by_id[group.group_id] = made

    def _make_mapped(self, group: Group, around: Any, arguments: Mapping[str, Any]) -> None:
        """Make a group through Airflow's decorator, whose function notes what each instance gets."""
        names = [*group.keys.expand, *group.keys.partial]

        def body(**values: Any) -> None:
            self.by_id[group.group_id] = current_group(self.dag)
            self.values[group.group_id] = values

        kind = inspect.Parameter.KEYWORD_ONLY
        body.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in names])  # type: ignore[attr-defined]
        made: Any = task_group(group_id=group.name, dag=self.dag, parent_group=around, **arguments)(body)
        if group.keys.partial:
            made = made.partial(**self._given(group, "partial"))
        expand = self._given(group, "expand")
        with self.dag:
            made.expand(**expand)

    def _given(self, group: Group, key: Literal["expand", "partial"]) -> dict[str, Any]:
        """What a group is mapped over, or what is the same for all its instances."""
        path = (*self.spec.path_of(group.group_id), key)

        def made(name: str, value: Any) -> Any:
            resolve = self.resolve()
            assert resolve is not None  # noqa: S101 - groups are made on behalf of whom it belongs to
            return resolve(value_of(value, (*path, name)), group.parent, key == "expand")

        return made_each(getattr(group.keys, key), made)


def upstream_of(spec: DagSpec) -> Mapping[str, Sequence[str]]:
    """For each task and group, the ids that it waits for; for a mapped group also what it is mapped over.

    Airflow would set those edges itself when the function of a mapped group ends, but ours makes no tasks.
    """
    upstream: dict[str, Sequence[str]] = dict(spec.upstream)
    for group in spec.groups:
        found = [spec.resolve(one.task, group.parent) for one in references_in(group.keys.expand, ())]
        if found:
            upstream[group.group_id] = [*upstream.get(group.group_id, ()), *filter(None, found)]
    return upstream

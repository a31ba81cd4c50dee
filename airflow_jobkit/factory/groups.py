"""The task groups of a DAG, mapped ones too."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_jobkit._compat import DAG, TaskGroup, current_group, task_group
from airflow_jobkit.factory.arguments import default_arguments
from airflow_jobkit.factory.building import told, value_of
from airflow_jobkit.problems import Path
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.groups import Group

Resolve = Callable[[Any, str | None], Any]


@dataclass
class Groups:
    """The groups of a DAG.

    Attributes:
        by_id: Airflow's groups.
        values: What each mapped group gives to its tasks, by name.
    """

    by_id: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def build(self, spec: DagSpec, dag: DAG, resolve: Resolve, folder: str) -> None:
        """Make the groups of a DAG, outer ones first.

        Args:
            spec: The DAG.
            dag: Airflow's.
            resolve: Fills references to tasks into what a group is mapped over, seen from a group.
            folder: The DAGs folder.

        Raises:
            BuildError: Airflow does not take one.
        """
        for group in spec.groups:
            path = spec.path_of(group.group_id)
            with told(path, "Airflow does not take this group", "correct what it names"):
                self._build(group, spec, dag, resolve, folder)

    def _build(self, group: Group, spec: DagSpec, dag: DAG, resolve: Resolve, folder: str) -> None:
        keys = group.keys
        names = ("tooltip", "group_display_name", "prefix_group_id", "ui_color", "ui_fgcolor")
        given = {name: getattr(keys, name) for name in names if name in keys.model_fields_set}
        defaults = default_arguments(group.default_args, spec.path_of(group.group_id), folder)
        arguments = {**given, **({"default_args": defaults} if defaults else {})}
        around = self.by_id.get(group.parent) if group.parent else None
        if not keys.expand:
            made = TaskGroup(group_id=group.name, dag=dag, parent_group=around, **arguments)
            self.by_id[group.group_id] = made
            return
        self._build_mapped(group, dag, around, arguments, resolve, path=spec.path_of(group.group_id))

    def _build_mapped(
        self,
        group: Group,
        dag: DAG,
        around: Any,
        arguments: Mapping[str, Any],
        resolve: Resolve,
        *,
        path: Path,
    ) -> None:
        """Make a group through Airflow's decorator, whose function notes what each instance gets."""
        names = [*group.keys.expand, *group.keys.partial]

        def body(**values: Any) -> None:
            self.by_id[group.group_id] = current_group(dag)
            self.values[group.group_id] = values

        kind = inspect.Parameter.KEYWORD_ONLY
        body.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in names])  # type: ignore[attr-defined]
        made: Any = task_group(group_id=group.name, dag=dag, parent_group=around, **arguments)(body)
        if group.keys.partial:
            made = made.partial(**{n: value_of(value, path) for n, value in group.keys.partial.items()})
        with dag:
            made.expand(**{n: resolve(value_of(v, path), group.parent) for n, v in group.keys.expand.items()})

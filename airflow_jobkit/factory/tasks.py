"""The tasks of a DAG: their operators, checked and called."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_jobkit._compat import DAG, BaseOperator
from airflow_jobkit.engines import operator_class_path
from airflow_jobkit.engines.options import RemoteOptions
from airflow_jobkit.factory.arguments import airflow_arguments, check_arguments, has_own_timeout, own_timeout
from airflow_jobkit.factory.building import BuildError, function, imported, told, value_of
from airflow_jobkit.factory.file_functions import function_of_file
from airflow_jobkit.factory.groups import Groups
from airflow_jobkit.factory.http_body import with_json_body
from airflow_jobkit.problems import Issue, Path
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.file_functions import FileFunction
from airflow_jobkit.spec.references import reference_of
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.task import DecoratorTask, OperatorTask, SparkTask, Task, callable_arguments


@dataclass
class Tasks:
    """The tasks of one DAG, each made once, after those whose results it takes.

    Attributes:
        spec: The DAG.
        settings: The Environment's Settings.
        dag: Airflow's DAG.
        groups: Its groups.
        by_id: The operators that are made, by their ids.
        results: What stands for the result of each task in the arguments of others.
    """

    spec: DagSpec
    settings: Settings
    dag: DAG
    groups: Groups = field(default_factory=Groups)
    by_id: dict[str, Any] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)

    def build(self) -> None:
        """Make all tasks.

        Raises:
            BuildError: An operator does not exist, is none, or does not take its arguments.
        """
        self.groups.build(self.spec, self.dag, self._mapped_over, self.settings.folder)
        for task in self.spec.tasks:
            self._built(task)

    def _built(self, task: Task) -> Any:
        if task.task_id not in self.by_id:
            path = self.spec.path_of(task.task_id)
            if isinstance(task, DecoratorTask):
                self._decorated(task, path)
            else:
                made = self._operator(task, path)
                self.by_id[task.task_id] = made
                self.results[task.task_id] = made.output
        return self.results[task.task_id]

    def _common(self, task: Task, path: Path) -> dict[str, Any]:
        group, name = self._place(task.task_id)
        return {
            "task_id": name,
            "dag": self.dag,
            **({"task_group": self.groups.by_id[group]} if group is not None else {}),
            **({"params": value_of(task.keys.params, (*path, "params"))} if task.keys.params else {}),
            **airflow_arguments(task.keys, path, self.settings.folder),
        }

    def _place(self, task_id: str) -> tuple[str | None, str]:
        """The group that a task is in, and its name there."""
        group = self.spec.group_of.get(task_id)
        if group is None:
            return None, task_id
        return group, task_id.removeprefix(f"{group}.")

    def _operator(self, task: SparkTask | OperatorTask, path: Path) -> Any:
        common = self._common(task, path)
        if isinstance(task, SparkTask):
            operator = operator_class(operator_class_path(task.engine), (*path, "operator"))
            arguments = dict(_spark_arguments(task, self.settings))
            arguments["job_args"] = self._in_group(arguments["job_args"], task.task_id)
        else:
            operator = operator_class(task.keys.operator, (*path, "operator"))
            arguments = self._arguments(task, operator, common, path)
        expand = self._expanded(task, path)
        with told(path, f"{operator.__name__} cannot be made", "correct the task's arguments"):
            if expand:
                partial = {name: value_of(value, path) for name, value in task.keys.partial.items()}
                for name in expand:
                    arguments.pop(name, None)
                return operator.partial(**common, **arguments, **partial).expand(**expand)
            return operator(**common, **arguments)

    def _arguments(
        self, task: OperatorTask, operator: type[BaseOperator], common: dict[str, Any], path: Path
    ) -> dict[str, Any]:
        """The arguments of an operator of any class, with types and functions made."""
        check_arguments(operator, {**task.arguments, **task.keys.expand, **task.keys.partial}, path)
        arguments = {
            name: self._in_group(value_of(value, (*path, name)), task.task_id)
            for name, value in task.arguments.items()
        }
        for name, named in callable_arguments(task.arguments).items():
            arguments[name] = self._function(named, (*path, name))
        with_json_body(operator, arguments)
        if has_own_timeout(operator):
            common.update(own_timeout(task.keys, self.spec.defaults_of(task.task_id)))
        return arguments

    def _function(self, named: str | FileFunction, path: Path) -> Any:
        """The function that a task names, by its import path or by file and name."""
        if isinstance(named, FileFunction):
            return function_of_file(named, self.settings.folder, path)
        return function(named, path)

    def _in_group(self, value: Any, task_id: str) -> Any:
        """A value with what the mapped groups around a task give filled in."""
        return self._filled(value, self.spec.group_of.get(task_id)) if self.groups.values else value

    def _expanded(self, task: Task, path: Path) -> dict[str, Any]:
        group = self.spec.group_of.get(task.task_id)
        return {
            name: self._mapped_over(value_of(value, (*path, "expand", name)), group)
            for name, value in task.keys.expand.items()
        }

    def _mapped_over(self, value: Any, group: str | None) -> Any:
        """What a task or a group is mapped over for one argument."""
        found = reference_of(value, expanded=True)
        return self._filled(value, group) if found is None else self._result(found.task, found.key, group)

    def _decorated(self, task: DecoratorTask, path: Path) -> None:
        decorator = _decorator(task.keys.decorator, path)
        called = self._function(task.keys.python_callable, (*path, "python_callable"))
        group = self.spec.group_of.get(task.task_id)
        given = {
            name: self._filled(value_of(value, (*path, name)), group)
            for name, value in task.arguments.items()
        }
        own = inspect.signature(called).parameters
        calls = {name: value for name, value in given.items() if name in own}
        options = {name: value for name, value in given.items() if name not in own}
        common = self._common(task, path)
        if task.keys.decorator.endswith(".sensor"):
            common.update(own_timeout(task.keys, self.spec.defaults_of(task.task_id)))
        with told(path, f"{task.keys.decorator} cannot be called", "correct the task's arguments"):
            made = decorator(**common, **options)(called)
            partial = {name: self._filled(v, group) for name, v in task.keys.partial.items()}
            expand = self._expanded(task, path)
            if expand:
                result = (made.partial(**partial, **calls) if partial or calls else made).expand(**expand)
            else:
                result = made(**calls)
        self.by_id[task.task_id] = result.operator
        self.results[task.task_id] = result

    def _filled(self, value: Any, group: str | None) -> Any:
        """A value with every reference to a task, or to a value of a mapped group, filled in."""
        if isinstance(value, str):
            found = reference_of(value)
            return value if found is None else self._result(found.task, found.key, group)
        if isinstance(value, Mapping):
            return {key: self._filled(item, group) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, group) for item in value]
        return value

    def _result(self, name: str, key: str | None, group: str | None) -> Any:
        around, _, value = name.rpartition(".")
        mapped = self.spec.resolve(around, group) if around else None
        if mapped in self.groups.values:
            return self.groups.values[mapped][value]
        task_id = self.spec.resolve(name, group)
        task = next(task for task in self.spec.tasks if task.task_id == task_id)
        result = self._built(task)
        return result[key] if key is not None else result


def operator_class(class_path: str, path: Path) -> type[BaseOperator]:
    """Import an operator class; what is found there must be one, whatever its name.

    Raises:
        BuildError: There is no such class, or it is no operator.
    """
    found = imported(class_path, path, "no-operator")
    if not (isinstance(found, type) and issubclass(found, BaseOperator)):
        remedy = "name a class derived from BaseOperator"
        raise BuildError(Issue(path, f"{class_path} is no operator", remedy, "no-operator"))
    return found


def _decorator(class_path: str, path: Path) -> Any:
    """One of Airflow's task decorators, which the file may name by its kind: `airflow.sdk.task.branch`."""
    from airflow_jobkit._compat import task as found

    kind = class_path.partition(".task.")[2]
    if not kind:
        return found
    try:
        return getattr(found, kind)
    except AttributeError:
        remedy = "correct its kind, or install the provider it comes from"
        issue = Issue((*path, "decorator"), f"no task decorator {kind!r}", remedy, "no-operator")
        raise BuildError(issue) from None


def _spark_arguments(task: SparkTask, settings: Settings) -> Mapping[str, Any]:
    arguments: dict[str, Any] = {
        "spark_job": task.keys.spark_job,
        "job_args": dict(task.keys.args),
        "settings": replace(settings, code=task.code),
        "options": task.options,
    }
    if task.keys.code_version is not None:
        arguments["code_version"] = task.keys.code_version
    if task.keys.deferrable is not None and isinstance(task.options, RemoteOptions):
        arguments["deferrable"] = task.keys.deferrable
    return arguments

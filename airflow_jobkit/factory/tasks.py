"""The tasks of a DAG: their operators, checked and called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from weakref import WeakMethod

from airflow_jobkit._compat import DAG, BaseOperator
from airflow_jobkit.engines import operator_class_path
from airflow_jobkit.factory.arguments import (
    airflow_arguments,
    default_names,
    has_own_timeout,
    made_operator,
    operator_class,
    operator_signature,
    own_timeout,
    spark_arguments,
)
from airflow_jobkit.factory.building import plain_copy, value_of
from airflow_jobkit.factory.file_functions import named_function
from airflow_jobkit.factory.findings import RAISED, BuildError, Findings, made_each, raised, told
from airflow_jobkit.factory.functions import split_arguments, task_decorator
from airflow_jobkit.factory.groups import Groups
from airflow_jobkit.factory.http_body import with_json_body
from airflow_jobkit.factory.signatures import Given, argument_issues
from airflow_jobkit.problems import Issue, Path
from airflow_jobkit.spec.dag import DagSpec
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
        by_id: The operators that are made, by their ids.
        results: What stands for the results of those that are functions in the arguments of others; an
            operator has its own `output` for that.
        failed: The ids of those that could not be made.
        plain: The ids of those whose arguments are plain data.
    """

    spec: DagSpec
    settings: Settings
    dag: DAG
    by_id: dict[str, Any] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    plain: set[str] = field(default_factory=set)
    _default_names: dict[str | None, frozenset[str]] = field(default_factory=dict, repr=False)

    @cached_property
    def groups(self) -> Groups:
        """The groups of the DAG."""
        return Groups(self.spec, self.dag, WeakMethod(self._mapped_over), self.settings.folder)

    def build(self) -> None:
        """Make all tasks.

        Raises:
            BuildError: Operators do not exist, are none, or do not take their arguments; all that is wrong.
        """
        findings = Findings()
        findings.attempt(self.groups.build)
        for task in self.spec.tasks:
            findings.attempt(self._built, task)
        findings.refuse()

    def _built(self, task: Task) -> None:
        if task.task_id in self.failed:
            raise BuildError
        if task.task_id not in self.by_id:
            path = self.spec.path_of(task.task_id)
            try:
                self._make(task, path)
            except BuildError:
                self.failed.add(task.task_id)
                raise
            except RAISED as error:
                self.failed.add(task.task_id)
                raise raised(error, path, "the task cannot be made", "correct what it names") from error

    def _make(self, task: Task, path: Path) -> None:
        if isinstance(task, DecoratorTask):
            result = self._called(task, path)
            self.by_id[task.task_id], self.results[task.task_id] = result.operator, result
            return
        made = self._job(task, path) if isinstance(task, SparkTask) else self._operator(task, path)
        self.by_id[task.task_id] = made

    def _common(self, task: Task, path: Path) -> dict[str, Any]:
        group, name = self._place(task.task_id)
        return {
            "task_id": name,
            "dag": self.dag,
            **({"task_group": self.groups.made(group)} if group is not None else {}),
            **({"params": value_of(task.keys.params, (*path, "params"))} if task.keys.params else {}),
            **airflow_arguments(task.keys, path, self.settings.folder),
        }

    def _place(self, task_id: str) -> tuple[str | None, str]:
        """The group that a task is in, and its name there."""
        group = self.spec.group_of.get(task_id)
        if group is None:
            return None, task_id
        return group, task_id.removeprefix(f"{group}.")

    def _job(self, task: SparkTask, path: Path) -> Any:
        common = self._common(task, path)
        operator = operator_class(operator_class_path(task.engine), path)
        arguments = dict(spark_arguments(task, self.settings, self.spec.code))
        arguments["job_args"] = self._in_group(arguments["job_args"], task.task_id)
        common.update(arguments)
        return made_operator(operator, common, self._expanded(task, path), self._partial(task, path), path)

    def _operator(self, task: OperatorTask, path: Path) -> Any:
        """A task of any operator's class; called only where nothing is wrong with its arguments."""
        findings = Findings()
        common = findings.attempt(self._common, task, path)
        operator = findings.attempt(operator_class, task.keys.operator, (*path, "operator"))
        arguments = findings.attempt(self._arguments, task, path)
        expand, partial = {}, {}
        if task.keys.expand:
            expand = findings.attempt(self._expanded, task, path)
            partial = findings.attempt(self._partial, task, path)
        if operator is not None:
            findings.add(self._argument_issues(task, operator, path))
        findings.refuse()
        with_json_body(operator, arguments)
        if has_own_timeout(operator):
            common.update(own_timeout(task.keys, self.spec.defaults_of(task.task_id)))
        common.update(arguments)
        return made_operator(operator, common, expand, partial, path)

    def _argument_issues(
        self, task: OperatorTask, operator: type[BaseOperator], path: Path
    ) -> Iterable[Issue]:
        keys, signature = task.keys, operator_signature(operator)
        if not keys.expand and signature.fits(task.arguments):
            return ()
        given = [Given(path, task.arguments)]
        if keys.expand:
            given += [Given((*path, "expand"), keys.expand), Given((*path, "partial"), keys.partial)]
        own = task.arguments.get("default_args")
        around = self._defaults(self.spec.group_of.get(task.task_id))
        elsewhere = (keys.model_fields_set, around, own if isinstance(own, dict) else ())
        return argument_issues(signature, given, elsewhere, path)

    def _defaults(self, group: str | None) -> frozenset[str]:
        """The names that the `default_args` of the DAG and of the groups around a task set."""
        if group not in self._default_names:
            around = self.spec.group_of.get(group) if group is not None else None
            own = self.groups.described[group].default_args if group is not None else self.spec.default_args
            above = self._defaults(around) if group is not None else frozenset()
            self._default_names[group] = default_names(own) | above
        return self._default_names[group]

    def _arguments(self, task: OperatorTask, path: Path) -> dict[str, Any]:
        """The arguments of an operator of any class, with types and functions made."""
        functions = callable_arguments(task.arguments)
        if not functions and not self.groups.values:
            plain: dict[str, Any] | None = plain_copy(task.arguments)
            if plain is not None:
                self.plain.add(task.task_id)
                return plain

        def made(name: str, value: Any) -> Any:
            if name in functions:
                return named_function(functions[name], self.settings.folder, (*path, name))
            return self._in_group(value_of(value, (*path, name)), task.task_id)

        return made_each(task.arguments, made)

    def _mapped_over(self, value: Any, group: str | None, expanded: bool = True) -> Any:
        """What a task or a group is mapped over for one argument, or given for all instances."""
        found = reference_of(value, expanded=expanded)
        return self._filled(value, group) if found is None else self._result(found.task, found.key, group)

    def _in_group(self, value: Any, task_id: str) -> Any:
        """A value with what the mapped groups around a task give filled in; any other text stays."""
        if not self.groups.values:
            return value
        return self._filled(value, self.spec.group_of.get(task_id), of_tasks=False)

    def _expanded(self, task: Task, path: Path) -> dict[str, Any]:
        if not task.keys.expand:
            return {}
        group = self.spec.group_of.get(task.task_id)
        path = (*path, "expand")
        return made_each(
            task.keys.expand, lambda name, value: self._mapped_over(value_of(value, (*path, name)), group)
        )

    def _partial(self, task: Task, path: Path) -> dict[str, Any]:
        """What is the same for all instances of a mapped task."""
        if not task.keys.partial:
            return {}
        group = self.spec.group_of.get(task.task_id)
        path = (*path, "partial")
        functions = callable_arguments(task.keys.partial) if isinstance(task, OperatorTask) else {}

        def made(name: str, value: Any) -> Any:
            if name in functions:
                return named_function(functions[name], self.settings.folder, (*path, name))
            return self._filled(value_of(value, (*path, name)), group)

        return made_each(task.keys.partial, made)

    def _called(self, task: DecoratorTask, path: Path) -> Any:
        """The result of a task that calls a function."""
        findings = Findings()
        common = findings.attempt(self._common, task, path)
        decorator = findings.attempt(task_decorator, task.keys.decorator, (*path, "decorator"))
        named, folder = task.keys.python_callable, self.settings.folder
        called = findings.attempt(named_function, named, folder, (*path, "python_callable"))
        group = self.spec.group_of.get(task.task_id)
        given = findings.attempt(
            made_each,
            task.arguments,
            lambda name, value: self._filled(value_of(value, (*path, name)), group),
        )
        expand = findings.attempt(self._expanded, task, path)
        partial = findings.attempt(self._partial, task, path)
        split: Any = None
        if decorator is not None and called is not None:
            split = findings.attempt(split_arguments, task, decorator, called, self._defaults(group), path)
        findings.refuse()
        if task.keys.decorator.endswith(".sensor"):
            common.update(own_timeout(task.keys, self.spec.defaults_of(task.task_id)))
        calls = {name: given[name] for name in split}
        options = {name: value for name, value in given.items() if name not in calls}
        with told(path, f"{task.keys.decorator} cannot be called", "correct the task's arguments"):
            made = decorator(**common, **options)(called)
            if not expand:
                return made(**calls)
            return (made.partial(**partial, **calls) if partial or calls else made).expand(**expand)

    def _filled(self, value: Any, group: str | None, *, of_tasks: bool = True) -> Any:
        """A value with every reference to a value of a mapped group, or to a task, filled in."""
        if isinstance(value, str):
            found = reference_of(value)
            if found is None or not (of_tasks or self._mapped_group(found.task, group)):
                return value
            return self._result(found.task, found.key, group)
        if isinstance(value, dict):
            return {key: self._filled(item, group, of_tasks=of_tasks) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, group, of_tasks=of_tasks) for item in value]
        return value

    def _mapped_group(self, name: str, group: str | None) -> str | None:
        """The mapped group that a name takes a value of, which each of its instances has its own of."""
        around, _, value = name.rpartition(".")
        mapped = self.spec.resolve(around, group) if around else None
        if mapped in self.groups.failed:
            raise BuildError
        return mapped if mapped in self.groups.values and value in self.groups.values[mapped] else None

    def _result(self, name: str, key: str | None, group: str | None) -> Any:
        mapped = self._mapped_group(name, group)
        if mapped is not None:
            return self.groups.values[mapped][name.rpartition(".")[2]]
        task_id = self.spec.resolve(name, group)
        task = next(task for task in self.spec.tasks if task.task_id == task_id)
        self._built(task)
        result = (
            self.results[task.task_id] if task.task_id in self.results else self.by_id[task.task_id].output
        )
        return result[key] if key is not None else result

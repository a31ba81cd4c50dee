"""A task, as YAML describes it: one that runs a Job, or one of any operator class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticCustomError

from airflow_jobkit.engines import engine_names, options_class
from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.fields import describe, parse_span
from airflow_jobkit.problems import Issue, did_you_mean
from airflow_jobkit.spec.callables import callback_issues, not_allowed, parse_callable_path
from airflow_jobkit.spec.code import Code, resolve_code
from airflow_jobkit.spec.common import TaskKeys
from airflow_jobkit.spec.file_functions import (
    OF_CALLBACKS,
    OF_TASKS,
    FileFunction,
    FileKeys,
    with_file_functions,
)
from airflow_jobkit.spec.model import parse_model
from airflow_jobkit.spec.params import param_issues
from airflow_jobkit.spec.project import parse_with_engines
from airflow_jobkit.spec.references import Reference, expanded_references, references_in
from airflow_jobkit.spec.settings import Settings, merge_options
from airflow_jobkit.spec.task_keys import DecoratorTaskKeys, OperatorTaskKeys, SparkTaskKeys

KINDS = ("spark_job", "operator", "decorator")
_SPANS = ("execution_delta",)
CALLABLES = ("python_callable", "execution_date_fn", "response_check", "response_filter")
# What other factories run from files or from text; here a function has an import path.
ELSEWHERE: Mapping[str, str] = {
    "response_check_lambda": "write `response_check: package.module.function`",
    "success_check_lambda": "write `success_check_file: dags/....py` and `success_check_name: function`",
    "failure_check_lambda": "write `failure_check_file: dags/....py` and `failure_check_name: function`",
    "variables_as_arguments": 'write "{{ var.value.name }}" in the argument itself, which Airflow fills in',
    "retry_delay_sec": "write `retry_delay: 5m`",
    "execution_timeout_secs": "write `timeout: 30m`",
    "sla_secs": "take it out; Airflow 3 has no SLAs",
    "execution_delta_secs": "write `execution_delta: 1h`",
}
_FUNCTIONS = frozenset((*CALLABLES, *OF_TASKS))
_FILE_FUNCTIONS = FileKeys({**OF_TASKS, **OF_CALLBACKS})

_FREE_KEYS: Mapping[type[TaskKeys], frozenset[str]] = {
    model: frozenset(model.model_fields) for model in (OperatorTaskKeys, DecoratorTaskKeys)
}

RESERVED_ARGUMENTS = frozenset(
    {"module_name", "notification_service_type", "databricks_connection_name", "jobkit_envelope"}
)
"""The entry script's own arguments; a job has none of these names."""


@dataclass(frozen=True)
class SparkTask:
    """A task that runs a Job, with the Engine it runs on, and the options and the code that hold for it."""

    task_id: str
    keys: SparkTaskKeys
    engine: str
    options: EngineOptions
    code: Code


@dataclass(frozen=True)
class OperatorTask:
    """A task of an operator class, with the arguments that go to its constructor."""

    task_id: str
    keys: OperatorTaskKeys
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class DecoratorTask:
    """A task that calls a function, with the arguments of the function and of its decorator."""

    task_id: str
    keys: DecoratorTaskKeys
    arguments: Mapping[str, Any]


Task = SparkTask | OperatorTask | DecoratorTask


def task_references(task: Task) -> tuple[Reference, ...]:
    """The tasks whose results a task takes: `+extract` in its arguments, or what it expands over."""
    keys = task.keys
    found: list[Reference] = []
    if keys.expand or keys.partial:
        found += [*expanded_references(keys.expand, ("expand",)), *references_in(keys.partial, ("partial",))]
    if isinstance(task, DecoratorTask):
        found += references_in(task.arguments, ())
    return tuple(found)


def argument_references(task: Task) -> Iterator[Reference]:
    """What looks like a reference in the arguments of a job or an operator; only values of groups are."""
    if isinstance(task, SparkTask):
        return references_in(task.keys.args, ("args",))
    return references_in(task.arguments, ()) if isinstance(task, OperatorTask) else iter(())


def parse_task(
    task_id: str, data: object, engine: str, options: Mapping[str, EngineOptions], settings: Settings
) -> tuple[Task | None, list[Issue]]:
    """Make a task from what YAML gave, or say everything that is wrong with it.

    Args:
        task_id: The task's id in its DAG.
        data: What stands under that id.
        engine: The Engine of the DAG.
        options: The Engines' options that hold for the DAG.
        settings: The Environment's Settings, with the code that holds for the DAG.

    Returns:
        The task, or None, and Issues whose paths start at the task.
    """
    if not isinstance(data, dict):
        return None, [_kindless(data)]
    data, found = with_file_functions(data, _FILE_FUNCTIONS)
    kinds = [key for key in KINDS if key in data]
    if not kinds:
        return None, [_kindless(data)]
    if len(kinds) > 1:
        message, remedy = f"the task says both `{kinds[0]}` and `{kinds[1]}`", "take one of them out"
        return None, [Issue((kinds[1],), message, remedy, "contradiction", at="key")]
    task: Task | None
    if found:
        return None, found
    if kinds == ["spark_job"]:
        task, issues = _spark_task(task_id, data, engine, options, settings)
    else:
        task, issues = _free_task(task_id, data, kinds[0], settings.allowed_operators)
    if task is not None:
        issues += callback_issues(task.keys, settings.allowed_operators)
        issues += param_issues(task.keys.params)
        if task.keys.expand or task.keys.partial:
            issues += _mapping_issues(task)
    return (None, issues) if issues else (task, [])


def _kindless(data: object) -> Issue:
    """The Issue of a task that says none of `spark_job`, `operator` and `decorator`, or misspells it."""
    for key in data if isinstance(data, dict) else ():
        meant = did_you_mean(key, KINDS)
        if meant is not None:
            return Issue((str(key),), "unknown key", f"did you mean {meant}?", "unknown-key", at="key")
    message = "the task says neither `spark_job` nor `operator`"
    remedy = "add `spark_job: package.module` or `operator: package.module.Class`"
    return Issue((), message, remedy, "missing-key", at="key")


def _mapping_issues(task: Task) -> list[Issue]:
    """What is wrong with the way a task is mapped."""
    keys = task.keys
    if keys.partial and not keys.expand:
        remedy = "add `expand: {...}`, or move these arguments into the task"
        return [Issue(("partial",), "`partial` without `expand`", remedy, "contradiction", at="key")]
    issues = []
    for name, value in keys.expand.items():
        if not isinstance(value, list | Mapping) and not any(expanded_references({name: value}, ())):
            remedy = 'write a list, a mapping, or "+task" for what a task returns'
            message = f"nothing to expand over: {describe(value)}"
            issues.append(Issue(("expand", name), message, remedy, "bad-value"))
    if isinstance(task, SparkTask):
        known = ("job_args",)
        for place, given in (("expand", keys.expand), ("partial", keys.partial)):
            issues += [
                Issue(
                    (place, name),
                    "unknown key",
                    "write job_args, the job's arguments",
                    "unknown-key",
                    at="key",
                )
                for name in given
                if name not in known
            ]
    return issues


def _spark_task(
    task_id: str,
    data: Mapping[Any, Any],
    default_engine: str,
    options: Mapping[str, EngineOptions],
    settings: Settings,
) -> tuple[SparkTask | None, list[Issue]]:
    keys, own_options, issues = parse_with_engines(SparkTaskKeys, data)
    if keys is None:
        return None, issues
    for name in keys.args:
        if name.replace("-", "_") in RESERVED_ARGUMENTS:
            message, remedy = "the entry script has this argument itself", "rename the job's parameter"
            issues.append(Issue(("args", name), message, remedy, "reserved-name", at="key"))
    code: Code | Issue = settings.code
    if keys.code.model_fields_set:
        code = resolve_code(settings.code.spec.overlaid_by(keys.code), settings.base)
    if isinstance(code, Issue):
        return None, [*issues, code]
    engine = keys.engine or default_engine
    if issues or engine not in engine_names():
        return None, issues
    held = merge_options(options, own_options).get(engine) or options_class(engine)()
    issues = [issue.below(engine) for issue in held.issues()]
    return (None, issues) if issues else (SparkTask(task_id, keys, engine, held, code), [])


def _free_task(
    task_id: str, data: Mapping[Any, Any], kind: str, allowed: Sequence[str]
) -> tuple[OperatorTask | DecoratorTask | None, list[Issue]]:
    """A task whose further keys are arguments of an operator, or of a function and its decorator."""
    model = OperatorTaskKeys if kind == "operator" else DecoratorTaskKeys
    known = _FREE_KEYS[model]
    own = {key: value for key, value in data.items() if key in known}
    arguments = {key: value for key, value in data.items() if key not in known}
    issues: list[Issue] = []
    for key in arguments:
        if not isinstance(key, str):
            message = f"an argument's name is text, got {describe(key)}"
            issues.append(Issue((key,), message, "rename the key", "type", at="key"))
        elif key in ELSEWHERE:
            issues.append(Issue((key,), f"`{key}` is not known here", ELSEWHERE[key], "elsewhere", at="key"))
    keys = parse_model(model, own)
    if isinstance(keys, list):
        missing = [issue for issue in keys if not (issue.code == "missing-key" and issues)]
        return None, issues + missing
    if isinstance(keys, DecoratorTaskKeys):
        if isinstance(keys.python_callable, str):
            issues += not_allowed(("python_callable",), keys.python_callable, allowed)
        return (None, issues) if issues else (DecoratorTask(task_id, keys, arguments), [])
    assert isinstance(keys, OperatorTaskKeys)  # noqa: S101 - there are two models
    issues += not_allowed(("operator",), keys.operator, allowed)
    issues += [*_callable_issues(arguments, allowed), *_span_issues(arguments)]
    if keys.partial:
        partial = dict(keys.partial)
        found = [*_callable_issues(partial, allowed), *_span_issues(partial)]
        issues += [issue.below("partial") for issue in found]
        keys = keys.model_copy(update={"partial": partial})
    return (None, issues) if issues else (OperatorTask(task_id, keys, arguments), [])


def _callable_issues(arguments: Mapping[str, Any], allowed: Sequence[str]) -> list[Issue]:
    """What is wrong with the functions that an operator is given."""
    issues: list[Issue] = []
    if _FUNCTIONS.isdisjoint(arguments):  # as those of most operators
        return issues
    for name in CALLABLES:
        value = arguments.get(name)
        if isinstance(value, str):
            try:
                issues += not_allowed((name,), parse_callable_path(value), allowed)
            except PydanticCustomError as error:
                found = error.context or {}
                issues.append(Issue((name,), found["message"], found["remedy"], found["code"]))
    return issues


def _span_issues(arguments: dict[str, Any]) -> Iterator[Issue]:
    """Make spans of time of those arguments that are ones, in words or not; an Issue for what is none."""
    for name in _SPANS:
        if isinstance(arguments.get(name), str | int):
            try:
                arguments[name] = parse_span(arguments[name])
            except PydanticCustomError as error:
                found = error.context or {}
                yield Issue((name,), found["message"], found["remedy"], found["code"])


def callable_arguments(arguments: Mapping[str, Any]) -> dict[str, str | FileFunction]:
    """The arguments of an operator that name a function, by its import path or by file and name."""
    named = _FUNCTIONS.intersection(arguments)
    if not named:
        return {}
    by_path = {name: arguments[name] for name in CALLABLES if isinstance(arguments.get(name), str)}
    return {**by_path, **{name: one for name in named if isinstance(one := arguments[name], FileFunction)}}

"""Tasks that call a function: Airflow's decorators, and whose each argument is."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from typing import Any

from airflow_jobkit._compat import context_names
from airflow_jobkit._compat import task as task_decorators
from airflow_jobkit.factory.arguments import operator_signature
from airflow_jobkit.factory.findings import BuildError, told
from airflow_jobkit.factory.signatures import Given, Signature, argument_issues, signature_of_function
from airflow_jobkit.problems import Issue, Path
from airflow_jobkit.spec.task import DecoratorTask


def task_decorator(class_path: str, path: Path) -> Any:
    """One of Airflow's task decorators, which the file may name by its kind: `airflow.sdk.task.branch`.

    Raises:
        BuildError: There is none of this kind.
    """
    kind = class_path.partition(".task.")[2]
    if not kind:
        return task_decorators
    try:
        return getattr(task_decorators, kind)
    except AttributeError:
        remedy = "correct its kind, or install the provider it comes from"
        raise BuildError(Issue(path, f"no task decorator {kind!r}", remedy, "no-operator")) from None


def split_arguments(
    task: DecoratorTask, decorator: Any, called: Callable[..., Any], defaults: Collection[str], path: Path
) -> frozenset[str]:
    """The names of the task's arguments that go to the function; the others go to the decorator.

    Args:
        task: The task.
        decorator: Its decorator.
        called: Its function.
        defaults: The names that `default_args` around it set.
        path: Where the task stands.

    Raises:
        BuildError: Neither takes one of them, or one of the function's is missing.
    """
    own = signature_of_function(called, context_names())
    with told(path, f"{task.keys.decorator} cannot be called", "correct the task's arguments"):
        operator = _operator_signature(decorator)
    options = operator.known or frozenset()
    known = own.known | options if own.known is not None else None
    either = Signature(own.owner, known, own.required, own.suggested | operator.suggested)
    given = [Given(path, task.arguments)]
    if task.keys.expand:
        expand, partial = (*path, "expand"), (*path, "partial")
        given += [Given(expand, task.keys.expand), Given(partial, task.keys.partial)]
    issues = tuple(argument_issues(either, given, (defaults,), path))
    if issues:
        raise BuildError(*issues)
    names = frozenset(task.arguments)
    return names & own.suggested if own.known is not None else names - (options - own.suggested)


@cache
def _operator_signature(decorator: Any) -> Signature:
    """The arguments of a decorator, which are those of its operator's class."""

    def nothing() -> None:
        """Stand in for a function: what a decorator makes of one names its operator's class."""

    return operator_signature(decorator()(nothing).operator_class)

"""What a `runs/submit` request asks for, checked as the service checks it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from airflow_jobkit.local.emulators.databricks.fields import (
    Document,
    as_text,
    items,
    mapping,
    mappings,
    text,
)
from airflow_jobkit.local.emulators.databricks.refused import invalid
from airflow_jobkit.local.emulators.databricks.tasks import (
    TaskSpec,
    not_emulated,
    shared_clusters,
    task_spec,
    timeout_seconds,
)

LONGEST_TOKEN = 64
MOST_TASKS = 100

_PERMISSIONS = ("CAN_MANAGE", "CAN_MANAGE_RUN", "CAN_VIEW", "IS_OWNER")
_PRINCIPALS = ("user_name", "group_name", "service_principal_name")
_TASK_KEY = re.compile(r"[\w-]{1,100}", re.ASCII)


@dataclass(frozen=True)
class Submission:
    """A one-time run that is asked for; `single` is the older form, with one task and no list of them."""

    name: str
    token: str
    timeout_seconds: int
    single: bool
    tasks: tuple[TaskSpec, ...]


def submission(request: Document) -> Submission:
    """Read a request.

    Raises:
        RefusedError: The service would not take it.
    """
    name = text(request, "run_name") or "Untitled"
    token = text(request, "idempotency_token")
    if len(token) > LONGEST_TOKEN:
        raise invalid(f"The idempotency_token must have at most {LONGEST_TOKEN} characters.")
    _check_access(mappings(request, "access_control_list"))
    if request.get("git_source") is not None:
        raise not_emulated("git_source")
    single = request.get("tasks") is None
    tasks = (_single_task(request, name),) if single else _tasks(request)
    return Submission(name, token, timeout_seconds(request), single, tasks)


def _check_access(entries: list[Document]) -> None:
    for entry in entries:
        named = [principal for principal in _PRINCIPALS if text(entry, principal)]
        if len(named) != 1:
            raise invalid(
                f"Exactly one of {', '.join(_PRINCIPALS)} must be specified in access_control_list."
            )
        level = text(entry, "permission_level")
        if level not in _PERMISSIONS:
            raise invalid(
                f"Invalid permission_level {level!r} in access_control_list. "
                f"Valid values are: {', '.join(_PERMISSIONS)}."
            )


def _single_task(request: Document, name: str) -> TaskSpec:
    key = re.sub(r"[^\w-]", "_", name, flags=re.ASCII)[:100]
    return task_spec(request, key, {}, single=True)


def _tasks(request: Document) -> tuple[TaskSpec, ...]:
    if any(name.endswith("_task") and request[name] is not None for name in request):
        raise invalid("Only one of tasks and a task at the top of the request can be specified.")
    if request.get("job_clusters"):
        raise shared_clusters()
    given = mappings(request, "tasks")
    if not given:
        raise invalid("At least one task must be specified.")
    if len(given) > MOST_TASKS:
        raise invalid(f"A run can have at most {MOST_TASKS} tasks.")
    environments = _environments(request)
    keys: set[str] = set()
    tasks = []
    for document in given:
        key = text(document, "task_key")
        if not _TASK_KEY.fullmatch(key):
            raise invalid(f"Invalid task_key {key!r}: 1 to 100 letters, digits, '-' and '_' are needed.")
        if key in keys:
            raise invalid(f"Duplicate task key: {key}.")
        keys.add(key)
        tasks.append(task_spec(document, key, environments, single=False))
    _check_order(tasks)
    return tuple(tasks)


def _environments(request: Document) -> dict[str, list[str]]:
    """The dependencies of each environment."""
    found: dict[str, list[str]] = {}
    for document in mappings(request, "environments"):
        dependencies = items(mapping(document, "spec"), "dependencies")
        found[text(document, "environment_key")] = [as_text(item, "dependencies") for item in dependencies]
    return found


def _check_order(tasks: list[TaskSpec]) -> None:
    remaining = {task.key: set(task.depends_on) for task in tasks}
    for key, needed in remaining.items():
        unknown = sorted(needed - set(remaining))
        if unknown:
            raise invalid(f"Task {key} depends on a task that does not exist: {unknown[0]}.")
    while remaining:
        ready = [key for key, needed in remaining.items() if not needed & set(remaining)]
        if not ready:
            raise invalid(f"Circular dependency between tasks: {', '.join(remaining)}.")
        for key in ready:
            del remaining[key]

"""The edges between the tasks of a DAG: unknown dependencies and cycles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from airflow_jobkit.problems import Issue, choices_remedy


def edge_issues(dependencies: Mapping[str, Sequence[object]]) -> list[Issue]:
    """Everything wrong with the edges.

    Args:
        dependencies: For each task, the tasks it waits for; what is no text is passed over.

    Returns:
        An Issue for each dependency on a task that does not exist, and one for each cycle, named as a path,
        at the dependency that closes it. Their paths start at the DAG.
    """
    issues = [
        Issue(
            ("tasks", task, "dependencies", position),
            f"no task {upstream!r} in this DAG",
            choices_remedy(upstream, [other for other in dependencies if other != task]),
            "unknown-dependency",
        )
        for task, upstreams in dependencies.items()
        for position, upstream in enumerate(upstreams)
        if isinstance(upstream, str) and upstream not in dependencies
    ]
    return issues + [_cycle_issue(cycle, dependencies) for cycle in _cycles(dependencies)]


def _cycles(dependencies: Mapping[str, Sequence[object]]) -> Iterator[list[str]]:
    """Cycles from each task to the one that waits for it; without their last edges no cycle is left."""
    left = {
        task: [upstream for upstream in upstreams if isinstance(upstream, str)]
        for task, upstreams in dependencies.items()
    }
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:  # noqa: PERF203 - once per cycle
            cycle: list[str] = error.args[1]
            yield cycle
            task, upstream = cycle[-1], cycle[-2]
            left[task] = [other for other in left[task] if other != upstream]
        else:
            return


def _cycle_issue(cycle: list[str], dependencies: Mapping[str, Sequence[object]]) -> Issue:
    task, upstream = cycle[-1], cycle[-2]
    message, remedy = (
        f"the tasks wait for each other: {' -> '.join(cycle)}",
        "take one of these dependencies out",
    )
    if task == upstream:
        message, remedy = "the task waits for itself", "take this dependency out"
    path = ("tasks", task, "dependencies", list(dependencies[task]).index(upstream))
    return Issue(path, message, remedy, "cycle")

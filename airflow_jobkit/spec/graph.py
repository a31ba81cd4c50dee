"""The edges between the tasks of a DAG: unknown dependencies and cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from airflow_jobkit.problems import Issue, choices_remedy


def edge_issues(dependencies: Mapping[str, Sequence[str]]) -> list[Issue]:
    """Everything wrong with the edges.

    Args:
        dependencies: For each task, the tasks it waits for.

    Returns:
        An Issue for each dependency on a task that does not exist, and one for the first cycle found,
        named as a path. Their paths start at the DAG.
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
        if upstream not in dependencies
    ]
    try:
        TopologicalSorter(dependencies).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        issues.append(
            Issue(
                ("tasks", cycle[-1], "dependencies"),
                f"the tasks wait for each other: {' -> '.join(cycle)}",
                "take one of these dependencies out",
                "cycle",
            )
        )
    return issues

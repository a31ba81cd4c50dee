"""What stands in YAML files beside DAGs: defaults of a file or a folder, and what belongs elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_jobkit.loading.layers import FILE_DEFAULTS
from airflow_jobkit.problems import Issue
from airflow_jobkit.spec.dag import defaults_issues


def outside_of_dags(key: object, value: object) -> Issue | None:
    """The Issue of what other factories have at the top of a file and is no DAG; None for a DAG."""
    if key == "__extends__":
        remedy = "write what files share into `defaults.yaml` of their folder"
        return Issue((key,), "`__extends__` is not known here", remedy, "elsewhere", at="key")
    if key != "task_groups" or not isinstance(value, dict) or {"tasks", "task_groups"}.intersection(value):
        return None
    remedy = "move them into their DAG"
    return Issue((key,), "`task_groups` outside of a DAG", remedy, "elsewhere", at="key")


def folder_defaults_issues(data: Any) -> list[Issue]:
    """What is wrong with the defaults of a folder; an empty file has none."""
    if data is None:
        return []
    if not isinstance(data, dict):
        return [Issue((), "expected a mapping of keys", "write `key: value` lines", "type")]
    return defaults_issues(data)


def file_defaults_issues(data: Mapping[Any, Any]) -> Iterator[Issue]:
    """What is wrong with the defaults of a file."""
    yield from (issue.below(FILE_DEFAULTS) for issue in folder_defaults_issues(data[FILE_DEFAULTS]))
    if len(data) == 1:
        message = "the file holds defaults, and no DAG that they are for"
        remedy = "add `<dag_id>:` with `tasks:` below it, or name the file defaults.yaml"
        yield Issue((FILE_DEFAULTS,), message, remedy, "no-tasks", at="key")

"""The reference of all keys, in Markdown, from the Specs themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from airflow_jobkit.engines import engine_names, options_class
from airflow_jobkit.fields import duration_text
from airflow_jobkit.spec.code import OwnCodeSpec
from airflow_jobkit.spec.common import AirflowKeys, GroupKeys, TaskKeys
from airflow_jobkit.spec.dag_keys import DagKeys
from airflow_jobkit.spec.described import descriptions, summary
from airflow_jobkit.spec.project import DatasetSpec, EnvironmentKeys, ProjectKeys, SweeperSpec
from airflow_jobkit.spec.task_keys import DecoratorTaskKeys, OperatorTaskKeys, SparkTaskKeys

_HEAD = """\
# Reference: every key

For whoever wants to look a key up. Made from the program by `jobkit schema reference`; `jobkit schema` prints
the same as a JSON Schema for editors ([editor.md](editor.md)). Durations are written `30m`, `1h30m`, `2d`,
`PT30M`, or as whole seconds; [writing-dags.md](writing-dags.md) has examples.
"""
_TASK_STRUCTURE: Mapping[str, str] = {
    "extends": "the task template, or a list of them, that it takes over",
    "for_each": "a list, or a mapping, of items: a task for each, with `${item}` and `${key}` filled in",
    "task_group_name": "the group that it is in",
}


def reference() -> str:
    """The whole page."""
    own = set(TaskKeys.model_fields)
    sections = [
        _section("A DAG", DagKeys),
        _section("Every task", TaskKeys, without=set(AirflowKeys.model_fields), more=_TASK_STRUCTURE),
        _section("Every task, and `default_args`", AirflowKeys),
        _section("A task that runs a job", SparkTaskKeys, without=own),
        _section("A task of an operator", OperatorTaskKeys, without=own),
        _section("A task that calls a function", DecoratorTaskKeys, without=own),
        _section("A group of tasks", GroupKeys),
        _section("`code` of a DAG or a task", OwnCodeSpec, without={"version"}),
        *(_section(f"`{name}`", options_class(name)) for name in engine_names()),
        _section("The project file", ProjectKeys),
        _section("An environment", EnvironmentKeys, without=set(ProjectKeys.model_fields)),
        _section("A dataset", DatasetSpec),
        _section("`sweeper`", SweeperSpec),
    ]
    return "\n".join([_HEAD, *sections])


def _section(
    title: str,
    model: type[BaseModel],
    *,
    without: set[str] | None = None,
    more: Mapping[str, str] | None = None,
) -> str:
    rows = [
        *_rows(model, without or set()),
        *((f"`{name}`", "", text) for name, text in (more or {}).items()),
    ]
    table = [f"| {key} | {default} | {meaning} |" for key, default, meaning in rows]
    head = "| key | default | meaning |\n|---|---|---|"
    return f"## {title}\n\n{summary(model)}\n\n{head}\n" + "\n".join(table) + "\n"


def _rows(model: type[BaseModel], without: set[str]) -> Iterator[tuple[str, str, str]]:
    texts = descriptions(model)
    for name, field in model.model_fields.items():
        if name not in without:
            yield f"`{field.alias or name}`", _default(field), texts.get(name, "").replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, dt.timedelta):
        return f"`{duration_text(value)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if isinstance(value, str | int | float) else ""

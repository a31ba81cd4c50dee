"""The YAML that a Python DAG file is converted to makes the same DAGs as the file itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_jobkit.converting.files import convert_file

CASES = Path(__file__).parents[2] / "cases" / "convert" / "python"
WHOLE = ["glue_and_databricks", "groups_and_chains", "taskflow_and_mapping", "assets_and_timetables"]
"""Files of which everything is carried."""

# What a task is told beside its operator's own arguments.
KEYS = (
    *("retries", "retry_delay", "execution_timeout", "trigger_rule", "owner", "pool", "depends_on_past"),
    *("inlets", "outlets"),
)


def edges(dag: Any) -> set[tuple[str, str]]:
    return {(up, task.task_id) for task in dag.tasks for up in task.upstream_task_ids}


def is_mapped(task: Any) -> bool:
    return "Mapped" in type(task).__name__


def operator_class(task: Any) -> type:
    return task.operator_class if is_mapped(task) else type(task)


def is_spark_job(task: Any) -> bool:
    return hasattr(task, "spark_job")


def templated(task: Any) -> dict[str, Any]:
    """The values of the template fields; a function's own arguments are among them."""
    if is_mapped(task):
        expanded = getattr(task, "op_kwargs_expand_input", task.expand_input)
        return {"partial": comparable(task.partial_kwargs), "expand": comparable(expanded.value)}
    return {name: comparable(getattr(task, name, None)) for name in task.template_fields}


def comparable(value: Any) -> Any:
    """A value in which what other tasks return is named by the task that returns it."""
    if isinstance(value, dict):
        return {
            key: comparable(item)
            for key, item in value.items()
            if key not in ("start_date", "python_callable")
        }
    if isinstance(value, list | tuple):
        return [comparable(item) for item in value]
    if type(value).__name__ == "DagParam":
        return f"{{{{ params.{value._name} }}}}"  # noqa: SLF001 - it has no other
    operator = getattr(value, "operator", None)
    if operator is not None:
        return f"result of {operator.task_id} {getattr(value, 'key', '')}"
    return value if isinstance(value, str | int | float | bool | None) else repr(type(value))


def params(dag: Any, without: set[str]) -> dict[str, Any]:
    """The default and the schema of each param."""
    found = {name: dag.params.get_param(name) for name in dag.params if name not in without}
    return {name: (param.value, param.schema) for name, param in found.items()}


def when(timetable: Any) -> tuple[Any, ...]:
    """What a timetable runs by: cron and its zone, an interval, assets; not which intervals it gives."""
    names = ("expression", "_expression", "timezone", "_timezone", "delta", "_delta")
    found = [str(value) for name in names if (value := getattr(timetable, name, None)) is not None]
    return (
        *found,
        waits_for(getattr(timetable, "asset_condition", getattr(timetable, "dataset_condition", None))),
    )


def waits_for(condition: Any) -> Any:
    """A condition on assets, by their URIs."""
    objects = getattr(condition, "objects", None)
    if objects is not None:
        return [type(condition).__name__, *map(waits_for, objects)]
    return getattr(condition, "uri", None)


@pytest.fixture(params=WHOLE)
def pair(
    request: pytest.FixtureRequest,
    python_dags: Callable[[Path], dict[str, Any]],
    yaml_dags: Callable[[str], dict[str, Any]],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The DAGs of a file, and those of its YAML."""
    file = CASES / f"{request.param}.py"
    conversion = convert_file(file)
    assert conversion.left == ()
    assert conversion.text is not None
    return python_dags(file), yaml_dags(conversion.text)


def test_the_yaml_makes_the_same_tasks_edges_and_operators(
    pair: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    ours, theirs = pair[1], pair[0]
    assert set(ours) == set(theirs)
    for dag_id, dag in theirs.items():
        assert {t.task_id for t in ours[dag_id].tasks} == {t.task_id for t in dag.tasks}
        assert edges(ours[dag_id]) == edges(dag)
        assert set(ours[dag_id].task_group_dict) == set(dag.task_group_dict)
        for task in dag.tasks:
            made = ours[dag_id].get_task(task.task_id)
            if is_spark_job(made):
                assert issubclass(type(made), type(task))
            else:
                assert operator_class(made) is operator_class(task)
                assert is_mapped(made) is is_mapped(task)


def test_the_yaml_gives_the_tasks_the_same_arguments(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    ours, theirs = pair[1], pair[0]
    for dag_id, dag in theirs.items():
        for task in dag.tasks:
            made = ours[dag_id].get_task(task.task_id)
            if not is_spark_job(made):
                assert templated(made) == templated(task), task.task_id
            for name in KEYS:
                assert getattr(made, name) == getattr(task, name), (task.task_id, name)


def test_the_yaml_gives_the_dags_the_same_keys(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    ours, theirs = pair[1], pair[0]
    spark = {"code_version", "notification_service_type"}
    for dag_id, dag in theirs.items():
        made = ours[dag_id]
        for name in ("description", "start_date", "max_active_runs", "dagrun_timeout"):
            assert getattr(made, name) == getattr(dag, name), (dag_id, name)
        assert set(made.tags) == set(dag.tags)
        assert params(made, spark) == params(dag, spark)
        assert when(made.timetable) == when(dag.timetable)

"""A task can be mapped over its arguments: `.partial(...).expand(job_args=[...])`, as stock operators can."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from task_context import ProbeProject, TaskContext

from airflow_jobkit._compat import DAG, Param, serialize_dag
from airflow_jobkit.engines import operator_class_path, options_class

CLUSTER = {"spark_version": "15.4.x-scala2.12", "node_type_id": "m5.large", "num_workers": 1}
OPTIONS: dict[str, dict[str, Any]] = {
    "local": {},
    "glue": {"iam_role_name": "glue-job-role"},
    "databricks": {"new_cluster": CLUSTER},
}
NOTIFIERS = {"TEAM": {"class": "probe.team:Team", "password": "hunter2-secret"}}
MONTHS = [{"month": "{{ params.first }}", "year": 2013}, {"month": "{{ run_id }}", "year": 2014}]

Mapped = Callable[[str], Any]


@pytest.fixture
def mapped(project: ProbeProject) -> Mapped:
    """Makes a mapped task of an Engine, in a DAG of its own."""

    def make(engine: str) -> Any:
        module, _, name = operator_class_path(engine).rpartition(".")
        params = {
            "code_version": Param("1.0.0"),
            "notification_service_type": Param("NOOP"),
            "first": Param("7"),
        }
        with DAG("mapped_dag", params=params, schedule=None):
            partial = getattr(import_module(module), name).partial(
                task_id="task",
                spark_job="probe.echo",
                settings=project.settings(engine=engine, notifiers=NOTIFIERS),
                options=options_class(engine)(**OPTIONS[engine]),
                code_version="{{ params.code_version }}",
            )
            return partial.expand(job_args=MONTHS)

    return make


@pytest.mark.parametrize("engine", OPTIONS)
def test_each_of_the_mapped_tasks_has_arguments_of_its_own_with_templates_rendered(
    mapped: Mapped, engine: str
) -> None:
    seen = []
    for index, job_args in enumerate(MONTHS):
        task = mapped(engine).unmap({"job_args": job_args})
        context = TaskContext(task, run_id="monday", map_index=index).context()
        task.render_template_fields(context)
        assert task.code_version == "1.0.0"
        assert task.options == options_class(engine)(**OPTIONS[engine])
        seen.append(task.job_args)
    assert seen == [{"month": "7", "year": 2013}, {"month": "monday", "year": 2014}]


@pytest.mark.parametrize("engine", OPTIONS)
def test_its_dag_can_be_stored_and_no_secret_is_stored_with_it(mapped: Mapped, engine: str) -> None:
    document = json.dumps(serialize_dag(mapped(engine).dag))
    assert "{{ params.first }}" in document
    assert "probe.echo" in document
    assert "hunter2-secret" not in document


def test_mapped_tasks_run_and_each_has_a_result_of_its_own(project: ProbeProject, mapped: Mapped) -> None:
    project.publish("1.0.0", echo="def main(**kwargs):\n    return kwargs\n")
    summaries = [
        TaskContext(mapped("local").unmap({"job_args": job_args}), map_index=index).run()
        for index, job_args in enumerate(MONTHS)
    ]
    assert [summary["metrics"]["year"] for summary in summaries] == ["2013", "2014"]
    assert len({summary["result"] for summary in summaries}) == 2

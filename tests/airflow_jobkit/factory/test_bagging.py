"""What would be an import error of the loader, and so of every DAG, is a Problem of one DAG instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import pytest
from airflow import settings
from airflow.exceptions import AirflowClusterPolicySkipDag, AirflowClusterPolicyViolation
from airflow.policies import hookimpl

from airflow_jobkit._compat import DAG, serialize_dag

Load = Callable[[], dict[str, Any]]
Write = Callable[[str, str], Path]

GOOD = """
    good:
      tasks: {a: {spark_job: probe.a}}
"""

TEAM_CLASSES = """
    from airflow_jobkit._compat import BaseOperator

    class Prepared(BaseOperator):
        template_fields = ("sql",)
        template_ext = (".sql",)

        def __init__(self, *, sql, **kwargs):
            super().__init__(**kwargs)
            self.sql = sql

        def prepare_template(self):
            if "drop" in self.sql:
                raise ValueError("nothing is dropped here")
            self.sql += ";"

    class Coloured(BaseOperator):
        @property
        def ui_color(self):
            return {"noon": "#fff"}[self.task_id]
"""


@pytest.fixture
def team_classes(team_operators: Any) -> None:
    """The operators `team_operators.Prepared`, which prepares its templates, and `Coloured`."""
    exec(dedent(TEAM_CLASSES), vars(team_operators))  # noqa: S102 - our own text above
    for made in (team_operators.Prepared, team_operators.Coloured):
        made.__module__ = "team_operators"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "tasks: {a: {spark_job: probe.a, executor: NoSuchExecutor}}",
            "3:45 case.tasks.a.executor: this Airflow has no executor 'NoSuchExecutor'; ",
            id="an executor that is not there",
        ),
        pytest.param(
            "tasks: {a: {spark_job: probe.a}}\n      default_args: {executor: NoSuchExecutor}",
            "3:11 case.tasks.a.executor: this Airflow has no executor 'NoSuchExecutor'; ",
            id="an executor of default_args that is not there",
        ),
        pytest.param(
            "tasks: {a: {operator: team_operators.Prepared, sql: drop table}}",
            "3:11 case.tasks.a: Prepared cannot prepare its templates: ValueError: nothing is dropped here; ",
            id="templates that cannot be prepared",
        ),
        pytest.param(
            "tasks: {noon: {operator: team_operators.Coloured}, a: {operator: team_operators.Coloured}}",
            "3:54 case.tasks.a: Airflow cannot store Coloured: KeyError: 'a'; ",
            id="an operator that cannot be stored",
        ),
        pytest.param(
            "tasks: {a: {spark_job: probe.a, outlets: ['airflow://a']}}",
            "3:35 case.tasks.a.outlets: no asset 'airflow://a': ValueError: ",
            id="an outlet whose scheme is Airflow's",
        ),
        pytest.param(
            "tasks: {a: {spark_job: probe.a, inlets: [{uri: 's3://b/a', extra: {day: 2026-01-01}}]}}",
            "3:35 case.tasks.a.inlets: no asset 's3://b/a': TypeError: Object of type date is not JSON ",
            id="an inlet that cannot be stored",
        ),
        pytest.param(
            "schedule: ['airflow://a']\n      tasks: {a: {spark_job: probe.a}}",
            "3:3 case.schedule: no asset 'airflow://a': ValueError: ",
            id="an asset of a schedule",
        ),
    ],
)
def test_what_airflow_would_refuse_is_a_problem_and_leaves_the_other_dags(
    write: Write, load: Load, team_classes: None, text: str, said: str
) -> None:
    write("case.yaml", f"\n    case:\n      {text}\n" + GOOD)
    loaded = load()
    assert loaded.keys() == {"good", "jobkit_problems"}
    assert f"dags/case.yaml:{said}" in loaded["jobkit_problems"].doc_md


def test_an_executor_of_this_airflow_is_taken(write: Write, load: Load) -> None:
    from airflow.executors.executor_loader import ExecutorLoader

    path = ExecutorLoader.get_default_executor_name().module_path
    for name in (path, path.rpartition(".")[2]):
        write("case.yaml", f"case: {{tasks: {{a: {{spark_job: probe.a, executor: {name}}}}}}}\n")
        assert load().keys() == {"case"}


def test_templates_are_prepared_by_airflow_alone(write: Write, load: Load, team_classes: None) -> None:
    write("case.yaml", "case: {tasks: {a: {operator: team_operators.Prepared, sql: select 1}}}\n")
    assert load()["case"].get_task("a").sql == "select 1"


class TestClusterPolicies:
    @pytest.fixture
    def policy(self) -> Iterator[Callable[..., None]]:
        """Register policies, as an `airflow_local_settings` or a plugin does."""
        if hasattr(settings, "get_policy_plugin_manager"):
            manager = settings.get_policy_plugin_manager()
        else:  # before Airflow 3.2
            manager = settings.POLICY_PLUGIN_MANAGER
        registered = []

        def register(**functions: Callable[..., None]) -> None:
            policies = SimpleNamespace(**{name: hookimpl(one) for name, one in functions.items()})
            manager.register(policies)
            registered.append(policies)

        yield register
        for policies in registered:
            manager.unregister(policies)

    def test_a_dag_that_violates_one_is_a_problem_and_leaves_the_others(
        self, write: Write, load: Load, policy: Callable[..., None]
    ) -> None:
        def dag_policy(dag: DAG) -> None:
            if dag.dag_id == "case":
                raise AirflowClusterPolicyViolation("a DAG needs an owner")

        policy(dag_policy=dag_policy)
        write("case.yaml", GOOD.replace("good", "case") + GOOD)
        loaded = load()
        assert loaded.keys() == {"good", "jobkit_problems"}
        assert (
            "dags/case.yaml:2:1 case: a cluster policy refuses this DAG: AirflowClusterPolicyViolation: "
            "a DAG needs an owner; do what it says, or ask who runs this Airflow"
        ) in loaded["jobkit_problems"].doc_md

    def test_one_of_tasks_counts_too(self, write: Write, load: Load, policy: Callable[..., None]) -> None:
        def task_policy(task: Any) -> None:
            if task.task_id == "b":
                raise AirflowClusterPolicyViolation(f"{task.task_id} may not run")

        policy(task_policy=task_policy)
        write("case.yaml", "case: {tasks: {a: {spark_job: probe.a}, b: {spark_job: probe.b}}}\n")
        loaded = load()
        assert loaded.keys() == {"jobkit_problems"}
        assert "AirflowClusterPolicyViolation: b may not run" in loaded["jobkit_problems"].doc_md

    def test_what_they_change_is_changed_once_by_airflow(
        self, write: Write, load: Load, policy: Callable[..., None]
    ) -> None:
        write("one.yaml", GOOD)
        before = serialize_dag(load()["good"])
        seen = []

        def dag_policy(dag: DAG) -> None:
            seen.append(dag.dag_id)
            dag.doc_md = "seen"

        def task_policy(task: Any) -> None:
            task.retries += 1
            task.job_args["more"] = "1"

        policy(dag_policy=dag_policy, task_policy=task_policy)
        assert serialize_dag(load()["good"]) == before
        assert seen == ["good"]

    def test_a_dag_that_one_skips_is_left_to_airflow_which_skips_it(
        self, write: Write, load: Load, policy: Callable[..., None]
    ) -> None:
        def dag_policy(dag: DAG) -> None:
            raise AirflowClusterPolicySkipDag("not here")

        policy(dag_policy=dag_policy)
        write("one.yaml", GOOD)
        assert load().keys() == {"good"}

"""`--param`: text stays text where the DAG wants text."""

from __future__ import annotations

from typing import Any

import pytest
from files import Write

from airflow_jobkit.cli.params import run_conf
from airflow_jobkit.cli.project import settings_of
from airflow_jobkit.errors import JobkitError
from airflow_jobkit.loading.dags import load_file
from airflow_jobkit.spec.dag import DagSpec

OTHER_CASE = "neither a version nor a channel: 'Stable'; write stable, for channels are in lower case"
DAG = """\
flights:
  params:
    text: {type: string, default: a}
    text_or_null: {type: [string, "null"], default: a}
    month: {type: integer, default: 1}
    untyped: {default: 1}
    plain: 1
    nothing: null
    listed: [1, 2]
  tasks: {clean: {spark_job: dwh.a}}
"""


@pytest.fixture
def spec(project: Write) -> DagSpec:
    file = project("dags/flights.yaml", DAG)
    (dag,) = load_file(file, settings_of(file.parent, None)).dags
    return dag.spec


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("code_version=1.10", "1.10"),
        ("code_version=v1.0-rc1", "1.0rc1"),
        ("code_version=canary", "canary"),
        ("notification_service_type=2", "2"),
        ("text=2", "2"),
        ("text=null", "null"),
        ("text=a=b", "a=b"),
        ("text=", ""),
        ("text_or_null=2", "2"),
        ("text_or_null=null", None),
        ("month=3", 3),
        ("month=three", "three"),
        ("untyped=true", True),
        ("plain=[1, 2]", [1, 2]),
        ("plain=2026-01-01", "2026-01-01"),
        ("nothing=1.5", 1.5),
        ("listed={}", {}),
    ],
)
def test_a_value_is_json_or_text_as_the_params_schema_wants(text: str, value: Any, spec: DagSpec) -> None:
    assert run_conf([text], spec) == {text.partition("=")[0]: value}


def test_of_a_param_that_is_given_twice_the_last_value_counts(spec: DagSpec) -> None:
    assert run_conf(["month=3", "text=b", "month=4"], spec) == {"month": 4, "text": "b"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("month", "--param month: write it as name=value"),
        (
            "code_version=Stable",
            f"--param code_version=Stable: {OTHER_CASE}",
        ),
        ("=3", "--param =3: write it as name=value"),
        ("mont=3", "--param mont=3: no param 'mont' in flights; did you mean month?"),
    ],
)
def test_what_is_no_param_is_refused(text: str, said: str, spec: DagSpec) -> None:
    with pytest.raises(JobkitError) as error:
        run_conf([text], spec)
    assert str(error.value) == said


def test_a_dag_of_files_that_are_named_one_by_one_takes_no_channel(project: Write) -> None:
    code = "{entry_point: '/srv/{code_version}.py'}"
    text = f"flights: {{tasks: {{clean: {{spark_job: dwh.a, code: {code}}}}}}}\n"
    file = project("dags/flights.yaml", text)
    (dag,) = load_file(file, settings_of(file.parent, None)).dags
    assert run_conf(["code_version=1.0"], dag.spec) == {"code_version": "1.0"}
    with pytest.raises(
        JobkitError, match="--param code_version=stable: files that are named one by one have"
    ):
        run_conf(["code_version=stable"], dag.spec)

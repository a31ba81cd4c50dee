"""Stock tasks that run a job of ours become `spark_job`; the same job, arguments and options."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml

from airflow_jobkit.converting.carried import Conversion
from airflow_jobkit.converting.python_source import convert_python

IMPORTS = """
from airflow import DAG
from airflow.models import Variable
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator
with DAG("d", schedule=None) as dag:
"""
ENTRY = '"--module_name": "dwh.jobs.clean"'


def convert(body: str) -> Conversion:
    return convert_python("a.py", IMPORTS + indent(body, "    "), Path("nowhere/a.py"))


def told(conversion: Conversion) -> list[str]:
    return [problem.message for problem in conversion.left]


def glue(arguments: str, more: str = "") -> Conversion:
    return convert(f'GlueJobOperator(task_id="t", script_args={{{ENTRY}, {more}}}, {arguments})')


def databricks(arguments: str) -> Conversion:
    return convert(f'DatabricksSubmitRunOperator(task_id="t", {arguments})')


def task(conversion: Conversion) -> dict[str, Any]:
    assert conversion.text is not None
    found: dict[str, Any] = yaml.safe_load(conversion.text)["d"]["tasks"]["t"]
    return found


@pytest.mark.parametrize(
    ("argument", "option", "value"),
    [
        pytest.param("iam_role_arn='arn:aws:iam::123456789012:role/r'", "iam_role_arn", None, id="role"),
        pytest.param("concurrent_run_limit=3", "max_concurrent_runs", 3, id="limit"),
        pytest.param("job_poll_interval=90", "poll_interval", "1m30s", id="interval"),
        pytest.param("create_job_kwargs={'GlueVersion': '5.0'}", "glue_version", "5.0", id="version"),
        pytest.param("run_job_kwargs={'WorkerType': 'G.2X'}", "worker_type", "G.2X", id="workers"),
        pytest.param("run_job_kwargs={'Timeout': 90}", "timeout", "90m", id="minutes"),
        pytest.param(
            "create_job_kwargs={'Connections': {'Connections': ['vpc']}}",
            "connections",
            ["vpc"],
            id="network",
        ),
        pytest.param(
            "create_job_kwargs={'DefaultArguments': {'--enable-metrics': True}}",
            "arguments",
            {"--enable-metrics": "true"},
            id="Glue's own arguments",
        ),
    ],
)
def test_options_of_glue(argument: str, option: str, value: Any) -> None:
    conversion = glue(argument)
    assert told(conversion) == []
    found = task(conversion)["glue"][option]
    assert found == (value if value is not None else "arn:aws:iam::123456789012:role/r")


def test_arguments_are_the_jobs_the_platforms_or_the_entry_scripts() -> None:
    conversion = glue(
        "script_location='s3://b/entry.py', deferrable=True, retries=2, wait_for_completion=True",
        "'--month': '{{ ds }}', '--rows': 5, '--TempDir': 's3://b/t', '--extra-py-files': 's3://b/a.whl', "
        "'--notification_service_type': 'LOG', '--JOB_NAME': 'x'",
    )
    assert told(conversion) == []
    found = task(conversion)
    assert found["spark_job"] == "dwh.jobs.clean"
    assert found["args"] == {"month": "{{ ds }}", "rows": 5}
    assert found["glue"]["arguments"] == {"--TempDir": "s3://b/t"}
    assert (found["deferrable"], found["retries"], found["engine"]) == (True, 2, "glue")
    assert yaml.safe_load(conversion.text or "")["d"]["notification_service_type"] == "LOG"


def test_another_script_stays_an_operator() -> None:
    conversion = convert('GlueJobOperator(task_id="t", script_args={"--day": "x"}, job_name="j")')
    assert told(conversion) == []
    assert task(conversion) == {
        "operator": "airflow.providers.amazon.aws.operators.glue.GlueJobOperator",
        "script_args": {"--day": "x"},
        "job_name": "j",
    }


@pytest.mark.parametrize(
    "module", ["'not a module'", "'{{ params.module }}'", "Variable.get('m')", "5"], ids=str
)
def test_what_is_no_module_stays_an_operator(module: str) -> None:
    conversion = convert(f'GlueJobOperator(task_id="t", script_args={{"--module_name": {module}}})')
    assert "operator" in task(conversion)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(
            "new_cluster=CLUSTER, spark_python_task={'python_file': 's3://b/e.py', 'parameters': PARAMETERS}",
            id="named arguments",
        ),
        pytest.param(
            "json={'new_cluster': CLUSTER, "
            "'spark_python_task': {'python_file': 'e', 'parameters': PARAMETERS}}",
            id="a document",
        ),
        pytest.param(
            "json={'tasks': [{'task_key': 'a', 'new_cluster': CLUSTER, 'spark_python_task': "
            "{'python_file': 'e', 'parameters': PARAMETERS}}]}",
            id="a document with one task",
        ),
    ],
)
def test_a_run_of_databricks_however_it_is_written(given: str) -> None:
    cluster = "{'spark_version': '15.4.x-scala2.12', 'num_workers': 2}"
    parameters = (
        "['--module_name', 'dwh.jobs.clean', '--top=3', '--flag', '--databricks_connection_name', 'db']"
    )
    conversion = databricks(given.replace("CLUSTER", cluster).replace("PARAMETERS", parameters))
    assert told(conversion) == []
    found = task(conversion)
    assert (found["spark_job"], found["args"]) == ("dwh.jobs.clean", {"top": "3", "flag": ""})
    assert found["databricks"] == {
        "new_cluster": {"spark_version": "15.4.x-scala2.12", "num_workers": 2},
        "connection_name": "db",
    }


def test_what_a_job_of_ours_has_not_is_told() -> None:
    conversion = glue("num_of_dpus=5, wait_for_completion=False, retry_limit=2, something=1")
    assert told(conversion) == [
        "a number of DPUs",
        "a run that nobody waits for",
        "retries that Glue makes by itself",
        "`something`, which a Spark job of ours has not",
    ]


def test_two_notifiers_in_a_dag_are_told() -> None:
    conversion = convert(
        "\n".join(
            f'GlueJobOperator(task_id="{name}", '
            f'script_args={{{ENTRY}, "--notification-service-type": "{name}"}})'
            for name in ("LOG", "NOOP")
        )
    )
    assert told(conversion) == ["the notifier NOOP: another task of the DAG has LOG"]

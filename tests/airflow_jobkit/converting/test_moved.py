"""Class paths that Airflow has moved lead to classes that are there; all others stay."""

from __future__ import annotations

import importlib

import pytest

from airflow_jobkit.converting.moved import present_path

OLD = [
    "airflow.operators.bash_operator.BashOperator",
    "airflow.operators.python_operator.PythonOperator",
    "airflow.operators.python_operator.BranchPythonOperator",
    "airflow.operators.python_operator.ShortCircuitOperator",
    "airflow.operators.dagrun_operator.TriggerDagRunOperator",
    "airflow.operators.latest_only_operator.LatestOnlyOperator",
    "airflow.operators.email_operator.EmailOperator",
    "airflow.operators.dummy_operator.DummyOperator",
    "airflow.operators.dummy.DummyOperator",
    "airflow.operators.http_operator.SimpleHttpOperator",
    "airflow.sensors.external_task_sensor.ExternalTaskSensor",
    "airflow.sensors.filesystem_sensor.FileSensor",
    "airflow.sensors.bash_sensor.BashSensor",
    "airflow.sensors.python_sensor.PythonSensor",
    "airflow.sensors.time_delta_sensor.TimeDeltaSensor",
    "airflow.sensors.date_time_sensor.DateTimeSensor",
    "airflow.sensors.http_sensor.HttpSensor",
    "airflow.sensors.sql_sensor.SqlSensor",
    "airflow.sensors.s3_key_sensor.S3KeySensor",
    "airflow.contrib.operators.databricks_operator.DatabricksSubmitRunOperator",
    "airflow.contrib.sensors.file_sensor.FileSensor",
    "airflow.contrib.sensors.aws_glue_catalog_partition_sensor.GlueCatalogPartitionSensor",
    "airflow.providers.amazon.aws.operators.glue.AwsGlueJobOperator",
    "airflow.providers.amazon.aws.operators.glue_crawler.AwsGlueCrawlerOperator",
    "airflow.providers.amazon.aws.sensors.glue.AwsGlueJobSensor",
    "airflow.providers.amazon.aws.sensors.s3_key.S3KeySensor",
]


@pytest.mark.parametrize("path", OLD)
def test_a_class_that_moved_is_where_it_is_said_to_be(path: str) -> None:
    module, _, name = present_path(path).rpartition(".")
    assert module != path.rpartition(".")[0] or name != path.rpartition(".")[2]
    found = pytest.importorskip(module, reason="its provider is not installed here")
    assert isinstance(getattr(found, name), type)


@pytest.mark.parametrize("path", OLD)
def test_a_class_that_moved_is_not_where_it_was(path: str) -> None:
    pytest.importorskip("airflow.sdk", reason="Airflow 2 still has some of them")
    module, _, name = path.rpartition(".")
    with pytest.raises((ImportError, AttributeError)):
        getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(
    "path", ["airflow.operators.bash.BashOperator", "team.operators.bash_operator.BashOperator", "a.B"]
)
def test_any_other_class_stays(path: str) -> None:
    assert present_path(path) == path

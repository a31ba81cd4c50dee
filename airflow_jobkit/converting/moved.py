"""Class paths that Airflow has moved: from those that no longer load on Airflow 3 to where they are now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_STANDARD: Final = "airflow.providers.standard"

# Old module -> new module; the classes kept their names.
_MODULES: Mapping[str, str] = {
    "airflow.operators.bash_operator": f"{_STANDARD}.operators.bash",
    "airflow.operators.python_operator": f"{_STANDARD}.operators.python",
    "airflow.operators.dagrun_operator": f"{_STANDARD}.operators.trigger_dagrun",
    "airflow.operators.latest_only_operator": f"{_STANDARD}.operators.latest_only",
    "airflow.operators.email_operator": "airflow.providers.smtp.operators.smtp",
    "airflow.sensors.external_task_sensor": f"{_STANDARD}.sensors.external_task",
    "airflow.sensors.filesystem_sensor": f"{_STANDARD}.sensors.filesystem",
    "airflow.sensors.bash_sensor": f"{_STANDARD}.sensors.bash",
    "airflow.sensors.python_sensor": f"{_STANDARD}.sensors.python",
    "airflow.sensors.time_delta_sensor": f"{_STANDARD}.sensors.time_delta",
    "airflow.sensors.date_time_sensor": f"{_STANDARD}.sensors.date_time",
    "airflow.sensors.http_sensor": "airflow.providers.http.sensors.http",
    "airflow.sensors.sql_sensor": "airflow.providers.common.sql.sensors.sql",
    "airflow.sensors.s3_key_sensor": "airflow.providers.amazon.aws.sensors.s3",
    "airflow.contrib.operators.databricks_operator": "airflow.providers.databricks.operators.databricks",
    "airflow.contrib.operators.ssh_operator": "airflow.providers.ssh.operators.ssh",
    "airflow.contrib.sensors.file_sensor": f"{_STANDARD}.sensors.filesystem",
    "airflow.contrib.sensors.aws_glue_catalog_partition_sensor": (
        "airflow.providers.amazon.aws.sensors.glue_catalog_partition"
    ),
    "airflow.providers.amazon.aws.sensors.s3_key": "airflow.providers.amazon.aws.sensors.s3",
}
# Classes that changed their names, too.
_CLASSES: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "airflow.operators.dummy_operator.DummyOperator",
            "airflow.operators.dummy.DummyOperator",
            "airflow.operators.empty.DummyOperator",
        ),
        f"{_STANDARD}.operators.empty.EmptyOperator",
    ),
    **dict.fromkeys(
        (
            "airflow.operators.http_operator.SimpleHttpOperator",
            "airflow.providers.http.operators.http.SimpleHttpOperator",
        ),
        "airflow.providers.http.operators.http.HttpOperator",
    ),
    "airflow.providers.amazon.aws.operators.glue.AwsGlueJobOperator": (
        "airflow.providers.amazon.aws.operators.glue.GlueJobOperator"
    ),
    "airflow.providers.amazon.aws.operators.glue_crawler.AwsGlueCrawlerOperator": (
        "airflow.providers.amazon.aws.operators.glue_crawler.GlueCrawlerOperator"
    ),
    "airflow.providers.amazon.aws.sensors.glue.AwsGlueJobSensor": (
        "airflow.providers.amazon.aws.sensors.glue.GlueJobSensor"
    ),
}


def present_path(class_path: str) -> str:
    """Where a class is now; the path itself where it still loads, or is not known here."""
    if class_path in _CLASSES:
        return _CLASSES[class_path]
    module, _, name = class_path.rpartition(".")
    return f"{_MODULES[module]}.{name}" if module in _MODULES else class_path

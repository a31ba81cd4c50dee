"""Ingest flights on Glue, aggregate on Databricks, tell the team."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.amazon.aws.notifications.sns import SnsNotifier
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator
from airflow.operators.bash import BashOperator

BUCKET = "code-bucket"
PREFIX = f"s3://{BUCKET}/code-prefix"
REGION = os.environ["AWS_REGION"]

on_failure = SnsNotifier(
    target_arn="arn:aws:sns:us-east-1:123456789012:alerts",
    message="{{ task_instance_key_str }} failed",
    subject="flights",
    aws_conn_id="aws_default",
)

default_args = {
    "owner": "data-team",
    "depends_on_past": False,
    "retries": 2,
    "retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=2),
    "on_failure_callback": on_failure,
}

CLUSTER = {
    "spark_version": "15.4.x-scala2.12",
    "node_type_id": "mgd-fleet.xlarge",
    "num_workers": 4,
}

with DAG(
    dag_id="flights_daily",
    description=__doc__,
    schedule="0 6 * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args=default_args,
    tags=["flights", "glue"],
) as dag:
    # The files come from the airports, at night.
    wait = S3KeySensor(
        task_id="wait_for_flights",
        bucket_name="raw-bucket",
        bucket_key="flights/{{ ds }}/_SUCCESS",
        mode="reschedule",
        poke_interval=300,
        timeout=60 * 60 * 4,
    )

    clean = GlueJobOperator(
        task_id="clean_flights",
        job_name="clean-flights",
        script_location=f"{PREFIX}/scripts/glue/generic_entry.py",
        iam_role_name="glue-job-role",
        region_name=REGION,
        script_args={
            "--module_name": "dwh.jobs.flights.clean_flights_factory",
            "--notification_service_type": "NOOP",
            "--month": "{{ data_interval_start.month }}",
            "--min-rows": "1000",
            "--extra-py-files": f"{PREFIX}/dwh-0.1.0-py3-none-any.whl",
            "--enable-auto-scaling": "true",
        },
        create_job_kwargs={
            "GlueVersion": "5.0",
            "WorkerType": "G.1X",
            "NumberOfWorkers": 10,
            "Timeout": 120,
        },
        deferrable=True,
    )

    # A script of their own, which takes no module.
    legacy = GlueJobOperator(
        task_id="legacy_export",
        job_name="legacy-export",
        script_location=f"{PREFIX}/legacy/export.py",
        script_args={"--day": "{{ ds }}", "--target": "s3://export-bucket/flights"},
        iam_role_name="glue-job-role",
    )

    aggregate = DatabricksSubmitRunOperator(
        task_id="carrier_delays",
        databricks_conn_id="databricks_consumer",
        json={
            "run_name": "carrier-delays",
            "new_cluster": CLUSTER,
            "libraries": [{"whl": f"{PREFIX}/dwh-0.1.0-py3-none-any.whl"}],
            "spark_python_task": {
                "python_file": f"{PREFIX}/scripts/databricks/generic_entry.py",
                "parameters": [
                    "--module_name",
                    "dwh.jobs.flights.carrier_delays_factory",
                    "--notification_service_type=NOOP",
                    "--databricks_connection_name",
                    "databricks",
                    "--top",
                    "10",
                ],
            },
        },
    )

    notebook = DatabricksSubmitRunOperator(
        task_id="report_notebook",
        databricks_conn_id="databricks_consumer",
        existing_cluster_id="1234-567890-abcde123",
        notebook_task={"notebook_path": "/Shared/report", "base_parameters": {"day": "{{ ds }}"}},
    )

    done = BashOperator(
        task_id="done",
        bash_command="""
set -e
echo "flights of {{ ds }} are there"
""",
        trigger_rule="none_failed",
    )

    wait >> clean >> [legacy, aggregate]
    aggregate >> notebook
    [legacy, notebook] >> done

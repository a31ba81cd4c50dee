"""What only running a file tells is listed, and everything around it is carried."""

import json
import logging
import os
from datetime import datetime, timedelta

import requests
from airflow.hooks.base import BaseHook
from airflow.models import Variable
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.utils.dates import days_ago
from airflow.utils.edgemodifier import Label

from airflow import DAG

logging.getLogger(__name__).setLevel("INFO")

BUCKET = Variable.get("bucket")
SETTINGS = json.load(open("/etc/settings.json"))
STAGE = os.getenv("STAGE", "dev")
password = BaseHook.get_connection("warehouse").password
requests.post("https://example.com/parsed")


def clean(**context):
    return S3Hook().list_keys(BUCKET)


def alert(context):
    print("failed")


class TeamOperator(BashOperator):
    pass


with DAG(
    "what_is_left",
    start_date=days_ago(1),
    schedule_interval="@daily",
    default_args={"on_failure_callback": alert, "sla": timedelta(hours=1), "owner": SETTINGS["owner"]},
    user_defined_macros={"twice": lambda value: value * 2},
) as dag:
    cleaned = PythonOperator(task_id="clean", python_callable=clean, provide_context=True)
    checked = PythonOperator(task_id="check", python_callable=lambda: True, op_args=[password])
    exported = BashOperator(
        task_id="export",
        bash_command=f"aws s3 ls s3://{BUCKET}/{STAGE}",
        env={"PASSWORD": password},
    )
    own = TeamOperator(task_id="own", bash_command="true")

    for table in SETTINGS["tables"]:
        BashOperator(task_id=f"load_{table}", bash_command="true")

    if STAGE.startswith("prod"):
        BashOperator(task_id="only_in_prod", bash_command="true")

    glue = GlueJobOperator(
        task_id="glue",
        job_name="clean",
        script_args={"--module_name": "dwh.jobs.clean", "--rows": SETTINGS["rows"], "--day": "{{ ds }}"},
        num_of_dpus=10,
        create_job_kwargs={"NonOverridableArguments": {}},
        wait_for_completion=False,
    )

    cleaned >> Label("when it is clean") >> checked >> exported.as_teardown(setups=cleaned)
    exported >> [own, glue, SETTINGS]

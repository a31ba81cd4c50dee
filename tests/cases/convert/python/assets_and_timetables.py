from datetime import datetime, timezone

import pendulum
from airflow.operators.bash import BashOperator
from airflow.timetables.trigger import CronTriggerTimetable

from airflow import DAG

try:
    from airflow.sdk import Asset as Dataset
    from airflow.sdk import Param
except ImportError:  # Airflow 2
    from airflow.datasets import Dataset
    from airflow.models.param import Param

RAW = Dataset("s3://raw-bucket/flights")
CLEAN = Dataset("s3://clean-bucket/flights")
DELAYS = Dataset(uri="s3://clean-bucket/delays", extra={"owner": "data-team"})

with DAG(
    "produces",
    schedule=CronTriggerTimetable("0 3 * * 1-5", timezone="UTC"),
    start_date=datetime(2024, 1, 1, 6, 30, tzinfo=timezone.utc),
    params={
        "month": Param(None, type=["null", "integer"], minimum=1, maximum=12, description="null: all"),
        "shape": {"type": "round"},
        "version": "1.10",
    },
    catchup=False,
) as produces:
    BashOperator(task_id="copy", bash_command="true", inlets=[RAW], outlets=[CLEAN, DELAYS])

with DAG("waits_for_all", schedule=[CLEAN, DELAYS], start_date=datetime(2024, 1, 1)) as all_of_them:
    BashOperator(task_id="count", bash_command="true")

with DAG("waits_for_any", schedule=(RAW | (CLEAN & DELAYS)), start_date=datetime(2024, 1, 1)) as any_of_them:
    BashOperator(task_id="count", bash_command="true")

with DAG(
    "in_berlin",
    schedule="30 7 * * *",
    start_date=pendulum.datetime(2024, 7, 1, tz="Europe/Berlin"),
    catchup=True,
) as in_berlin:
    BashOperator(
        task_id="wake", bash_command="echo good morning", env={"MODE": "010", "ON": "on", "AT": "12:30"}
    )

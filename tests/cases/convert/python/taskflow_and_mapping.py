from datetime import timedelta

import pendulum
from airflow.decorators import dag, task, task_group
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator
from team_functions import double, numbers, tell


@dag(
    schedule=timedelta(hours=6),
    start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Berlin"),
    catchup=False,
    default_args={"retries": 1},
    on_failure_callback=tell,
)
def taskflow_and_mapping(factor=2):
    listed = task(numbers)()

    many = task(task_id="double", retries=3)(double).partial(factor=factor).expand(number=listed)

    again = task(double)(number=5, factor=3)
    task(double)(number=again)

    echoed = BashOperator.partial(task_id="echo", cwd="/tmp").expand(
        bash_command=[f"echo {name}" for name in ("a", "b")]
    )

    ran = PythonOperator(task_id="run", python_callable=tell, op_kwargs={"context": {}, "channel": "night"})

    @task_group(group_id="months")
    def per_month(month):
        task(double)(number=month)

    per_month.expand(month=[1, 2, 3])

    many >> [echoed, ran]


flows = taskflow_and_mapping()

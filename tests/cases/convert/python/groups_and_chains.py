import pendulum
from airflow.models.baseoperator import chain, cross_downstream
from airflow.operators.empty import EmptyOperator
from airflow.utils.task_group import TaskGroup
from airflow.utils.trigger_rule import TriggerRule

from airflow import DAG

AIRPORTS = ["jfk", "lga", "ewr"]


def load(airport: str, **more: object) -> EmptyOperator:
    """One task of each airport is made here, for all DAGs alike."""
    return EmptyOperator(task_id=f"load_{airport}", **more)


with DAG(
    "groups_and_chains",
    schedule=None,
    start_date=pendulum.datetime(2024, 3, 1, tz="UTC"),
    params={"month": 1, "carriers": ["AA", "UA"]},
) as dag:
    start = EmptyOperator(task_id="start")

    with TaskGroup("airports", tooltip="all of them") as airports:
        loads = [load(airport) for airport in AIRPORTS]
        with TaskGroup(group_id="checks", default_args={"pool": "checks"}) as checks:
            counts = EmptyOperator(task_id="counts")
            types = EmptyOperator(task_id="types")
        loads >> checks
        total = EmptyOperator(task_id="total", trigger_rule=TriggerRule.ALL_DONE)
        checks >> total

    with TaskGroup("plain", prefix_group_id=False) as plain:
        one = EmptyOperator(task_id="one")
        two = EmptyOperator(task_id="two")
        one.set_downstream(two)

    previous = start
    for number in range(3):
        step = EmptyOperator(task_id=f"step_{number}")
        previous >> step
        previous = step

    left, right = (EmptyOperator(task_id=name) for name in ("left", "right"))
    up, down = EmptyOperator(task_id="up"), EmptyOperator(task_id="down")
    end = EmptyOperator(task_id="end", trigger_rule="one_success")

    chain(start, airports, plain, [left, right], [up, down], end)
    cross_downstream([left, right], [step])
    end.set_upstream([step, counts])

"""The process that executes one DAG run: Airflow itself, without a scheduler.

Started by `jobkit run` as `python -m airflow_jobkit.local.execute <dag_id> <conf> [<task_id>]`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from airflow.exceptions import ParamValidationError

from airflow_jobkit._compat import collect_dags
from airflow_jobkit.contracts.run_key import RunIdentity
from airflow_jobkit.loading.dags import PROBLEMS_DAG_ID
from airflow_jobkit.local.events import CannotRun, Loading, RunFinished, TaskOutcome, send
from airflow_jobkit.operators.generic import GenericSparkJobOperator


def execute(dag_id: str, conf: dict[str, Any], task_id: str | None) -> int:
    """Run a DAG, or one of its tasks, to its end; 0 if it succeeded."""
    send(Loading())
    bag = collect_dags()
    dag = bag.dags.get(dag_id)
    if dag is None:
        send(CannotRun(f"Airflow does not find the DAG {dag_id} in {bag.dag_folder}:\n{_why_absent(bag)}"))
        return 1
    if task_id is not None:
        dag = dag.partial_subset(task_id, include_upstream=False, include_downstream=False)
    try:
        run = dag.test(run_conf=conf)
    except (ParamValidationError, ValueError) as error:  # Airflow 3.2 raises a plain ValueError
        # The lines after the first repeat the schema and the value.
        reason = str(error).partition("\n")[0]
        if not reason.startswith("Invalid input for param"):
            raise
        send(CannotRun(f"{dag_id} does not start: {reason}; give another value with --param"))
        return 1
    tasks = [_outcome(instance, dag.get_task(instance.task_id)) for instance in run.get_task_instances()]
    order = {task.task_id: position for position, task in enumerate(dag.topological_sort())}
    tasks.sort(key=lambda task: order[task.task_id])
    send(RunFinished(run.run_id, str(run.state), tasks))
    return 0 if str(run.state) == "success" else 1


def _why_absent(bag: Any) -> str:
    """Why a DAG is not in Airflow's bag: what failed to import, and the Problems that building it showed."""
    reasons = [f"{file}: {error.strip()}" for file, error in bag.import_errors.items()]
    shown = bag.dags.get(PROBLEMS_DAG_ID)
    if shown is not None:
        reasons += [problem.text() for task in shown.tasks for problem in task.problems]
    return "\n".join(reasons) or ("no loader in the folder exports it; see dags/jobkit_dags.py in the README")


def _outcome(instance: Any, task: Any) -> TaskOutcome:
    is_job = isinstance(task, GenericSparkJobOperator)
    identity = RunIdentity(
        instance.dag_id, instance.run_id, instance.task_id, instance.map_index, instance.max_tries
    )
    return TaskOutcome(
        task_id=instance.task_id,
        state=str(instance.state),
        seconds=instance.duration,
        summary=instance.xcom_pull(task_ids=instance.task_id) if is_job else None,
        result_key=identity.result_key if is_job else None,
    )


if __name__ == "__main__":
    _dag_id, _conf, *_task = sys.argv[1:]
    sys.exit(execute(_dag_id, json.loads(_conf), _task[0] if _task else None))

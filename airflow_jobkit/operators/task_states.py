"""What Airflow says about task instances, asked by a task: on 2.x its database, on 3.x its API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from airflow_jobkit.engines.orphans import Instance

_RUNS_PER_LOOK = 50
"""They travel in a URL on 3.x."""


def task_states(instances: Iterable[Instance]) -> dict[Instance, str | None]:
    """The state of each task instance that this Airflow knows; None is a state too, of one not scheduled yet.

    Only a running task can ask.
    """
    wanted = sorted(set(instances))
    known: dict[Instance, str | None] = {}
    for (dag_id, task_id), group in groupby(sorted(wanted, key=_task), key=_task):
        run_ids = sorted({instance.run_id for instance in group})
        for start in range(0, len(run_ids), _RUNS_PER_LOOK):
            known.update(_states(dag_id, task_id, run_ids[start : start + _RUNS_PER_LOOK]))
    return {instance: known[instance] for instance in wanted if instance in known}


def _task(instance: Instance) -> tuple[str, str]:
    return instance.dag_id, instance.task_id


def _states(dag_id: str, task_id: str, run_ids: Sequence[str]) -> Iterator[tuple[Instance, str | None]]:
    """The states of one task in some DAG runs, at all its map indexes."""
    try:
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    except ImportError:  # Airflow 2
        yield from _stored_states(dag_id, task_id, run_ids)
        return
    found = RuntimeTaskInstance.get_task_states(dag_id=dag_id, task_ids=[task_id], run_ids=list(run_ids))
    for run_id, states in found.items():
        for name, state in states.items():
            # `<task>` where it is not mapped, else `<task>_<map index>`; no other task was asked for.
            index = -1 if name == task_id else int(name.removeprefix(f"{task_id}_"))
            yield Instance(dag_id, run_id, task_id, index), None if state is None else str(state)


def _stored_states(
    dag_id: str, task_id: str, run_ids: Sequence[str]
) -> Iterator[tuple[Instance, str | None]]:
    from airflow.models import TaskInstance
    from airflow.utils.session import create_session

    columns = (TaskInstance.run_id, TaskInstance.map_index, TaskInstance.state)
    with create_session() as session:
        rows = session.query(*columns).filter(
            TaskInstance.dag_id == dag_id,
            TaskInstance.task_id == task_id,
            TaskInstance.run_id.in_(run_ids),
        )
        for run_id, index, state in rows:
            yield Instance(dag_id, run_id, task_id, index), None if state is None else str(state)

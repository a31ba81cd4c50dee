"""The hands of a user in a running Airflow: trigger, clear, mark failed, set a Variable.

They go through the functions that Airflow's web server and REST API call, in one process of Airflow's own
environment that stays for all of them. Not through the API itself: over SQLite its audit log, written in the
event loop, and the same request's transaction, open in a thread, wait for each other.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from running_airflow import AIRFLOW_3, RunningAirflow

RUN = "cell"
"""The run of every DAG."""

_HANDS = f"""
import json, sys

from airflow.api.common.trigger_dag import trigger_dag
from airflow.models import TaskInstance, Variable
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import clear_task_instances
from airflow.utils.session import create_session
from airflow.utils.state import TaskInstanceState

extra = {{}}
if {AIRFLOW_3}:
    from airflow.utils.types import DagRunTriggeredByType

    extra["triggered_by"] = DagRunTriggeredByType.UI


def trigger(dag_id, run_id):
    trigger_dag(dag_id=dag_id, run_id=run_id, conf={{}}, replace_microseconds=False, **extra)


def clear(dag_id, task_id):
    with create_session() as session:
        found = session.query(TaskInstance).filter_by(dag_id=dag_id, run_id={RUN!r}, task_id=task_id).all()
        of_dag = {{}} if {AIRFLOW_3} else {{"dag": SerializedDagModel.get_dag(dag_id)}}
        clear_task_instances(found, session, **of_dag)


def mark_failed(dag_id, task_id):
    with create_session() as session:
        SerializedDagModel.get_dag(dag_id, session=session).set_task_instance_state(
            task_id=task_id, run_id={RUN!r}, state=TaskInstanceState.FAILED, commit=True, session=session
        )


def set_variable(key, value):
    Variable.set(key, value)


for line in sys.stdin:
    name, *arguments = json.loads(line)
    try:
        globals()[name](*arguments)
        answer = None
    except Exception as error:
        answer = f"{{type(error).__name__}}: {{error}}"
    print("ANSWER " + json.dumps(answer), flush=True)
"""


@dataclass(frozen=True)
class User:
    """What a user does to the run of a DAG; what Airflow refuses is a RuntimeError."""

    process: subprocess.Popen[str]

    def trigger(self, dag_ids: Sequence[str], run_id: str = RUN) -> None:
        """Trigger a run of each."""
        for dag_id in dag_ids:
            self._call("trigger", dag_id, run_id)

    def clear(self, dag_id: str, task_id: str) -> None:
        """Clear a task, whatever its state."""
        self._call("clear", dag_id, task_id)

    def mark_failed(self, dag_id: str, task_id: str) -> None:
        """Mark a task failed, whatever its state."""
        self._call("mark_failed", dag_id, task_id)

    def set_variable(self, key: str, value: str) -> None:
        """Set an Airflow Variable."""
        self._call("set_variable", key, value)

    def _call(self, *request: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("ANSWER "):
                answer = json.loads(line.removeprefix("ANSWER "))
                if answer is not None:
                    raise RuntimeError(f"Airflow refuses {request}: {answer}")
                return
        raise RuntimeError(f"the process of the user has ended before {request} was done")


@contextmanager
def user_of(airflow: RunningAirflow) -> Iterator[User]:
    """The user of a running Airflow."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HANDS],
        env=airflow.variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield User(process)
    finally:
        process.kill()
        process.wait()

"""Runs as the service describes them in its answers."""

from __future__ import annotations

from typing import Any

from airflow_jobkit.local.emulators.databricks.output import Output
from airflow_jobkit.local.emulators.databricks.runs import Run, TaskRun

CREATOR = "emulator@databricks.invalid"

_MESSAGES = {"PENDING": "Waiting for cluster", "RUNNING": "In run", "TERMINATING": "Terminating the run"}


def run_document(run: Run, base_url: str, *, with_tasks: bool = True) -> dict[str, Any]:
    """A run, as in `runs/get`; `base_url` is the workspace's, with a slash at its end."""
    document = {
        **_common(run.job_id, run.run_id, base_url),
        **_states(run),
        **_times(run),
        "run_name": run.submission.name,
        "format": "SINGLE_TASK" if run.submission.single else "MULTI_TASK",
    }
    if run.submission.single:
        (task,) = run.tasks
        document |= {"cluster_spec": _cluster_spec(task), **_cluster_instance(task)}
    if with_tasks:
        document["tasks"] = [_task_document(run, task, base_url) for task in run.tasks]
    return document


def task_run_document(run: Run, task: TaskRun, base_url: str) -> dict[str, Any]:
    """One task's run, as a run of its own: the answer to its run id, and the metadata of its output."""
    return {
        **_common(run.job_id, task.run_id, base_url),
        **_states(task),
        **_task_times(task),
        "run_name": run.submission.name if run.submission.single else task.spec.key,
        "format": "SINGLE_TASK",
        "cluster_spec": _cluster_spec(task),
        **_cluster_instance(task),
    }


def output_document(run: Run, task: TaskRun, output: Output | None, base_url: str) -> dict[str, Any]:
    """The output of a task run, as in `runs/get-output`."""
    document: dict[str, Any] = {"metadata": task_run_document(run, task, base_url)}
    if output:
        document |= {"logs": output.logs, "logs_truncated": output.logs_truncated}
    if output and output.error is not None:
        document |= {"error": output.error, "error_trace": output.error_trace}
    elif task.ending and task.result_state != "SUCCESS":
        document["error"] = task.ending.message
    return document


def _common(job_id: int, run_id: int, base_url: str) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "run_id": run_id,
        "number_in_job": run_id,
        "original_attempt_run_id": run_id,
        "attempt_number": 0,
        "creator_user_name": CREATOR,
        "trigger": "ONE_TIME",
        "run_type": "SUBMIT_RUN",
        "run_page_url": f"{base_url}?o=0#job/{job_id}/run/{run_id}",
    }


def _task_document(run: Run, task: TaskRun, base_url: str) -> dict[str, Any]:
    return {
        "task_key": task.spec.key,
        "run_id": task.run_id,
        **task.spec.document,
        "run_if": "ALL_SUCCESS",
        "timeout_seconds": task.spec.timeout_seconds,
        "run_page_url": f"{base_url}?o=0#job/{run.job_id}/run/{task.run_id}",
        "attempt_number": 0,
        **_states(task),
        **_task_times(task),
        **_cluster_instance(task),
    }


def _states(run: Run | TaskRun) -> dict[str, Any]:
    """The older `state` and the newer `status`."""
    ending = run.ending
    message = ending.message if ending else _MESSAGES.get(run.life_cycle_state, "")
    state = {
        "life_cycle_state": run.life_cycle_state,
        **({"result_state": run.result_state} if run.result_state else {}),
        "state_message": message,
        "user_cancelled_or_timedout": ending.asked if ending else False,
        "queue_reason": "",
    }
    if ending is None:
        return {"state": state, "status": {"state": run.life_cycle_state}}
    details = {"code": ending.code, "type": ending.type, "message": ending.message}
    return {"state": state, "status": {"state": "TERMINATED", "termination_details": details}}


def _times(run: Run) -> dict[str, int]:
    """The times of a run, in milliseconds; a run with a list of tasks has its durations there."""
    times = {
        "start_time": run.start_time,
        "end_time": run.end_time,
        "setup_duration": 0,
        "execution_duration": 0,
        "cleanup_duration": 0,
    }
    if run.submission.single:
        return {**times, **_durations(run.tasks[0])}
    return {**times, "run_duration": run.end_time - run.start_time} if run.end_time else times


def _task_times(task: TaskRun) -> dict[str, int]:
    return {"start_time": task.start_time, "end_time": task.end_time, **_durations(task)}


def _durations(task: TaskRun) -> dict[str, int]:
    started = task.running_since or task.end_time
    return {
        "setup_duration": max(started - task.start_time, 0),
        "execution_duration": max(task.end_time - started, 0),
        "cleanup_duration": 0,
    }


def _cluster_spec(task: TaskRun) -> dict[str, Any]:
    kept = ("new_cluster", "existing_cluster_id", "libraries")
    return {name: task.spec.document[name] for name in kept if name in task.spec.document}


def _cluster_instance(task: TaskRun) -> dict[str, Any]:
    if not task.cluster_id or not task.running_since:
        return {}
    return {"cluster_instance": {"cluster_id": task.cluster_id, "spark_context_id": str(task.run_id)}}

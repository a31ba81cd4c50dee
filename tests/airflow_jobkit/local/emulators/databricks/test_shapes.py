"""The answers, held against the fields and values that the Jobs API has.

The lists are those of `databricks.sdk.service.jobs` in databricks-sdk 0.162.0 (the classes Run, BaseRun,
RunTask, RunState, RunStatus, TerminationDetails, RunOutput, ListRunsResponse and their enums), generated from
the service's own specification. `format` is of the specification of 2.1, and still sent.
"""

from __future__ import annotations

from typing import Any

import pytest

RUN = {
    "attempt_number",
    "cleanup_duration",
    "cluster_instance",
    "cluster_spec",
    "creator_user_name",
    "description",
    "effective_performance_target",
    "effective_usage_policy_id",
    "end_time",
    "execution_duration",
    "format",
    "git_source",
    "has_more",
    "job_clusters",
    "job_id",
    "job_parameters",
    "job_run_id",
    "number_in_job",
    "original_attempt_run_id",
    "overriding_parameters",
    "queue_duration",
    "repair_history",
    "run_duration",
    "run_id",
    "run_name",
    "run_page_url",
    "run_type",
    "schedule",
    "setup_duration",
    "start_time",
    "state",
    "status",
    "tasks",
    "trigger",
    "trigger_info",
}
TASK = {
    "attempt_number",
    "cleanup_duration",
    "cluster_instance",
    "depends_on",
    "description",
    "end_time",
    "environment_key",
    "execution_duration",
    "existing_cluster_id",
    "libraries",
    "new_cluster",
    "run_duration",
    "run_id",
    "run_if",
    "run_page_url",
    "setup_duration",
    "spark_python_task",
    "start_time",
    "state",
    "status",
    "task_key",
    "timeout_seconds",
}
STATE = {"life_cycle_state", "queue_reason", "result_state", "state_message", "user_cancelled_or_timedout"}
STATUS = {"queue_details", "state", "termination_details"}
OUTPUT = {"error", "error_trace", "info", "logs", "logs_truncated", "metadata"}
LIFE_CYCLE_STATES = {
    "BLOCKED",
    "INTERNAL_ERROR",
    "PENDING",
    "QUEUED",
    "RUNNING",
    "SKIPPED",
    "TERMINATED",
    "TERMINATING",
    "WAITING_FOR_RETRY",
}
RESULT_STATES = {
    "CANCELED",
    "DISABLED",
    "EXCLUDED",
    "FAILED",
    "MAXIMUM_CONCURRENT_RUNS_REACHED",
    "SUCCESS",
    "SUCCESS_WITH_FAILURES",
    "TIMEDOUT",
    "UPSTREAM_CANCELED",
    "UPSTREAM_FAILED",
}
STATES = {"BLOCKED", "PENDING", "QUEUED", "RUNNING", "TERMINATED", "TERMINATING", "WAITING"}
CODES = {
    "CANCELED",
    "CLUSTER_ERROR",
    "INTERNAL_ERROR",
    "LIBRARY_INSTALLATION_ERROR",
    "RESOURCE_NOT_FOUND",
    "RUN_EXECUTION_ERROR",
    "SKIPPED",
    "SUCCESS",
    "USER_CANCELED",
}
TYPES = {"CLIENT_ERROR", "CLOUD_FAILURE", "INTERNAL_ERROR", "SUCCESS"}


def check_states(document: dict[str, Any]) -> None:
    """The older and the newer account of a state."""
    state, status = document["state"], document["status"]
    assert set(state) <= STATE
    assert state["life_cycle_state"] in LIFE_CYCLE_STATES
    assert state.get("result_state", "SUCCESS") in RESULT_STATES
    assert set(status) <= STATUS
    assert status["state"] in STATES
    details = status.get("termination_details")
    assert (details is None) == ("result_state" not in state)
    if details:
        assert set(details) == {"code", "message", "type"}
        assert details["code"] in CODES
        assert details["type"] in TYPES


def check_run(document: dict[str, Any]) -> None:
    """A run, and its tasks where they are shown."""
    assert set(document) <= RUN
    check_states(document)
    for task in document.get("tasks", []):
        assert set(task) <= TASK
        check_states(task)


def task(key: str, file: str, **others: Any) -> dict[str, Any]:
    return {"task_key": key, "spark_python_task": {"python_file": file}, **others}


def forms(workspace: Any) -> list[dict[str, Any]]:
    """Requests whose runs come into every state there is."""
    good = workspace.script("import time; time.sleep(0.3)", "good.py")
    bad = workspace.script("raise ValueError('no')", "bad.py")
    wheel = {"libraries": [{"whl": "s3://bucket/absent-1-py3-none-any.whl"}]}
    environments = [{"environment_key": "e", "spec": {"client": "2", "dependencies": []}}]
    on_cluster = {"existing_cluster_id": "c"}
    broken = task("broken", bad, **on_cluster)
    return [
        workspace.single("print('good')"),
        workspace.single("", **wheel),
        workspace.single("import time; time.sleep(99)", timeout_seconds=1),
        {"tasks": [task("serverless", good, environment_key="e")], "environments": environments},
        {"tasks": [broken, task("after", good, depends_on=[{"task_key": "broken"}], **on_cluster)]},
        {"tasks": [task("absent", "s3://bucket/absent.py", **on_cluster)]},
    ]


def test_runs_have_only_fields_and_values_that_the_service_has(workspace: Any) -> None:
    """At every look while they go on, and in the end."""
    seen = set()

    def look(run: dict[str, Any]) -> bool:
        check_run(run)
        seen.update(
            [run["state"]["life_cycle_state"], *(one["state"]["life_cycle_state"] for one in run["tasks"])]
        )
        return run["state"]["life_cycle_state"] in ("TERMINATED", "INTERNAL_ERROR")

    for request in forms(workspace):
        run = workspace.until(workspace.submit(request), look)
        for one in run["tasks"]:
            check_run(workspace.get(one["run_id"]))

    assert {"RUNNING", "TERMINATED", "INTERNAL_ERROR", "SKIPPED"} <= seen


def test_outputs_have_only_fields_that_the_service_has(workspace: Any) -> None:
    for request in forms(workspace):
        run = workspace.ran(request)
        for one in run["tasks"]:
            output = workspace.output(run, one["task_key"])
            assert set(output) <= OUTPUT
            check_run(output["metadata"])
            assert output["metadata"]["run_id"] == one["run_id"]


@pytest.mark.parametrize("expand", ["true", "false"])
def test_lists_have_only_fields_that_the_service_has(workspace: Any, expand: str) -> None:
    for request in forms(workspace):
        workspace.submit(request)

    answer = workspace.call("GET", "jobs/runs/list", {"limit": 2, "expand_tasks": expand}).json

    assert set(answer) <= {"has_more", "next_page_token", "prev_page_token", "runs"}
    for run in answer["runs"]:
        check_run(run)


def test_run_ids_are_as_large_as_the_services_and_exact_in_javascript(workspace: Any) -> None:
    run = workspace.get(workspace.submit(workspace.single("")))

    assert 10**14 <= run["run_id"] < 2**53
    assert run["run_page_url"].endswith(f"#job/{run['job_id']}/run/{run['run_id']}")

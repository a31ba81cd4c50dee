"""Requests over HTTP: what is taken, what is refused and in which words, and lists of runs."""

from __future__ import annotations

import dataclasses
import re
import time
from typing import Any
from urllib.request import Request

import pytest

TASK = {"python_file": "s3://bucket/script.py", "parameters": []}
CLUSTER = {"spark_version": "15.4.x-scala2.12", "num_workers": 1}
SINGLE = {"spark_python_task": TASK, "new_cluster": CLUSTER}
LISTED = {"task_key": "main", **SINGLE}
INVALID = "INVALID_PARAMETER_VALUE"
LARGEST = 10_000 - len('{"python_params":[""]}')


def with_parameters(*parameters: Any) -> dict[str, Any]:
    return {**SINGLE, "spark_python_task": {**TASK, "parameters": list(parameters)}}


def with_access(**entry: Any) -> dict[str, Any]:
    return {**SINGLE, "access_control_list": [entry]}


def serverless(**others: Any) -> dict[str, Any]:
    return {"task_key": "main", "spark_python_task": TASK, **others}


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        pytest.param(
            {"run_name": "x", "timeout_seconds": 3600},
            INVALID,
            "One of job_cluster_key, new_cluster, or existing_cluster_id must be specified.",
            id="no cluster",
        ),
        pytest.param(
            {**SINGLE, "existing_cluster_id": "1121-000000-abc"},
            INVALID,
            "Only one of job_cluster_key, new_cluster, or existing_cluster_id can be specified.",
            id="two clusters",
        ),
        pytest.param(
            {"tasks": [{**LISTED, "job_cluster_key": "shared"}]},
            INVALID,
            "Shared job cluster feature is not supported in runs/submit API.",
            id="a shared cluster",
        ),
        pytest.param(
            {"new_cluster": CLUSTER}, INVALID, "A task type, such as spark_python_task", id="no task"
        ),
        pytest.param(
            {"tasks": []}, INVALID, "At least one task must be specified.", id="an empty list of tasks"
        ),
        pytest.param({**SINGLE, "tasks": [LISTED]}, INVALID, "Only one of tasks and", id="both forms"),
        pytest.param(
            {"tasks": [LISTED, LISTED]}, INVALID, "Duplicate task key: main.", id="two tasks of one name"
        ),
        pytest.param({"tasks": [SINGLE]}, INVALID, "Invalid task_key ''", id="a task without a name"),
        pytest.param(
            {"tasks": [{**LISTED, "task_key": f"t{number}"} for number in range(101)]},
            INVALID,
            "at most 100 tasks",
            id="too many tasks",
        ),
        pytest.param(
            {"tasks": [{**LISTED, "depends_on": [{"task_key": "gone"}]}]},
            INVALID,
            "Task main depends on a task that does not exist: gone.",
            id="an unknown dependency",
        ),
        pytest.param(
            {"tasks": [{**LISTED, "depends_on": [{"task_key": "main"}]}]},
            INVALID,
            "Circular dependency",
            id="a circle",
        ),
        pytest.param(
            {**SINGLE, "new_cluster": {"num_workers": 1}},
            INVALID,
            "Missing required field: settings.cluster_spec.new_cluster.spark_version",
            id="a cluster without a version",
        ),
        pytest.param(
            {**SINGLE, "new_cluster": {"spark_version": "15.4.x-scala2.12"}},
            INVALID,
            "Missing required field: settings.cluster_spec.new_cluster.size",
            id="a cluster without a size",
        ),
        pytest.param(
            {"tasks": [serverless()]},
            INVALID,
            "An environment is required for serverless task main.",
            id="serverless",
        ),
        pytest.param(
            {"tasks": [serverless(environment_key="mine")]},
            INVALID,
            "Job environment 'mine' used by task main is not defined in field 'environments'.",
            id="an unknown environment",
        ),
        pytest.param(
            {"tasks": [serverless(libraries=[{"whl": "s3://bucket/x.whl"}])]},
            INVALID,
            "Libraries field is not supported for serverless task, please specify libraries in environment.",
            id="libraries on serverless",
        ),
        pytest.param(
            {**SINGLE, "spark_python_task": {"python_file": "script.py"}},
            INVALID,
            "Invalid python file URI: script.py.",
            id="a relative script",
        ),
        pytest.param(
            with_parameters("x" * (LARGEST + 1)),
            INVALID,
            "has 10001 bytes",
            id="parameters that are too long",
        ),
        pytest.param(
            with_parameters("ü" * (LARGEST // 2 + 1)),
            INVALID,
            "cannot exceed 10000 bytes",
            id="bytes, not letters",
        ),
        pytest.param(
            {**SINGLE, "idempotency_token": "t" * 65},
            INVALID,
            "at most 64 characters",
            id="a token that is too long",
        ),
        pytest.param(
            with_access(group_name="readers", permission_level="CAN_SEE"),
            INVALID,
            "Invalid permission_level 'CAN_SEE'",
            id="an unknown permission",
        ),
        pytest.param(
            with_access(permission_level="CAN_VIEW"),
            INVALID,
            "Exactly one of user_name",
            id="permission for nobody",
        ),
        pytest.param(
            with_access(user_name="me", group_name="readers", permission_level="CAN_VIEW"),
            INVALID,
            "Exactly one of user_name",
            id="permission for two",
        ),
        pytest.param(
            {**SINGLE, "timeout_seconds": -1}, INVALID, "must not be negative", id="a negative time-out"
        ),
        pytest.param(
            {**SINGLE, "spark_python_task": "s3://bucket/script.py"},
            "MALFORMED_REQUEST",
            "Could not parse request object: Expected object for field spark_python_task, found STRING",
            id="a text for an object",
        ),
        pytest.param(
            {"tasks": {"main": SINGLE}},
            "MALFORMED_REQUEST",
            "Expected list for field tasks, found OBJECT",
            id="an object for a list",
        ),
        pytest.param(
            {**SINGLE, "timeout_seconds": "10m"},
            "MALFORMED_REQUEST",
            "Expected number for field timeout_seconds, found STRING",
            id="a text for a number",
        ),
        pytest.param(
            with_parameters({"k": "v"}),
            "MALFORMED_REQUEST",
            "Expected string for field parameters, found OBJECT",
            id="an object for a text",
        ),
        pytest.param(
            [SINGLE],
            "MALFORMED_REQUEST",
            "Invalid JSON given in the body of the request - expected a map",
            id="a list",
        ),
        pytest.param(
            {"new_cluster": CLUSTER, "notebook_task": {"notebook_path": "/x"}},
            "NOT_IMPLEMENTED",
            "The emulator has no notebook_task",
            id="a notebook",
        ),
    ],
)
def test_a_wrong_submission_is_refused_and_starts_nothing(
    workspace: Any, request_: Any, code: str, message: str
) -> None:
    answer = workspace.call("POST", "jobs/runs/submit", request_)

    assert (answer.status, answer.json["error_code"]) == (400, code)
    assert message in answer.json["message"]
    assert "runs" not in workspace.call("GET", "jobs/runs/list").json


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({**SINGLE, "no_such_field": 1}, id="an unknown field"),
        pytest.param(with_parameters("x" * LARGEST), id="parameters of 10,000 bytes"),
        pytest.param(with_parameters("a", 1), id="a number among the parameters"),
        pytest.param({**SINGLE, "new_cluster": {"policy_id": "p"}}, id="a cluster by policy"),
        pytest.param(
            with_access(group_name="consumer-developers", permission_level="CAN_VIEW"),
            id="an access control list",
        ),
        pytest.param(
            {**SINGLE, "timeout_seconds": None, "libraries": None}, id="nothing where nothing is needed"
        ),
    ],
)
def test_a_right_submission_is_taken(workspace: Any, request_: dict[str, Any]) -> None:
    """As the service does, fields that it does not know are ignored."""
    workspace.script("")

    assert workspace.ran(request_)["state"]["result_state"] == "SUCCESS"


def test_a_body_that_is_no_json_is_refused(workspace: Any) -> None:
    headers = {"Authorization": f"Bearer {workspace.token}"}

    url = workspace.url + "/api/2.2/jobs/runs/submit"

    answer = workspace.send(Request(url, b"{", headers, method="POST"))  # noqa: S310 - this machine's own

    assert (answer.status, answer.json["error_code"]) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize("version", ["2.1", "2.2"])
def test_both_versions_of_the_api_are_served(workspace: Any, version: str) -> None:
    request = workspace.single("")

    run_id = workspace.call("POST", "jobs/runs/submit", request, version=version).json["run_id"]

    assert (
        workspace.call("GET", "jobs/runs/get", {"run_id": run_id}, version=version).json["run_id"] == run_id
    )


@pytest.mark.parametrize(
    "path", ["/api/2.2/jobs/runs/stop", "/api/2.0/jobs/runs/submit", "/jobs/runs/submit", "/"]
)
def test_an_unknown_path_is_no_endpoint(workspace: Any, path: str) -> None:
    answer = workspace.call("POST", path, {})

    assert (answer.status, answer.json["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert answer.json["message"] == f"No API found for 'POST {re.sub('^/api/...', '', path)}'"


def test_an_endpoint_has_one_method(workspace: Any) -> None:
    assert workspace.call("GET", "jobs/runs/submit").status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "jobs/runs/get"),
        ("GET", "jobs/runs/get-output"),
        ("POST", "jobs/runs/cancel"),
        ("POST", "jobs/runs/delete"),
    ],
)
def test_an_unknown_run_does_not_exist(workspace: Any, method: str, path: str) -> None:
    """The service calls it an invalid value, not a missing resource."""
    answer = workspace.call(method, path, {"run_id": 12345})

    assert (answer.status, answer.json) == (
        400,
        {"error_code": INVALID, "message": "Run 12345 does not exist."},
    )


def test_a_call_without_a_run_id_is_refused(workspace: Any) -> None:
    assert workspace.call("GET", "jobs/runs/get").json["message"] == "Missing required field: run_id"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        pytest.param({}, 401, id="no credential"),
        pytest.param({"Authorization": "Basic dTpw"}, 401, id="another kind of credential"),
        pytest.param({"Authorization": "Bearer wrong"}, 403, id="a wrong token"),
    ],
)
def test_who_does_not_bear_the_token_gets_no_answer(
    workspace: Any, header: dict[str, str], status: int
) -> None:
    url = workspace.url + "/api/2.2/jobs/runs/list"

    answer = workspace.send(Request(url, headers=header))  # noqa: S310 - this machine's own

    assert answer.status == status
    assert set(answer.json) == {"error_code", "message"}


def test_without_a_token_anybody_is_answered(workspaces: Any) -> None:
    workspace = workspaces.start(token=None)

    assert dataclasses.replace(workspace, token=None).call("GET", "jobs/runs/list").status == 200
    assert dataclasses.replace(workspace, token="any").call("GET", "jobs/runs/list").status == 200  # noqa: S106


def test_runs_are_listed_newest_first_and_in_pages(workspace: Any) -> None:
    """A run that comes while somebody reads does not shift the pages."""
    runs = []
    for number in range(5):
        runs.append(workspace.submit({**workspace.single(""), "run_name": f"run {number}"}))
        time.sleep(0.002)

    first = workspace.call("GET", "jobs/runs/list", {"limit": 2}).json
    workspace.submit(workspace.single(""))
    second = workspace.call(
        "GET", "jobs/runs/list", {"limit": 2, "page_token": first["next_page_token"]}
    ).json
    last = workspace.call("GET", "jobs/runs/list", {"limit": 2, "page_token": second["next_page_token"]}).json

    listed = [[run["run_id"] for run in page["runs"]] for page in (first, second, last)]
    assert listed == [[runs[4], runs[3]], [runs[2], runs[1]], [runs[0]]]
    assert [page["has_more"] for page in (first, second, last)] == [True, True, False]
    assert "next_page_token" not in last
    assert "tasks" not in first["runs"][0]


def test_lists_are_narrowed_by_state_time_and_job(workspace: Any) -> None:
    done = workspace.ran(workspace.single(""))
    time.sleep(0.002)
    active = workspace.submit(workspace.single("import time; time.sleep(99)"))

    def listed(**conditions: Any) -> list[int]:
        answer = workspace.call("GET", "jobs/runs/list", conditions).json
        return [run["run_id"] for run in answer.get("runs", [])]

    assert listed(active_only="true") == [active]
    assert listed(completed_only="true") == [done["run_id"]]
    assert listed(start_time_to=done["start_time"]) == [done["run_id"]]
    assert listed(start_time_from=done["start_time"] + 1) == [active]
    assert listed(job_id=done["job_id"]) == [done["run_id"]]
    assert listed(run_type="SUBMIT_RUN") == [active, done["run_id"]]
    assert listed(run_type="JOB_RUN") == []


def test_a_list_shows_tasks_where_they_are_asked_for(workspace: Any) -> None:
    run = workspace.ran(workspace.single(""))

    (listed,) = workspace.call("GET", "jobs/runs/list", {"expand_tasks": "true"}).json["runs"]

    assert listed == run


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({"limit": 26}, id="a page that is too large"),
        pytest.param({"active_only": "true", "completed_only": "true"}, id="neither active nor over"),
        pytest.param({"page_token": "?"}, id="a token of nobody"),
    ],
)
def test_a_wrong_list_request_is_refused(workspace: Any, request_: dict[str, Any]) -> None:
    assert workspace.call("GET", "jobs/runs/list", request_).status == 400


def test_calls_are_remembered_until_they_are_forgotten(workspace: Any) -> None:
    """With what was asked, also where it was refused."""
    workspace.call("POST", "jobs/runs/submit", {"run_name": "bad"})
    workspace.call("GET", "jobs/runs/get", {"run_id": 1})

    calls = workspace.call("GET", "/_jobkit/calls").json

    assert calls == [
        {"method": "POST", "path": "/api/2.2/jobs/runs/submit", "parameters": {"run_name": "bad"}},
        {"method": "GET", "path": "/api/2.2/jobs/runs/get", "parameters": {"run_id": "1"}},
    ]
    workspace.call("DELETE", "/_jobkit/calls")
    assert workspace.call("GET", "/_jobkit/calls").json == []

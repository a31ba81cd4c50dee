"""The Jobs API through the provider's hook: what is sent, and what its errors become."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.databricks.hooks.databricks import DatabricksHook
from fake_workspace import FAILED, RUN_ID, RUNNING, TASK_RUN_ID, TOKEN, Failure, FakeWorkspace
from tenacity import stop_after_attempt

from airflow_jobkit.engines.databricks.client import DatabricksClient
from airflow_jobkit.engines.databricks.service import DatabricksService
from airflow_jobkit.engines.service import RunOutput, RunRef
from airflow_jobkit.engines.states import Phase
from airflow_jobkit.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineUnavailableError,
    UnansweredError,
)

REQUEST = {"run_name": "flights", "tasks": [{"num_workers": 1}], "idempotency_token": "abc"}
LOST = Failure(None)


@pytest.fixture
def client(workspace: FakeWorkspace) -> DatabricksClient:
    """A client whose hook gives up after three attempts, without waiting between them."""
    return DatabricksClient(DatabricksHook("lake", retry_args={"stop": stop_after_attempt(3)}))


def test_a_run_is_submitted_as_it_is_asked_for(workspace: FakeWorkspace, client: DatabricksClient) -> None:
    """Nothing is added to the request, and numbers stay numbers."""
    assert client.submit(REQUEST) == RUN_ID
    assert workspace.calls("submit") == [REQUEST]


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(LOST, id="the answer is lost"),
        pytest.param(Failure.said(500, "INTERNAL_ERROR", "try again"), id="it has an error"),
        pytest.param(
            Failure.said(429, "REQUEST_LIMIT_EXCEEDED", "slow down"), id="there are too many requests"
        ),
    ],
)
def test_a_submit_that_is_repeated_starts_one_run(
    workspace: FakeWorkspace, client: DatabricksClient, failure: Failure
) -> None:
    """The hook sends it again with the same token, by which the service finds the run."""
    workspace.failures["submit"] = [failure]
    assert client.submit(REQUEST) == RUN_ID
    assert workspace.calls("submit") == [REQUEST, REQUEST]
    assert workspace.tokens == {"abc": RUN_ID}


def test_a_look_at_a_run_tells_its_state_its_page_and_its_task(
    workspace: FakeWorkspace, client: DatabricksClient
) -> None:
    """The output belongs to the task's run, and not to the run around it."""
    workspace.states = [RUNNING, FAILED]
    first, second = client.run(RUN_ID), client.run(RUN_ID)
    assert (first.run_id, first.task_run_id) == (RUN_ID, TASK_RUN_ID)
    assert first.page_url.startswith("http")
    assert (first.status.state.phase, second.status.state.phase) == (Phase.ACTIVE, Phase.FAILED)
    assert second.status.reason == "Task job failed with message: Workload failed."


def test_the_output_of_a_run_may_be_partly_missing(
    workspace: FakeWorkspace, client: DatabricksClient
) -> None:
    """What the service leaves out is empty."""
    workspace.output = {"error": "ValueError: no flights", "metadata": {}}
    assert client.output(TASK_RUN_ID) == RunOutput(error="ValueError: no flights")
    assert workspace.calls("get-output") == [{"run_id": TASK_RUN_ID}]


CALLS: dict[str, Callable[[DatabricksClient], Any]] = {
    "submit": lambda client: client.submit(REQUEST),
    "get": lambda client: client.run(RUN_ID),
    "get-output": lambda client: client.output(TASK_RUN_ID),
    "cancel": lambda client: client.cancel(RUN_ID),
}


@pytest.mark.parametrize(
    ("call", "failure", "text"),
    [
        pytest.param(
            "submit",
            Failure.said(401, "UNAUTHENTICATED", "Invalid access token"),
            "cannot submit the run on Databricks: Invalid access token (UNAUTHENTICATED, HTTP 401); "
            "give the connection lake a valid token or service principal",
            id="a token that is not valid",
        ),
        pytest.param(
            "cancel",
            Failure.said(403, "PERMISSION_DENIED", "User ada does not have Manage permissions"),
            f"cannot cancel run {RUN_ID} on Databricks: User ada does not have Manage permissions "
            "(PERMISSION_DENIED, HTTP 403); give the user of the connection lake the permission for it",
            id="a permission that is missing",
        ),
        pytest.param(
            "submit",
            Failure.said(404, "RESOURCE_DOES_NOT_EXIST", "Cluster 1121 does not exist"),
            "cannot submit the run on Databricks: Cluster 1121 does not exist (RESOURCE_DOES_NOT_EXIST, HTTP "
            "404); check the ids in the `databricks:` options, and the host of the connection lake",
            id="a cluster that is not there",
        ),
        pytest.param(
            "submit",
            Failure.said(400, "INVALID_PARAMETER_VALUE", "Missing required field: settings.num_workers"),
            "cannot submit the run on Databricks: Missing required field: settings.num_workers "
            "(INVALID_PARAMETER_VALUE, HTTP 400); correct the `databricks:` options; `jobkit render` shows "
            "the request",
            id="a request that is not valid",
        ),
        pytest.param(
            "get",
            Failure(302, "<html>Sign in</html>"),
            f"cannot look at run {RUN_ID} on Databricks: ",
            id="a sign-in page instead of JSON",
        ),
        pytest.param(
            "get-output", Failure(200, "[]"), "did not answer as a workspace does", id="another form"
        ),
        pytest.param("submit", Failure(200, "{}"), "did not answer as a workspace does", id="no run id"),
        pytest.param(
            "get",
            Failure(404, "<html>\n<title>Not Found</title>\n</html>"),
            f"cannot look at run {RUN_ID} on Databricks: <html> <title>Not Found</title> </html> "
            "(Not Found, HTTP 404); check the ids",
            id="the error page of a proxy",
        ),
    ],
)
def test_a_refusal_says_what_the_service_said_and_what_to_do(
    workspace: FakeWorkspace, client: DatabricksClient, call: str, failure: Failure, text: str
) -> None:
    """It is asked once: the same request would be refused again."""
    workspace.failures[call] = [failure]
    with pytest.raises(EngineError) as raised:
        CALLS[call](client)
    assert text in str(raised.value)
    assert TOKEN not in str(raised.value)
    assert len(workspace.calls(call)) == 1


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        pytest.param(
            Failure.said(503, "TEMPORARILY_UNAVAILABLE", "The service is unavailable"),
            "The service is unavailable (TEMPORARILY_UNAVAILABLE, HTTP 503); look at status.databricks.com",
            id="an outage",
        ),
        pytest.param(
            Failure.said(429, "REQUEST_LIMIT_EXCEEDED", "Too many requests"),
            "Too many requests (REQUEST_LIMIT_EXCEEDED, HTTP 429); let fewer tasks run at a time",
            id="too many requests",
        ),
        pytest.param(LOST, "check the connection lake: its host", id="answers that are lost"),
    ],
)
def test_what_goes_on_for_too_long_says_how_the_last_attempt_failed(
    workspace: FakeWorkspace, client: DatabricksClient, failure: Failure, text: str
) -> None:
    """The hook's own error names a number of attempts and no reason."""
    workspace.failures["get"] = [failure] * 3
    with pytest.raises(EngineError) as raised:
        client.run(RUN_ID)
    assert text in str(raised.value)
    assert len(workspace.calls("get")) == 3


@pytest.mark.parametrize(
    ("failure", "passing"),
    [
        pytest.param(LOST, True, id="the answers are lost"),
        pytest.param(Failure.said(503, "TEMPORARILY_UNAVAILABLE", "down"), True, id="the service is down"),
        pytest.param(
            Failure.said(429, "REQUEST_LIMIT_EXCEEDED", "slow"), True, id="there are too many calls"
        ),
        pytest.param(Failure(200, "<html>Back soon</html>"), True, id="a proxy answers instead"),
        pytest.param(
            Failure.said(400, "INVALID_PARAMETER_VALUE", "no run"), False, id="there is no such run"
        ),
        pytest.param(Failure.said(403, "PERMISSION_DENIED", "no"), False, id="it may not be looked at"),
    ],
)
def test_a_failed_look_tells_whether_another_one_may_succeed(
    workspace: FakeWorkspace, client: DatabricksClient, failure: Failure, passing: bool
) -> None:
    """A run goes on while its service cannot be asked; what is final ends the waiting."""
    workspace.failures["get"] = [failure] * 3
    with pytest.raises(EngineError) as raised:
        client.run(RUN_ID)
    assert isinstance(raised.value, EngineUnavailableError) == passing


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        pytest.param(LOST, UnansweredError, id="the answers are lost"),
        pytest.param(
            Failure.said(500, "INTERNAL_ERROR", "no"), UnansweredError, id="the service has an error"
        ),
        pytest.param(Failure(408, ""), UnansweredError, id="it took too long"),
        pytest.param(Failure(200, "{}"), UnansweredError, id="the answer has no run"),
        pytest.param(Failure.said(429, "REQUEST_LIMIT_EXCEEDED", "slow"), EngineBusyError, id="too many"),
        pytest.param(
            Failure.said(400, "COULD_NOT_ACQUIRE_LOCK", "wait"), EngineBusyError, id="a lock is held"
        ),
        pytest.param(Failure.said(403, "QUOTA_EXCEEDED", "full"), EngineBusyError, id="there is no room"),
        pytest.param(
            Failure.said(400, "INVALID_PARAMETER_VALUE", "no"), EngineRefusedError, id="it is not valid"
        ),
        pytest.param(Failure.said(401, "UNAUTHENTICATED", "who"), EngineRefusedError, id="a bad token"),
        pytest.param(Failure.said(403, "PERMISSION_DENIED", "no"), EngineRefusedError, id="no right"),
        pytest.param(
            Failure.said(404, "RESOURCE_DOES_NOT_EXIST", "no"), EngineRefusedError, id="no such cluster"
        ),
    ],
)
def test_a_failed_submit_tells_whether_a_run_may_have_started(
    workspace: FakeWorkspace, client: DatabricksClient, failure: Failure, kind: type[EngineError]
) -> None:
    """Unanswered: it may have; refused: none has, and none ever will; busy: none has yet."""
    workspace.failures["submit"] = [failure] * 3
    with pytest.raises(EngineError) as raised:
        client.submit(REQUEST)
    assert type(raised.value) is kind
    assert raised.value.final == (kind is EngineRefusedError)
    told = "; a run named flights may have been started all the same" in str(raised.value)
    assert told == (kind is UnansweredError)


def submitted(client: DatabricksClient, *keys: str) -> None:
    """Start a run per key."""
    for key in keys:
        script = {"python_file": "entry.py", "parameters": ["--month", "7", "--jobkit_run_key", key]}
        tasks = [{"task_key": "job", "spark_python_task": script}]
        client.submit({"run_name": "flights", "tasks": tasks, "idempotency_token": key})


def test_a_run_is_found_by_its_key_on_any_page_of_the_list(
    workspace: FakeWorkspace, client: DatabricksClient
) -> None:
    """One-time runs are listed with their tasks, whose parameters bear the key."""
    submitted(client, "wanted.0", *(f"other.{number}" for number in range(24)))
    assert client.find("wanted.0", since=1.5) == RUN_ID
    assert client.find("wanted.1", since=1.5) is None
    first, second = workspace.calls("list")[:2]
    assert first == {
        "run_type": "SUBMIT_RUN",
        "expand_tasks": "true",
        "limit": 24,
        "start_time_from": 1500,
    }
    assert second == {**first, "page_token": 24}


def test_a_list_that_lags_behind_is_waited_for(workspace: FakeWorkspace, client: DatabricksClient) -> None:
    """Up to a time after the request was sent: after that a run that is missing was never started."""
    submitted(client, "wanted.0")
    workspace.unlisted = 1
    service = DatabricksService(client, lookup_window=0.1)
    assert service.find("", "wanted.0", since=time.time()) == RunRef(str(RUN_ID))
    assert len(workspace.calls("list")) == 2
    assert service.find("", "wanted.1", since=time.time() - 1) is None
    assert len(workspace.calls("list")) == 3


def test_a_request_that_is_turned_away_is_sent_again(
    workspace: FakeWorkspace,
) -> None:
    """With a pause and the same token, and the caller is asked each time."""
    service = DatabricksService(
        DatabricksClient(DatabricksHook("lake", retry_args={"stop": stop_after_attempt(1)}))
    )
    busy = Failure.said(429, "REQUEST_LIMIT_EXCEEDED", "slow down")
    asked: list[int] = []
    workspace.failures["submit"] = [busy]
    assert service.start(REQUEST, lambda: asked.append(len(workspace.requests))) == str(RUN_ID)
    assert asked == [0, 1]
    assert workspace.calls("submit") == [REQUEST, REQUEST]


def test_an_error_is_not_explained_by_another_one_that_was_there_before(
    workspace: FakeWorkspace, client: DatabricksClient
) -> None:
    """A cancel that fails while another error is on its way has reasons of its own."""
    workspace.failures["get"] = [Failure.said(403, "PERMISSION_DENIED", "not yours")]
    workspace.failures["cancel"] = [LOST] * 3
    try:
        client.run(RUN_ID)
    except EngineError:
        with pytest.raises(EngineError) as raised:
            client.cancel(RUN_ID)
    assert "not yours" not in str(raised.value)
    assert "check the connection lake" in str(raised.value)


def test_a_connection_that_does_not_exist_is_named(workspace: FakeWorkspace) -> None:
    """Airflow's own error comes through."""
    client = DatabricksClient(DatabricksHook("nowhere"))
    with pytest.raises(EngineError, match="nowhere") as raised:
        client.submit(REQUEST)
    assert "may have been started" not in str(raised.value)
    assert workspace.requests == []

"""The client makes definitions once, starts runs by one request, and says what to do about a refusal."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import SSLError
from fake_glue import NOW, FakeGlue, running_fake_glue

from airflow_jobkit.engines.glue.client import GlueClient
from airflow_jobkit.engines.glue.refusals import not_started
from airflow_jobkit.errors import (
    EngineBusyError,
    EngineError,
    EngineRefusedError,
    EngineUnavailableError,
    UnansweredError,
)

DEFINITION = {
    "Name": "dwh-0123456789",
    "Role": "glue-job-role",
    "Command": {"Name": "glueetl", "ScriptLocation": "s3://b/s.py"},
    "Tags": {"airflow-jobkit": "definition", "airflow-jobkit-project": "dwh"},
}
RUN = {"JobName": "dwh-0123456789", "Arguments": {"--jobkit_run_key": "abc"}}


@pytest.fixture
def glue() -> Iterator[FakeGlue]:
    with running_fake_glue() as fake:
        yield fake


@pytest.fixture
def client(glue: FakeGlue) -> GlueClient:
    def made(config: Config) -> object:
        return boto3.client(
            "glue",
            endpoint_url=glue.url,
            region_name="eu-west-1",
            aws_access_key_id="a",
            aws_secret_access_key="s",  # noqa: S106 - of no account
            config=config,
        )

    return GlueClient(
        made(Config(retries={"total_max_attempts": 2})),
        lambda: made(Config(retries={"total_max_attempts": 1}, read_timeout=0.5)),
        pauses=lambda repeats: [0.0] * (repeats - 3),
    )


def start(client: GlueClient) -> str:
    """Start the run; nothing speaks against it."""
    return client.start(RUN, lambda: None)


def test_a_definition_is_made_once(glue: FakeGlue, client: GlueClient) -> None:
    assert client.ensure_definition(DEFINITION)
    assert not client.ensure_definition(DEFINITION)
    assert glue.count() == {"GetJob": 2, "CreateJob": 1}


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("AlreadyExistsException", id="it exists"),
        pytest.param("IdempotentParameterMismatchException", id="it exists with another script"),
    ],
)
def test_a_definition_that_another_task_makes_at_the_same_time_is_as_good(
    glue: FakeGlue, client: GlueClient, code: str
) -> None:
    glue.refusals["CreateJob"] = [(code, "Job already submitted")]
    assert not client.ensure_definition(DEFINITION)


def test_a_run_is_started_and_looked_at(glue: FakeGlue, client: GlueClient) -> None:
    client.ensure_definition(DEFINITION)
    glue.states, glue.error_message = ("RUNNING", "FAILED"), "out of memory"
    run_id = start(client)
    runs = [client.run(RUN["JobName"], run_id) for _ in range(2)]
    assert [(run.run_id, run.state, run.error) for run in runs] == [
        (run_id, "RUNNING", "out of memory"),
        (run_id, "FAILED", "out of memory"),
    ]


def test_a_start_whose_answer_is_lost_is_not_sent_again(glue: FakeGlue, client: GlueClient) -> None:
    client.ensure_definition(DEFINITION)
    glue.losing.add("StartJobRun")
    with pytest.raises(UnansweredError, match=r"whether a run has started is unknown.*--jobkit_run_key abc"):
        start(client)
    assert glue.count()["StartJobRun"] == 1


def test_a_start_that_is_not_answered_in_time_is_not_sent_again(glue: FakeGlue, client: GlueClient) -> None:
    client.ensure_definition(DEFINITION)
    glue.held["StartJobRun"] = threading.Event()
    with pytest.raises(UnansweredError, match=r"Read timeout .*whether a run has started is unknown"):
        start(client)
    assert glue.count()["StartJobRun"] == 1


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(("InternalServiceException", "oops", 500), id="an error of Glue's own"),
        pytest.param(("OperationTimeoutException", "too slow"), id="a time-out of Glue's own"),
        pytest.param(("ServiceUnavailable", "down", 503), id="an outage"),
    ],
)
def test_after_an_error_of_glues_own_nobody_knows_whether_a_run_has_started(
    glue: FakeGlue, client: GlueClient, refusal: tuple[Any, ...]
) -> None:
    glue.refusals["StartJobRun"] = [refusal]
    with pytest.raises(
        UnansweredError,
        match=f"^StartJobRun of dwh-0123456789 failed: {refusal[0]}: {refusal[1]}; whether a run has started "
        "is unknown; it would have the argument --jobkit_run_key abc$",
    ):
        start(client)
    assert glue.count()["StartJobRun"] == 1


@pytest.mark.parametrize(
    "body", [pytest.param(b"<html>", id="no JSON"), pytest.param(b"{}", id="JSON without the run's id")]
)
def test_an_answer_of_a_proxys_own_leaves_open_whether_a_run_has_started(
    glue: FakeGlue, client: GlueClient, body: bytes
) -> None:
    client.ensure_definition(DEFINITION)
    glue.strange["StartJobRun"] = [body]
    with pytest.raises(UnansweredError, match=r"no good answer from Glue: .* run has started is unknown"):
        start(client)
    assert glue.count()["StartJobRun"] == 1


@pytest.mark.parametrize(
    ("error", "unknown"),
    [
        pytest.param("EOF occurred in violation of protocol", True, id="it broke at some time"),
        pytest.param("[SSL: CERTIFICATE_VERIFY_FAILED]", False, id="it was never made"),
    ],
)
def test_an_encrypted_connection_that_breaks_may_have_carried_the_request(error: str, unknown: bool) -> None:
    said = not_started(RUN, SSLError(endpoint_url="https://glue", error=error))
    assert isinstance(said, UnansweredError) == unknown
    assert isinstance(said, EngineUnavailableError)


def made_elsewhere(**arguments: Any) -> GlueClient:
    """A client of another place; its session is its own, since boto3's shared one remembers credentials."""
    client = boto3.session.Session().client(
        "glue", region_name="eu-west-1", config=Config(retries={"total_max_attempts": 1}), **arguments
    )
    return GlueClient(client, lambda: client)


def test_a_start_that_was_never_sent_says_that_no_run_was_started(
    glue: FakeGlue, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "s"}
    with pytest.raises(EngineUnavailableError, match=r"^no run was started: .* Could not connect") as raised:
        start(made_elsewhere(endpoint_url="http://127.0.0.1:9", **keys))
    assert not isinstance(raised.value, UnansweredError)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(EngineError, match=r"^no run was started: .* Unable to locate credentials; look at"):
        start(made_elsewhere(endpoint_url=glue.url))
    with pytest.raises(EngineError, match=r"^no run was started: .* Parameter validation failed"):
        made_elsewhere(endpoint_url=glue.url, **keys).start({**RUN, "Timeout": "5m"}, lambda: None)
    assert glue.calls == []


THROTTLED = ("ThrottlingException", "Rate exceeded")
FULL = ("ConcurrentRunsExceededException", "Concurrent runs exceeded")
ACCOUNT_FULL = ("ResourceNumberLimitExceededException", "Failed to start job run due to limit")


def test_a_start_that_is_throttled_or_has_no_room_is_sent_again(glue: FakeGlue, client: GlueClient) -> None:
    client.ensure_definition(DEFINITION)
    glue.refusals["StartJobRun"] = [THROTTLED, FULL, THROTTLED, ACCOUNT_FULL, FULL]
    assert start(client) == "jr_1"
    assert glue.count()["StartJobRun"] == 6


@pytest.mark.parametrize(
    ("refusal", "requests", "remedy"),
    [
        pytest.param(THROTTLED, 3, "let fewer tasks start together", id="throttled: soon"),
        pytest.param(FULL, 10, "set `glue: {queueing: true}`", id="no room: later, since runs take time"),
    ],
)
def test_a_start_that_stays_turned_away_is_given_up_and_may_be_retried(
    glue: FakeGlue, client: GlueClient, refusal: tuple[str, str], requests: int, remedy: str
) -> None:
    glue.refusals["StartJobRun"] = [refusal] * 20
    with pytest.raises(EngineBusyError, match=f"Glue refused StartJobRun .* {remedy}"):
        start(client)
    assert glue.count()["StartJobRun"] == requests


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "InvalidInputException", "ValidationException"], ids=str
)
def test_a_refusal_that_repeats_cannot_mend_is_final(glue: FakeGlue, client: GlueClient, code: str) -> None:
    glue.refusals["StartJobRun"] = [(code, "no")]
    with pytest.raises(EngineRefusedError, match=code):
        start(client)
    assert glue.count()["StartJobRun"] == 1


def test_each_time_a_start_is_sent_it_is_asked_whether_it_still_may(
    glue: FakeGlue, client: GlueClient
) -> None:
    def killed_meanwhile() -> None:
        if glue.count()["StartJobRun"]:
            raise InterruptedError

    glue.refusals["StartJobRun"] = [THROTTLED]
    with pytest.raises(InterruptedError):
        client.start(RUN, killed_meanwhile)
    assert glue.runs == {}


@pytest.mark.parametrize(
    ("refusal", "passing"),
    [
        pytest.param(THROTTLED, True, id="throttled"),
        pytest.param(("SlowDown", "", 429), True, id="throttled by its HTTP status"),
        pytest.param(("InternalServiceException", "oops", 500), True, id="an error of Glue's own"),
        pytest.param(("OperationTimeoutException", "too slow"), True, id="a time-out of Glue's own"),
        pytest.param(("ServiceUnavailable", "down", 503), True, id="an outage"),
        pytest.param(("EntityNotFoundException", "gone"), False, id="there is no such run"),
        pytest.param(("AccessDeniedException", "no"), False, id="it may not be looked at"),
    ],
)
def test_a_failed_look_tells_whether_another_one_may_succeed(
    glue: FakeGlue, client: GlueClient, refusal: tuple[Any, ...], passing: bool
) -> None:
    glue.refusals["GetJobRun"] = [refusal] * 2
    with pytest.raises(EngineError) as raised:
        client.run("dwh", "jr_1")
    assert isinstance(raised.value, EngineUnavailableError) == passing


def test_a_look_without_an_answer_may_succeed_later() -> None:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "s"}
    with pytest.raises(
        EngineUnavailableError, match="GetJobRun of dwh did not reach Glue: Could not connect"
    ):
        made_elsewhere(endpoint_url="http://127.0.0.1:9", **keys).run("dwh", "jr_1")


@pytest.mark.parametrize(
    ("job", "said"),
    [
        pytest.param(
            {"Command": {"Name": "glueetl"}, "MaxRetries": 2},
            "job nightly by itself, 2 times; set the job's MaxRetries to 0; retries are Airflow's",
            id="one that Glue repeats",
        ),
        pytest.param(
            {"Command": {"Name": "pythonshell"}, "MaxRetries": 0},
            "job nightly is no Spark job: its command is pythonshell, not glueetl or gluestreaming; correct",
            id="one without Spark",
        ),
    ],
)
def test_an_existing_job_that_cannot_be_used_is_refused(
    glue: FakeGlue, client: GlueClient, job: dict[str, Any], said: str
) -> None:
    glue.jobs["nightly"] = {"Name": "nightly", **job}
    with pytest.raises(EngineRefusedError, match=said):
        client.check_existing("nightly")


@pytest.mark.parametrize("command", ["glueetl", "gluestreaming"])
def test_an_existing_spark_job_that_glue_does_not_repeat_can_be_used(
    glue: FakeGlue, client: GlueClient, command: str
) -> None:
    glue.jobs["nightly"] = {"Name": "nightly", "Command": {"Name": command}}
    client.check_existing("nightly")
    assert glue.count() == {"GetJob": 1}


def test_an_existing_job_that_is_not_there_is_named(glue: FakeGlue, client: GlueClient) -> None:
    with pytest.raises(
        EngineRefusedError, match=r"GetJob of nightly: Entity.*correct `glue: \{existing_job: ...\}`"
    ):
        client.check_existing("nightly")
    assert glue.jobs == {}


def test_a_question_whose_answer_is_lost_is_asked_again(glue: FakeGlue, client: GlueClient) -> None:
    glue.losing.add("GetJobRuns")
    with pytest.raises(
        EngineError, match=r"no answer from Glue to GetJobRuns of dwh: .*; look at the network"
    ):
        client.newest_runs("dwh")
    assert glue.count()["GetJobRuns"] == 2


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        pytest.param(
            "ConcurrentRunsExceededException",
            r"set `glue: \{queueing: true\}`.*or raise `glue: \{max_concurrent_runs",
            id="too many runs of the definition",
        ),
        pytest.param(
            "ResourceNumberLimitExceededException", "ask AWS for a higher quota", id="too many in the account"
        ),
        pytest.param(
            "EntityNotFoundException",
            r"made again at the next try; for an existing job correct `glue: \{existing_job: ...\}`",
            id="no such job",
        ),
        pytest.param(
            "AccessDeniedException",
            "allow glue:StartJobRun to the AWS identity of the connection",
            id="not allowed",
        ),
        pytest.param("SomethingNewException", "look at the job in the Glue console", id="any other code"),
    ],
)
def test_a_refusal_says_glues_words_the_job_and_what_to_do(
    glue: FakeGlue, client: GlueClient, code: str, remedy: str
) -> None:
    glue.refusals["StartJobRun"] = [(code, "It cannot be.")] * 20
    with pytest.raises(
        EngineError, match=f"^Glue refused StartJobRun of dwh-0123456789: {code}: It cannot be; .*{remedy}"
    ):
        start(client)


def test_a_definition_that_may_not_be_made_names_both_permissions(glue: FakeGlue, client: GlueClient) -> None:
    glue.refusals["CreateJob"] = [("AccessDeniedException", "no")]
    with pytest.raises(EngineError, match="allow glue:CreateJob, and iam:PassRole for the runs' role"):
        client.ensure_definition(DEFINITION)


def test_a_definition_that_may_not_be_looked_at_is_not_made(glue: FakeGlue, client: GlueClient) -> None:
    glue.refusals["GetJob"] = [("AccessDeniedException", "no")]
    with pytest.raises(EngineError, match="allow glue:GetJob to"):
        client.ensure_definition(DEFINITION)
    assert glue.jobs == {}


def test_a_run_is_stopped(glue: FakeGlue, client: GlueClient) -> None:
    client.ensure_definition(DEFINITION)
    run_id = start(client)
    client.stop(RUN["JobName"], run_id)
    assert client.run(RUN["JobName"], run_id).state == "STOPPED"


def test_a_run_that_glue_does_not_stop_is_an_error_though_the_call_succeeds(
    glue: FakeGlue, client: GlueClient
) -> None:
    glue.stop_errors = [("InternalServiceException", "try again")]
    with pytest.raises(
        EngineError, match="does not stop job run jr_1 of dwh: InternalServiceException: try again"
    ):
        client.stop("dwh", "jr_1")


def test_stopping_a_run_that_has_ended_already_is_no_error(glue: FakeGlue, client: GlueClient) -> None:
    glue.stop_errors = [("JobRunInTerminalStateException", "it is in state FAILED")]
    client.stop("dwh", "jr_1")
    assert glue.count()["BatchStopJobRun"] == 1


@pytest.mark.parametrize(
    ("state", "error"), [("STOPPING", False), ("SUCCEEDED", False), ("STARTING", True)], ids=str
)
def test_a_run_that_cannot_be_stopped_in_its_state_is_an_error_only_while_it_would_go_on(
    glue: FakeGlue, client: GlueClient, state: str, error: bool
) -> None:
    glue.states = (state,)
    glue.add_run("dwh", state, NOW)
    glue.stop_errors = [("JobRunInvalidStateTransitionException", f"it is in state {state}")]
    with pytest.raises(EngineError, match="does not stop") if error else nullcontext():
        client.stop("dwh", "jr_1")


def test_all_pages_of_a_projects_definitions_are_read_and_no_other_projects(
    glue: FakeGlue, client: GlueClient
) -> None:
    for name, project in (("a", "dwh"), ("b", "weather"), ("c", "dwh"), ("d", "dwh")):
        tags = {"airflow-jobkit": "definition", "airflow-jobkit-project": project}
        client.ensure_definition({**DEFINITION, "Name": name, "Tags": tags})
    client.ensure_definition({**DEFINITION, "Name": "by-hand", "Tags": {"airflow-jobkit-project": "dwh"}})
    assert list(client.definitions("dwh")) == ["a", "c", "d"]

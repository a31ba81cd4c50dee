"""The client makes definitions once, starts runs by one request, and says what to do about a refusal."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from fake_glue import FakeGlue, running_fake_glue

from airflow_jobkit.engines.glue.client import GlueClient
from airflow_jobkit.errors import EngineError

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
        made(Config(retries={"total_max_attempts": 2})), made(Config(retries={"total_max_attempts": 1}))
    )


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
    run_id = client.start(RUN)
    runs = [client.run(RUN["JobName"], run_id) for _ in range(2)]
    assert [(run.run_id, run.state, run.error) for run in runs] == [
        (run_id, "RUNNING", "out of memory"),
        (run_id, "FAILED", "out of memory"),
    ]


def test_a_start_whose_answer_is_lost_is_not_sent_again(glue: FakeGlue, client: GlueClient) -> None:
    client.ensure_definition(DEFINITION)
    glue.losing.add("StartJobRun")
    with pytest.raises(EngineError, match=r"whether a run has started is unknown.*--jobkit_run_key abc"):
        client.start(RUN)
    assert glue.count()["StartJobRun"] == 1


def test_a_question_whose_answer_is_lost_is_asked_again(glue: FakeGlue, client: GlueClient) -> None:
    glue.losing.add("GetJobRuns")
    with pytest.raises(EngineError, match=r"GetJobRuns of dwh did not reach Glue: .*; look at the AWS conn"):
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
        pytest.param("EntityNotFoundException", r"correct `glue: \{existing_job: ...\}`", id="no such job"),
        pytest.param(
            "AccessDeniedException",
            "allow glue:StartJobRun to the AWS identity of the connection",
            id="not allowed",
        ),
        pytest.param("ThrottlingException", "let fewer tasks start together", id="throttled"),
        pytest.param("SomethingNewException", "look at the job in the Glue console", id="any other code"),
    ],
)
def test_a_refusal_says_glues_words_the_job_and_what_to_do(
    glue: FakeGlue, client: GlueClient, code: str, remedy: str
) -> None:
    glue.refusals["StartJobRun"] = [(code, "It cannot be.")]
    with pytest.raises(
        EngineError, match=f"^Glue refused StartJobRun of dwh-0123456789: {code}: It cannot be; .*{remedy}"
    ):
        client.start(RUN)


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
    run_id = client.start(RUN)
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


def test_all_pages_of_a_projects_definitions_are_read_and_no_other_projects(
    glue: FakeGlue, client: GlueClient
) -> None:
    for name, project in (("a", "dwh"), ("b", "weather"), ("c", "dwh"), ("d", "dwh")):
        tags = {"airflow-jobkit": "definition", "airflow-jobkit-project": project}
        client.ensure_definition({**DEFINITION, "Name": name, "Tags": tags})
    client.ensure_definition({**DEFINITION, "Name": "by-hand", "Tags": {"airflow-jobkit-project": "dwh"}})
    assert list(client.definitions("dwh")) == ["a", "c", "d"]

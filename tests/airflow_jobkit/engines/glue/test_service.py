"""Glue's service finds the run of a lost answer, waits for a lagging list, and takes no silence for a no."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from fake_glue import FakeGlue, running_fake_glue

from airflow_jobkit.engines.glue.client import GlueClient
from airflow_jobkit.engines.glue.service import GlueService
from airflow_jobkit.engines.service import RunRef
from airflow_jobkit.engines.states import Phase, Stage
from airflow_jobkit.errors import EngineRefusedError, EngineUnavailableError, RunGoneError, UnansweredError

JOB = "dwh-0123456789"
KEY = "0123456789abcdef0123456789abcdef.0.01234567"
REQUEST = {"JobName": JOB, "Arguments": {"--jobkit_run_key": KEY}}
WINDOW = 0.3


@pytest.fixture
def glue() -> Iterator[FakeGlue]:
    with running_fake_glue() as fake:
        fake.jobs[JOB] = {"Name": JOB}
        yield fake


def service_of(glue: FakeGlue, window: float = WINDOW) -> GlueService:
    client = boto3.client(
        "glue",
        endpoint_url=glue.url,
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="s",  # noqa: S106 - of no account
        config=Config(retries={"total_max_attempts": 1}, read_timeout=5),
    )
    return GlueService(GlueClient(client, lambda: client, pauses=lambda _: []), lookup_window=window)


@pytest.fixture
def service(glue: FakeGlue) -> GlueService:
    return service_of(glue)


def add(glue: FakeGlue, state: str = "RUNNING", key: str = KEY, ago: float = 0.0) -> str:
    """A run that was started some seconds ago with a key; its id."""
    started = dt.datetime.now(dt.timezone.utc) - dt.timedelta(seconds=ago)
    return glue.add_run(JOB, state, started, {"--jobkit_run_key": key})


def test_the_run_is_found_by_its_key_on_any_page(glue: FakeGlue, service: GlueService) -> None:
    wanted = add(glue, ago=30)
    for n in range(5):
        add(glue, key=f"another.{n}")
    assert service.find(JOB, KEY, time.time() - 30) == RunRef(wanted, JOB)
    assert glue.count() == {"GetJobRuns": 3}
    assert {request["MaxResults"] for request in glue.requests("GetJobRuns")} == {200}


def test_a_run_is_usually_found_by_one_call(glue: FakeGlue, service: GlueService) -> None:
    wanted = add(glue)
    assert service.find(JOB, KEY, time.time()) == RunRef(wanted, JOB)
    assert glue.count() == {"GetJobRuns": 1}


def test_runs_that_are_older_than_the_request_are_not_read(glue: FakeGlue, service: GlueService) -> None:
    for n in range(9):
        add(glue, key=f"another.{n}", ago=3600)
    assert service.find(JOB, KEY, time.time() - WINDOW) is None
    assert glue.count() == {"GetJobRuns": 1}


def test_the_clocks_of_glue_and_of_the_worker_may_differ(glue: FakeGlue, service: GlueService) -> None:
    wanted = add(glue, ago=240)
    assert service.find(JOB, KEY, time.time()) == RunRef(wanted, JOB)


def test_a_list_that_lags_behind_is_waited_for(glue: FakeGlue, service: GlueService) -> None:
    wanted = add(glue)
    glue.lag = 1
    assert service.find(JOB, KEY, time.time()) == RunRef(wanted, JOB)
    assert glue.count() == {"GetJobRuns": 2}


def test_that_there_is_no_run_is_said_only_when_the_window_is_over(
    glue: FakeGlue, service: GlueService
) -> None:
    since = time.time()
    assert service.find(JOB, KEY, since) is None
    assert WINDOW <= time.time() - since < WINDOW + 2
    assert glue.count() == {"GetJobRuns": 2}


def test_the_window_begins_anew_when_a_start_stays_unanswered(glue: FakeGlue, service: GlueService) -> None:
    """Its request may have been sent long after the submission was written down."""
    glue.losing.add("StartJobRun")
    with pytest.raises(UnansweredError):
        service.start(REQUEST, lambda: None)
    glue.lag = 1
    assert service.find(JOB, KEY, time.time() - 60) == RunRef("jr_1", JOB)


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(("ThrottlingException", "Rate exceeded"), id="throttled"),
        pytest.param(("InternalServiceException", "oops", 500), id="an error of Glue's own"),
    ],
)
def test_a_list_that_cannot_be_had_says_nothing_about_the_run(
    glue: FakeGlue, service: GlueService, refusal: tuple[Any, ...]
) -> None:
    glue.refusals["GetJobRuns"] = [refusal]
    with pytest.raises(EngineUnavailableError):
        service.find(JOB, KEY, time.time() - 60)


@pytest.mark.parametrize(
    "body", [pytest.param(b"<html>", id="no JSON"), pytest.param(b"{}", id="JSON without runs")]
)
def test_a_list_of_a_proxys_own_says_nothing_about_the_run(
    glue: FakeGlue, service: GlueService, body: bytes
) -> None:
    glue.strange["GetJobRuns"] = [body]
    with pytest.raises(EngineUnavailableError, match="no answer from Glue to GetJobRuns"):
        service.find(JOB, KEY, time.time() - 60)


def test_a_list_that_may_not_be_read_is_final(glue: FakeGlue, service: GlueService) -> None:
    glue.refusals["GetJobRuns"] = [("AccessDeniedException", "no")]
    with pytest.raises(EngineRefusedError, match="allow glue:GetJobRuns to"):
        service.find(JOB, KEY, time.time() - 60)


def test_a_job_that_is_not_there_has_no_run(glue: FakeGlue, service: GlueService) -> None:
    glue.refusals["GetJobRuns"] = [("EntityNotFoundException", "Job not found")]
    assert service.find(JOB, KEY, time.time() - 60) is None


@pytest.mark.parametrize(
    ("states", "wanted"),
    [
        pytest.param(("RUNNING", "SUCCEEDED", "FAILED"), "jr_1", id="one that goes on"),
        pytest.param(("UNHEARD_OF", "SUCCEEDED", "FAILED"), "jr_1", id="one that may go on"),
        pytest.param(("SUCCEEDED", "FAILED", "STOPPED"), "jr_1", id="else one that has succeeded"),
        pytest.param(("FAILED", "STOPPED", "TIMEOUT"), "jr_3", id="else the newest"),
    ],
)
def test_of_several_runs_with_the_key_one_is_preferred(
    glue: FakeGlue, service: GlueService, states: tuple[str, ...], wanted: str
) -> None:
    for n, state in enumerate(states):
        add(glue, state, ago=30 - n)
    assert service.find(JOB, KEY, time.time()) == RunRef(wanted, JOB)


def test_a_look_tells_state_reason_and_page(glue: FakeGlue, service: GlueService) -> None:
    glue.states, glue.error_message = ("TIMEOUT",), "Job run timed out"
    view = service.look(RunRef(add(glue), JOB))
    assert (view.state.phase, view.state.stage, view.reason) == (
        Phase.FAILED,
        Stage.TIME_OUT,
        "Job run timed out",
    )
    assert view.page_url.endswith(f"region=eu-west-1#/job/{JOB}/run/jr_1")


def test_a_run_that_glue_does_not_know_is_told_apart(service: GlueService) -> None:
    with pytest.raises(RunGoneError, match="jr_9 not found"):
        service.look(RunRef("jr_9", JOB))


def test_a_run_is_named_and_can_be_stopped_by_hand(service: GlueService) -> None:
    ref = RunRef("jr_1", "my job")
    assert service.name(ref) == "Glue job run jr_1 of my job"
    assert service.by_hand(ref).endswith(
        "`aws glue batch-stop-job-run --region eu-west-1 --job-name 'my job' --job-run-ids jr_1`"
    )

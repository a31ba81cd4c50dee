"""The emulators misbehaving, as boto3 and requests see them."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from emulators import RunningEmulators, running_emulators
from executing import eventually

from airflow_jobkit.contracts.result import parse_result

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto", reason="the emulators need moto, of the extra [local]")
pytest.importorskip("flask_cors", reason="the emulators need moto's server, of the extra [local]")

from botocore.config import Config  # noqa: E402 - after the skips
from botocore.exceptions import ClientError, ConnectionClosedError  # noqa: E402

JOB = "job"
RUNNING = [["STARTING", 0.05], ["RUNNING", None]]
GLUE_SUCCESS = [["STARTING", 0.1], ["RUNNING", 0.15], ["SUCCEEDED", None]]
_POST = """
import sys
from urllib.request import Request, urlopen
url, target, body = sys.argv[1:]
headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
print(urlopen(Request(url, body.encode(), headers)).read())
"""


@pytest.fixture(scope="module")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulators]:
    with running_emulators(tmp_path_factory.mktemp("emulators"), "runs") as running:
        running.client("glue").create_job(
            Name=JOB,
            Role="role",
            Command={"Name": "glueetl", "ScriptLocation": "s3://runs/job.py"},
            ExecutionProperty={"MaxConcurrentRuns": 100},
        )
        yield running


@pytest.fixture(autouse=True)
def _no_plans(emulators: RunningEmulators) -> Iterator[None]:
    yield
    emulators.forget_plans()


@pytest.fixture(scope="module")
def client(emulators: RunningEmulators) -> Callable[[str], Any]:
    """Clients that send each request once."""

    def made(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=emulators.aws_url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - it opens nothing
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    return made


@pytest.fixture(scope="module")
def glue(client: Callable[[str], Any]) -> Any:
    return client("glue")


def start(glue: Any, text: str, **arguments: str) -> str:
    given = {"--text": text, **{f"--{name}": value for name, value in arguments.items()}}
    run_id: str = glue.start_job_run(JobName=JOB, Arguments=given)["JobRunId"]
    return run_id


def state(glue: Any, run_id: str) -> str:
    found: str = glue.get_job_run(JobName=JOB, RunId=run_id)["JobRun"]["JobRunState"]
    return found


def assert_follows(look: Callable[[], str], *states: str) -> None:
    """These states are seen one after the other, up to the last; a busy machine may miss one."""
    last = states[-1]
    seen = [look()]

    def ended() -> bool:
        seen.append(look())
        return seen[-1] == last

    assert seen[-1] == last or eventually(ended, 10), seen[-1]
    assert list(dict.fromkeys(seen)) == [state for state in states if state in seen]


class Databricks:
    """The Jobs API, as requests sees it."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api/2.2/jobs/runs/"

    def submit(self, name: str, *parameters: str, **others: Any) -> requests.Response:
        """Submit a run of one task."""
        python = {"python_file": "s3://runs/job.py", "parameters": list(parameters)}
        cluster = {"spark_version": "15.4.x-scala2.12", "num_workers": 1}
        task = {"task_key": "task", "spark_python_task": python, "new_cluster": cluster}
        return requests.post(
            f"{self._url}submit", json={"run_name": name, "tasks": [task], **others}, timeout=10
        )

    def get(self, call: str, **parameters: Any) -> Any:
        """The answer of a call."""
        return requests.get(self._url + call, params=parameters, timeout=10).json()

    def state(self, run_id: int) -> str:
        """The state of a run, with its result if it has one."""
        told = self.get("get", run_id=run_id)["state"]
        return "/".join(told[name] for name in ("life_cycle_state", "result_state") if name in told)

    def cancel(self, run_id: int) -> None:
        """Cancel a run."""
        requests.post(f"{self._url}cancel", json={"run_id": run_id}, timeout=10).raise_for_status()


@pytest.fixture(scope="module")
def databricks(emulators: RunningEmulators) -> Databricks:
    return Databricks(emulators.databricks_url)


def envelope(result: str, run_key: str) -> str:
    document = {"schema": 1, "run_key": run_key, "try_number": 2, "engine": "glue", "result": result}
    packed = zlib.compress(json.dumps(document).encode())
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def refused(error: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]


def test_a_glue_run_follows_its_timeline_and_writes_its_result_before_it_ends(
    emulators: RunningEmulators, glue: Any, client: Callable[[str], Any]
) -> None:
    emulators.plan({"name": "happy", "states": GLUE_SUCCESS})
    place = "dag/scheduled__2026-01-01T00%3A00%3A00%2B00%3A00/result.json"
    packed = envelope(f"s3://runs/{place}", "key")

    run_id = start(glue, "happy", module_name="dwh.flights", jobkit_envelope=packed, jobkit_run_key="key")
    assert_follows(lambda: state(glue, run_id), "STARTING", "RUNNING", "SUCCEEDED")
    result = parse_result(client("s3").get_object(Bucket="runs", Key=place)["Body"].read(), place)

    assert (result.status, result.run_key, result.try_number) == ("success", "key", 2)
    assert (result.module_name, result.metrics) == ("dwh.flights", {"simulated_run": run_id})
    events = client("logs").get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run_id)
    assert [event["message"] for event in events["events"]] == [
        f"simulated run {run_id} started",
        f"simulated run {run_id} ended as SUCCEEDED",
    ]
    (run,) = emulators.plans()["happy"]["runs"]
    assert (run["run_id"], run["state"], run["run_key"]) == (run_id, "SUCCEEDED", "key")
    assert run["started"] < run["ended"]
    assert not run["asked_to_stop"]


def test_the_second_run_of_a_plan_may_go_differently(
    emulators: RunningEmulators, glue: Any, tmp_path: Path
) -> None:
    emulators.plan(
        {"name": "again", "states": [[["FAILED", None]], [["EXPIRED", None]]], "reason": ["too bad", None]}
    )
    place = tmp_path / "result.json"

    first = start(glue, "again", jobkit_envelope=envelope(str(place), "key"))
    result = parse_result(place.read_bytes(), str(place))
    place.unlink()
    second = start(glue, "again", jobkit_envelope=envelope(str(place), "key"))

    assert result.error is not None
    assert (result.error.type, result.error.message) == ("ValueError", "no flights on the moon")
    assert glue.get_job_run(JobName=JOB, RunId=first)["JobRun"]["ErrorMessage"] == "too bad"
    assert state(glue, second) == "EXPIRED"
    assert not place.exists()


@pytest.mark.parametrize(
    ("do", "started"),
    [pytest.param("kill_before", 0, id="before"), pytest.param("kill_after", 1, id="after")],
)
def test_a_kill_ends_the_caller_alone_with_or_without_the_effect(
    emulators: RunningEmulators, do: str, started: int
) -> None:
    emulators.plan({"name": do, "states": RUNNING, "faults": [{"call": "StartJobRun", "do": do}]})
    body = json.dumps({"JobName": JOB, "Arguments": {"--text": do}})
    command = [sys.executable, "-c", _POST, emulators.aws_url, "AWSGlue.StartJobRun", body]

    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output, _ = process.communicate(timeout=20)

    assert process.returncode == -signal.SIGKILL
    assert output == ""
    found = emulators.plans()[do]
    assert len(found["runs"]) == started
    assert found["fired"] == [{"call": "StartJobRun", "nth": 1, "do": do, "pid": process.pid}]


def test_a_lost_answer_is_a_dropped_connection_and_a_run(
    emulators: RunningEmulators, glue: Any, databricks: Databricks, capfd: pytest.CaptureFixture[str]
) -> None:
    emulators.plan(
        {"name": "lost", "states": RUNNING, "faults": [{"call": "StartJobRun", "do": "lost"}]},
        {"name": "dbx", "states": [["RUNNING", None]], "faults": [{"call": "runs/submit", "do": "lost"}]},
    )

    with pytest.raises(ConnectionClosedError):
        start(glue, "lost")
    once = {"idempotency_token": "once"}
    with pytest.raises(requests.ConnectionError):
        databricks.submit("dbx", **once)
    again = databricks.submit("dbx", **once).json()["run_id"]

    plans = emulators.plans()
    assert len(plans["lost"]["runs"]) == 1
    assert [run["run_id"] for run in plans["dbx"]["runs"]] == [again]
    assert plans["dbx"]["calls"] == {"runs/submit": 2}
    assert capfd.readouterr().err == ""


def test_a_dropped_request_has_no_effect(emulators: RunningEmulators, glue: Any) -> None:
    emulators.plan({"name": "gone", "states": RUNNING, "faults": [{"call": "StartJobRun", "do": "dropped"}]})

    with pytest.raises(ConnectionClosedError):
        start(glue, "gone")

    assert emulators.plans()["gone"]["runs"] == []


def test_aws_refuses_in_its_own_words(
    emulators: RunningEmulators, glue: Any, client: Callable[[str], Any]
) -> None:
    calls = ["GetJobRun", "S3:PUT"]
    deeds = ["throttle", "error", "deny"]
    faults = [{"call": call, "nth": nth, "do": do} for call in calls for nth, do in enumerate(deeds, start=1)]
    emulators.plan({"name": "refusing", "states": RUNNING, "faults": faults})
    run_id = start(glue, "refusing")
    s3 = client("s3")
    found = []

    for _ in deeds:
        with pytest.raises(ClientError) as error:
            state(glue, run_id)
        found.append(refused(error))
        with pytest.raises(ClientError) as error:
            s3.put_object(Bucket="runs", Key="refusing", Body=b"content")
        found.append(refused(error))

    assert found == [
        (400, "ThrottlingException"),
        (503, "SlowDown"),
        (500, "InternalServiceException"),
        (500, "InternalError"),
        (400, "AccessDeniedException"),
        (403, "AccessDenied"),
    ]
    assert state(glue, run_id) in ("STARTING", "RUNNING")
    s3.put_object(Bucket="runs", Key="refusing", Body=b"content")


def test_databricks_refuses_in_its_own_words(emulators: RunningEmulators, databricks: Databricks) -> None:
    deeds = ["throttle", "error", "deny", "error_after"]
    faults = [{"call": "runs/submit", "nth": nth, "do": do} for nth, do in enumerate(deeds, start=1)]
    emulators.plan({"name": "strict", "states": [["RUNNING", None]], "faults": faults})

    answers = [databricks.submit("strict") for _ in deeds]

    assert [(answer.status_code, answer.json()["error_code"]) for answer in answers] == [
        (429, "REQUEST_LIMIT_EXCEEDED"),
        (503, "TEMPORARILY_UNAVAILABLE"),
        (403, "PERMISSION_DENIED"),
        (503, "TEMPORARILY_UNAVAILABLE"),
    ]
    assert len(emulators.plans()["strict"]["runs"]) == 1


def test_a_run_is_listed_only_after_the_lag(
    emulators: RunningEmulators, glue: Any, databricks: Databricks
) -> None:
    emulators.plan({"name": "lagging", "states": [["RUNNING", None]], "list_lag": 1.5})
    run_id = start(glue, "lagging")
    submitted = databricks.submit("lagging").json()["run_id"]

    def glue_lists() -> bool:
        return any(run["Id"] == run_id for run in glue.get_job_runs(JobName=JOB)["JobRuns"])

    def databricks_lists() -> bool:
        runs = databricks.get("list").get("runs", [])
        return any(run["run_id"] == submitted for run in runs)

    assert not glue_lists()
    assert not databricks_lists()
    assert state(glue, run_id) == "RUNNING"
    assert eventually(glue_lists, 5)
    assert eventually(databricks_lists, 5)


def test_a_stopped_run_takes_its_time_and_writes_no_result(
    emulators: RunningEmulators, glue: Any, databricks: Databricks, tmp_path: Path
) -> None:
    emulators.plan({"name": "stopped", "states": [["RUNNING", 30], ["SUCCEEDED", None]]})
    packed = envelope(str(tmp_path / "result.json"), "key")
    run_id = start(glue, "stopped", jobkit_envelope=packed)
    submitted = databricks.submit("stopped", "--jobkit_envelope", packed).json()["run_id"]

    glue.batch_stop_job_run(JobName=JOB, JobRunIds=[run_id])
    databricks.cancel(submitted)

    assert_follows(lambda: state(glue, run_id), "STOPPING", "STOPPED")
    assert_follows(lambda: databricks.state(submitted), "TERMINATING", "TERMINATED/CANCELED")
    assert not (tmp_path / "result.json").exists()
    runs = emulators.plans()["stopped"]["runs"]
    assert [run["asked_to_stop"] for run in runs] == [True, True]
    assert [run["run_key"] for run in runs] == ["key", "key"]


def test_a_databricks_run_follows_its_timeline_and_tells_of_its_failure(
    emulators: RunningEmulators, databricks: Databricks, tmp_path: Path
) -> None:
    states = [["QUEUED", 0.1], ["RUNNING", 0.2], ["TERMINATED/FAILED", None]]
    emulators.plan({"name": "failing", "states": states, "reason": "the moon is empty"})
    place = tmp_path / "result.json"
    packed = envelope(str(place), "key")

    run_id = databricks.submit("failing", "--jobkit_envelope", packed).json()["run_id"]
    assert_follows(lambda: databricks.state(run_id), "QUEUED", "RUNNING", "TERMINATED/FAILED")
    run = databricks.get("get", run_id=run_id)
    output = databricks.get("get-output", run_id=run["tasks"][0]["run_id"])

    assert parse_result(place.read_bytes(), str(place)).status == "failed"
    assert run["state"]["state_message"] == "the moon is empty"
    assert run["status"]["termination_details"]["code"] == "RUN_EXECUTION_ERROR"
    assert output["error"] == "ValueError: no flights on the moon"
    assert output["error_trace"].startswith("Traceback (most recent call last):")
    assert "ended as TERMINATED/FAILED" in output["logs"]


@pytest.mark.parametrize("told", ["PAUSED", "TERMINATED/ECLIPSED", "SKIPPED", "INTERNAL_ERROR/FAILED"])
def test_databricks_shows_any_state_it_is_told_to(
    emulators: RunningEmulators, databricks: Databricks, told: str
) -> None:
    emulators.plan({"name": "odd", "states": [[told, None]]})

    run_id = databricks.submit("odd").json()["run_id"]

    assert databricks.state(run_id) == told
    assert databricks.get("list")["runs"][0]["state"]["life_cycle_state"] == told.partition("/")[0]


def test_glue_shows_a_state_that_nobody_knows_until_it_is_stopped(
    emulators: RunningEmulators, glue: Any
) -> None:
    emulators.plan({"name": "odd", "states": [["PAUSED", None]], "stop_seconds": 0})
    run_id = start(glue, "odd")

    assert state(glue, run_id) == "PAUSED"
    glue.batch_stop_job_run(JobName=JOB, JobRunIds=[run_id])

    assert eventually(lambda: state(glue, run_id) == "STOPPED", 5)


def test_plans_do_not_mix_even_where_one_name_begins_the_other(
    emulators: RunningEmulators, glue: Any
) -> None:
    emulators.plan(
        {"name": "one", "states": RUNNING, "faults": [{"call": "GetJobRun", "do": "throttle"}]},
        {"name": "one-more", "states": [["TIMEOUT", None]]},
    )
    first, second = start(glue, "one"), start(glue, "one-more")

    assert state(glue, second) == "TIMEOUT"
    with pytest.raises(ClientError):
        state(glue, first)
    plans = emulators.plans()

    assert [run["run_id"] for run in plans["one"]["runs"]] == [first]
    assert [run["run_id"] for run in plans["one-more"]["runs"]] == [second]
    assert plans["one-more"]["calls"] == {"StartJobRun": 1, "GetJobRun": 1}


def test_a_fault_for_a_state_hits_the_first_call_that_would_show_it(
    emulators: RunningEmulators, glue: Any
) -> None:
    fault = {"call": "GetJobRun", "state": "SUCCEEDED", "do": "error"}
    emulators.plan({"name": "late", "states": [["RUNNING", 0.2], ["SUCCEEDED", None]], "faults": [fault]})
    run_id = start(glue, "late")
    seen: list[str] = []

    def fails() -> bool:
        try:
            seen.append(state(glue, run_id))
        except ClientError:
            return True
        return False

    assert eventually(fails, 5)
    assert set(seen) <= {"RUNNING"}
    assert [fired["nth"] for fired in emulators.plans()["late"]["fired"]] == [1]


def test_the_logs_of_a_run_may_be_denied(
    emulators: RunningEmulators, glue: Any, client: Callable[[str], Any]
) -> None:
    emulators.plan({"name": "secret", "states": RUNNING, "log_denied": True})
    run_id = start(glue, "secret")

    with pytest.raises(ClientError) as error:
        client("logs").get_log_events(logGroupName="/aws-glue/jobs/output", logStreamName=run_id)

    assert refused(error) == (400, "AccessDeniedException")
    assert "logs:GetLogEvents" in str(error.value)


def test_a_delayed_answer_comes_late_with_its_effect_done(emulators: RunningEmulators, glue: Any) -> None:
    fault = {"call": "StartJobRun", "do": "delay", "seconds": 0.4}
    emulators.plan({"name": "slow", "states": RUNNING, "faults": [fault]})
    began = time.monotonic()

    run_id = start(glue, "slow")

    assert time.monotonic() - began >= 0.4
    (run,) = emulators.plans()["slow"]["runs"]
    assert run["run_id"] == run_id


def test_forgotten_plans_leave_no_trace_and_both_servers_take_plans(
    emulators: RunningEmulators, glue: Any
) -> None:
    emulators.plan({"name": "old", "states": RUNNING, "faults": [{"call": "GetJobRun", "do": "throttle"}]})
    run_id = start(glue, "old")

    requests.delete(f"{emulators.databricks_url}/_jobkit/plans", timeout=10).raise_for_status()

    assert emulators.plans() == {}
    assert eventually(lambda: state(glue, run_id) == "RUNNING", 5)


def test_a_bad_plan_is_refused_and_none_of_its_list_is_taken(emulators: RunningEmulators) -> None:
    answer = requests.post(
        f"{emulators.aws_url}/_jobkit/plans",
        json=[{"name": "good"}, {"name": "bad", "faults": 1}],
        timeout=10,
    )

    assert (answer.status_code, answer.json()) == (400, {"error": "plan 'bad': faults 1 is no list"})
    assert emulators.plans() == {}

"""Job runs really run, in Glue's states and with Glue's arguments."""

from __future__ import annotations

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from emulators import RunningEmulators, running_emulators
from executing import eventually
from glue_caller import GlueCaller, RefusedError

from airflow_jobkit.local.emulators.glue.app import GlueApp
from airflow_jobkit.local.emulators.glue.runs import Machine
from airflow_jobkit.local.emulators.scripts import ScriptRunner
from airflow_jobkit.local.emulators.wsgi import call_json

SLEEPS = "import time; time.sleep(600)"
SHOWS_ARGV = "import json, sys; print(json.dumps(sys.argv[1:]))"


def put(emulators: RunningEmulators, text: str, key: str = "job.py") -> str:
    emulators.client("s3").put_object(Bucket="code", Key=key, Body=text.encode())
    return f"s3://code/{key}"


def logged(emulators: RunningEmulators, run_id: str, kind: str = "output") -> list[str]:
    """What is in the log of a run; nothing where the log is not there yet."""
    client = emulators.client("logs")
    try:
        found = client.get_log_events(
            logGroupName=f"/aws-glue/jobs/{kind}", logStreamName=run_id, startFromHead=True
        )
    except client.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in found["events"]]


def options(argv: list[str]) -> dict[str, str]:
    """The options after the first word."""
    return dict(zip(argv[1::2], argv[2::2], strict=True))


def test_a_run_that_succeeds(emulators: RunningEmulators, glue: GlueCaller) -> None:
    put(
        emulators, "import sys; print('one'); print(); print('three', end=''); print('oops', file=sys.stderr)"
    )
    glue.job("flights", GlueVersion="5.0", Timeout=30)
    run_id = glue.start("flights", Arguments={"--a": "1"}, NumberOfWorkers=3)
    record = glue.ended("flights", run_id)
    assert run_id.startswith("jr_")
    assert record.pop("StartedOn") <= record.pop("CompletedOn") == record.pop("LastModifiedOn")
    assert record == {
        "Id": run_id,
        "Attempt": 0,
        "JobName": "flights",
        "JobMode": "SCRIPT",
        "JobRunQueuingEnabled": False,
        "JobRunState": "SUCCEEDED",
        "Arguments": {"--a": "1"},
        "PredecessorRuns": [],
        "ExecutionTime": record["ExecutionTime"],
        "Timeout": 30,
        "WorkerType": "G.1X",
        "NumberOfWorkers": 3,
        "MaxCapacity": 3.0,
        "AllocatedCapacity": 3,
        "LogGroupName": "/aws-glue/jobs",
        "GlueVersion": "5.0",
        "ExecutionClass": "STANDARD",
    }
    assert logged(emulators, run_id) == ["one", " ", "three"]
    assert logged(emulators, run_id, "error") == ["oops"]


def test_a_script_gets_glues_own_arguments_and_those_of_job_and_run(
    emulators: RunningEmulators, glue: GlueCaller
) -> None:
    put(emulators, SHOWS_ARGV)
    glue.job(
        "flights",
        DefaultArguments={"--a": "job", "--b": "job", "--c": "job", "--TempDir": "s3://code/tmp"},
        NonOverridableArguments={"--c": "fixed"},
    )
    run_id = glue.start("flights", Arguments={"--b": "run", "--c": "run", "--empty": ""})
    assert glue.ended("flights", run_id)["JobRunState"] == "SUCCEEDED"
    argv = json.loads(logged(emulators, run_id)[0])
    assert not argv[0].startswith("--")
    found = options(argv)
    assert found.pop("--JOB_ID").startswith("j_")
    assert found == {
        "--job-bookmark-option": "job-bookmark-disable",
        "--TempDir": "s3://code/tmp",
        "--a": "job",
        "--b": "run",
        "--c": "fixed",
        "--empty": "",
        "--JOB_RUN_ID": run_id,
        "--JOB_NAME": "flights",
    }


def test_a_run_may_name_another_script_and_wheels(emulators: RunningEmulators, glue: GlueCaller) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as wheel:
        wheel.writestr("parts/__init__.py", "VERSION = 2\n")
    emulators.client("s3").put_object(Bucket="code", Key="parts.whl", Body=archive.getvalue())
    put(emulators, "print('old')")
    other = put(emulators, "import extra, parts; print(parts.VERSION, extra.A)", "other.py")
    extra = put(emulators, "A = 3", "extra.py")
    glue.job("flights")
    run_id = glue.start(
        "flights",
        Arguments={"--scriptLocation": other, "--extra-py-files": f"s3://code/parts.whl, {extra}"},
    )
    record = glue.ended("flights", run_id)
    assert (record["JobRunState"], logged(emulators, run_id)) == ("SUCCEEDED", ["2 3"]), record


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "\nraise ValueError('no month 13')",
            "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 2; ValueError: no month 13",
            id="an exception",
        ),
        pytest.param(
            "import nothing_of_the_kind",
            "Error Category: IMPORT_ERROR; Failed Line Number: 1; ModuleNotFoundError: No module named "
            "'nothing_of_the_kind'",
            id="a module that is missing",
        ),
        pytest.param(
            "a =",
            "Error Category: SYNTAX_ERROR; Failed Line Number: 1; SyntaxError: invalid syntax "
            "(job.py, line 1)",
            id="what is not Python",
        ),
        pytest.param(
            "class Py4JJavaError(Exception): pass\n"
            "raise Py4JJavaError('An error occurred while calling o1.x.\\n: java.io.IOError: no\\n\\tat x')",
            "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 2; An error occurred while calling "
            "o1.x. no",
            id="an exception of Java",
        ),
        pytest.param(
            "import sys; sys.exit(3)",
            "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 1; SystemExit: 3",
            id="an exit with a code",
        ),
        pytest.param(
            "import os; os.kill(os.getpid(), 9)",
            "Command failed with exit code 137",
            id="a process that is killed",
        ),
    ],
)
def test_a_run_fails_for(emulators: RunningEmulators, glue: GlueCaller, text: str, message: str) -> None:
    put(emulators, text)
    record = glue.ended(glue.job("flights"), glue.start("flights"))
    assert (record["JobRunState"], record["ErrorMessage"]) == ("FAILED", message)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"--scriptLocation": "s3://code/none"}, id="the script"),
        pytest.param({"--extra-py-files": "s3://code/none"}, id="a wheel"),
        pytest.param({"--additional-python-modules": "s3://code/none"}, id="a requirements file"),
    ],
)
def test_what_is_not_on_s3_fails_the_run(
    emulators: RunningEmulators, glue: GlueCaller, arguments: dict[str, str]
) -> None:
    put(emulators, "")
    record = glue.ended(glue.job("flights"), glue.start("flights", Arguments=arguments))
    assert record["JobRunState"] == "FAILED"
    assert record["ErrorMessage"].startswith(
        "LAUNCH ERROR | Error downloading from S3 for bucket: code, key: none.Not Found"
    )
    assert "Status Code: 404" in record["ErrorMessage"]


def test_a_script_on_this_machine_is_not_there_for_glue(glue: GlueCaller) -> None:
    record = glue.ended(glue.job("flights", __file__), glue.start("flights"))
    assert record["ErrorMessage"].startswith("LAUNCH ERROR | Error downloading from S3")


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("s3://[code/job.py", id="a URL that cannot be read"),
        pytest.param(f"s3://code/{'x' * 300}.py", id="a name that no file can have"),
    ],
)
def test_a_launch_that_goes_wrong_fails_the_run(
    emulators: RunningEmulators, glue: GlueCaller, location: str
) -> None:
    if "[" not in location:
        put(emulators, "", location.removeprefix("s3://code/"))
    record = glue.ended(glue.job("flights", location), glue.start("flights"))
    assert record["JobRunState"] == "FAILED"
    assert record["ErrorMessage"].startswith("LAUNCH ERROR | ")


class BrokenLogs:
    """An AWS whose logs answer with an exception, from the nth request on."""

    def __init__(self, healthy_requests: int) -> None:
        self._left = healthy_requests

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self._left -= 1
        if self._left < 0:
            raise RuntimeError("the logs are broken")
        start_response("200 OK", [])
        return [b"{}"]


@pytest.mark.parametrize(
    ("healthy_requests", "text", "state", "message"),
    [
        pytest.param(0, "", "FAILED", "LAUNCH ERROR | the logs are broken", id="before the script starts"),
        pytest.param(4, "print('x')", "SUCCEEDED", None, id="when it ends well"),
        pytest.param(
            4, "import os; print(1); os._exit(3)", "FAILED", "Command failed with exit code 3", id="or not"
        ),
    ],
)
def test_a_run_ends_although_its_log_cannot_be_kept(
    tmp_path: Path, healthy_requests: int, text: str, state: str, message: str | None
) -> None:
    pytest.importorskip("werkzeug", reason="the emulators need werkzeug, of the extra [local]")
    runner = ScriptRunner(tmp_path / "runs", lambda _: text.encode())
    app = GlueApp(BrokenLogs(0), Machine(runner, BrokenLogs(healthy_requests)), tmp_path / "glue.json")

    def ask(operation: str, **request: Any) -> Any:
        return call_json(app, "glue", f"AWSGlue.{operation}", request)

    command = {"Name": "glueetl", "ScriptLocation": "s3://code/job.py"}
    ask("CreateJob", Name="flights", Role="role", Command=command)
    which = {"JobName": "flights", "RunId": ask("StartJobRun", JobName="flights")["JobRunId"]}
    assert eventually(lambda: "CompletedOn" in ask("GetJobRun", **which)["JobRun"]), (
        "the run goes on for ever"
    )
    record = ask("GetJobRun", **which)["JobRun"]
    assert (record["JobRunState"], record.get("ErrorMessage")) == (state, message)


def test_a_run_that_takes_too_long_times_out(emulators: RunningEmulators, glue: GlueCaller) -> None:
    put(emulators, SLEEPS)
    record = glue.ended(glue.job("flights"), glue.start("flights", Timeout=1))
    assert record["JobRunState"] == "TIMEOUT"
    assert record["ExecutionTime"] >= 2


def test_a_run_is_stopped_and_logs_what_it_printed_till_then(
    emulators: RunningEmulators, glue: GlueCaller
) -> None:
    put(
        emulators,
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('ending'), sys.exit(1)))\n"
        f"print('begun')\n{SLEEPS}",
    )
    run_id = glue.start(glue.job("flights"))
    assert eventually(lambda: logged(emulators, run_id) == ["begun"]), "nothing is logged while it runs"
    glue.await_state("flights", run_id, "RUNNING")
    which = {"JobName": "flights", "JobRunId": run_id}
    stopped = glue("BatchStopJobRun", JobName="flights", JobRunIds=[run_id, "jr_none"])
    assert stopped["SuccessfulSubmissions"] == [which]
    assert stopped["Errors"][0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    record = glue.await_state("flights", run_id, "STOPPED")
    assert "ErrorMessage" not in record
    assert logged(emulators, run_id) == ["begun", "ending"]
    again = glue("BatchStopJobRun", JobName="flights", JobRunIds=[run_id])
    assert again["Errors"][0]["ErrorDetail"]["ErrorCode"] == "JobRunInTerminalStateException"


def test_a_run_that_only_starts_is_stopped_too(emulators: RunningEmulators, glue: GlueCaller) -> None:
    put(emulators, SLEEPS)
    run_id = glue.start(glue.job("flights"))
    glue("BatchStopJobRun", JobName="flights", JobRunIds=[run_id])
    glue.await_state("flights", run_id, "STOPPED")


def test_more_runs_than_a_job_may_have_are_refused(emulators: RunningEmulators, glue: GlueCaller) -> None:
    put(emulators, SLEEPS)
    glue.job("flights", ExecutionProperty={"MaxConcurrentRuns": 2})
    glue.start("flights")
    glue.start("flights")
    with pytest.raises(RefusedError) as refused:
        glue.start("flights")
    assert refused.value.code == "ConcurrentRunsExceededException"
    assert refused.value.message == "Concurrent runs exceeded for flights"


def test_queued_runs_wait_for_a_place(emulators: RunningEmulators, glue: GlueCaller) -> None:
    put(emulators, SLEEPS)
    quick = put(emulators, "", "quick.py")
    glue.job("flights", JobRunQueuingEnabled=True)
    first = glue.start("flights")
    second = glue.start("flights", Arguments={"--scriptLocation": quick})
    third = glue.start("flights")
    assert glue.run("flights", second)["JobRunState"] == "WAITING"
    glue("BatchStopJobRun", JobName="flights", JobRunIds=[third])
    assert glue.run("flights", third)["JobRunState"] == "STOPPED"
    glue("BatchStopJobRun", JobName="flights", JobRunIds=[first])
    glue.await_state("flights", second, "SUCCEEDED")


def test_queued_runs_of_a_deleted_job_fail(emulators: RunningEmulators, glue: GlueCaller) -> None:
    put(emulators, SLEEPS)
    glue.job("flights", JobRunQueuingEnabled=True)
    running, queued = glue.start("flights"), glue.start("flights")
    glue("DeleteJob", JobName="flights")
    record = glue.run("flights", queued)
    assert (record["JobRunState"], record["ErrorMessage"]) == (
        "FAILED",
        "Job flights was deleted while this run waited.",
    )
    glue.await_state("flights", running, "RUNNING")


def test_runs_are_listed_newest_first_in_pages(emulators: RunningEmulators, glue: GlueCaller) -> None:
    put(emulators, "")
    glue.job("flights", ExecutionProperty={"MaxConcurrentRuns": 3})
    started = [glue.start("flights") for _ in range(3)]
    first = glue("GetJobRuns", JobName="flights", MaxResults=2)
    second = glue("GetJobRuns", JobName="flights", MaxResults=2, NextToken=first["NextToken"])
    assert [run["Id"] for run in first["JobRuns"] + second["JobRuns"]] == started[::-1]
    assert "NextToken" not in second


def test_arguments_that_are_too_long_are_refused(emulators: RunningEmulators, glue: GlueCaller) -> None:
    glue.job("flights", DefaultArguments={"--a": "x" * 200_000})
    with pytest.raises(RefusedError, match=r"InvalidInputException: .*260 KB"):
        glue.start("flights", Arguments={"--b": "x" * 70_000})


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"--a": "x\0y"}, id="NUL in a value"),
        pytest.param({"--a\0": "x"}, id="NUL in a name"),
        pytest.param({"--a": "\ud800"}, id="half a character"),
    ],
)
def test_arguments_that_are_no_text_are_refused(glue: GlueCaller, arguments: dict[str, str]) -> None:
    glue.job("flights")
    with pytest.raises(RefusedError, match=r"ValidationException: 1 validation error detected: .*'arguments"):
        glue.start("flights", Arguments=arguments)
    assert glue("GetJobRuns", JobName="flights") == {"JobRuns": []}


def test_as_long_arguments_as_are_allowed_reach_the_script(
    emulators: RunningEmulators, glue: GlueCaller
) -> None:
    put(emulators, "import sys; print(len(sys.argv[sys.argv.index('--a') + 1]))")
    run_id = glue.start(glue.job("flights"), Arguments={"--a": "x" * 260_000})
    assert glue.ended("flights", run_id)["JobRunState"] == "SUCCEEDED"
    assert logged(emulators, run_id) == ["260000"]


def test_a_flex_run_says_its_dpu_seconds(emulators: RunningEmulators, glue: GlueCaller) -> None:
    put(emulators, "import time; time.sleep(1.1)")
    record = glue.ended(glue.job("flights"), glue.start("flights", ExecutionClass="FLEX", NumberOfWorkers=2))
    assert record["DPUSeconds"] == 2 * record["ExecutionTime"] > 0


def test_twenty_runs_at_once_each_run_their_own_script(emulators: RunningEmulators, glue: GlueCaller) -> None:
    scripts = {put(emulators, f"print({number})", f"{number}/job.py"): str(number) for number in range(5)}
    glue.job("flights", ExecutionProperty={"MaxConcurrentRuns": 20})
    wanted = [*scripts] * 4

    def run(script: str) -> list[str]:
        run_id = glue.start("flights", Arguments={"--scriptLocation": script})
        assert glue.ended("flights", run_id)["JobRunState"] == "SUCCEEDED"
        return logged(emulators, run_id)

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(run, wanted)) == [[scripts[script]] for script in wanted]


def test_runs_outlive_the_emulators_but_not_as_running_ones(tmp_path: Path) -> None:
    pytest.importorskip("moto", reason="the emulators need moto, of the extra [local]")
    with running_emulators(tmp_path, "code") as emulators:
        put(emulators, SLEEPS)
        quick = put(emulators, "", "quick.py")
        glue = GlueCaller(emulators.aws_url)
        glue.job("flights", ExecutionProperty={"MaxConcurrentRuns": 2})
        done = glue.start("flights", Arguments={"--scriptLocation": quick})
        glue.ended("flights", done)
        active = glue.start("flights")
        glue.await_state("flights", active, "RUNNING")
    with running_emulators(tmp_path) as emulators:
        states = {
            run["Id"]: run["JobRunState"]
            for run in GlueCaller(emulators.aws_url)("GetJobRuns", JobName="flights")["JobRuns"]
        }
        assert states == {done: "SUCCEEDED", active: "STOPPED"}


def test_boto3_reads_the_answers(emulators: RunningEmulators) -> None:
    put(emulators, "")
    client: Any = emulators.client("glue")
    command = {"Name": "glueetl", "ScriptLocation": "s3://code/job.py"}
    client.create_job(Name="flights", Role="role", Command=command)
    run_id = client.start_job_run(JobName="flights")["JobRunId"]
    assert client.get_job_run(JobName="flights", RunId=run_id)["JobRun"]["StartedOn"].tzinfo is not None
    with pytest.raises(client.exceptions.EntityNotFoundException):
        client.get_job(JobName="none")

"""The entry scripts as processes of their own, without Spark: arguments in, a Result out."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

JOB_CODE = Path(__file__).resolve().parents[2] / "job_code"
PYTHONS = sorted(
    {
        found
        for minor in range(10, 14)
        if (found := shutil.which(f"python3.{minor}")) and "/shims/" not in found
    }
    | {str(path) for path in Path.home().glob(".pyenv/versions/3.1[0-3].*/bin/python")}
)

MAIN = """
import logging, sys

def main(month: int, note="-", **kwargs):
    logging.getLogger(__name__).info("working on month %s", month)
    if month == 13:
        raise ValueError("month 13 is not a month")
    if month == 0:
        sys.exit(0)
    return {"month": month, "note": note, "other": sorted(kwargs)}
"""
CONTEXT = """
from dataclasses import dataclass
from jobkit_runtime import AbstractJob, JobContext

@dataclass(frozen=True)
class Params:
    api_token: str
    month: int | None = None

class Show(AbstractJob[Params]):
    def execute(self, ctx):
        ctx.logger.info("in the job")
        return {
            "month": ctx.params.month, "dag": ctx.run.dag_id, "try": ctx.run.try_number,
            "start": ctx.run.data_interval_start, "stage": ctx.stage.current_stage if ctx.stage else None,
            "connection": ctx.databricks_connection_name, "token": len(ctx.params.api_token),
        }
"""
READER = """
from jobkit_runtime import AbstractJob

class Reader(AbstractJob[None]):
    def execute(self, ctx):
        ctx.read("numbers")
"""
SLOW = "import time\n\ndef main():\n    print('started', flush=True)\n    time.sleep(60)\n"
NOTIFIER = """
import json, pathlib

class ToFile:
    def __init__(self, path):
        self.path = path
    def notify(self, event):
        pathlib.Path(self.path).write_text(json.dumps(event.document()))

class Broken:
    def notify(self, event):
        raise ConnectionError("could not connect")
"""


@pytest.fixture
def lib(team_package):
    return team_package(script=MAIN, show=CONTEXT, reader=READER, slow=SLOW, notifiers=NOTIFIER)


@pytest.fixture
def envelope(contract, packed, tmp_path):
    """An Envelope like the golden one whose Result goes below tmp_path."""

    def make(**changes):
        document = {**contract("envelope-v1.json"), "result": str(tmp_path / "result.json"), **changes}
        return "--jobkit_envelope=" + packed(document)

    return make


def result_line(stdout: str) -> dict:
    (line,) = [line for line in stdout.splitlines() if line.startswith("JOBKIT_RESULT ")]
    return json.loads(line.removeprefix("JOBKIT_RESULT "))


@pytest.mark.parametrize("engine", ["local", "glue", "databricks"])
def test_a_main_function_runs_by_hand_on_every_engine_and_its_result_is_on_stdout(engine, run_script, lib):
    done = run_script(engine, "--module_name", "team.script", "--month=3", "--more", "x", lib=lib)
    assert done.returncode == 0, done.stderr
    result = result_line(done.stdout)
    assert (result["status"], result["engine"], result["code_version"]) == ("success", engine, None)
    assert result["metrics"] == {"month": 3, "note": "-", "other": ["more"]}
    assert result["run_key"].startswith("manual-")
    assert "INFO team.script: working on month 3" in done.stderr
    assert "INFO jobkit_runtime: job team.script.main, started by hand" in done.stderr
    assert "INFO jobkit_runtime: finished: success in " in done.stderr


@pytest.mark.parametrize("python", PYTHONS)
def test_the_runtime_runs_without_anything_installed_on(python, run_script, lib):
    if subprocess.run([python, "-c", ""], capture_output=True).returncode:
        pytest.skip("this interpreter does not start")
    done = run_script("local", "--module_name", "team.script", "--month", "3", lib=lib, python=python)
    assert done.returncode == 0, done.stderr
    assert result_line(done.stdout)["status"] == "success"


def test_a_failing_job_leaves_a_result_and_a_failed_process(run_script, lib):
    done = run_script("local", "--module_name", "team.script", "--month=13", lib=lib)
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("ValueError: month 13 is not a month")
    error = result_line(done.stdout)["error"]
    assert (error["stage"], error["type"]) == ("execute", "ValueError")
    assert "team/script.py" in error["trace"].splitlines()[1]


@pytest.mark.parametrize(
    ("root", "env"),
    [(".jobkit/data", {}), ("elsewhere", {"JOBKIT_DATA_ROOT": "elsewhere"})],
    ids=["below .jobkit where the job was started", "where JOBKIT_DATA_ROOT says"],
)
def test_by_hand_datasets_are(root, env, run_script, lib, tmp_path):
    folder = tmp_path / root / "numbers"
    folder.mkdir(parents=True)
    (folder / "_managed.json").write_text("{}")
    done = run_script("local", "--module_name", "team.reader", lib=lib, env=env)
    assert f"dataset numbers: nothing has been published at {folder} yet" in done.stderr


def test_exit_zero_inside_main_is_a_success(run_script, lib):
    done = run_script("local", "--module_name", "team.script", "--month=0", lib=lib)
    assert (done.returncode, result_line(done.stdout)["status"]) == (0, "success")


def test_the_envelope_reaches_the_job_and_the_values_of_its_arguments_no_log(
    run_script, lib, envelope, tmp_path, contract
):
    argv = ["--JOB_ID", "j_1", "--module_name", "team.show", "--api-token", "--hunter2", "--month", "None"]
    more = ["--databricks_connection_name", "dbx", "--current-stage", "clean", "--TempDir", "s3://x"]
    done = run_script("local", *argv, *more, envelope(arguments=["api_token", "month"]), lib=lib)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    assert result.keys() == contract("result-v1-success.json").keys()
    assert result["metrics"] == {
        "month": None,
        "dag": "flights_daily",
        "try": 2,
        "start": "2026-01-01T06:00:00+00:00",
        "stage": "clean",
        "connection": "dbx",
        "token": len("--hunter2"),
    }
    assert done.stderr.count("arguments: api_token, month\n") == 1
    assert "hunter2" not in done.stdout + done.stderr + json.dumps(result)
    assert "JOBKIT_RESULT" not in done.stdout


def test_what_glue_adds_to_argv_neither_breaks_a_job_nor_shows_in_its_log(
    run_script, lib, envelope, tmp_path
):
    added = [
        ["--job-bookmark-option", "job-bookmark-disable", "--JOB_ID", "j_x", "--enable-metrics", "true"],
        ["--enable-continuous-cloudwatch-log", "--JOB_RUN_ID", "jr_x", "--JOB_NAME", "dwh-0f3a"],
        ["--TempDir", "s3://aws-glue-temporary/x", "--extra-py-files", "s3://b/x.whl,s3://b/y.whl"],
        ["--scriptLocation", "s3://b/generic_entry.py", "--jobkit_run_key", "3f6d2c0f", "stray-positional"],
    ]
    argv = ["--module_name", "team.script", "--month", "3", envelope(arguments=["month"], engine="glue")]
    done = run_script("glue", *added[0], *added[1], *argv, *added[2], *added[3], lib=lib)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["status"], result["warnings"]) == ("success", [])
    assert result["metrics"] == {"month": 3, "note": "-", "other": []}
    logged = [word for part in added for word in part if word in done.stderr]
    assert logged == []


@pytest.mark.parametrize("module", ["show", "script"])
def test_a_secret_inside_another_value_is_shown_nowhere_even_when_it_does_not_fit(
    module, run_script, lib, envelope, tmp_path
):
    argv = ["--month", "postgres://me:hunter2@db", "--api_token", "x", "--note", '{"password": "hunter2"}']
    sent = envelope(arguments=["api_token", "month", "note"])
    done = run_script("local", "--module_name", f"team.{module}", *argv, sent, lib=lib)
    assert done.returncode == 1
    result = (tmp_path / "result.json").read_text()
    assert "arguments: month, api_token, note\n" in done.stderr
    assert "--month: what was given is not int" in json.loads(result)["error"]["message"]
    assert "hunter2" not in done.stdout + done.stderr + result


@pytest.mark.parametrize(
    ("argv", "stage", "kind"),
    [
        (["--module_name", "team.nothing"], "create", "ModuleNameError"),
        (["--module_name", "team.show", "--month", "x"], "create", "ArgumentError"),
        (["--month", "3"], "parse", "ArgumentError"),
    ],
    ids=["a wrong module", "wrong arguments", "no module"],
)
def test_a_result_is_written_even_when_a_start_has(argv, stage, kind, run_script, lib, envelope, tmp_path):
    done = run_script("local", *argv, envelope(), lib=lib)
    assert done.returncode == 1
    error = json.loads((tmp_path / "result.json").read_text())["error"]
    assert (error["stage"], error["type"]) == (stage, kind)


def test_a_malformed_envelope_fails_with_its_result_on_stdout(run_script, lib):
    done = run_script("local", "--module_name", "team.script", "--jobkit_envelope=xyz", lib=lib)
    assert done.returncode == 1
    result = result_line(done.stdout)
    assert (result["module_name"], result["error"]["type"]) == ("team.script", "EnvelopeError")


def test_a_notifier_of_ones_own_is_told(run_script, lib, envelope, tmp_path):
    told = tmp_path / "told.json"
    notifier = {"class": "team.notifiers:ToFile", "settings": {"path": str(told)}}
    done = run_script(
        "local", "--module_name", "team.script", "--month", "3", envelope(notifier=notifier), lib=lib
    )
    assert done.returncode == 0, done.stderr
    event = json.loads(told.read_text())
    assert (event["job"], event["status"], event["dag_id"]) == ("team.script", "success", "flights_daily")


def test_a_failing_notifier_is_a_warning_and_the_job_a_success(run_script, lib, envelope, tmp_path):
    notifier = {"class": "team.notifiers:Broken", "settings": {}}
    argv = ["--module_name", "team.script", "--month", "3", "--notification_service_type", "MINE"]
    done = run_script("local", *argv, envelope(notifier=notifier), lib=lib)
    assert done.returncode == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["status"] == "success"
    assert result["warnings"] == ["notification MINE failed: ConnectionError: could not connect"]


def test_a_terminated_job_says_so_in_its_result(lib, envelope, tmp_path):
    script = JOB_CODE / "scripts" / "local" / "generic_entry.py"
    argv = [sys.executable, str(script), "--module_name", "team.slow", envelope(arguments=[])]
    with subprocess.Popen(
        argv, env={"PYTHONPATH": f"{JOB_CODE}:{lib}"}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as job:
        assert job.stdout is not None
        job.stdout.readline()
        job.send_signal(signal.SIGTERM)
        assert job.wait(20) == 143
    assert json.loads((tmp_path / "result.json").read_text())["error"]["type"] == "SystemExit"


def test_a_job_ends_with_its_lifeline_and_reports_nothing_any_more(lib, envelope, tmp_path):
    script = JOB_CODE / "scripts" / "local" / "generic_entry.py"
    argv = [sys.executable, str(script), "--module_name", "team.slow", envelope(arguments=[])]
    env = {"PYTHONPATH": f"{JOB_CODE}:{lib}", "JOBKIT_LIFELINE": "1"}
    with subprocess.Popen(
        argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as job:
        assert job.stdin is not None
        assert job.stdout is not None
        job.stdout.readline()
        time.sleep(0.2)
        assert job.poll() is None
        job.stdin.close()
        assert job.wait(20) == 143
    assert not (tmp_path / "result.json").exists()


def test_with_its_lifeline_ends_whatever_the_job_has_started(team_package, envelope):
    lib = team_package(
        parent="import subprocess, sys, time\n\n"
        "def main():\n"
        "    child = subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)\n"
        "    print(child.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    script = JOB_CODE / "scripts" / "local" / "generic_entry.py"
    with subprocess.Popen(
        [sys.executable, str(script), "--module_name", "team.parent", envelope(arguments=[])],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{JOB_CODE}:{lib}", "JOBKIT_LIFELINE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as job:
        assert job.stdin is not None
        assert job.stdout is not None
        child = int(job.stdout.readline())
        job.stdin.close()
        assert job.wait(20) == -signal.SIGKILL
    deadline = time.monotonic() + 10
    while _runs(child):
        assert time.monotonic() < deadline, "the child outlived the job"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    """Whether a process is there and has not ended; one that nobody has waited for yet has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_nothing_heavy_is_imported_before_a_job_asks_for_it():
    heavy = {"pyspark", "boto3", "py4j", "pandas", "asyncio", "urllib.request"}
    code = f"import sys, jobkit_runtime.entry; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(JOB_CODE)}, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr

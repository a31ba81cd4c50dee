"""`jobkit emulate` serves as long as it is wanted, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytest.importorskip("moto", reason="the emulators need moto, of the extra [local]")
pytest.importorskip("flask_cors", reason="the emulators need moto's server, of the extra [local]")

from emulators import await_file, emulators_process, start_emulate
from glue_caller import GlueCaller

NAMED = {
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AIRFLOW_CONN_DATABRICKS_DEFAULT",
    "AIRFLOW_CONN_DATABRICKS_CONSUMER",
}


def ended(folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = start_emulate(
        folder,
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


def await_gone(*pids: int) -> None:
    deadline = time.monotonic() + 30
    while any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids):
        assert time.monotonic() < deadline, f"one of {pids} still runs"
        time.sleep(0.05)


def test_a_command_reaches_the_emulators_and_gives_the_exit_code(tmp_path: Path) -> None:
    code = (
        "import json, os, sys, urllib.request\n"
        "urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/_jobkit/calls')\n"
        "print(json.dumps([sys.argv[1:], dict(os.environ)]))\n"
        "sys.exit(7)"
    )
    exit_code, output, errors = ended(tmp_path, "--", sys.executable, "-c", code, "--help", "--", "x")
    assert exit_code == 7, errors
    arguments, variables = json.loads(output)
    assert arguments == ["--help", "--", "x"]
    assert variables.keys() >= NAMED
    connection = json.loads(variables["AIRFLOW_CONN_DATABRICKS_CONSUMER"])
    assert (connection["conn_type"], connection["host"], connection["schema"]) == (
        "databricks",
        "127.0.0.1",
        "http",
    )


def test_the_airflow_connection_leads_to_the_emulated_databricks(tmp_path: Path) -> None:
    base = pytest.importorskip("airflow.providers.databricks.hooks.databricks_base")
    from airflow.models import Connection

    with emulators_process(tmp_path) as emulators:
        connection = Connection.from_json(emulators.variables["AIRFLOW_CONN_DATABRICKS_DEFAULT"])
        hook = base.BaseDatabricksHook()
        hook.databricks_conn = connection
        assert hook._endpoint_url("api/2.2/jobs/runs/list") == (  # noqa: SLF001 - no public member says it
            f"{emulators.databricks_url}/api/2.2/jobs/runs/list"
        )


def test_buckets_of_options_and_of_yaml_files_are_made(tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "jobkit.yaml").write_text(
        "project: dwh\ncode: {root: 's3://code-bucket/prefix'}\n"
        "environments: {dev: {data: {root: 's3a://data-bucket'}}, broken: {none: '{{ s3://no-bucket/x }}'}}\n"
    )
    (dags / "flights.yaml").write_text("flights: {tasks: {a: {args: ['s3://task-bucket/x', 3]}}}\n")
    (dags / "wrong.yaml").write_text("{")
    ready = tmp_path / "ready.json"
    exit_code, output, errors = ended(
        tmp_path,
        "--dags",
        str(dags),
        "--bucket=mine",
        "--ready-file",
        str(ready),
        "--",
        "ls",
        f"{tmp_path}/s3",
    )
    assert (exit_code, output.split()) == (0, ["code-bucket", "data-bucket", "mine", "task-bucket"]), errors


@pytest.mark.parametrize("option", ["--aws-port", "--databricks-port"])
def test_a_port_that_is_in_use_is_said(tmp_path: Path, option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        exit_code, _, errors = ended(tmp_path, option, str(port), "--", "true")
    assert exit_code == 1
    assert errors == (
        f"jobkit: port {port} of 127.0.0.1 cannot be used (Address already in use); end what uses it, or "
        f"choose another with {option}\n"
    )


def test_a_folder_that_other_emulators_use_is_refused(tmp_path: Path) -> None:
    with emulators_process(tmp_path):
        exit_code, _, errors = ended(tmp_path, "--", "true")
    assert exit_code == 1
    assert f"other emulators use {tmp_path}; stop them" in errors


def test_a_command_that_does_not_exist_is_said(tmp_path: Path) -> None:
    exit_code, _, errors = ended(tmp_path, "--", "no-such-command")
    assert exit_code == 1
    assert "cannot start no-such-command: No such file or directory" in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_the_emulators_and_every_job(tmp_path: Path, number: signal.Signals) -> None:
    ready, pids = tmp_path / "ready.json", tmp_path / "pids.json"
    screen = tmp_path / "screen"
    with screen.open("w") as stdout:
        process = start_emulate(tmp_path, "--bucket=code", "--ready-file", ready, stdout=stdout)
        url = await_file(ready, process)["aws_url"]
        script = tmp_path / "s3" / "code" / "job.py"
        script.write_text(
            "import json, os, pathlib, subprocess, time\n"
            "child = subprocess.Popen(['sleep', '600'])\n"
            f"file = pathlib.Path({str(pids)!r})\n"
            "file.with_name('x').write_text(json.dumps([os.getpid(), child.pid]))\n"
            "file.with_name('x').rename(file)\n"
            "time.sleep(600)\n"
        )
        glue = GlueCaller(url)
        glue.start(glue.job("flights"))
        jobs = await_file(pids, process)
        process.send_signal(number)
        assert process.wait(60) == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    await_gone(*jobs)
    assert f"export AWS_ENDPOINT_URL={url}\n" in screen.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_too(tmp_path: Path, number: signal.Signals) -> None:
    pids = tmp_path / "pids.json"
    code = (
        "import json, os, pathlib, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        f"file = pathlib.Path({str(pids)!r})\n"
        "file.with_name('x').write_text(json.dumps([os.getpid(), child.pid]))\n"
        "file.with_name('x').rename(file)\n"
        "time.sleep(600)\n"
    )
    process = start_emulate(tmp_path, "--", sys.executable, "-c", code, start_new_session=True)
    started = await_file(pids, process)
    # As a terminal does on Ctrl-C: to all at once.
    os.killpg(process.pid, number)
    assert process.wait(60) == 128 + number
    await_gone(*started)


def test_it_needs_no_airflow(tmp_path: Path) -> None:
    code = (
        "import sys, os\n"
        "from airflow_jobkit.cli import main\n"
        f"main(['emulate', '--data', {str(tmp_path)!r}, '--dags', {str(tmp_path)!r}, '--', 'true'])\n"
        "print([name for name in ('airflow', 'pyspark', 'jobkit_runtime') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert found.stdout == "[]\n", found.stderr


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "moto.py").write_text("raise ImportError('No module named moto')")
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from airflow_jobkit.cli import main\n"
        f"sys.exit(main(['emulate', '--data', {str(tmp_path)!r}, '--dags', {str(tmp_path)!r}]))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[3]
    )
    assert found.returncode == 1
    assert "pip install 'airflow-jobkit[local]'" in found.stderr

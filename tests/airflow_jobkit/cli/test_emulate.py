"""`jobkit emulate` serves as long as it is wanted, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

pytest.importorskip("moto", reason="the emulators need moto, of the extra [local]")
pytest.importorskip("flask_cors", reason="the emulators need moto's server, of the extra [local]")

from emulators import await_file, emulate_command, emulate_variables, emulating, emulators_process
from executing import eventually, runs
from glue_caller import GlueCaller
from processes import finished

NAMED = {
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AIRFLOW_CONN_DATABRICKS_DEFAULT",
    "AIRFLOW_CONN_DATABRICKS_CONSUMER",
}
STARTS_ANOTHER = """
import json, os, pathlib, subprocess, time
file = pathlib.Path({file!r})
child = subprocess.Popen(["sleep", "600"], start_new_session={own_session})
file.with_name("x").write_text(json.dumps([os.getpid(), child.pid]))
file.with_name("x").rename(file)
time.sleep(600)
"""


def ended(folder: Path, *arguments: str) -> tuple[int, str, str]:
    found = finished(emulate_command(folder, *arguments), env=emulate_variables())
    return found.returncode, found.stdout, found.stderr


def starts_another(file: Path, *, own_session: bool) -> str:
    """A script that starts a process, tells both ids in a file, and does not end."""
    return STARTS_ANOTHER.format(file=str(file), own_session=own_session)


def assert_gone(*pids: int) -> None:
    assert eventually(lambda: not any(map(runs, pids))), f"one of {pids} still runs"


def test_a_command_reaches_the_emulators_and_gives_the_exit_code(tmp_path: Path) -> None:
    code = (
        "import json, os, sys, urllib.request\n"
        "urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'] + '/_jobkit/calls')\n"
        "print(json.dumps([sys.argv[1:], dict(os.environ)]))\n"
        "sys.exit(7)"
    )
    ready = tmp_path / "ready.json"
    command = ["--", sys.executable, "-c", code, "--help", "--", "x"]
    exit_code, output, errors = ended(tmp_path, f"--ready-file={ready}", *command)
    assert exit_code == 7, errors
    emulators = json.loads(ready.read_text())
    arguments, variables = json.loads(output)
    assert arguments == ["--help", "--", "x"]
    assert variables["AWS_ENDPOINT_URL"] == emulators["aws_url"]
    assert {name: variables.get(name) for name in NAMED} == {
        name: emulators["variables"][name] for name in NAMED
    }
    connection = json.loads(variables["AIRFLOW_CONN_DATABRICKS_CONSUMER"])
    assert connection["conn_type"] == "databricks"
    assert (
        f"{connection['schema']}://{connection['host']}:{connection['port']}" == emulators["databricks_url"]
    )


def test_the_emulators_of_a_test_get_nothing_that_leads_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AIRFLOW__CORE__FERNET_KEY", "JOBKIT_ENV"):
        monkeypatch.setenv(name, "of-the-caller")
    monkeypatch.setenv("JOBKIT_SPARK_PYTHON", os.environ.get("JOBKIT_SPARK_PYTHON") or sys.executable)
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    _, output, errors = ended(tmp_path, "--", sys.executable, "-c", code)
    assert "of-the-caller" not in output, errors
    assert json.loads(output)["JOBKIT_SPARK_PYTHON"] == os.environ["JOBKIT_SPARK_PYTHON"]


def test_the_emulators_of_a_test_are_ended_whatever_they_do(tmp_path: Path) -> None:
    pids = tmp_path / "pids.json"
    code = starts_another(pids, own_session=True)
    with emulating(tmp_path, "--", sys.executable, "-c", code, seconds=0.1) as process:
        started = await_file(pids, process)
        process.send_signal(signal.SIGSTOP)  # it cannot even be asked to end
    assert process.returncode == -signal.SIGKILL
    assert_gone(*started)


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
    exit_code, output, errors = ended(
        tmp_path, "--dags", str(dags), "--bucket=mine", "--", "ls", f"{tmp_path}/s3"
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
    options = ["--bucket=code", f"--ready-file={ready}"]
    with screen.open("w") as stdout, emulating(tmp_path, *options, stdout=stdout) as process:
        url = await_file(ready, process)["aws_url"]
        script = tmp_path / "s3" / "code" / "job.py"
        script.write_text(starts_another(pids, own_session=False))
        glue = GlueCaller(url)
        glue.start(glue.job("flights"))
        jobs = await_file(pids, process)
        process.send_signal(number)
        assert process.wait(60) == (-signal.SIGKILL if number == signal.SIGKILL else 0)
        assert_gone(*jobs)
    assert f"export AWS_ENDPOINT_URL={url}\n" in screen.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_too(tmp_path: Path, number: signal.Signals) -> None:
    pids = tmp_path / "pids.json"
    code = starts_another(pids, own_session=True)
    with emulating(tmp_path, "--", sys.executable, "-c", code) as process:
        started = await_file(pids, process)
        # As a terminal does on Ctrl-C: to all at once.
        os.killpg(process.pid, number)
        assert process.wait(60) == 128 + number
        assert_gone(*started)


def test_it_needs_no_airflow(tmp_path: Path) -> None:
    code = (
        "import sys, os\n"
        "from airflow_jobkit.cli import main\n"
        f"main(['emulate', '--data', {str(tmp_path)!r}, '--dags', {str(tmp_path)!r}, '--', 'true'])\n"
        "print([name for name in ('airflow', 'pyspark', 'jobkit_runtime') if name in sys.modules])"
    )
    found = finished([sys.executable, "-c", code], cwd=Path(__file__).parents[3])
    assert found.stdout == "[]\n", found.stderr


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "moto.py").write_text("raise ImportError('No module named moto')")
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "from airflow_jobkit.cli import main\n"
        f"sys.exit(main(['emulate', '--data', {str(tmp_path)!r}, '--dags', {str(tmp_path)!r}]))"
    )
    found = finished([sys.executable, "-c", code], cwd=Path(__file__).parents[3])
    assert found.returncode == 1
    assert "pip install 'airflow-jobkit[local]'" in found.stderr

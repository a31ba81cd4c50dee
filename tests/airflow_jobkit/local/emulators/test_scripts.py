"""Scripts are really run, with what their service would give them and nothing else, and end whole."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from executing import eventually, runs

from airflow_jobkit.local.emulators.scripts import (
    ObjectMissingError,
    RunningScript,
    Script,
    ScriptEnd,
    ScriptError,
    ScriptRunner,
)

ROOT = Path(__file__).parents[4]


class Objects:
    """A store of objects by URL."""

    def __init__(self) -> None:
        self.by_url: dict[str, bytes] = {}

    def read(self, url: str) -> bytes | None:
        return self.by_url.get(url)


class Ends:
    """Where a script's end is told."""

    def __init__(self) -> None:
        self.all: list[ScriptEnd] = []
        self._told = threading.Event()

    def __call__(self, end: ScriptEnd) -> None:
        self.all.append(end)
        self._told.set()

    def first(self) -> ScriptEnd:
        assert self._told.wait(60), "the script's end was not told"
        return self.all[0]


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture
def runner(tmp_path: Path, objects: Objects) -> ScriptRunner:
    return ScriptRunner(tmp_path / "runs", objects.read)


@pytest.fixture
def run(runner: ScriptRunner, objects: Objects) -> Callable[..., ScriptEnd]:
    """Run the text of a script to its end."""

    def run_text(text: str, **script: object) -> ScriptEnd:
        objects.by_url["s3://code/folder/job.py"] = text.encode()
        ends = Ends()
        arguments = {"arguments": (), **script}
        runner.start("run", Script("s3://code/folder/job.py", **arguments), ends)
        return ends.first()

    return run_text


def wheel(name: str = "parts", version: str = "1") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"{name}/__init__.py", f"VERSION = {version!r}\n")
        archive.writestr(f"{name}-{version}.dist-info/METADATA", f"Name: {name}\nVersion: {version}\n")
    return content.getvalue()


def started(
    runner: ScriptRunner, tmp_path: Path, text: str, on_end: Callable[[ScriptEnd], None]
) -> RunningScript:
    file = tmp_path / "job.py"
    file.write_text(text)
    return runner.start("run", Script(str(file), ()), on_end)


def await_text(file: Path) -> str:
    assert eventually(lambda: file.exists() and file.read_text()), f"nothing in {file}"
    return file.read_text()


def assert_gone(*pids: int) -> None:
    assert eventually(lambda: not any(map(runs, pids))), f"one of {pids} still runs"


def test_a_script_runs_as_main_with_its_own_name_and_arguments(run: Callable[..., ScriptEnd]) -> None:
    end = run(
        "import json, sys, pathlib\n"
        "name = pathlib.Path(sys.argv[0]).name\n"
        "print(json.dumps([__name__, name, sys.argv[1:], sys.path[0] in __file__]))\n"
        "print('oops', file=sys.stderr)",
        arguments=("--name", "a b", ""),
    )
    assert json.loads(end.output) == ["__main__", "job.py", ["--name", "a b", ""], True]
    assert (end.exit_code, end.stopped, end.errors, end.error) == (0, False, "oops\n", None)


def test_an_argument_may_be_longer_than_a_word_of_a_command_and_nobody_else_sees_it(
    run: Callable[..., ScriptEnd],
) -> None:
    text = (
        "import sys\n"
        "command = open('/proc/self/cmdline').read() if sys.platform == 'linux' else str(sys.orig_argv)\n"
        "print(len(sys.argv[1]), sys.argv[2], sys.argv[2] in command)"
    )
    assert run(text, arguments=("x" * 260_000, "top-secret")).output == "260000 top-secret False\n"


def test_an_exception_is_shown_as_python_shows_it_and_told_with_its_line(
    run: Callable[..., ScriptEnd],
) -> None:
    end = run("def job():\n    raise ValueError('no month 13')\n\njob()\n")
    assert end.exit_code == 1
    assert end.error == ScriptError("ValueError", "no month 13", 2, None)
    assert "launcher" not in end.errors
    assert "runpy" not in end.errors
    assert end.errors.endswith("ValueError: no month 13\n")


@pytest.mark.parametrize(
    ("text", "exit_code", "error"),
    [
        pytest.param("import sys; sys.exit(3)", 3, ScriptError("SystemExit", "3", 1, 3), id="a number"),
        pytest.param(
            "import sys; sys.exit('no')", 1, ScriptError("SystemExit", "no", 1, None), id="a message"
        ),
        pytest.param("import sys; sys.exit()", 0, None, id="nothing"),
        pytest.param("import os; os._exit(4)", 4, None, id="no exception at all"),
        pytest.param("import os; os.kill(os.getpid(), 9)", -9, None, id="a signal"),
    ],
)
def test_a_script_that_exits_by(
    run: Callable[..., ScriptEnd], text: str, exit_code: int, error: ScriptError | None
) -> None:
    end = run(text)
    assert (end.exit_code, end.error) == (exit_code, error)


@pytest.mark.parametrize(
    ("unpack", "form"),
    [
        pytest.param(False, "parts-1-py3-none-any.whl/parts", id="stands on sys.path as a zip file"),
        pytest.param(True, "installed/parts", id="is installed"),
    ],
)
def test_a_wheel(run: Callable[..., ScriptEnd], objects: Objects, unpack: bool, form: str) -> None:
    location = "s3://code/wheels/parts-1-py3-none-any.whl"
    objects.by_url[location] = wheel()
    end = run(
        "import parts, importlib.metadata\n"
        "print(parts.__file__, parts.VERSION, importlib.metadata.version('parts'))",
        wheels=(location,),
        unpack_wheels=unpack,
    )
    assert form in end.output, end.errors
    assert end.output.endswith(" 1 1\n")


@pytest.mark.parametrize("absent", ["s3://code/none.py", "/nowhere/none.py"])
def test_a_script_that_is_not_there_does_not_start(runner: ScriptRunner, absent: str) -> None:
    with pytest.raises(ObjectMissingError) as refused:
        runner.start("run", Script(absent, ()), Ends())
    assert refused.value.location == absent


def test_a_wheel_that_is_not_there_stops_the_start(runner: ScriptRunner, objects: Objects) -> None:
    objects.by_url["s3://code/job.py"] = b""
    with pytest.raises(ObjectMissingError, match=r"s3://code/none\.whl"):
        runner.start("run", Script("s3://code/job.py", (), ("s3://code/none.whl",)), Ends())


def test_a_job_sees_nothing_of_whoever_started_the_emulators(
    tmp_path: Path, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = {
        "AIRFLOW__CORE__FERNET_KEY": "x",
        "AIRFLOW_CONN_AWS_DEFAULT": "x",
        "AWS_PROFILE": "mine",
        "AWS_SECRET_ACCESS_KEY": "real",
        "JOBKIT_DATA_ROOT": "x",
        "PYTHONPATH": "/mine",
        "SPARK_HOME": "/mine",
    }
    for name, value in hidden.items():
        monkeypatch.setenv(name, value)
    objects.by_url["s3://code/job.py"] = b"import json, os; print(json.dumps(dict(os.environ)))"
    runner = ScriptRunner(tmp_path, objects.read, variables={"AWS_SECRET_ACCESS_KEY": "local"})
    ends = Ends()
    runner.start("run", Script("s3://code/job.py", (), variables={"ENV": "dev"}), ends)
    seen = json.loads(ends.first().output)
    assert {name: seen.get(name) for name in hidden} == {
        **dict.fromkeys(hidden),
        "AWS_SECRET_ACCESS_KEY": "local",
        "PYTHONPATH": "",
    }
    assert seen["ENV"] == "dev"
    assert seen["PYSPARK_PYTHON"] == (os.environ.get("JOBKIT_SPARK_PYTHON") or sys.executable)


def test_stopping_ends_a_script_and_what_it_started_even_where_they_refuse(
    runner: ScriptRunner, tmp_path: Path
) -> None:
    ends = Ends()
    running = started(
        runner,
        tmp_path,
        "import pathlib, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"  # which what it starts inherits
        "child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n",
        ends,
    )
    child = int(await_text(tmp_path / "pid"))
    began = time.monotonic()
    running.stop()
    running.stop()
    assert time.monotonic() - began < 1
    end = ends.first()
    assert (end.exit_code, end.stopped) == (-signal.SIGKILL, True)
    assert_gone(child)
    assert running.wait(60)
    assert len(ends.all) == 1


def test_a_script_that_is_stopped_may_end_by_itself(runner: ScriptRunner, tmp_path: Path) -> None:
    ends = Ends()
    text = f"import pathlib, time\npathlib.Path({str(tmp_path / 'up')!r}).write_text('1')\ntime.sleep(600)"
    running = started(runner, tmp_path, text, ends)
    await_text(tmp_path / "up")
    running.stop()
    assert (ends.first().exit_code, ends.first().stopped) == (-signal.SIGTERM, True)


def test_stopping_after_the_end_does_not_change_how_it_ended(runner: ScriptRunner, tmp_path: Path) -> None:
    ends = Ends()
    running = started(runner, tmp_path, "print('done')", ends)
    end = ends.first()
    running.stop()
    assert (end.exit_code, end.stopped, end.output) == (0, False, "done\n")


def test_closing_stops_all_and_lets_none_start(runner: ScriptRunner, tmp_path: Path) -> None:
    ends = Ends()
    started(runner, tmp_path, "import time; time.sleep(600)", ends)
    runner.close()
    assert ends.first().stopped
    with pytest.raises(OSError, match="being stopped"):
        started(runner, tmp_path, "", ends)


def test_two_runs_of_one_name_have_a_folder_each(runner: ScriptRunner, tmp_path: Path) -> None:
    first, second = Ends(), Ends()
    one = started(runner, tmp_path, "print(1)", first)
    two = started(runner, tmp_path, "print(2)", second)
    assert (first.first().output, second.first().output) == ("1\n", "2\n")
    assert one.folder != two.folder


_PARENT = """
import sys, time
from pathlib import Path
from airflow_jobkit.local.emulators.scripts import Script, ScriptRunner
runner = ScriptRunner(Path(sys.argv[1]), lambda url: None)
runner.start("run", Script(sys.argv[2], ()), print)
time.sleep(600)
"""


def test_a_script_does_not_outlive_emulators_that_are_killed(tmp_path: Path) -> None:
    job = tmp_path / "job.py"
    job.write_text(
        "import os, pathlib, subprocess, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"file = pathlib.Path({str(tmp_path / 'pids')!r})\n"
        "file.with_name('x').write_text(f'{os.getpid()} {child.pid}')\n"
        "file.with_name('x').rename(file)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, tmp_path / "runs", job], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        pids = await_text(tmp_path / "pids").split()
    finally:
        parent.kill()
        parent.wait()
    assert_gone(*map(int, pids))


@pytest.mark.parametrize("module", ["scripts", "server", "glue.app", "places"])
def test_the_emulators_import_nothing_of_airflow_or_spark(module: str) -> None:
    names = ["airflow", "pyspark", "jobkit_runtime", "moto", "boto3", "botocore", "werkzeug"]
    code = (
        f"import sys, airflow_jobkit.local.emulators.{module}\n"
        f"print([name for name in {names} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert found.stdout == "[]\n", found.stderr

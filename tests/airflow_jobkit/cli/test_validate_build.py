"""`jobkit validate --build` builds in a process of its own, and survives what a DAG's modules do there."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
import pytest
from files import Write

from airflow_jobkit.cli import main
from airflow_jobkit.local import build_process

AIRFLOW = version("apache-airflow")

OPERATORS = """
    import os, sys
    from airflow_jobkit._compat import BaseOperator

    print("the team's module is imported")
    print("also on standard error", file=sys.stderr)
    assert os.environ["JOBKIT_ENV"] == "local"

    class Copy(BaseOperator):
        def __init__(self, *, source, **kwargs):
            super().__init__(**kwargs)
            print("a task is made")

    def double(number, factor=2):
        return number * factor
"""
ABSENT = "module 'team_operators' has no attribute"
JOBKIT = [sys.executable, "-m", "airflow_jobkit.cli", "validate", "dags", "--env", "local", "--build"]


@pytest.fixture
def team(project: Write) -> Write:
    """A project that allows the module `team_operators`, which lies in its DAGs folder."""
    project(
        "dags/jobkit.yaml",
        """\
        project: dwh
        code: {version: 1.0.0}
        operators: {allow: [team_operators., bad_]}
        environments: {local: {}, dev: {}}
        """,
    )
    project("dags/team_operators.py", OPERATORS)
    return project


def said_of(document: dict[str, Any]) -> list[str]:
    return [f"{one['file']}:{one['line']} {one['where']}: {one['message']}" for one in document["problems"]]


def test_good_dags_are_counted_and_the_summary_names_airflows_version(
    team: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What modules print is not mixed in, and nothing is left behind in the project."""
    team("dags/copy.yaml", "copy: {tasks: {a: {operator: team_operators.Copy, source: b}}}\n")
    before = {path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts}
    assert main(["validate", "dags", "--env", "local", "--build"]) == 0
    said = capfd.readouterr()
    assert said.out.splitlines()[0] == (
        f"no problems: 2 DAGs in 2 files, checked and built with Airflow {AIRFLOW} for the environment local"
    )
    assert said.err == ""
    assert {path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts} == before


def test_what_only_building_shows_comes_on_top_of_the_rest(
    team: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    team(
        "dags/bad.yaml",
        """\
        static:
          colour: blue
          tasks: {a: {operator: team_operators.Copy, source: b}}
        built:
          tasks:
            a: {operator: team_operators.Copy, sorce: b}
            b: {operator: team_operators.Cpy}
        """,
    )
    assert main(["validate", "dags", "--env", "local", "--build", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert said_of(document) == [
        "dags/bad.yaml:2 static.colour: unknown key",
        "dags/bad.yaml:6 built.tasks.a.sorce: Copy has no argument 'sorce'",
        f"dags/bad.yaml:7 built.tasks.b.operator: no team_operators.Cpy: {ABSENT} 'Cpy'",
    ]
    assert (document["dags"], document["airflow"]) == (1, AIRFLOW)


def test_of_one_file_a_dag_whose_id_another_file_keeps_is_not_built(
    team: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    team("dags/flights.yaml", "flights: {tasks: {a: {operator: team_operators.Copy, source: b}}}\n")
    team("dags/more.yaml", "flights: {tasks: {a: {operator: team_operators.Absent}}}\nbad: {}\n")
    command = ["validate", "dags/more.yaml", "--env", "local", "--build", "--format", "json"]
    assert main(command) == 1
    document = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in document["problems"]] == ["duplicate-dag", "no-tasks"]


def test_a_default_that_no_task_takes_is_a_warning_and_no_problem(
    team: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """Airflow takes such a DAG, and files of other factories have them; the DAG is good."""
    team("dags/defaults.yaml", "default_args: {of_the_folder: for some DAGs alone}\n")
    team(
        "dags/copy.yaml",
        """\
        default: {default_args: {factor: 3, of_the_file: 1}}
        copy:
          default_args: {source: a, colour: red}
          tasks: {a: {operator: team_operators.Copy}}
          task_groups:
            group:
              default_args: {source: a, shape: round}
              tasks: {a: {operator: team_operators.Copy}}
        double:
          tasks:
            a: {decorator: airflow.sdk.task, python_callable: team_operators.double, number: 2}
        """,
    )
    assert main(["validate", "dags", "--env", "local", "--build"]) == 0
    warnings = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: ")]
    said = "no task takes this default; correct its name, or take it out"
    assert warnings == [
        f"warning: dags/copy.yaml:1:37 default.default_args.of_the_file: {said}",
        f"warning: dags/copy.yaml:3:29 copy.default_args.colour: {said}",
        f"warning: dags/copy.yaml:7:33 copy.task_groups.group.default_args.shape: {said}",
    ]


def test_a_default_that_a_function_by_file_takes_is_no_warning(
    team: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    team(
        "dags/flights.yaml",
        """\
        flights:
          default_args: {factor: 2, colour: red}
          tasks:
            a:
              decorator: airflow.decorators.task
              python_callable_file: dags/team_operators.py
              python_callable_name: double
              number: 1
        """,
    )
    assert main(["validate", "dags", "--env", "local", "--build"]) == 0
    said = "".join(capsys.readouterr())
    assert "colour" in said
    assert "factor" not in said


def test_dags_that_end_their_process_or_never_end_leave_the_others_alone(
    team: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    modules = {
        "exits": "import os\nos._exit(7)\n",
        "hangs": "import time\nwhile True: time.sleep(60)\n",
        "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n",
        "leaves": "import sys\nsys.exit('no licence')\n",
        "raises": "raise BaseException('of no kind')\n",
    }
    for name, text in modules.items():
        team(f"dags/bad_{name}.py", text)
        team(f"dags/{name}.yaml", f"{name}:\n  tasks:\n    a: {{operator: bad_{name}.Operator}}\n")
    team("dags/zebra.yaml", "zebra: {tasks: {a: {operator: team_operators.Copy}}}\n")
    assert main(["validate", "dags", "--env", "local", "--build", "--timeout", "8", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert said_of(document) == [
        "dags/exits.yaml:1 exits: while this DAG was built, its process ended with exit code 7",
        "dags/hangs.yaml:1 hangs: while this DAG was built, nothing happened for 8 seconds",
        "dags/killed.yaml:1 killed: while this DAG was built, its process ended with signal 11, SIGSEGV",
        "dags/leaves.yaml:3 leaves.tasks.a.operator: bad_leaves cannot be imported: SystemExit: no licence",
        "dags/raises.yaml:1 raises: the DAG cannot be built: BaseException: of no kind",
        "dags/zebra.yaml:1 zebra.tasks.a: Copy cannot do without 'source'",
    ]
    assert [one["code"] for one in document["problems"][:3]] == [
        "build-ended",
        "build-timeout",
        "build-ended",
    ]
    assert document["dags"] == 1


def test_ctrl_c_ends_the_process_and_what_that_has_started(team: Write, tmp_path: Path) -> None:
    team(
        "dags/bad_hangs.py",
        """\
        import os, pathlib, subprocess, time
        started = subprocess.Popen(["sleep", "300"])
        pathlib.Path("pids").write_text(f"{os.getpid()} {started.pid} .")
        time.sleep(300)
        """,
    )
    team("dags/hangs.yaml", "hangs: {tasks: {a: {operator: bad_hangs.Operator}}}\n")
    command = subprocess.Popen(JOBKIT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    pids = tmp_path / "pids"
    wait_until(lambda: pids.exists() and pids.read_text().endswith("."))
    command.send_signal(signal.SIGINT)
    out, err = command.communicate(timeout=30)
    assert (command.returncode, out, err) == (130, "", "jobkit: stopped\n")
    wait_until(lambda: not any(map(runs, pids.read_text().split()[:2])))


def test_the_process_ends_by_itself_where_whoever_started_it_was_killed(team: Write, tmp_path: Path) -> None:
    team(
        "dags/bad_hangs.py",
        """\
        import os, pathlib, time
        pathlib.Path("pids").write_text(f"{os.getpid()} .")
        while True: pass
        """,
    )
    team("dags/hangs.yaml", "hangs: {tasks: {a: {operator: bad_hangs.Operator}}}\n")
    command = subprocess.Popen([*JOBKIT, "--timeout", "2"])
    pids = tmp_path / "pids"
    wait_until(lambda: pids.exists() and pids.read_text().endswith("."))
    command.kill()
    command.wait()
    wait_until(lambda: not runs(pids.read_text().split()[0]))


def wait_until(is_so: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def runs(pid: str) -> bool:
    try:
        return psutil.Process(int(pid)).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_an_airflow_that_does_not_start_is_an_error_with_what_it_said(
    team: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    team("broken/airflow.py", "raise RuntimeError('this Airflow is broken')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    assert main(["validate", "dags", "--env", "local", "--build"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("jobkit: Airflow does not start: its process ended with exit code 1\n")
    assert said.err.endswith("RuntimeError: this Airflow is broken\n")


def test_without_airflow_the_error_says_what_to_install(
    team: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(build_process, "version", absent)
    assert main(["validate", "dags", "--build"]) == 1
    assert capsys.readouterr().err == (
        f"jobkit: --build needs Airflow, and {sys.executable} has none; install apache-airflow there, or "
        "leave --build out\n"
    )


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "inf", "nan"])
def test_a_timeout_that_is_no_number_of_seconds_is_refused(
    seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["validate", "--build", "--timeout", seconds])
    assert caught.value.code == 2
    assert "write one above 0, such as 60" in capsys.readouterr().err


def test_after_ten_dags_that_end_their_process_the_others_are_left(
    team: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build_process, "_MOST_ENDS", 2)
    team("dags/bad_exits.py", "import os\nos._exit(0)\n")
    for number in range(5):
        team(f"dags/d{number}.yaml", f"d{number}: {{tasks: {{a: {{operator: bad_exits.Operator}}}}}}\n")
    team("dags/flights.yaml", "a_flight: {tasks: {a: {operator: team_operators.Copy, source: a}}}\n")
    assert main(["validate", "dags", "--env", "local", "--build", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert said_of(document) == [
        "dags/d0.yaml:1 d0: while this DAG was built, its process ended with exit code 0",
        "dags/d1.yaml:1 d1: while this DAG was built, its process ended with exit code 0",
        "dags/d2.yaml:1 d2: 4 DAGs not built, after 2 that ended their process",
    ]


def test_how_many_dags_are_built_is_shown_to_a_person_alone(team: Write) -> None:
    ours, theirs = os.openpty()
    shown: list[bytes] = []
    reader = threading.Thread(target=read_all, args=[ours, shown])
    reader.start()
    ended = subprocess.run(JOBKIT, stdout=subprocess.PIPE, stderr=theirs, text=True, timeout=120, check=False)
    os.close(theirs)
    reader.join(30)
    os.close(ours)
    assert ended.returncode == 0
    assert ended.stdout.startswith("no problems: 1 DAG in 1 file, ")
    assert f"building DAGs for local with Airflow {AIRFLOW}" in b"".join(shown).decode()


def read_all(terminal: int, shown: list[bytes]) -> None:
    """Read what a terminal shows until nobody writes any more, so that no writer waits for room."""
    with contextlib.suppress(OSError):
        while data := os.read(terminal, 4096):
            shown.append(data)

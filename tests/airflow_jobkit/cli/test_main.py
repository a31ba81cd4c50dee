"""The command line as a whole: help, exit codes, and errors without a traceback."""

from __future__ import annotations

import importlib
import os
import runpy
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from files import Write
from processes import finished

from airflow_jobkit import __version__
from airflow_jobkit.cli import main
from airflow_jobkit.cli.parser import build_parser

COMMANDS: dict[tuple[str, ...], list[str]] = {
    (): [
        "run",
        "validate",
        "render",
        "release",
        "sample-data",
        "--version",
        "0 done, 1 failed, 2 wrong options",
    ],
    ("run",): ["file", "--dag", "--task", "--param", "--env"],
    ("validate",): ["paths", "--format", "--env", "without building the DAGs"],
    ("render",): ["file", "--format", "--env"],
    ("release",): ["build", "publish", "list"],
    ("release", "build"): ["--job-code", "--out", "--dags"],
    ("release", "publish"): ["--job-code", "--from", "--dags", "--env"],
    ("release", "list"): ["--format", "--dags", "--env"],
    ("sample-data",): ["--dags", "--env"],
}
CALLS = [
    ["run", "dags/flights.yaml"],
    ["validate"],
    ["render", "dags/flights.yaml"],
    ["release", "build"],
    ["release", "publish"],
    ["release", "list"],
    ["sample-data"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "jobkit")
def test_help_names_every_option(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: {' '.join(['jobkit', *command])}")
    words = " ".join(said.split())  # argparse breaks lines where the terminal ends
    assert [option for option in COMMANDS[command] if option not in words] == []


@pytest.mark.parametrize("argv", CALLS, ids=" ".join)
def test_every_command_has_the_function_that_it_names(argv: list[str]) -> None:
    arguments = build_parser().parse_args(argv)
    module = importlib.import_module(f"airflow_jobkit.cli.{arguments.module}")
    assert callable(getattr(module, arguments.function))


def test_version_is_the_distributions(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"airflow-jobkit {__version__}\n"


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param([], id="no command"),
        pytest.param(["validat"], id="an unknown command"),
        pytest.param(["release"], id="no action"),
        pytest.param(["render"], id="no file"),
        pytest.param(["validate", "--colour"], id="an unknown option"),
        pytest.param(["validate", "--format", "xml"], id="an unknown format"),
        pytest.param(["emulate", "--aws-port", "65536"], id="no port"),
        pytest.param(["validate", "--env", ""], id="an environment of a variable that is not set"),
    ],
)
def test_a_wrong_call_ends_with_2_and_shows_the_usage(
    argv: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: jobkit")


@pytest.mark.parametrize(
    "argv",
    [
        ["validate"],
        ["validate", "dags", "nothing"],
        ["render", "dags/nothing.yaml"],
        ["run", "nothing.yaml"],
        ["release", "build"],
        ["release", "publish"],
        ["release", "list"],
        ["sample-data"],
    ],
    ids=" ".join,
)
def test_in_a_folder_without_dags_each_command_says_where_to_start_it(
    argv: Sequence[str], write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("jobkit: there is no ")
    assert "the folder that holds dags/" in said.err


def test_a_folder_that_belongs_to_no_project_says_what_to_write(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("dags/flights.yaml", "flights: {}\n")
    assert main(["validate"]) == 1
    assert "no jobkit.yaml in the folder of dags or above it" in capsys.readouterr().err


def test_a_project_that_is_wrong_is_shown_by_commands_that_need_it(
    project: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    project("dags/jobkit.yaml", "projct: dwh\nenvironments: {local: {}}\n")
    assert main(["render", "dags/flights.yaml"]) == 1
    assert capsys.readouterr().err == (
        "jobkit: mistakes in the YAML:\n"
        "dags/jobkit.yaml:1:1 projct: unknown key; did you mean project?\n"
        "    1 | projct: dwh\n"
        "      | ^\n"
    )


@pytest.mark.parametrize("command", ["run", "render"])
@pytest.mark.parametrize(
    ("path", "what"),
    [
        pytest.param("dags", "a folder", id="a folder"),
        pytest.param("dags/jobkit.yaml", "the project file", id="the project file"),
    ],
)
def test_what_is_no_dag_file_is_refused_and_a_dag_file_is_named(
    command: str, path: str, what: str, project: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, path]) == 1
    said = f"jobkit: {path} is {what}; name a DAG file, such as dags/flights.yaml\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("command", ["validate", "render", "run"])
def test_a_file_of_another_ending_is_refused(
    command: str, project: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """Since Airflow would not load it, whatever stands in it."""
    project("dags/flights.yaml.bak", "flights: {tasks: {clean: {spark_job: dwh.a}}}\n")
    assert main([command, "dags/flights.yaml.bak"]) == 1
    told = "dags/flights.yaml.bak is no DAG file by its name; name one that ends in .yaml or .yml"
    assert capsys.readouterr().err == f"jobkit: {told}\n"


@pytest.mark.parametrize("command", ["validate", "render", "convert"])
def test_a_link_that_leads_nowhere_is_called_that(
    command: str, project: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("dags/link.yaml").symlink_to("link.yaml")
    assert main([command, "dags/link.yaml"]) == 1
    told = "jobkit: dags/link.yaml is a link that leads nowhere; correct the link\n"
    assert capsys.readouterr().err == told


def test_a_file_in_the_place_of_a_folder_is_named_in_one_line(
    project: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".jobkit").write_text("not a folder")
    assert main(["run", "dags/flights.yaml"]) == 1
    assert capsys.readouterr().err == (
        f"jobkit: {tmp_path}/.jobkit: Not a directory; "
        "move this file away, for a folder is needed in its place\n"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_folder_that_is_read_only_is_named_in_one_line(
    project: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o555)
    try:
        assert main(["run", "dags/flights.yaml"]) == 1
    finally:
        tmp_path.chmod(0o755)
    assert capsys.readouterr().err == (
        f"jobkit: {tmp_path}/.jobkit: Permission denied; "
        "allow this user to write there, or start jobkit elsewhere\n"
    )


def test_control_c_ends_a_command_with_130_and_no_traceback(
    project: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # A command that takes its time, and is surely under way when the key is pressed.
    monkeypatch.setattr("airflow_jobkit.cli.validate.run", lambda _: time.sleep(60))
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        assert main(["validate"]) == 130
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert capsys.readouterr().err == "jobkit: stopped\n"


def test_a_reader_that_has_seen_enough_is_no_error(project: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        assert main(["validate"]) == 1


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["validate"], id="text of ours"),
        pytest.param(["render", "dags/cafe.yaml"], id="what a file comes to"),
        pytest.param(["convert", "dags/cafe.yaml"], id="a file that is written again"),
        pytest.param(["diff", "HEAD", "--dags", "dags/é"], id="an error"),
    ],
)
def test_where_ascii_is_all_that_is_spoken_no_command_ends_in_a_traceback(
    argv: Sequence[str], project: Write
) -> None:
    """A file or a pipe gets UTF-8, since that is what we read."""
    project("dags/cafe.yaml", 'cafe: {description: "café ✓", tasks: {clean: {spark_job: dwh.a}}}\n')
    project("dags/bad.yaml", 'bad: {"é": 1, tasks: {clean: {spark_job: dwh.a}}}\n')
    done = finished(
        [sys.executable, "-m", "airflow_jobkit.cli", *argv],
        env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert done.returncode in (0, 1, 2)
    assert "Traceback" not in done.stderr
    if argv[0] != "diff":
        assert "é" in done.stdout


@pytest.mark.parametrize("stream", ["1", "2"])
def test_a_closed_output_leaves_the_exit_code(stream: str, project: Write) -> None:
    done = finished(["sh", "-c", f"{sys.executable} -m airflow_jobkit.cli validate {stream}>&-"])
    assert (done.returncode, done.stderr) == (0, "")


def test_the_package_can_be_called_as_a_module(
    project: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["jobkit", "validate", "dags"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("airflow_jobkit.cli", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("no problems: ")

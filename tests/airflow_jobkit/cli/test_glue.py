"""`jobkit glue prune` removes what was made for this project and that nobody uses any more."""

from __future__ import annotations

import datetime as dt
import logging
import os
import pty
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fake_glue import FakeGlue, running_fake_glue
from files import Write

from airflow_jobkit.cli import main
from airflow_jobkit.cli.glue import needed_definitions
from airflow_jobkit.engines.glue.options import Options
from airflow_jobkit.engines.glue.payload import definition

NOW = dt.datetime.now(dt.timezone.utc)
LONG_AGO = NOW - dt.timedelta(days=90)
Said = tuple[int, str, str]


@pytest.fixture
def project(write: Write) -> Write:
    """A project with one DAG that comes to one definition in each environment."""
    write(
        "dags/jobkit.yaml",
        """\
        project: dwh
        code: {version: 1.0.0}
        environments:
          dev: {engine: glue, glue: {iam_role_name: dev-role}}
          prod: {engine: glue, glue: {iam_role_name: prod-role}}
        """,
    )
    write("dags/flights.yaml", "flights: {tasks: {clean: {spark_job: dwh.a, glue: {timeout: 5m}}}}\n")
    return write


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGlue]:
    """An account, which boto3 finds as on a laptop: by variables."""
    with running_fake_glue() as fake:
        for name, value in {
            "AWS_ENDPOINT_URL_GLUE": fake.url,
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "s",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }.items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.fixture
def prune(
    project: Write,
    glue: FakeGlue,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Callable[..., Said]:
    """Call the command: its exit code, and what it prints; `answer` is what a person types."""
    # Airflow 2, where other tests have imported it, logs to stdout what boto3 finds.
    caplog.set_level(logging.WARNING, "botocore")

    def call(*argv: str, answer: str | None = None) -> Said:
        with Path("/dev/null").open() if answer is None else terminal(answer) as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            code = main(["glue", "prune", *argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def terminal(answer: str) -> Any:
    """A terminal on which somebody has typed a line."""
    person, program = pty.openpty()
    with os.fdopen(person, "w", closefd=False) as keyboard:
        keyboard.write(answer + "\n")
    return os.fdopen(program)


@dataclass(frozen=True)
class Made:
    """A definition in the account, made long ago."""

    glue: FakeGlue

    def __call__(self, role: str, project: str = "dwh") -> str:
        request = definition(Options(iam_role_name=role), project, "s3://b/s.py")
        self.glue.jobs[request["Name"]] = {"CreatedOn": LONG_AGO.timestamp(), **request}
        return str(request["Name"])


@pytest.fixture
def made(glue: FakeGlue) -> Made:
    return Made(glue)


def test_what_no_dag_comes_to_and_nobody_used_lately_is_removed(
    glue: FakeGlue, prune: Callable[..., Said], made: Made
) -> None:
    dev, prod, old = made("dev-role"), made("prod-role"), made("old-role")
    glue.add_run(old, "SUCCEEDED", LONG_AGO)
    code, said, _ = prune("--yes")
    assert code == 0
    day = f"{LONG_AGO.astimezone():%Y-%m-%d}"
    assert sorted(said.splitlines()) == sorted(
        [
            f"{dev}  last used {day}  kept: flights.clean (dev) needs it",
            f"{prod}  last used {day}  kept: flights.clean (prod) needs it",
            f"{old}  last used {day}  removable: no DAG needs it",
            "removed 1 definition in eu-west-1 for the project dwh",
        ]
    )
    assert set(glue.jobs) == {dev, prod}


def test_the_definitions_of_another_project_and_those_made_by_hand_are_left_alone(
    glue: FakeGlue, prune: Callable[..., Said], made: Made
) -> None:
    made("old-role", project="weather")
    glue.jobs["nightly"] = {"Name": "nightly", "CreatedOn": LONG_AGO.timestamp()}
    code, said, _ = prune("--yes")
    assert (code, said) == (
        0,
        "nothing to remove: 0 definitions in eu-west-1 for the project dwh\n",
    )
    assert len(glue.jobs) == 2


@pytest.mark.parametrize(
    ("state", "started", "why"),
    [
        pytest.param("SUCCEEDED", NOW - dt.timedelta(days=2), "used since ", id="used lately"),
        pytest.param("RUNNING", LONG_AGO, "a run has not ended", id="in use"),
        pytest.param("WAITING", LONG_AGO, "a run has not ended", id="queued"),
    ],
)
def test_what_is_in_use_is_kept(
    glue: FakeGlue, prune: Callable[..., Said], made: Made, state: str, started: dt.datetime, why: str
) -> None:
    old = made("old-role")
    glue.add_run(old, state, started)
    _, said, _ = prune("--yes")
    assert f"kept: {why}" in said
    assert old in glue.jobs


def test_a_definition_made_just_now_is_kept_for_its_run_may_be_about_to_start(
    glue: FakeGlue, prune: Callable[..., Said], made: Made
) -> None:
    glue.jobs[made("old-role")]["CreatedOn"] = NOW.timestamp()
    assert "kept: used since " in prune("--yes")[1]


def test_days_say_how_long_an_unused_definition_is_kept(prune: Callable[..., Said], made: Made) -> None:
    made("old-role")
    assert "nothing to remove" in prune("--days", "100")[1]


def test_what_any_environment_needs_stays_whichever_one_this_machine_is_set_to(
    glue: FakeGlue, prune: Callable[..., Said], made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBKIT_ENV", "dev")
    needed = {made("dev-role"), made("prod-role")}
    prune("--yes")
    assert set(glue.jobs) == needed


def test_no_single_environment_can_be_asked_for(prune: Callable[..., Said]) -> None:
    with pytest.raises(SystemExit) as ended:
        prune("--env", "dev")
    assert ended.value.code == 2


def test_without_a_terminal_nothing_is_removed_unless_yes_is_said(
    glue: FakeGlue, prune: Callable[..., Said], made: Made
) -> None:
    old = made("old-role")
    code, said, _ = prune()
    assert (code, said.splitlines()) == (
        0,
        [
            f"{old}  last used {LONG_AGO.astimezone():%Y-%m-%d}  removable: no DAG needs it",
            "1 definition can be removed; `--yes` does it",
        ],
    )
    assert old in glue.jobs


@pytest.mark.parametrize(
    ("answer", "removed"),
    [
        pytest.param("y", True, id="yes"),
        pytest.param("", False, id="nothing"),
        pytest.param("n", False, id="no"),
    ],
)
def test_on_a_terminal_it_asks_first(
    glue: FakeGlue, prune: Callable[..., Said], made: Made, answer: str, removed: bool
) -> None:
    old = made("old-role")
    code, said, _ = prune(answer=answer)
    assert code == 0
    assert "remove 1 definition? [y/N] " in said
    assert (old not in glue.jobs) == removed


def test_while_a_file_is_wrong_nothing_is_removed(
    glue: FakeGlue, project: Write, prune: Callable[..., Said], made: Made
) -> None:
    made("old-role")
    project("dags/bad.yaml", "weather: {tasks: {read: {spark_jb: dwh.b}}}\n")
    code, said, error = prune("--yes")
    assert (code, said) == (1, "")
    assert "did you mean spark_job?" in error
    assert glue.calls == []


def test_without_a_region_it_says_which_variable_to_set(
    prune: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert prune()[::2] == (1, "jobkit: You must specify a region; set AWS_DEFAULT_REGION, or AWS_PROFILE\n")


def test_a_task_with_an_existing_job_needs_no_definition(project: Write) -> None:
    project("dags/flights.yaml", "flights: {tasks: {a: {spark_job: dwh.a, glue: {existing_job: nightly}}}}\n")
    assert needed_definitions(Path("dags")) == ("dwh", {})

"""`jobkit render` shows what a file comes to; golden examples stand in `tests/cases/good`."""

from __future__ import annotations

import json

import pytest
import yaml
from files import Write

from airflow_jobkit.cli import main


def test_json_and_yaml_hold_the_same(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "dags/flights.yaml"]) == 0
    as_yaml = yaml.safe_load(capsys.readouterr().out)
    assert main(["render", "dags/flights.yaml", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == as_yaml
    assert as_yaml["flights"]["tasks"]["clean"]["timeout"] == "1h30m"


def test_a_bad_file_is_shown_on_stderr_and_nothing_is_rendered(
    project: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project("dags/bad.yaml", "good: {tasks: {a: {spark_job: dwh.a}}}\nbad: {tasks: {}}\n")
    assert main(["render", str(file)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "dags/bad.yaml:2:7 bad.tasks: the DAG has no tasks; add a task" in said.err


def test_a_mistake_in_another_environment_does_not_hinder(
    project: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    project(
        "dags/jobkit.yaml",
        "project: dwh\ncode: {version: 1.0.0}\nenvironments: {local: {}, dev: {engin: local}}\n",
    )
    assert main(["render", "dags/flights.yaml"]) == 0
    assert main(["render", "dags/flights.yaml", "--env", "dev"]) == 1
    assert "environments.dev.engin: unknown key" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "variables", "environment"),
    [
        pytest.param([], {}, "local", id="local where nothing is set"),
        pytest.param([], {"JOBKIT_ENV": "dev"}, "dev", id="JOBKIT_ENV"),
        pytest.param(["--env", "local"], {"JOBKIT_ENV": "dev"}, "local", id="the option before JOBKIT_ENV"),
    ],
)
def test_the_environment_is_the_one_that_is_named(
    argv: list[str],
    variables: dict[str, str],
    environment: str,
    project: Write,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["render", "dags/flights.yaml", *argv]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["flights"]["environment"] == environment

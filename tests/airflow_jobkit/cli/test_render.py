"""`jobkit render` shows what a file comes to; golden examples stand in `tests/cases/good`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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


class TestRequests:
    """What the Engine would be asked for, by its own account, of what the operator would have it execute."""

    def start_job_run(
        self, project: Write, capsys: pytest.CaptureFixture[str], code: str
    ) -> Mapping[str, Any]:
        project(
            "dags/flights.yaml",
            f"""\
            flights:
              engine: glue
              glue: {{iam_role_name: glue-job-role}}
              code: {code}
              tasks:
                clean: {{spark_job: dwh.a, args: {{month: "{{{{ params.month }}}}", year: null}}}}
            """,
        )
        assert main(["render", "dags/flights.yaml", "--format", "json"]) == 0
        task = json.loads(capsys.readouterr().out)["flights"]["tasks"]["clean"]
        arguments: Mapping[str, Any] = task["requests"]["StartJobRun"]["Arguments"]
        return arguments

    def test_templates_stay_and_what_only_a_run_knows_is_named(
        self, project: Write, capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = self.start_job_run(project, capsys, "{root: s3://b/code}")
        assert arguments["--module_name"] == "dwh.a"
        assert arguments["--notification_service_type"] == "NOOP"
        assert arguments["--month"] == "{{ params.month }}"
        assert "--year" not in arguments
        assert arguments["--jobkit_envelope"] == "<envelope>"
        assert arguments["--jobkit_run_key"] == "<run key>.0.<nonce>"

    def test_of_a_release_the_wheels_are_not_known_one_by_one(
        self, project: Write, capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = self.start_job_run(project, capsys, "{root: s3://b/code}")
        release = "s3://b/code/releases/1.0.0"
        assert arguments["--scriptLocation"] == f"{release}/scripts/glue/generic_entry.py"
        assert arguments["--extra-py-files"] == f"{release}/wheels/<every wheel>"

    def test_of_a_layout_every_place_is_exact(
        self, project: Write, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code = '{entry_point: "s3://b/{engine}/entry.py", wheels: ["s3://b/dwh-{code_version}.whl"]}'
        arguments = self.start_job_run(project, capsys, code)
        assert arguments["--scriptLocation"] == "s3://b/glue/entry.py"
        assert arguments["--extra-py-files"] == "s3://b/dwh-1.0.0.whl"

    def test_embedded_spark_is_not_asked_by_requests(
        self, project: Write, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["render", "dags/flights.yaml", "--format", "json"]) == 0
        assert "requests" not in json.loads(capsys.readouterr().out)["flights"]["tasks"]["clean"]

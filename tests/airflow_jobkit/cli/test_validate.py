"""`jobkit validate` says everything that is wrong, for every environment, and counts what is good."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from files import Write

from airflow_jobkit.cli import main


@pytest.fixture
def validate(project: Write, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Call the command in the project: its exit code and what it prints."""

    def call(*argv: str) -> tuple[int, str]:
        code = main(["validate", *argv])
        said = capsys.readouterr()
        assert said.err == ""
        return code, said.out

    return call


@pytest.fixture
def as_json(validate: Callable[..., tuple[int, str]]) -> Callable[..., dict[str, Any]]:
    def call(*argv: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(validate("--format", "json", *argv)[1])
        return document

    return call


def test_a_good_folder_ends_with_0_and_is_counted(validate: Callable[..., tuple[int, str]]) -> None:
    code, said = validate()
    assert code == 0
    assert said == (
        "no problems: 1 DAG in 1 file, checked for the environments dev, local\n"
        "not checked for dev, local: code versions, jobs, arguments (no .jobkit/releases.json of their code "
        "root; `jobkit release publish` writes it)\n"
    )


def test_a_bad_folder_ends_with_1_and_says_what_is_good(
    project: Write, validate: Callable[..., tuple[int, str]]
) -> None:
    project("dags/bad.yaml", "weather: {tasks: {read: {spark_jb: dwh.b}}}\n")
    code, said = validate()
    assert code == 1
    assert said == (
        "dags/bad.yaml:1:26 weather.tasks.read.spark_jb: unknown key; did you mean spark_job?\n"
        "    1 | weather: {tasks: {read: {spark_jb: dwh.b}}}\n"
        "      |                          ^\n"
        "\n"
        "1 problem, 1 good DAG in 2 files; checked for the environments dev, local\n"
        "not checked for dev, local: code versions, jobs, arguments (no .jobkit/releases.json of their code "
        "root; `jobkit release publish` writes it)\n"
    )


def test_a_mistake_of_one_environment_is_said_once_and_another_is_not_blamed(
    project: Write, as_json: Callable[..., dict[str, Any]]
) -> None:
    project(
        "dags/bad.yaml", "weather: {notification_service_type: TEAM, tasks: {read: {spark_job: dwh.b}}}\n"
    )
    assert [problem["code"] for problem in as_json()["problems"]] == ["unknown-notifier"]
    assert as_json("--env", "dev")["problems"] == []
    assert as_json("--env", "dev")["environments"] == ["dev"]


def test_json_holds_each_problem_with_its_place(
    project: Write, as_json: Callable[..., dict[str, Any]]
) -> None:
    project("dags/bad.yaml", "weather:\n  colour: blue\n  tasks: {read: {spark_job: dwh.b}}\n")
    (problem,) = as_json()["problems"]
    assert problem.pop("remedy").startswith("it is none of the ")
    assert problem == {
        "file": "dags/bad.yaml",
        "line": 2,
        "column": 3,
        "where": "weather.colour",
        "message": "unknown key",
        "code": "unknown-key",
        "source": "  colour: blue",
    }


def test_json_of_a_good_folder_says_what_was_checked(as_json: Callable[..., dict[str, Any]]) -> None:
    assert as_json() == {
        "problems": [],
        "files": 1,
        "dags": 1,
        "environments": ["dev", "local"],
        "jobs_unchecked": ["dev", "local"],
        "jobs_undescribed": [],
        "airflow": None,
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("paths", "files"),
    [
        pytest.param(["dags"], 2, id="a folder"),
        pytest.param(["dags/team"], 1, id="a folder inside it"),
        pytest.param(["dags/flights.yaml"], 1, id="a file"),
        pytest.param(["dags/flights.yaml", "dags/team/weather.yaml"], 2, id="two files"),
        pytest.param(
            ["dags", "dags/flights.yaml", "dags/team"], 2, id="a file that stands in a named folder"
        ),
        pytest.param(["dags/jobkit.yaml"], 0, id="the project file alone"),
    ],
)
def test_paths_are_folders_or_files_and_each_file_counts_once(
    paths: list[str], files: int, project: Write, as_json: Callable[..., dict[str, Any]]
) -> None:
    project("dags/team/weather.yaml", "weather: {tasks: {read: {spark_job: dwh.b}}}\n")
    checked = as_json(*paths)
    assert (checked["files"], checked["dags"], checked["problems"]) == (files, files, [])


ANOTHER = "flights: {tasks: {read: {spark_job: dwh.b}}}\n"


def test_of_one_file_an_id_is_told_that_another_file_of_the_folder_keeps(
    project: Write, as_json: Callable[..., dict[str, Any]]
) -> None:
    own, nested = project("dags/b.yaml", ANOTHER), project("dags/sub/c.yaml", '? "flights"\n: ' + ANOTHER[9:])
    told = {(problem["file"], problem["code"]) for problem in as_json()["problems"]}
    assert told == {("dags/b.yaml", "duplicate-dag"), ("dags/sub/c.yaml", "duplicate-dag")}
    for path in (own, nested):
        document = as_json(str(path))
        assert [problem["message"] for problem in document["problems"]] == [
            "dags/flights.yaml has a DAG of this id already"
        ]
        assert (document["files"], document["dags"]) == (1, 0)
        assert {problem["file"] for problem in document["problems"]} == {str(path.relative_to(Path.cwd()))}


def test_of_one_file_an_id_that_it_keeps_itself_is_no_problem_of_it(
    project: Write, as_json: Callable[..., dict[str, Any]]
) -> None:
    project("dags/b.yaml", ANOTHER + "bad: {}\n")
    document = as_json("dags/flights.yaml")
    assert (document["problems"], document["dags"]) == ([], 1)


def test_files_of_two_projects_are_checked_each_with_its_own(
    project: Write, as_json: Callable[..., dict[str, Any]]
) -> None:
    project("other/jobkit.yaml", "project: other\nenvironments: {local: {}}\n")
    project("other/flights.yaml", "flights: {tasks: {clean: {spark_job: dwh.a}}}\n")
    checked = as_json("dags", "other")
    assert checked["dags"] == 1
    assert [(problem["file"], problem["message"]) for problem in checked["problems"]] == [
        ("other/flights.yaml", "no code version for its Spark jobs")
    ]


def test_the_callers_own_environment_does_not_change_what_is_checked(
    validate: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBKIT_ENV", "no-such-environment")
    assert validate()[0] == 0


def test_a_broken_project_says_that_the_dags_wait_for_it(
    project: Write, validate: Callable[..., tuple[int, str]]
) -> None:
    project("dags/jobkit.yaml", "project: [\n")
    code, said = validate()
    assert code == 1
    assert said.endswith(
        "1 problem, 0 good DAGs in 1 file; the DAGs are not checked before jobkit.yaml is right\n"
    )


def test_jobs_are_held_to_what_is_published_and_it_is_said_where_that_is_not_known(
    project: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", "dags"]) == 0
    assert "not checked for dev, local: code versions, jobs, arguments" in capsys.readouterr().out
    root = str(tmp_path / ".jobkit" / "code")
    parameters = [
        {"name": "month", "type": "int", "required": True},
        {"name": "min_rows", "type": "int", "required": False},
    ]
    job = {"module_name": "dwh.report", "parameters": parameters, "accepts_others": False}
    releases = {"0.1.0": {"digest": "", "jobs": [job]}}
    project("dags/.jobkit/releases.json", json.dumps({"schema": 1, "code_root": root, "releases": releases}))
    for file in (tmp_path / "dags").glob("*.yaml"):
        if file.name != "jobkit.yaml":
            file.unlink()
    project(
        "dags/weather.yaml",
        "weather:\n"
        '  code_version: "0.1.0"\n'
        "  tasks:\n"
        "    good: {spark_job: dwh.report, args: {month: '{{ ds }}', min-rows: 7}}\n"
        "    job: {spark_job: dwh.reprt}\n"
        "    name: {spark_job: dwh.report, args: {mnth: 3}}\n"
        "    kind: {spark_job: dwh.report, args: {month: March}}\n"
        '    version: {spark_job: dwh.report, args: {month: 3}, code_version: "0.1.1"}\n',
    )
    assert main(["validate", "dags"]) == 1
    said = capsys.readouterr()
    assert said.err == ""
    for expected in (
        "dags/weather.yaml:5:22 weather.tasks.job.spark_job: version 0.1.0 has no job dwh.reprt; did you",
        "weather.tasks.name.args.mnth: dwh.report has no argument mnth; did you mean month?",
        "weather.tasks.kind.args.month: dwh.report takes int here, got 'March'; correct the value",
        "weather.tasks.version.code_version: version 0.1.1 is not published; publish it with",
    ):
        assert expected in said.out
    assert "tasks.good" not in said.out
    assert "not checked" not in said.out


def test_sarif_names_each_problem_with_its_rule_and_its_place(
    project: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    project("dags/bad.yaml", "weather:\n  colour: blue\n  tasks: {read: {spark_job: dwh b}}\n")
    assert main(["validate", "dags", "--format", "sarif", "--env", "local"]) == 1
    document = json.loads(capsys.readouterr().out)
    (run,) = document["runs"]
    assert document["version"] == "2.1.0"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["bad-value", "unknown-key"]
    first, second = run["results"]
    assert (first["ruleId"], rules[first["ruleIndex"]], first["level"]) == ("unknown-key",) * 2 + ("error",)
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "dags/bad.yaml", "uriBaseId": "%SRCROOT%"}
    assert (place["region"]["startLine"], place["region"]["startColumn"]) == (2, 3)
    assert second["message"]["text"].startswith("weather.tasks.read.spark_job: not a module name: ")

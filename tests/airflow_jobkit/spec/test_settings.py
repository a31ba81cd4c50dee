"""Settings are the project with one Environment laid over it, every place resolved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_jobkit.errors import EnvironmentNotFoundError
from airflow_jobkit.spec.code import CodeRoot
from airflow_jobkit.spec.places import place
from airflow_jobkit.spec.project import parse_project
from airflow_jobkit.spec.settings import Settings, Sweeper, resolve_settings

BASE = Path("/srv/project")


def settings(project: dict[str, Any], environment: dict[str, Any] | None = None) -> Settings:
    parsed, issues = parse_project({"project": "dwh", **project, "environments": {"dev": environment or {}}})
    assert parsed is not None
    assert issues == []
    return resolve_settings(parsed, "dev", BASE)


def test_an_empty_project_has_working_defaults() -> None:
    found = settings({})
    assert found == Settings(
        project="dwh",
        environment="dev",
        engine="local",
        code=CodeRoot("/srv/project/.jobkit/code"),
        code_version=None,
        data_root="/srv/project/.jobkit/data",
        runs_root="/srv/project/.jobkit/code/runs",
        notification_service_type="NOOP",
        notifiers={},
        datasets={},
        options={},
        allowed_operators=("airflow.", "airflow_jobkit."),
        aws_conn_id="aws_default",
        base="/srv/project",
    )


@pytest.mark.parametrize(
    ("name", "project", "environment", "value"),
    [
        pytest.param("engine", {"engine": "local"}, {}, "local", id="engine"),
        pytest.param(
            "code_root",
            {"code": {"root": "s3://a/code", "version": "1.0"}},
            {"code": {"root": "s3://b/code"}},
            "s3://b/code",
            id="code root",
        ),
        pytest.param(
            "code_version",
            {"code": {"root": "s3://a/code", "version": "1.0"}},
            {"code": {"root": "s3://b/code"}},
            "1.0",
            id="code version, where the environment sets only the root",
        ),
        pytest.param(
            "code_version",
            {"code": {"version": "1.0"}},
            {"code": {"version": "2.0"}},
            "2.0",
            id="code version",
        ),
        pytest.param("data_root", {"data": {"root": "a"}}, {"data": {"root": "/b"}}, "/b", id="data root"),
        pytest.param("runs_root", {"runs": "a"}, {"runs": "s3://b/runs/"}, "s3://b/runs", id="runs"),
        pytest.param(
            "runs_root", {"code": {"root": "s3://a/code"}}, {}, "s3://a/code/runs", id="runs beside the code"
        ),
        pytest.param(
            "runs_root",
            {"code": {"root": "s3://a/code"}},
            {"code": {"root": "s3://b/code"}},
            "s3://b/code/runs",
            id="runs beside the environment's own code",
        ),
        pytest.param("sweeper", {}, {}, Sweeper(), id="sweeper, with nothing to sweep"),
        pytest.param(
            "sweeper",
            {"engine": "glue", "databricks": {}},
            {},
            Sweeper(engines=("glue",)),
            id="sweeper of the engine, not of each that the project has options for",
        ),
        pytest.param(
            "sweeper",
            {},
            {"glue": {}, "databricks": {}, "local": {}},
            Sweeper(engines=("databricks", "glue")),
            id="sweeper of the engines that the environment has options for",
        ),
        pytest.param(
            "sweeper",
            {"sweeper": {"schedule": "@hourly"}},
            {"sweeper": False},
            Sweeper(enabled=False, schedule="@hourly"),
            id="sweeper switched off",
        ),
        pytest.param(
            "sweeper",
            {"sweeper": {"schedule": "@hourly", "enabled": False}},
            {"sweeper": True},
            Sweeper(schedule="@hourly"),
            id="sweeper switched on again, on the project's schedule",
        ),
        pytest.param(
            "aws_conn_id",
            {"aws_conn_id": "aws_all"},
            {"aws_conn_id": "aws_dev"},
            "aws_dev",
            id="AWS connection",
        ),
        pytest.param("aws_conn_id", {"aws_conn_id": "aws_all"}, {}, "aws_all", id="the project's connection"),
        pytest.param(
            "notification_service_type",
            {"notification": {"service_type": "LOG"}},
            {"notification": {"service_type": "NOOP"}},
            "NOOP",
            id="notifier",
        ),
        pytest.param(
            "notifiers",
            {"notification": {"services": {"TEAM": {"class": "a:B", "channel": "all"}}}},
            {"notification": {"services": {"TEAM": {"channel": "dev"}, "OTHER": {"class": "a:C"}}}},
            {"TEAM": {"class": "a:B", "channel": "dev"}, "OTHER": {"class": "a:C"}},
            id="settings of notifiers, key by key",
        ),
    ],
)
def test_what_the_environment_sets_goes_before_the_project(
    name: str, project: dict[str, Any], environment: dict[str, Any], value: Any
) -> None:
    assert getattr(settings(project, environment), name) == value


def test_an_environment_changes_of_a_dataset_what_it_sets_and_leaves_the_rest_and_the_others() -> None:
    options = {"header": "true", "sep": ","}
    flights = {"path": "raw/flights.csv", "format": "csv", "schema": "year INT", "options": options}
    found = settings(
        {"datasets": {"flights": flights, "weather": {"path": "raw/weather"}}},
        {
            "datasets": {
                "flights": {"path": "s3://lake/flights", "options": {"sep": ";"}},
                "own": {"path": "a"},
            }
        },
    )
    assert {name: dataset.model_dump(by_alias=True) for name, dataset in found.datasets.items()} == {
        "flights": {
            "path": "s3://lake/flights",
            "format": "csv",
            "schema": "year INT",
            "options": {"header": "true", "sep": ";"},
        },
        "weather": {
            "path": "/srv/project/.jobkit/data/raw/weather",
            "format": "parquet",
            "schema": None,
            "options": {},
        },
        "own": {"path": "/srv/project/.jobkit/data/a", "format": "parquet", "schema": None, "options": {}},
    }


def test_an_environment_can_read_a_dataset_in_another_format_without_the_projects_schema() -> None:
    found = settings(
        {"datasets": {"flights": {"path": "raw/flights.csv", "format": "csv", "schema": "year INT"}}},
        {"datasets": {"flights": {"path": "flights", "format": "parquet", "schema": None}}},
    )
    assert (found.datasets["flights"].format, found.datasets["flights"].ddl) == ("parquet", None)


def test_a_datasets_relative_path_starts_at_the_data_root() -> None:
    found = settings({"data": {"root": "s3://lake/dev"}, "datasets": {"flights": {"path": "raw/flights"}}})
    assert found.datasets["flights"].path == "s3://lake/dev/raw/flights"


def test_options_of_an_engine_merge_over_both_layers() -> None:
    found = settings(
        {"local": {"master": "local[2]", "conf": {"a": "1", "b": "1"}}}, {"local": {"conf": {"b": "2"}}}
    )
    assert found.options["local"].model_dump(exclude_unset=True) == {
        "master": "local[2]",
        "conf": {"a": "1", "b": "2"},
    }


def test_configured_notifiers_can_be_chosen_beside_the_built_in_ones() -> None:
    found = settings({"notification": {"services": {"TEAM": {"class": "a:B"}, "SNS": {"topic_arn": "arn"}}}})
    assert found.notification_service_types == ("NOOP", "LOG", "SNS", "TEAM")


def test_a_topic_that_only_the_environment_knows_is_enough_for_sns() -> None:
    found = settings(
        {"notification": {"service_type": "SNS"}},
        {"notification": {"services": {"SNS": {"topic_arn": "arn"}}}},
    )
    assert found.notifiers == {"SNS": {"topic_arn": "arn"}}


def test_no_secret_of_a_notifier_shows_in_a_repr() -> None:
    value = "xoxb-12345"
    data = {
        "project": "dwh",
        "notification": {"services": {"TEAM": {"class": "a:B", "token": value}}},
        "environments": {"dev": {"notification": {"services": {"SNS": {"topic_arn": value}}}}},
    }
    project, _ = parse_project(data)
    assert project is not None
    found = resolve_settings(project, "dev", BASE)
    assert found.notifiers["TEAM"]["token"] == found.notifiers["SNS"]["topic_arn"] == value
    assert value not in f"{found!r} {found} {project!r} {project.layer} {project.environments}"


def test_allowed_operators_add_to_airflows_own() -> None:
    found = settings({"operators": {"allow": ["dwh.operators."]}})
    assert found.allowed_operators == ("airflow.", "airflow_jobkit.", "dwh.operators.")


def test_an_environment_that_does_not_exist_is_an_error_with_a_suggestion() -> None:
    project, _ = parse_project({"project": "dwh", "environments": {"prod": {}}})
    assert project is not None
    with pytest.raises(EnvironmentNotFoundError, match=r"no environment 'prd'.*did you mean prod\?"):
        resolve_settings(project, "prd", BASE)


@pytest.mark.parametrize(
    ("location", "absolute"),
    [
        ("data", "/srv/project/data"),
        ("data/raw/", "/srv/project/data/raw"),
        ("/data/", "/data"),
        ("/", "/"),
        ("s3://bucket/prefix/", "s3://bucket/prefix"),
        ("a%20b", "/srv/project/a%20b"),
        ("~/data/", "/home/me/data"),
        ("~", "/home/me"),
        ("data/~", "/srv/project/data/~"),
        ("~nobody-of-that-name/x", "/srv/project/~nobody-of-that-name/x"),
        ("file:///a%20b/", "/a b"),
        ("file:/a", "/a"),
        ("FILE://localhost/a", "/a"),
        ("file:///raw/part-?.csv", "/raw/part-?.csv"),
        ("file://server/a", "file://server/a"),
    ],
)
def test_a_place_is_an_absolute_path_or_a_url(
    location: str, absolute: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert place(location, BASE) == absolute
    assert place(absolute, BASE) == absolute

"""The project file: a mistake in one Environment leaves the others."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_jobkit.problems import dotted
from airflow_jobkit.spec.project import parse_project


def issues_of(**keys: Any) -> dict[str, str]:
    _, issues = parse_project({"project": "dwh", "environments": {"local": {}}, **keys})
    return {dotted(issue.path): issue.message for issue in issues}


def test_an_environment_with_a_mistake_is_left_out_but_its_name_is_known() -> None:
    project, issues = parse_project({"project": "dwh", "environments": {"local": None, "dev": {"x": 1}}})
    assert project is not None
    assert list(project.environments) == ["local"]
    assert project.environment_names == ("local", "dev")
    assert [dotted(issue.path) for issue in issues] == ["environments.dev.x"]


def test_mistakes_of_the_project_and_of_its_environments_come_at_once() -> None:
    found = issues_of(
        runs=1, local={"cores": 2}, environments={"dev": {"runs": 2}, "prod": {"engine": "emr"}}
    )
    assert list(found) == ["local.cores", "runs", "environments.dev.runs", "environments.prod.engine"]


def test_two_environments_cannot_list_one_mwaa_environment() -> None:
    found = issues_of(environments={"dev": {"mwaa": ["a"]}, "prod": {"mwaa": ["b", "a"]}})
    assert found == {"environments.prod.mwaa[1]": "the environment dev lists a already"}


def test_each_environment_without_a_topic_is_named_where_sns_is_chosen() -> None:
    topic = {"notification": {"services": {"SNS": {"topic_arn": "arn"}}}}
    _, issues = parse_project(
        {
            "project": "dwh",
            "notification": {"service_type": "SNS"},
            "environments": {"local": {}, "dev": {}, "prod": topic},
        }
    )
    assert [issue.message for issue in issues] == [
        "SNS has no topic in the environment local",
        "SNS has no topic in the environment dev",
    ]


@pytest.mark.parametrize("data", [None, [], "dwh", 1])
def test_a_project_that_is_no_mapping_is_one_issue(data: Any) -> None:
    project, issues = parse_project(data)
    assert project is None
    assert [(issue.path, issue.code) for issue in issues] == [((), "type")]

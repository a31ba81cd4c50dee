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


def services(**classes: Any) -> dict[str, Any]:
    return {"notification": {"services": {name: {"class": path} for name, path in classes.items()}}}


def test_a_notifiers_class_is_written_with_a_colon_also_where_it_replaces_a_built_in_one() -> None:
    prod = {"notification": {"service_type": "SNS", "services": {"SNS": {"class": "team:Sns"}}}}
    assert issues_of(**services(TEAM="team.notifiers:Team", LOG="team:Log"), environments={"a": prod}) == {}


@pytest.mark.parametrize(
    "path",
    ["team.notifiers.Team", "Team", ":Team", "team:", "team:Team.x", "a b:C", "team:Team\n", "", 5, ["a:B"]],
)
def test_a_wrongly_written_class_of_a_notifier_is_named_in_the_project_and_in_an_environment(
    path: Any,
) -> None:
    found = issues_of(**services(TEAM=path, LOG=path), environments={"dev": services(MINE=path)})
    assert list(found) == [
        "notification.services.TEAM.class",
        "notification.services.LOG.class",
        "environments.dev.notification.services.MINE.class",
    ]
    assert all(message.startswith("not a notifier's class: ") for message in found.values())


def test_a_notifier_that_is_not_built_in_needs_a_class_in_every_environment() -> None:
    none, own = {"services": {"TEAM": {"channel": "data"}, "NOOP": {}}}, {"services": {"MINE": {}}}
    environments = {"dev": services(TEAM="a:B"), "test": {}, "prod": {"notification": own}}
    _, issues = parse_project({"project": "dwh", "notification": none, "environments": environments})
    assert [(dotted(issue.path), issue.message, issue.at) for issue in issues] == [
        ("notification.services.TEAM", "the notifier TEAM has no class", "key"),
        ("environments.prod.notification.services.MINE", "the notifier MINE has no class", "key"),
    ]


def test_a_class_from_the_project_holds_in_an_environment_that_changes_a_setting() -> None:
    dev = {"notification": {"services": {"TEAM": {"channel": "dev"}}}}
    assert issues_of(**services(TEAM="team:Team"), environments={"dev": dev}) == {}


@pytest.mark.parametrize(
    ("value", "message", "remedy"),
    [
        ("yes", "expected true, false or a mapping of keys, got 'yes'", "`sweeper: false`"),
        (None, "expected true, false or a mapping of keys, got nothing", "`sweeper: false`"),
        ({"schedule": "hourly"}, "not a schedule: 'hourly'", '"0 6 * * *"'),
        ({"schedul": "@hourly"}, "unknown key", "did you mean schedule?"),
        ({"grace": "soon"}, "not a duration: 'soon'", "30m"),
        ({"enabled": "no"}, "expected true or false, got 'no'", "without quotes"),
    ],
)
def test_a_wrong_sweeper_is_told_in_the_project_and_in_an_environment(
    value: Any, message: str, remedy: str
) -> None:
    _, issues = parse_project(
        {"project": "dwh", "sweeper": value, "environments": {"prod": {"sweeper": value}}}
    )
    places = {issue.path[: issue.path.index("sweeper")] for issue in issues}
    assert places == {(), ("environments", "prod")}
    assert {issue.message for issue in issues} == {message}
    assert all(remedy in issue.remedy for issue in issues)


@pytest.mark.parametrize("data", [None, [], "dwh", 1])
def test_a_project_that_is_no_mapping_is_one_issue(data: Any) -> None:
    project, issues = parse_project(data)
    assert project is None
    assert [(issue.path, issue.code) for issue in issues] == [((), "type")]

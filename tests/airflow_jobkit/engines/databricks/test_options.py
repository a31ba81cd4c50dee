"""What a YAML may set under `databricks:`, how layers replace each other, and what contradicts what."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from airflow_jobkit.engines.databricks.options import Options
from airflow_jobkit.problems import Issue
from airflow_jobkit.spec.model import parse_model

ARN = "arn:aws:iam::123456789012:instance-profile/spark"
CLUSTER = {"spark_version": "15.4.x-scala2.12", "num_workers": 1}


def options(data: dict[str, Any]) -> Options:
    """Options as YAML gives them."""
    parsed = parse_model(Options, data)
    assert isinstance(parsed, Options), parsed
    return parsed


def issue(data: dict[str, Any]) -> Issue:
    """The one mistake in what YAML gives."""
    parsed = parse_model(Options, data)
    assert isinstance(parsed, list)
    (found,) = parsed
    return found


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        pytest.param(
            {"new_cluster": {"autoscale": {"since": dt.date(2026, 1, 1)}}},
            ("new_cluster", "autoscale", "since"),
            "the Jobs API takes no date: the date 2026-01-01",
            id="a date, which JSON has no form for",
        ),
        pytest.param(
            {"new_cluster": {"custom_tags": {True: "x"}}},
            ("new_cluster", "custom_tags"),
            "a key is true, not text",
            id="a key that is no text",
        ),
        pytest.param(
            {"serverless": False}, ("serverless",), "serverless: false has no meaning", id="no serverless"
        ),
        pytest.param(
            {"serverless": {"environment_version": 2}},
            ("serverless", "environment_version"),
            "expected text, got the number 2",
            id="an environment version without quotes",
        ),
        pytest.param(
            {"access_control_list": [{"permission_level": "CAN_VIEW"}]},
            ("access_control_list", 0),
            "a permission is for one: it names nobody",
            id="a permission for nobody",
        ),
        pytest.param(
            {
                "access_control_list": [
                    {"user_name": "a", "group_name": "b", "permission_level": "CAN_VIEW"},
                ]
            },
            ("access_control_list", 0),
            "a permission is for one: user_name and group_name are set",
            id="a permission for two",
        ),
        pytest.param(
            {"access_control_list": [{"user_name": "a", "permission_level": "CAN_RUN"}]},
            ("access_control_list", 0, "permission_level"),
            "expected one of 'CAN_VIEW', 'CAN_MANAGE_RUN', 'CAN_MANAGE' or 'IS_OWNER', got 'CAN_RUN'",
            id="a permission that there is not",
        ),
        pytest.param(
            {"submit": {"timeout_seconds": 600}},
            ("submit", "timeout_seconds"),
            "timeout_seconds cannot be set here",
            id="a further field that has a key of its own",
        ),
        pytest.param(
            {"submit": {"tasks": []}}, ("submit", "tasks"), "tasks cannot be set here", id="tasks of another"
        ),
        pytest.param(
            {"instance_profile_arn": "arn:aws:iam::123456789012:role/spark"},
            ("instance_profile_arn",),
            "expected text like arn:aws:iam::123456789012:instance-profile/spark, "
            "got 'arn:aws:iam::123456789012:role/spark'",
            id="the ARN of a role",
        ),
        pytest.param({"existing_cluster": "x"}, ("existing_cluster",), "unknown key", id="an unknown key"),
    ],
)
def test_a_mistake_is_named_at_its_place(data: dict[str, Any], path: tuple[Any, ...], message: str) -> None:
    """The message says what is wrong, and a remedy goes with it."""
    found = issue(data)
    assert (found.path, found.message) == (path, message)
    assert found.remedy


@pytest.mark.parametrize(
    ("lower", "upper", "merged"),
    [
        pytest.param(
            {"new_cluster": CLUSTER, "environment": {"ENV": "dev"}},
            {"new_cluster": {"num_workers": 4}, "environment": {"TZ": "UTC"}},
            {"new_cluster": {**CLUSTER, "num_workers": 4}, "environment": {"ENV": "dev", "TZ": "UTC"}},
            id="a new cluster is merged into a new cluster",
        ),
        pytest.param(
            {
                "new_cluster": CLUSTER,
                "environment": {"ENV": "dev"},
                "tags": {"a": "b"},
                "instance_profile_arn": ARN,
                "timeout": "5m",
            },
            {"existing_cluster_id": "1121"},
            {"existing_cluster_id": "1121", "timeout": "5m"},
            id="an existing cluster takes out a new one and all that was said of it",
        ),
        pytest.param(
            {"existing_cluster_id": "1121"}, {"serverless": True}, {"serverless": True}, id="serverless too"
        ),
        pytest.param(
            {"serverless": {"environment_version": "2"}},
            {"new_cluster": CLUSTER},
            {"new_cluster": CLUSTER},
            id="a new cluster takes out serverless",
        ),
        pytest.param(
            {"serverless": {"environment_version": "2"}},
            {"serverless": True},
            {"serverless": {"environment_version": "2"}},
            id="serverless: true keeps the environment version of a lower layer",
        ),
        pytest.param(
            {"new_cluster": CLUSTER}, {"timeout": "5m"}, {"new_cluster": CLUSTER, "timeout": "5m"}, id="kept"
        ),
        pytest.param(
            {"access_control_list": [{"user_name": "a", "permission_level": "CAN_VIEW"}]},
            {"access_control_list": [{"user_name": "b", "permission_level": "CAN_VIEW"}]},
            {"access_control_list": [{"user_name": "b", "permission_level": "CAN_VIEW"}]},
            id="an access control list is replaced",
        ),
    ],
)
def test_a_later_layer_replaces_the_compute_of_lower_ones(
    lower: dict[str, Any], upper: dict[str, Any], merged: dict[str, Any]
) -> None:
    """A task that names a compute need not know what its environment named."""
    assert options(lower).overlaid_by(options(upper)) == options(merged)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param({}, ["Databricks needs a compute for the runs"], id="no compute"),
        pytest.param({"serverless": True}, [], id="one compute"),
        pytest.param(
            {"serverless": True, "existing_cluster_id": "1121"},
            ["existing_cluster_id and serverless are set, and a run has one compute"],
            id="two computes in the same layer",
        ),
        pytest.param(
            {"existing_cluster_id": "1121", "environment": {"ENV": "dev"}},
            ["environment is for a new cluster: variables are set when a cluster starts"],
            id="variables for a cluster that runs already",
        ),
        pytest.param(
            {"serverless": True, "instance_profile_arn": ARN},
            ["instance_profile_arn is for a new cluster: it belongs to the cluster's machines"],
            id="an instance profile without machines",
        ),
        pytest.param(
            {
                "new_cluster": {**CLUSTER, "aws_attributes": {"instance_profile_arn": ARN}},
                "instance_profile_arn": ARN,
            },
            ["new_cluster.aws_attributes.instance_profile_arn says this too"],
            id="an instance profile in two places",
        ),
        pytest.param(
            {"new_cluster": {"spark_env_vars": {"A": "1", "B": "1"}}, "environment": {"B": "2", "C": "2"}},
            ["new_cluster.spark_env_vars.B says this too"],
            id="a variable in two places",
        ),
    ],
)
def test_what_all_layers_say_together_is_checked(data: dict[str, Any], expected: list[str]) -> None:
    """A compute is needed, there is one, and what is said of it can hold for it."""
    assert [found.message for found in options(data).issues()] == expected


def test_the_connection_name_is_an_argument_of_the_entry_script() -> None:
    """Without a name the argument is left out."""
    assert options({"connection_name": "lake"}).entry_arguments() == (("databricks_connection_name", "lake"),)
    assert Options().entry_arguments() == ()


def test_arguments_that_the_jobs_api_would_not_take_are_counted() -> None:
    held = options({"serverless": True})
    assert held.argument_issues({"airports": "x" * 9_900}) == []
    (issue,) = held.argument_issues({"airports": "x" * 10_000})
    assert issue.message == "the arguments have 10,018 bytes as JSON, and Databricks takes 10,000"

"""What Databricks is asked for: golden requests, one per kind of compute."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_jobkit.engines.databricks.options import LARGEST_PARAMETERS, Options
from airflow_jobkit.engines.databricks.payload import preview, submit, token_of
from airflow_jobkit.engines.invocation import Invocation, RunNames
from airflow_jobkit.errors import EngineError
from airflow_jobkit.spec.model import parse_model

GOLDEN = Path(__file__).parent / "golden"
ARN = "arn:aws:iam::123456789012:instance-profile/consumer"
CALL = Invocation(
    script="s3://code-bucket/code-prefix/releases/1.0.0/scripts/databricks/generic_entry.py",
    wheels=(
        "s3://code-bucket/code-prefix/releases/1.0.0/wheels/dwh-1.0.0-py3-none-any.whl",
        "s3://code-bucket/code-prefix/releases/1.0.0/wheels/jobkit_runtime-0.1.0-py3-none-any.whl",
    ),
    arguments=(
        ("module_name", "dwh.jobs.flights.clean_flights_factory"),
        ("notification_service_type", "NOOP"),
        ("month", "1"),
        ("jobkit_envelope", "eNo"),
    ),
)
KEY = "0123456789abcdef0123456789abcdef.0"
NAMES = RunNames("dwh", "flights_daily", "clean_flights", KEY)
CLUSTER = {"spark_version": "15.4.x-scala2.12", "node_type_id": "m5.large", "num_workers": 1}
CASES: dict[str, dict[str, Any]] = {
    "new-cluster": {"new_cluster": CLUSTER},
    "existing-cluster": {"existing_cluster_id": "1121-084500-abc123"},
    "serverless": {"serverless": True},
    "everything": {
        "connection_id": "databricks_consumer",
        "connection_name": "databricks",
        "new_cluster": {
            **CLUSTER,
            "aws_attributes": {"zone_id": "auto"},
            "spark_env_vars": {"TZ": "UTC"},
            "custom_tags": {"owner": "dwh"},
            "spark_conf": {"spark.sql.session.timeZone": "UTC"},
            "init_scripts": [{"s3": {"destination": "s3://code-bucket/init.sh", "region": "eu-west-1"}}],
        },
        "instance_profile_arn": ARN,
        "environment": {"ENV": "dev"},
        "access_control_list": [
            {"group_name": "consumer-developers", "permission_level": "CAN_VIEW"},
            {"user_name": "ada@example.com", "permission_level": "CAN_MANAGE_RUN"},
        ],
        "timeout": "1h30m",
        "run_name": "flights",
        "tags": {"team": "flights"},
        "submit": {
            "email_notifications": {"on_failure": ["ada@example.com"]},
            "queue": {"enabled": True},
            "health": {"rules": [{"metric": "RUN_DURATION_SECONDS", "op": "GREATER_THAN", "value": 600}]},
            "git_source": {"git_url": "https://example.com/dwh.git", "git_provider": "gitHub"},
        },
    },
}

EXAMPLE_CALL = Invocation(
    script="s3://code-bucket/code-prefix/scripts/databricks/generic_entry.py",
    wheels=("s3://code-bucket/code-prefix/dwh-0.1.0-py3-none-any.whl",),
    arguments=(
        ("module_name", "dwh.jobs.spark_example.spark_example_job_factory"),
        ("notification_service_type", "NOOP"),
        ("databricks_connection_name", "databricks"),
    ),
)
EXAMPLE_NAMES = dataclasses.replace(NAMES, dag_id="databricks_example", task_id="databricks_example")
EXAMPLE_OPTIONS = {
    "connection_id": "databricks_consumer",
    "connection_name": "databricks",
    "new_cluster": {
        "spark_version": "15.4.x-scala2.12",
        "node_type_id": "mgd-fleet.xlarge",
        "driver_node_type_id": "mgd-fleet.xlarge",
        "num_workers": 1,
    },
    "environment": {"PYSPARK_PYTHON": "/databricks/python3/bin/python3", "ENV": "dev"},
    "instance_profile_arn": ARN,
    "timeout": "10m",
    "access_control_list": [{"group_name": "consumer-developers", "permission_level": "CAN_VIEW"}],
}
# What a hand-written task passes to DatabricksSubmitRunOperator, but for the names of run and submission.
HAND_WRITTEN = {
    "new_cluster": {
        "spark_version": "15.4.x-scala2.12",
        "node_type_id": "mgd-fleet.xlarge",
        "driver_node_type_id": "mgd-fleet.xlarge",
        "num_workers": 1,
        "spark_env_vars": {"PYSPARK_PYTHON": "/databricks/python3/bin/python3", "ENV": "dev"},
        "aws_attributes": {"instance_profile_arn": ARN},
    },
    "spark_python_task": {
        "python_file": "s3://code-bucket/code-prefix/scripts/databricks/generic_entry.py",
        "parameters": [
            "--module_name",
            "dwh.jobs.spark_example.spark_example_job_factory",
            "--notification_service_type",
            "NOOP",
            "--databricks_connection_name",
            "databricks",
        ],
    },
    "libraries": [{"whl": "s3://code-bucket/code-prefix/dwh-0.1.0-py3-none-any.whl"}],
    "access_control_list": [{"group_name": "consumer-developers", "permission_level": "CAN_VIEW"}],
    "timeout_seconds": 600,
}


def options(data: dict[str, Any]) -> Options:
    """Options as YAML gives them."""
    parsed = parse_model(Options, data)
    assert isinstance(parsed, Options), parsed
    return parsed


@pytest.mark.parametrize("case", CASES)
def test_the_request_of_each_compute_is_golden(golden: Callable[[Path, str], None], case: str) -> None:
    """Every field of the request is written down, so that a change of it is read by a person."""
    text = json.dumps(preview(options(CASES[case]), CALL, NAMES), indent=2) + "\n"
    golden(GOLDEN / f"{case}.json", text)


def test_the_example_is_golden(golden: Callable[[Path, str], None]) -> None:
    """The whole request of databricks_example is written down."""
    text = json.dumps(preview(options(EXAMPLE_OPTIONS), EXAMPLE_CALL, EXAMPLE_NAMES), indent=2) + "\n"
    golden(GOLDEN / "databricks-example.json", text)


def test_the_example_equals_the_hand_written_task_in_every_argument() -> None:
    """Apart from names, key and token, the request holds what the hand-written task says, and no more."""
    request = submit(options(EXAMPLE_OPTIONS), EXAMPLE_CALL, EXAMPLE_NAMES)
    (task,) = request.pop("tasks")
    parameters = task["spark_python_task"]["parameters"]
    assert (parameters.pop(-2), parameters.pop()) == ("--jobkit_run_key", KEY)
    assert (request.pop("run_name"), task.pop("task_key")) == ("databricks_example.databricks_example", "job")
    assert request.pop("idempotency_token") == token_of(KEY)
    assert {**request, **task} == HAND_WRITTEN


def test_whole_numbers_stay_whole_numbers() -> None:
    """The stock operator makes text of them, which some fields of the Jobs API refuse."""
    request = submit(options({"new_cluster": CLUSTER, "timeout": "5m"}), CALL, NAMES)
    assert request["tasks"][0]["new_cluster"]["num_workers"] == 1
    assert request["timeout_seconds"] == 300


def test_an_existing_cluster_gets_the_wheels_as_an_argument_and_no_libraries() -> None:
    """Libraries would stay on the cluster, for every job on it."""
    (task,) = submit(options({"existing_cluster_id": "1121"}), CALL, NAMES)["tasks"]
    assert task["spark_python_task"]["parameters"][-2:] == ["--jobkit_wheels", ",".join(CALL.wheels)]
    assert "libraries" not in task


@pytest.mark.parametrize("kind", ["new-cluster", "existing-cluster", "serverless"])
def test_a_call_without_wheels_names_none(kind: str) -> None:
    """No empty list of libraries and no argument without a value is sent."""
    bare = dataclasses.replace(CALL, wheels=())
    request = submit(options(CASES[kind]), bare, NAMES)
    assert request["tasks"][0]["spark_python_task"]["parameters"] == [*bare.argv, "--jobkit_run_key", KEY]
    assert "libraries" not in request["tasks"][0]
    assert "whl" not in json.dumps(request)


def test_the_options_are_not_changed_by_a_request() -> None:
    """What our own keys add to a cluster goes into a copy."""
    given = options(CASES["everything"])
    submit(given, CALL, NAMES)["tasks"][0]["new_cluster"]["spark_conf"]["spark.x"] = "1"
    assert given == options(CASES["everything"])


@pytest.mark.parametrize(
    ("length", "accepted"),
    [
        pytest.param(0, True, id="exactly the limit is accepted"),
        pytest.param(1, False, id="one byte more is refused"),
    ],
)
def test_the_parameters_have_a_limit(length: int, accepted: bool) -> None:
    """The Jobs API takes 10,000 bytes of JSON; the error says where large values go."""
    frame = len(json.dumps(["--jobkit_envelope", "", "--jobkit_run_key", KEY]))
    value = "x" * (LARGEST_PARAMETERS - frame + length)
    call = dataclasses.replace(CALL, arguments=(("jobkit_envelope", value),))
    if accepted:
        assert submit(options({"serverless": True}), call, NAMES)
        return
    with pytest.raises(
        EngineError, match=r"10,001 bytes long .* takes 10,000; put large values into a dataset"
    ):
        submit(options({"serverless": True}), call, NAMES)


def test_the_token_is_that_of_the_submission() -> None:
    """The same for every request of a submission, another for the next one, and never too long."""
    given = options({"serverless": True})
    changed = options({"serverless": True, "timeout": "5m"})
    following = dataclasses.replace(NAMES, submission=KEY[:-1] + "1")
    tokens = [
        submit(chosen, CALL, names)["idempotency_token"]
        for chosen, names in ((given, NAMES), (changed, NAMES), (given, following))
    ]
    assert tokens[0] == tokens[1] != tokens[2]
    assert {len(token) for token in tokens} == {64}


def test_options_without_a_compute_are_refused() -> None:
    """The error names the three that there are."""
    with pytest.raises(EngineError, match="set new_cluster, existing_cluster_id or serverless"):
        submit(Options(), CALL, NAMES)

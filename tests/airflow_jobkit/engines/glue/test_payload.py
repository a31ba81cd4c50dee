"""What Glue is asked for: golden requests, and which options make another definition."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator

from airflow_jobkit.engines.glue.options import Options
from airflow_jobkit.engines.glue.payload import definition, definition_name, preview, start
from airflow_jobkit.engines.invocation import Invocation, RunNames
from airflow_jobkit.errors import EngineError
from airflow_jobkit.spec.model import parse_model

GOLDEN = Path(__file__).parent / "golden"
CALL = Invocation(
    script="s3://code-bucket/code-prefix/releases/1.0.0/scripts/glue/generic_entry.py",
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
NAMES = RunNames("dwh", "flights_daily", "clean_flights", "0123456789abcdef0123456789abcdef.0.01234567")
CASES: dict[str, dict[str, Any]] = {
    "smallest": {"iam_role_name": "glue-job-role"},
    "everything": {
        "job_name": "flights",
        "iam_role_arn": "arn:aws:iam::123456789012:role/glue-job-role",
        "glue_version": "5.1",
        "worker_type": "G.2X",
        "number_of_workers": 10,
        "timeout": "5m",
        "execution_class": "FLEX",
        "connections": ["vpc", "warehouse"],
        "security_configuration": "sse",
        "max_concurrent_runs": 20,
        "queueing": False,
        "tags": {"team": "flights"},
        "requirements": "s3://code-bucket/code-prefix/requirements.txt",
        "arguments": {"--enable-auto-scaling": "true"},
    },
    "existing-job": {"existing_job": "nightly"},
    "existing-job-with-workers": {
        "existing_job": "nightly",
        "worker_type": "G.2X",
        "number_of_workers": 4,
        "timeout": "5m",
        "queueing": False,
        "security_configuration": "sse",
    },
}


def options_of(data: dict[str, Any]) -> Options:
    options = parse_model(Options, data)
    assert isinstance(options, Options), options
    return options


@pytest.mark.parametrize("name", CASES, ids=lambda name: name.replace("-", " "))
def test_the_requests_of_a_run_are_those_of_the_golden_file(
    name: str, golden: Callable[[Path, str], None]
) -> None:
    requests = preview(options_of(CASES[name]), CALL, NAMES)
    golden(GOLDEN / f"{name}.json", json.dumps(requests, indent=2) + "\n")


@pytest.mark.parametrize("name", CASES, ids=lambda name: name.replace("-", " "))
def test_the_requests_are_as_the_services_own_model_wants_them(name: str) -> None:
    model = get_session().get_service_model("glue")
    for action, request in preview(options_of(CASES[name]), CALL, NAMES).items():
        report = ParamValidator().validate(request, model.operation_model(action).input_shape)
        assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"worker_type": "G.2X"}, id="worker type"),
        pytest.param({"number_of_workers": 3}, id="number of workers"),
        pytest.param({"timeout": "5m"}, id="time-out"),
        pytest.param({"execution_class": "FLEX"}, id="execution class"),
        pytest.param({"queueing": False}, id="queueing"),
        pytest.param({"security_configuration": "sse"}, id="security configuration"),
        pytest.param({"requirements": "s3://b/r.txt"}, id="requirements"),
        pytest.param({"arguments": {"--conf": "x=1"}}, id="arguments"),
        pytest.param({"poll_interval": "1s", "aws_conn_id": "b"}, id="what Glue is not told"),
    ],
)
def test_what_a_run_can_override_makes_no_other_definition(change: dict[str, Any]) -> None:
    smallest = CASES["smallest"]
    assert definition_name(options_of({**smallest, **change}), "dwh") == definition_name(
        options_of(smallest), "dwh"
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"iam_role_name": "other"}, id="role"),
        pytest.param({"glue_version": "5.1"}, id="Glue version"),
        pytest.param({"connections": ["vpc"]}, id="connections"),
        pytest.param({"max_concurrent_runs": 5}, id="number of concurrent runs"),
        pytest.param({"tags": {"team": "a"}}, id="tags"),
    ],
)
def test_what_no_run_can_override_makes_another_definition(change: dict[str, Any]) -> None:
    smallest = CASES["smallest"]
    assert definition_name(options_of({**smallest, **change}), "dwh") != definition_name(
        options_of(smallest), "dwh"
    )


def test_two_projects_never_share_a_definition_so_that_neither_prunes_the_others() -> None:
    options = options_of({"iam_role_name": "a", "job_name": "shared"})
    assert definition_name(options, "dwh") != definition_name(options, "weather")


def test_another_version_of_the_script_needs_no_other_definition() -> None:
    options = options_of(CASES["smallest"])
    first, second = (definition(options, "dwh", f"s3://b/{version}.py") for version in ("1", "2"))
    assert first["Name"] == second["Name"]


def test_a_run_without_wheels_says_nothing_of_them() -> None:
    request = start(options_of(CASES["smallest"]), Invocation("s3://b/s.py", (), ()), NAMES, "job")
    assert "--extra-py-files" not in request["Arguments"]


def test_an_argument_of_both_glue_and_the_job_is_refused() -> None:
    options = options_of({"iam_role_name": "a", "arguments": {"--month": "2"}})
    with pytest.raises(EngineError, match=r"--month stands in glue\.arguments and is an argument of the job"):
        start(options, CALL, NAMES, "job")


def test_arguments_above_glues_limit_are_refused_with_a_remedy() -> None:
    large = Invocation("s3://b/s.py", (), (("text", "ä" * 130_000),))
    with pytest.raises(EngineError, match=r"are 260,\d\d\d bytes long.*put large ones into a file"):
        start(options_of(CASES["smallest"]), large, NAMES, "job")

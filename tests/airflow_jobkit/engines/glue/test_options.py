"""What may stand under `glue:`, what is refused, and how its layers come together."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from airflow_jobkit.engines.glue.options import Options
from airflow_jobkit.spec.model import parse_model

ROLE = "arn:aws:iam::123456789012:role/glue-job-role"


def parsed(data: dict[str, Any]) -> Options:
    options = parse_model(Options, data)
    assert isinstance(options, Options), options
    return options


def said(data: dict[str, Any]) -> list[tuple[str, str]]:
    """The messages and remedies of what is wrong with a block."""
    issues = parse_model(Options, data)
    assert isinstance(issues, list), "nothing is wrong with it"
    return [(issue.message, issue.remedy) for issue in issues]


def test_every_key_of_a_yaml_is_read() -> None:
    options = parsed(
        {
            "job_name": "flights",
            "iam_role_name": "glue-job-role",
            "glue_version": "5.1",
            "worker_type": "G.2X",
            "number_of_workers": 10,
            "timeout": "1h30m",
            "execution_class": "FLEX",
            "connections": ["vpc"],
            "security_configuration": "sse",
            "max_concurrent_runs": 5,
            "queueing": False,
            "tags": {"team": "flights"},
            "requirements": "s3://code-bucket/requirements.txt",
            "arguments": {"--enable-auto-scaling": "true"},
            "aws_conn_id": "aws_prod",
            "region_name": "eu-west-1",
            "poll_interval": "30s",
        }
    )
    assert (options.timeout, options.connections) == (dt.timedelta(minutes=90), ("vpc",))
    assert options.issues() == []


@pytest.mark.parametrize(
    ("data", "message", "remedy"),
    [
        pytest.param(
            {"timeout": "90s"},
            "Glue counts its time-out in whole minutes, got 1m30s",
            "round it to minutes, such as 5m or 1h30m",
            id="a time-out with seconds",
        ),
        pytest.param(
            {"timeout": "30s"},
            "not a time-out that Glue takes: 30s",
            "write one from 1m to 7d (10,080m)",
            id="a time-out below a minute",
        ),
        pytest.param(
            {"timeout": "8d"},
            "not a time-out that Glue takes: 8d",
            "write one from 1m to 7d (10,080m)",
            id="a time-out above a week",
        ),
        pytest.param(
            {"glue_version": "3.0"},
            "Glue 3.0 has a Python older than 3.10, which the jobs need",
            'write "4.0" or a newer one',
            id="a Glue whose Python is too old",
        ),
        pytest.param(
            {"glue_version": 5.0},
            "expected text, got the number 5.0",
            "put the value in quotes if it is meant as text",
            id="a version that is a number",
        ),
        pytest.param(
            {"number_of_workers": 1},
            "a Spark run has at least 2 workers, the driver's and another; got the number 1",
            "write 2 or more",
            id="a lone worker",
        ),
        pytest.param(
            {"worker_type": "G.025X", "execution_class": "FLEX"},
            "G.025X is for streaming jobs, which never end and cannot be FLEX; jobkit runs jobs that end",
            "write G.1X, or a larger one",
            id="workers of streaming jobs",
        ),
        pytest.param(
            {"worker_type": "Z.2X"},
            "Z.2X is for Ray jobs, and these are Spark jobs",
            "write G.1X, or a larger one",
            id="workers of Ray jobs",
        ),
        pytest.param(
            {"worker_type": "standard"},
            "Glue 4.0 and newer have no Standard workers",
            "write G.1X, or a larger one",
            id="workers of older Glue versions",
        ),
        pytest.param(
            {"worker_type": "g.8x"},
            "no worker type 'g.8x'",
            "did you mean G.8X?",
            id="a worker type in lower case",
        ),
        pytest.param(
            {"worker_type": "G.1X", "max_capacity": 10},
            "Glue 2.0 and newer count workers; max_capacity is for older jobs and for Python shell",
            "set `worker_type` and `number_of_workers`; a G.1X is one DPU, a G.2X two",
            id="a capacity in place of workers",
        ),
        pytest.param(
            {"retry_limit": 1},
            "retries are Airflow's, not retry_limit of Glue",
            "set `retries` in the task; a run that Glue repeats by itself would be one that nobody asked for",
            id="a key of the stock operator",
        ),
        pytest.param(
            {"requirements": "requirements.txt"},
            "expected text like s3://code-bucket/code-prefix/requirements.txt, got 'requirements.txt'",
            "write it in this form",
            id="a requirements file that is not on S3",
        ),
        pytest.param(
            {"arguments": {"conf": "x"}},
            "not the name of a Glue argument: 'conf'",
            "start it with `--`",
            id="an argument without dashes",
        ),
        pytest.param(
            {"arguments": {"--JOB_NAME": "x"}},
            "--JOB_NAME cannot be set here",
            "take it out; Glue sets it itself",
            id="an argument that is Glue's own",
        ),
        pytest.param(
            {"arguments": {"--extra-py-files": "x"}},
            "--extra-py-files cannot be set here",
            "take it out; the wheels are those of the code version, `requirements` adds others",
            id="an argument that carries the code",
        ),
        pytest.param(
            {"arguments": {"--jobkit-envelope": "x"}},
            "--jobkit-envelope cannot be set here",
            "take it out; jobkit sets it itself",
            id="an argument of ours, written with dashes",
        ),
        pytest.param(
            {"tags": {"airflow-jobkit-project": "x"}},
            "the tag airflow-jobkit-project is set by jobkit itself",
            "rename the tag",
            id="a tag of ours",
        ),
    ],
)
def test_a_value_that_glue_would_not_take_is_refused_with_a_remedy(
    data: dict[str, Any], message: str, remedy: str
) -> None:
    assert said(data) == [(message, remedy)]


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        pytest.param({}, (), "Glue needs a role for the runs", id="no role"),
        pytest.param(
            {"iam_role_name": "a", "iam_role_arn": ROLE},
            ("iam_role_arn",),
            "both iam_role_name and iam_role_arn are set",
            id="two roles",
        ),
        pytest.param(
            {"existing_job": "nightly", "connections": ["vpc"]},
            ("connections",),
            "the existing job nightly has its own connections",
            id="connections for an existing job",
        ),
        pytest.param(
            {"iam_role_name": "a", "glue_version": "4.0", "requirements": "s3://b/r.txt"},
            ("requirements",),
            "Glue 4.0 installs no requirements file",
            id="requirements before Glue 5.0",
        ),
        pytest.param(
            {
                "iam_role_name": "a",
                "requirements": "s3://b/r.txt",
                "arguments": {"--additional-python-modules": "pandas"},
            },
            ("arguments", "--additional-python-modules"),
            "`requirements` sets --additional-python-modules too",
            id="modules said twice",
        ),
        pytest.param(
            {"iam_role_name": "a", "execution_class": "FLEX", "worker_type": "G.4X"},
            ("worker_type",),
            "FLEX has no G.4X workers",
            id="FLEX with workers that it does not have",
        ),
    ],
)
def test_what_does_not_go_together_is_said_once_all_layers_are_there(
    data: dict[str, Any], path: tuple[str, ...], message: str
) -> None:
    (issue,) = parsed(data).issues()
    assert (issue.path, issue.message) == (path, message)
    assert issue.remedy


@pytest.mark.parametrize(
    "option",
    [
        pytest.param({"worker_type": "G.2X", "number_of_workers": 4}, id="its workers"),
        pytest.param({"timeout": "5m"}, id="its time-out"),
        pytest.param({"queueing": False}, id="whether it waits for its turn"),
        pytest.param({"security_configuration": "sse"}, id="its encryption"),
    ],
)
def test_a_run_of_an_existing_job_may_say_what_any_run_says(option: dict[str, Any]) -> None:
    assert parsed({"existing_job": "nightly", **option}).issues() == []


@pytest.mark.parametrize(
    ("lower", "upper", "merged"),
    [
        pytest.param(
            {"iam_role_name": "a", "connections": ["vpc"], "timeout": "5m", "queueing": False},
            {"existing_job": "nightly"},
            {"existing_job": "nightly", "timeout": "5m", "queueing": False},
            id="an existing job drops what a lower layer said of definitions",
        ),
        pytest.param(
            {"existing_job": "nightly", "timeout": "5m"},
            {"iam_role_name": "a"},
            {"iam_role_name": "a", "timeout": "5m"},
            id="a role drops a lower layer's existing job",
        ),
        pytest.param(
            {"iam_role_name": "a"},
            {"iam_role_arn": ROLE},
            {"iam_role_arn": ROLE},
            id="a role's ARN drops a lower layer's name",
        ),
        pytest.param(
            {"existing_job": "nightly"},
            {"tags": {"team": "a"}},
            {"existing_job": "nightly", "tags": {"team": "a"}},
            id="tags alone drop nothing, and are a contradiction",
        ),
        pytest.param(
            {"iam_role_name": "a", "arguments": {"--conf": "x=1", "--a": "1"}},
            {"existing_job": None, "arguments": {"--a": "2"}},
            {"iam_role_name": "a", "existing_job": None, "arguments": {"--conf": "x=1", "--a": "2"}},
            id="arguments merge",
        ),
    ],
)
def test_a_later_layer_wins_and_its_choice_takes_out_the_alternatives(
    lower: dict[str, Any], upper: dict[str, Any], merged: dict[str, Any]
) -> None:
    overlay = parsed(lower).overlaid_by(parsed(upper))
    assert overlay == parsed(merged)
    assert overlay.model_fields_set == set(merged)


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        pytest.param({"iam_role_name": "a"}, 8 * 3600, id="ours, by default 8 hours"),
        pytest.param({"iam_role_name": "a", "timeout": "5m"}, 300, id="the one that is set"),
        pytest.param({"existing_job": "nightly", "timeout": "5m"}, 300, id="set for an existing job"),
        pytest.param({"existing_job": "nightly"}, None, id="an existing job's own, which is not known"),
    ],
)
def test_how_long_a_run_may_take(data: dict[str, Any], seconds: float | None) -> None:
    assert parsed(data).longest_run_seconds() == seconds


def test_what_only_says_how_a_run_is_waited_for_is_no_part_of_it() -> None:
    patient = {
        "poll_interval": "1m",
        "lookup_window": "5m",
        "stream_logs": False,
        "deferrable": True,
        "when_changed": "wait",
    }
    assert (
        parsed({"iam_role_name": "a", **patient}).run_fields() == parsed({"iam_role_name": "a"}).run_fields()
    )


class TestArguments:
    def test_those_that_fit_are_fine(self) -> None:
        assert parsed({"arguments": {"--conf": "x"}}).argument_issues({"month": 1}) == []

    def test_one_that_glue_is_given_too_is_named(self) -> None:
        (issue,) = parsed({"arguments": {"--min-rows": "1"}}).argument_issues({"min_rows": 2, "month": 1})
        assert (issue.path, issue.message) == (
            ("min_rows",),
            "`glue: {arguments: ...}` sets --min-rows too",
        )

    def test_too_many_bytes_are_counted_with_those_of_glue(self) -> None:
        options = parsed({"arguments": {"--conf": "x" * 200_000}})
        (issue,) = options.argument_issues({"airports": "x" * 60_000})
        assert (issue.message, issue.remedy) == (
            "the arguments have 260,018 bytes, and Glue takes 260,000",
            "put large ones into a file or a dataset, and pass its name",
        )

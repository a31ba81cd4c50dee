"""Job definitions are kept, refused and shown as Glue does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from emulators import RunningEmulators, running_emulators
from glue_caller import GlueCaller, RefusedError

ARN = "arn:aws:glue:us-east-1:123456789012:job/"
COMMAND = {"Name": "glueetl", "ScriptLocation": "s3://code/job.py"}


def test_a_job_has_the_services_defaults(glue: GlueCaller) -> None:
    glue.job("flights", GlueVersion="5.0", NumberOfWorkers=2, WorkerType="G.2X")
    job = glue("GetJob", JobName="flights")["Job"]
    created = job.pop("CreatedOn")
    assert job.pop("LastModifiedOn") == created
    assert job == {
        "Name": "flights",
        "JobMode": "SCRIPT",
        "Role": "role",
        "Command": {**COMMAND, "PythonVersion": "3"},
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": 480,
        "GlueVersion": "5.0",
        "WorkerType": "G.2X",
        "NumberOfWorkers": 2,
        "MaxCapacity": 4.0,
        "AllocatedCapacity": 4,
    }


def test_a_job_that_is_there_is_not_made_again(glue: GlueCaller) -> None:
    glue.job("flights")
    with pytest.raises(RefusedError, match="AlreadyExistsException"):
        glue.job("flights")
    with pytest.raises(RefusedError, match="IdempotentParameterMismatchException"):
        glue.job("flights", "s3://code/other.py")
    assert glue("GetJob", JobName="flights")["Job"]["Command"]["ScriptLocation"] == "s3://code/job.py"


def test_an_update_replaces_a_job_wholly(glue: GlueCaller) -> None:
    glue.job("flights", Description="old", Timeout=5, DefaultArguments={"--a": "1"})
    before = glue("GetJob", JobName="flights")["Job"]
    glue("UpdateJob", JobName="flights", JobUpdate={"Role": "other", "Command": COMMAND})
    after = glue("GetJob", JobName="flights")["Job"]
    assert after["Role"] == "other"
    assert after["Timeout"] == 480
    assert "Description" not in after
    assert "DefaultArguments" not in after
    assert after["CreatedOn"] == before["CreatedOn"]


def test_jobs_are_listed_in_pages_and_by_tag(glue: GlueCaller) -> None:
    for name in ("a", "b", "c"):
        glue.job(name, Tags={"team": "x" if name != "b" else "y"})
    first = glue("GetJobs", MaxResults=2)
    second = glue("GetJobs", MaxResults=2, NextToken=first["NextToken"])
    assert [job["Name"] for job in first["Jobs"] + second["Jobs"]] == ["a", "b", "c"]
    assert "NextToken" not in second
    assert glue("ListJobs") == {"JobNames": ["a", "b", "c"]}
    assert glue("ListJobs", Tags={"team": "x"}) == {"JobNames": ["a", "c"]}
    batch = glue("BatchGetJobs", JobNames=["b", "none"])
    assert [job["Name"] for job in batch["Jobs"]] == ["b"]
    assert batch["JobsNotFound"] == ["none"]


def test_a_deleted_job_is_gone_and_may_be_deleted_again(glue: GlueCaller) -> None:
    glue.job("flights")
    for _ in range(2):
        assert glue("DeleteJob", JobName="flights") == {"JobName": "flights"}
    with pytest.raises(RefusedError, match="EntityNotFoundException"):
        glue("GetJob", JobName="flights")


def test_tags_are_added_and_removed(glue: GlueCaller) -> None:
    glue.job("flights", Tags={"a": "1"})
    glue("TagResource", ResourceArn=f"{ARN}flights", TagsToAdd={"b": "2"})
    glue("UntagResource", ResourceArn=f"{ARN}flights", TagsToRemove=["a"])
    assert glue("GetTags", ResourceArn=f"{ARN}flights") == {"Tags": {"b": "2"}}


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        pytest.param("GetJob", {"JobName": "none"}, "Job not found.", id="a job"),
        pytest.param("UpdateJob", {"JobName": "none", "JobUpdate": {}}, "Job not found.", id="an update"),
        pytest.param(
            "StartJobRun",
            {"JobName": "none"},
            "Failed to start job run due to missing metadata",
            id="a job to start",
        ),
        pytest.param(
            "GetJobRuns", {"JobName": "none"}, "Job not found.", id="a job whose runs are asked for"
        ),
        pytest.param("GetJobRun", {"JobName": "none", "RunId": "jr_1"}, "Job Run not found.", id="a run"),
        pytest.param(
            "GetTags", {"ResourceArn": f"{ARN}none"}, f"Entity not found: {ARN}none", id="a job with tags"
        ),
    ],
)
def test_what_does_not_exist_is_not_found(
    glue: GlueCaller, operation: str, request_: dict[str, Any], message: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        glue(operation, **request_)
    assert (refused.value.code, refused.value.message) == ("EntityNotFoundException", message)


@pytest.mark.parametrize(
    ("settings", "code", "complaint"),
    [
        pytest.param(
            {"Role": None},
            "ValidationException",
            "Value null at 'role' failed to satisfy constraint: Member must not be null",
            id="a role that is missing",
        ),
        pytest.param(
            {"WorkerType": "G.3X"},
            "ValidationException",
            "Value 'G.3X' at 'workerType' failed to satisfy constraint: Member must satisfy enum value set",
            id="a worker type that does not exist",
        ),
        pytest.param(
            {"Timeout": 0},
            "ValidationException",
            "Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or",
            id="a time-out of nothing",
        ),
        pytest.param({"Workers": 2}, "ValidationException", "Workers", id="a setting that does not exist"),
        pytest.param(
            {"NumberOfWorkers": "2"}, "ValidationException", "NumberOfWorkers", id="a number that is a text"
        ),
        pytest.param(
            {"GlueVersion": "5"}, "ValidationException", "'glueVersion'", id="a version of another form"
        ),
        pytest.param(
            {"GlueVersion": "5.7"}, "InvalidInputException", "5.7 is not supported", id="an unknown version"
        ),
        pytest.param(
            {"MaxCapacity": 2.0, "WorkerType": "G.1X"},
            "InvalidInputException",
            "Please do not set Max Capacity",
            id="capacity in two ways",
        ),
        pytest.param(
            {"NumberOfWorkers": 1}, "InvalidInputException", "must be at least 2", id="a single worker"
        ),
        pytest.param({"Timeout": 10081}, "InvalidInputException", "10080 minutes", id="more than seven days"),
        pytest.param(
            {"Command": {"Name": "spark", "ScriptLocation": "s3://code/job.py"}},
            "InvalidInputException",
            "Command name",
            id="a command of another kind",
        ),
        pytest.param(
            {"Command": {"Name": "glueetl"}}, "InvalidInputException", "Script location", id="no script"
        ),
    ],
)
def test_a_definition_is_refused_for(
    glue: GlueCaller, settings: dict[str, Any], code: str, complaint: str
) -> None:
    request = {"Name": "flights", "Role": "role", "Command": COMMAND, **settings}
    with pytest.raises(RefusedError) as refused:
        glue("CreateJob", **{name: value for name, value in request.items() if value is not None})
    assert refused.value.code == code
    assert complaint in refused.value.message
    assert glue("ListJobs") == {"JobNames": []}


def test_all_that_is_wrong_is_said_at_once(glue: GlueCaller) -> None:
    with pytest.raises(RefusedError, match="3 validation errors detected"):
        glue("CreateJob", Name="", Role="role", Timeout=0)


@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_what_is_no_json_object_is_refused(glue: GlueCaller, body: bytes) -> None:
    status, answer = glue.raw("GetJob", body)
    assert (status, answer["__type"]) == (400, "SerializationException")


def test_other_operations_are_motos(emulators: RunningEmulators) -> None:
    client = emulators.client("glue")
    client.create_database(DatabaseInput={"Name": "db"})
    assert client.get_database(Name="db")["Database"]["Name"] == "db"


def test_the_calls_are_counted(emulators: RunningEmulators, glue: GlueCaller) -> None:
    glue.job("flights")
    glue("GetJob", JobName="flights")
    assert emulators.calls() == [
        {"call": "CreateJob", "job": "flights"},
        {"call": "GetJob", "job": "flights"},
    ]
    emulators.forget_calls()
    assert emulators.calls() == []


def test_jobs_outlive_the_emulators(tmp_path: Path) -> None:
    pytest.importorskip("moto", reason="the emulators need moto, of the extra [local]")
    with running_emulators(tmp_path) as emulators:
        GlueCaller(emulators.aws_url).job("flights", Tags={"a": "1"})
    with running_emulators(tmp_path) as emulators:
        glue = GlueCaller(emulators.aws_url)
        assert glue("GetJob", JobName="flights")["Job"]["Role"] == "role"
        assert glue("ListJobs", Tags={"a": "1"}) == {"JobNames": ["flights"]}

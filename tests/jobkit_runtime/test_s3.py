"""Small documents on S3: a real client over HTTP, in front of moto's server."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from processes import finished

from jobkit_runtime import EnvelopeError, StorageError, envelope, publication, storage
from jobkit_runtime.outcome import Outcome
from jobkit_runtime.result import Result, deliver
from jobkit_runtime.runinfo import RunInfo

JOB_CODE = Path(__file__).resolve().parents[2] / "job_code"
# A URL's own special characters, and what looks percent-encoded: keys are taken as they stand.
KEY = "runs/scheduled__2026-01-02T06%3A00%3A00+00:00/a b?c#d/größe.json"


@pytest.mark.parametrize("scheme", ["s3", "s3a", "S3"])
def test_text_goes_to_and_comes_back_from(scheme, bucket):
    url = f"{scheme}://{bucket.name}/{KEY}"
    assert storage.read_text(url) is None
    assert not storage.exists(url)
    storage.write_text(url, "größer")
    storage.write_text(url, "größte")
    assert storage.read_text(url) == "größte"
    assert storage.exists(url)
    assert bucket.keys() == [KEY]


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("data/a.json", True),
        ("data", True),
        ("data/", True),
        ("data/b", True),
        ("data/a", False),
        ("dat", False),
        ("zzz", False),
        ("", True),
    ],
    ids=[
        "an object",
        "what has objects below it",
        "the same with a slash",
        "what has objects below it, after another that begins alike",
        "the beginning of an object's name",
        "the beginning of a folder's name",
        "nothing",
        "a bucket with something in it",
    ],
)
def test_whether_there_is(asked, there, bucket):
    for key in ("data/a.json", "data/b-other", "data/b/c.json"):
        bucket.put(key, b"{}")
    assert storage.exists(f"s3://{bucket.name}/{asked}") is there


@pytest.mark.parametrize(
    ("call", "verb"),
    [
        (storage.read_text, "read"),
        (storage.exists, "list"),
        (lambda url: storage.write_text(url, "x"), "write"),
    ],
    ids=["reading", "asking", "writing"],
)
def test_a_bucket_that_is_not_there_is_an_error_with_the_place_and_the_services_words_when(
    call, verb, bucket
):
    with pytest.raises(StorageError, match=rf"cannot {verb} s3://no-such-bucket/a/b: .*NoSuchBucket.*exist"):
        call("s3://no-such-bucket/a/b")


@pytest.mark.parametrize(
    ("call", "hint"),
    [(storage.read_text, True), (lambda url: storage.write_text(url, "x"), False)],
    ids=["reading, where it may mean that nothing is there", "writing"],
)
def test_forbidden_is_an_error_with_the_services_words_when(call, hint, bucket):
    bucket.put("a.json", b"{}")
    bucket.forbid()
    url = f"s3://{bucket.name}/a.json"
    with pytest.raises(StorageError, match=rf"cannot \w+ {url}: .*\((AccessDenied|403)\)") as caught:
        call(url)
    assert ("s3:ListBucket" in str(caught.value)) is hint


def test_bytes_that_are_no_text_are_an_error_with_the_place(bucket):
    bucket.put("a.json", b"\xff\xfe")
    with pytest.raises(StorageError, match=rf"cannot read s3://{bucket.name}/a.json: 'utf-8' codec"):
        storage.read_text(f"s3://{bucket.name}/a.json")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://", "names no bucket: write s3://bucket/key"),
        ("s3:///a", "names no bucket: write s3://bucket/key"),
        ("s3://b", "names a bucket and no object in it: write s3://b/key"),
    ],
)
def test_a_url_that_names_no_object_is_an_error(url, message):
    with pytest.raises(StorageError, match=message):
        storage.read_text(url)


def test_without_boto3_the_error_says_what_to_do():
    """In a process of its own: here a client may have been made, and stays."""
    code = (
        "import sys; sys.modules['{}'] = None\n"
        "from jobkit_runtime import storage\n"
        "storage.read_text('s3://b/a')\n"
    )
    for module in ("boto3", "botocore.exceptions"):
        command = [sys.executable, "-c", code.format(module)]
        done = finished(command, env={**os.environ, "PYTHONPATH": str(JOB_CODE)})
        last = done.stderr.rstrip().splitlines()[-1]
        assert "StorageError: cannot read s3://b/a: boto3 is not installed beside the job (" in last
        assert last.endswith("pip install boto3")


def test_an_envelope_may_be_pointed_at(bucket, contract, packed):
    document = contract("envelope-v1.json")
    url = f"s3://{bucket.name}/runs/envelope.txt"
    with pytest.raises(EnvelopeError, match=f"should be at {url}, and nothing is there"):
        envelope.decode(f"@{url}")
    storage.write_text(url, packed(document))
    assert envelope.decode(f"@{url}").run.run_key == document["run_key"]


def test_a_dataset_is_marked_and_published(bucket):
    place = f"s3://{bucket.name}/prod/numbers"
    assert not publication.is_managed(place)
    assert publication.current(place) is None
    publication.prepare(place)
    assert publication.is_managed(place)
    content = publication.Publication("run1/try-1", "run1", 3, "0.1.0", "parquet")
    publication.publish(place, content)
    assert publication.current(place) == content
    assert bucket.keys() == ["prod/numbers/_current.json", "prod/numbers/_managed.json"]


def result(envelope_document) -> Result:
    started = envelope.decode(json.dumps(envelope_document))
    moment = started.run.logical_date
    assert moment is not None
    outcome = Outcome("success", moment, moment, metrics={"größe": 1})
    return Result(RunInfo("key", "glue"), "team.jobs", "0.1.0", outcome)


def test_a_result_is_delivered(bucket, contract, capsys):
    url = f"s3://{bucket.name}/{KEY}"
    deliver(result(contract("envelope-v1.json")), url)
    assert json.loads(storage.read_text(url) or "")["metrics"] == {"größe": 1}
    assert capsys.readouterr().out == ""


def test_a_result_that_cannot_be_delivered_is_on_stdout(bucket, contract, capsys, caplog):
    deliver(result(contract("envelope-v1.json")), "s3://no-such-bucket/result.json")
    assert capsys.readouterr().out.startswith('JOBKIT_RESULT {"schema": 1')
    assert "could not be written to s3://no-such-bucket/result.json" in caplog.text

"""HTTP and the folder show the same objects."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("moto", reason="the emulators need moto, of the extra [local]")
pytest.importorskip("flask_cors", reason="the emulators need moto's server, of the extra [local]")

from botocore.exceptions import ClientError
from emulators import running_emulators
from s3_service import Fault, FaultyS3

from airflow_jobkit.local.emulators.objects import MirroredObjects
from airflow_jobkit.local.emulators.wsgi import call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "emulators" / "s3" / "data"


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[Any]:
    with running_emulators(tmp_path / "emulators", "data") as emulators:
        yield emulators.client("s3")


def keys(s3: Any, prefix: str = "") -> list[str]:
    listed = s3.list_objects_v2(Bucket="data", Prefix=prefix)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def content(s3: Any, key: str) -> bytes:
    found: bytes = s3.get_object(Bucket="data", Key=key)["Body"].read()
    return found


def test_an_object_that_is_put_is_a_file(s3: Any, folder: Path) -> None:
    s3.put_object(Bucket="data", Key="a/b c+ü.txt", Body=b"one")
    assert (folder / "a/b c+ü.txt").read_bytes() == b"one"


def test_a_multipart_upload_is_a_file_when_it_is_complete(s3: Any, folder: Path) -> None:
    upload = s3.create_multipart_upload(Bucket="data", Key="big")["UploadId"]
    part = s3.upload_part(Bucket="data", Key="big", UploadId=upload, PartNumber=1, Body=b"x" * 100)
    assert not (folder / "big").exists()
    parts = [{"ETag": part["ETag"], "PartNumber": 1}]
    s3.complete_multipart_upload(Bucket="data", Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    assert (folder / "big").read_bytes() == b"x" * 100


def test_a_file_like_upload_of_several_parts_arrives_whole(s3: Any, folder: Path) -> None:
    body = bytes(range(256)) * 40_000
    s3.upload_fileobj(io.BytesIO(body), "data", "big")
    assert (folder / "big").read_bytes() == body


def test_a_copy_is_a_file_also_of_what_spark_wrote(s3: Any, folder: Path) -> None:
    (folder / "from").write_text("spark")
    s3.copy_object(Bucket="data", Key="to", CopySource={"Bucket": "data", "Key": "from"})
    assert (folder / "to").read_text() == "spark"


def test_what_spark_writes_and_changes_is_an_object(s3: Any, folder: Path) -> None:
    (folder / "t").mkdir()
    (folder / "t/part-0").write_text("one")
    (folder / "t/.part-0.crc").write_text("sum")
    (folder / "t/_temporary").mkdir()
    (folder / "t/_temporary/part-1").write_text("not yet")
    assert keys(s3, "t/") == ["t/part-0"]
    assert content(s3, "t/part-0") == b"one"
    (folder / "t/part-0").write_text("other")
    assert content(s3, "t/part-0") == b"other"


def test_what_spark_deletes_is_no_object_any_more(s3: Any, folder: Path) -> None:
    s3.put_object(Bucket="data", Key="t/a", Body=b"")
    s3.put_object(Bucket="data", Key="t/b", Body=b"")
    (folder / "t/a").unlink()
    with pytest.raises(ClientError, match="NoSuchKey"):
        content(s3, "t/a")
    assert keys(s3) == ["t/b"]


def test_a_deleted_object_is_no_file_and_leaves_no_empty_folder(s3: Any, folder: Path) -> None:
    for key in ("a/b/one", "a/b/two", "a/three"):
        s3.put_object(Bucket="data", Key=key, Body=b"")
    s3.delete_object(Bucket="data", Key="a/three")
    s3.delete_objects(Bucket="data", Delete={"Objects": [{"Key": "a/b/one"}, {"Key": "a/b/two"}]})
    assert list(folder.iterdir()) == []


def test_spark_is_not_left_with_the_checksum_of_what_was_there_before(s3: Any, folder: Path) -> None:
    (folder / "part-0").write_text("spark")
    (folder / ".part-0.crc").write_text("sum")
    s3.put_object(Bucket="data", Key="part-0", Body=b"http")
    assert not (folder / ".part-0.crc").exists()


def test_a_conditional_put_finds_what_spark_wrote(s3: Any, folder: Path) -> None:
    (folder / "claimed").write_text("spark")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="data", Key="claimed", Body=b"http", IfNoneMatch="*")
    assert (folder / "claimed").read_text() == "spark"
    s3.put_object(Bucket="data", Key="free", Body=b"http", IfNoneMatch="*")
    assert (folder / "free").read_text() == "http"


def test_keys_that_cannot_be_files_stay_objects(
    s3: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.put_object(Bucket="data", Key="a", Body=b"file")
    s3.put_object(Bucket="data", Key="a/b", Body=b"below")
    s3.put_object(Bucket="data", Key="folder/", Body=b"")
    s3.put_object(Bucket="data", Key="x/../../../escaped", Body=b"out")
    assert keys(s3) == ["a", "a/b", "folder/", "x/../../../escaped"]
    assert content(s3, "a/b") == b"below"
    assert [file.name for file in folder.rglob("*")] == ["a"]
    assert "s3://data/a/b stays out of the folder" in capsys.readouterr().err


def test_objects_outlive_the_emulators(tmp_path: Path) -> None:
    with running_emulators(tmp_path, "data") as emulators:
        emulators.client("s3").put_object(Bucket="data", Key="a/b", Body=b"kept")
        emulators.client("s3").create_bucket(Bucket="other")
    with running_emulators(tmp_path) as emulators:
        s3 = emulators.client("s3")
        assert content(s3, "a/b") == b"kept"
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["data", "other"]


def test_a_deleted_bucket_is_no_folder(s3: Any, folder: Path) -> None:
    s3.create_bucket(Bucket="other")
    assert folder.with_name("other").is_dir()
    s3.delete_bucket(Bucket="other")
    assert not folder.with_name("other").exists()


def test_a_folder_that_is_made_by_hand_is_a_bucket(s3: Any, folder: Path) -> None:
    for name in ("read", "listed", "among-all"):
        folder.with_name(name).mkdir()
        folder.with_name(name).joinpath("file").write_text("by hand")
    assert s3.get_object(Bucket="read", Key="file")["Body"].read() == b"by hand"
    assert s3.list_objects_v2(Bucket="listed")["KeyCount"] == 1
    assert "among-all" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_a_script_in_a_folder_that_was_made_by_hand_is_found(tmp_path: Path) -> None:
    from moto.server import DomainDispatcherApplication, create_backend_app

    objects = MirroredObjects(DomainDispatcherApplication(create_backend_app), tmp_path)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "job.py").write_text("by hand")
    assert objects.read("s3://code/job.py") == b"by hand"


def test_a_file_that_could_not_be_taken_over_is_taken_over_later(tmp_path: Path) -> None:
    from moto.server import DomainDispatcherApplication, create_backend_app

    moto = FaultyS3(DomainDispatcherApplication(create_backend_app))
    objects = MirroredObjects(moto, tmp_path)
    objects.open(["data"])
    (tmp_path / "data" / "file").write_text("spark")
    moto.faults.append(Fault("PUT", "503 Slow Down", "SlowDown", ending="/data/file"))
    assert call(objects, "GET", "/data/file", "s3")[0] == 404
    assert call(objects, "GET", "/data/file", "s3") == (200, b"spark")


def test_a_presigned_url_reads_what_spark_wrote(s3: Any, folder: Path) -> None:
    from urllib.request import urlopen

    (folder / "part").write_text("spark")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "data", "Key": "part"})
    with urlopen(url) as answer:  # noqa: S310
        assert answer.read() == b"spark"


def test_other_services_are_motos(tmp_path: Path) -> None:
    with running_emulators(tmp_path) as emulators:
        assert emulators.client("sts").get_caller_identity()["Account"] == "123456789012"
        emulators.client("iam").create_role(RoleName="glue-job-role", AssumeRolePolicyDocument="{}")
        assert (
            emulators.client("iam")
            .get_role(RoleName="glue-job-role")["Role"]["Arn"]
            .endswith("glue-job-role")
        )

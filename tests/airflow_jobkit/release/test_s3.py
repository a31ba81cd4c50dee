"""A Store on S3 keeps what a Store promises, whatever S3 and the network do, and says what went wrong."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from s3_service import Fault, S3Service

from airflow_jobkit.errors import ReleaseConflictError, ReleaseError
from airflow_jobkit.release import get_release, list_releases, publish_release, verify_release
from airflow_jobkit.release.build import BuiltRelease
from airflow_jobkit.release.publish import Published
from airflow_jobkit.release.s3 import S3Store
from airflow_jobkit.release.store import open_store

CONFLICT = Fault("PUT", "409 Conflict", "ConditionalRequestConflict")
LOST = Fault("PUT", "500 Internal Server Error", "InternalError", done=True)


def client_of(url: str) -> Callable[[], Any]:
    """A client without boto3's chain, and with one attempt."""

    def connect() -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="tests",
            aws_secret_access_key="hunter2",  # noqa: S106 - to be looked for in messages
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=1),
        )

    return connect


@pytest.fixture
def store(bucket: str) -> S3Store:
    opened = open_store(f"s3://{bucket}/code/prefix/")
    assert isinstance(opened, S3Store)
    return opened


def test_what_was_created_can_be_read(store: S3Store) -> None:
    assert store.create("releases/0.1.0/manifest.json", b"{}")
    assert store.read("releases/0.1.0/manifest.json") == b"{}"


def test_a_key_without_bytes_reads_as_none(store: S3Store) -> None:
    store.create("releases/file", b"")
    assert store.read("releases") is None
    assert store.read("releases/file/below") is None


def test_create_leaves_what_exists(store: S3Store) -> None:
    store.create("a", b"first")
    assert not store.create("a", b"second")
    assert not store.create("a", b"first")
    assert store.read("a") == b"first"


def test_replace_puts_new_bytes_whether_or_not_the_key_exists(store: S3Store) -> None:
    store.replace("deep/a", b"first")
    store.replace("deep/a", b"second")
    assert store.read("deep/a") == b"second"


def test_a_create_whose_answer_was_lost_is_known_for_its_own_when_the_client_repeats_it(
    store: S3Store, s3: S3Service
) -> None:
    s3.application.faults.append(LOST)
    assert store.create("a", b"mine")
    assert sum(request.startswith("PUT") for request in s3.application.requests[-3:]) == 2


def test_a_create_waits_while_another_one_is_under_way(store: S3Store, s3: S3Service) -> None:
    s3.application.faults += [CONFLICT, CONFLICT]
    assert store.create("a", b"mine")
    s3.application.faults += [CONFLICT, CONFLICT]
    assert not store.create("a", b"theirs")


def test_a_create_that_always_meets_another_one_gives_up(store: S3Store, s3: S3Service) -> None:
    s3.application.faults += [CONFLICT] * 100
    with pytest.raises(ReleaseError, match=r"/code/prefix/a: others write it at the same time"):
        store.create("a", b"mine")


def test_list_gives_the_keys_of_a_prefix_sorted(store: S3Store) -> None:
    for key in ("releases/2/b", "releases/2/a", "releases/10/a", "channels/a"):
        store.create(key, b"")
    assert store.list("releases/2/") == ("releases/2/a", "releases/2/b")
    assert store.list("rel") == ("releases/10/a", "releases/2/a", "releases/2/b")
    assert len(store.list("")) == 4


def test_list_gives_more_keys_than_one_answer_holds(store: S3Store) -> None:
    keys = [f"many/{number:04}" for number in range(1_005)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.replace(key, b""), keys))
    assert store.list("many/") == tuple(keys)


def test_list_leaves_out_the_folders_that_the_console_makes(store: S3Store, bucket: str) -> None:
    store.create("releases/1/a", b"")
    store._client.put_object(Bucket=bucket, Key="code/prefix/releases/2/")  # noqa: SLF001 - as the console does
    assert store.list("releases/") == ("releases/1/a",)


def test_a_location_is_a_url(bucket: str) -> None:
    assert open_store(f"s3://{bucket}").location("a/b") == f"s3://{bucket}/a/b"
    assert open_store(f"s3://{bucket}/code/").location("") == f"s3://{bucket}/code"


@pytest.mark.parametrize("key", ["../a", "a/../../b", "/etc/passwd", "a//b", "./a", "a/", "a\0b"])
def test_a_key_that_leaves_the_root_or_has_a_second_spelling_is_refused(key: str) -> None:
    store = open_store("s3://nowhere/code", s3=client_of("http://127.0.0.1:9"))
    for act in (
        lambda: store.read(key),
        lambda: store.create(key, b""),
        lambda: store.replace(key, b""),
        lambda: store.location(key),
        lambda: store.list(f"{key}/"),
    ):
        with pytest.raises(ReleaseError, match="is no key of s3://nowhere/code"):
            act()


def test_size_tells_how_much_there_is_without_reading_it(store: S3Store) -> None:
    store.create("a", b"12345")
    assert store.size("a") == 5
    assert store.size("b") is None


def test_upload_tells_how_far_it_is(store: S3Store) -> None:
    steps: list[int] = []
    data = b"0123456789" * 1_000_000
    store.upload("a", io.BytesIO(data), steps.append)
    assert store.read("a") == data
    assert sum(steps) == len(data)


class TestReleases:
    def test_a_release_is_published_listed_resolved_and_verified(
        self, prepare: Callable[..., BuiltRelease], store: S3Store
    ) -> None:
        steps: list[str] = []
        built = prepare()
        assert publish_release(built, store, steps.append).created
        assert steps[0] == "publishing scripts/glue/generic_entry.py (13 bytes, 1 of 3)"
        publish_release(prepare("0.10.0"), store)
        assert [(info.version, info.location) for info in list_releases(store)] == [
            ("0.10.0", f"{store.location('releases/0.10.0')}"),
            ("0.1.0", f"{store.location('releases/0.1.0')}"),
        ]
        release = get_release(store, "0.1.0")
        verify_release(store, release)
        assert release.script("glue") == store.location("releases/0.1.0/scripts/glue/generic_entry.py")
        assert not publish_release(built, store).created

    @pytest.mark.parametrize("file", ["generic_entry.py", "dwh-0.1.0-py3-none-any.whl", "manifest.json"])
    def test_a_publisher_whose_answer_was_lost_knows_that_it_published(
        self, prepare: Callable[..., BuiltRelease], store: S3Store, s3: S3Service, file: str
    ) -> None:
        s3.application.faults.append(replace(LOST, ending=file))
        assert publish_release(prepare(), store).created
        assert not s3.application.faults
        verify_release(store, get_release(store, "0.1.0"))

    @pytest.mark.parametrize("repetition", range(5))
    def test_of_publishers_with_different_bytes_exactly_one_wins_and_nothing_is_mixed(
        self, prepare: Callable[..., BuiltRelease], bucket: str, repetition: int
    ) -> None:
        files = (
            "scripts/glue/generic_entry.py",
            "wheels/a-1-py3-none-any.whl",
            "wheels/b-1-py3-none-any.whl",
        )
        racers = [prepare(files=dict.fromkeys(files, f"of racer {number}")) for number in range(4)]
        barrier = Barrier(len(racers))

        def publish(built: BuiltRelease) -> Published | None:
            own = open_store(f"s3://{bucket}/code")
            barrier.wait()
            try:
                return publish_release(built, own)
            except ReleaseConflictError:
                return None

        with ThreadPoolExecutor(len(racers)) as pool:
            published = list(pool.map(publish, racers))
        (winner,) = [number for number, outcome in enumerate(published) if outcome]
        store = open_store(f"s3://{bucket}/code")
        release = get_release(store, "0.1.0")
        assert release.manifest == racers[winner].manifest
        verify_release(store, release)

    def test_publishers_of_the_same_bytes_all_succeed_and_one_of_them_did_it(
        self, prepare: Callable[..., BuiltRelease], bucket: str
    ) -> None:
        built = prepare()
        barrier = Barrier(4)

        def publish(_number: int) -> bool:
            own = open_store(f"s3://{bucket}/code")
            barrier.wait()
            return publish_release(built, own).created

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(publish, range(4))).count(True) == 1


class TestErrors:
    """Each names the place, what S3 says and what to do, and no secret."""

    def said(self, act: Callable[[], object]) -> str:
        with pytest.raises(ReleaseError) as caught:
            act()
        assert "hunter2" not in str(caught.value)
        assert "not-a-secret" not in str(caught.value)
        return str(caught.value)

    @pytest.mark.parametrize(
        "act",
        [
            pytest.param(lambda store: store.read("a"), id="reading"),
            pytest.param(lambda store: store.create("a", b""), id="creating"),
            pytest.param(lambda store: store.replace("a", b""), id="replacing"),
            pytest.param(lambda store: store.list(""), id="listing"),
            pytest.param(lambda store: store.upload("a", io.BytesIO(b"x"), print), id="uploading"),
        ],
    )
    def test_a_bucket_that_does_not_exist(self, s3: S3Service, act: Callable[[S3Store], object]) -> None:
        message = self.said(lambda: act(S3Store.at("s3://no-such-bucket/code")))
        assert message.startswith("s3://no-such-bucket/code")
        assert "NoSuchBucket" in message
        assert message.endswith("create the bucket, or correct its name in jobkit.yaml.")

    @pytest.mark.parametrize(
        ("method", "act"),
        [
            pytest.param("GET", lambda store: store.read("a"), id="reading"),
            pytest.param("PUT", lambda store: store.create("a", b""), id="creating"),
            pytest.param("GET", lambda store: store.list("a"), id="listing"),
            pytest.param("HEAD", lambda store: store.size("a"), id="asking for the size"),
        ],
    )
    def test_access_is_denied(
        self, s3: S3Service, store: S3Store, method: str, act: Callable[[S3Store], object]
    ) -> None:
        s3.application.faults.append(Fault(method, "403 Forbidden", "AccessDenied"))
        message = self.said(lambda: act(store))
        assert message.startswith(store.location(""))
        assert "s3:ListBucket" in message

    def test_there_are_no_credentials(self, s3: S3Service, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        message = self.said(lambda: open_store("s3://bucket/code").read("a"))
        assert message.startswith("s3://bucket/code/a: there are no AWS credentials. Set a profile")

    def test_nobody_answers_at_the_endpoint(self) -> None:
        store = open_store("s3://bucket/code", s3=client_of("http://127.0.0.1:9"))
        message = self.said(lambda: store.read("a"))
        assert message == (
            "s3://bucket/code/a: http://127.0.0.1:9 does not answer (EndpointConnectionError). Check the "
            "network, the region and AWS_ENDPOINT_URL."
        )

    def test_what_s3_says_beside_that_is_told_in_its_own_words(self, store: S3Store, s3: S3Service) -> None:
        s3.application.faults.append(Fault("GET", "400 Bad Request", "RequestTimeTooSkewed"))
        assert "S3 says RequestTimeTooSkewed (as ordered): " in self.said(lambda: store.read("a"))

    def test_a_url_without_a_bucket(self) -> None:
        assert self.said(lambda: open_store("s3:///code")) == (
            "s3:///code names no bucket: write s3://bucket/prefix."
        )

    def test_boto3_is_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "boto3", None)
        assert self.said(lambda: open_store("s3://bucket/code").read("a")).startswith("s3:// needs boto3: ")

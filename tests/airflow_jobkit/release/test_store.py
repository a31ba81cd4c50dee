"""A Store never shows half a file and never overwrites with `create`."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from airflow_jobkit.errors import ReleaseError
from airflow_jobkit.release.store import LocalStore, open_store


def test_what_was_created_can_be_read(store: LocalStore) -> None:
    assert store.create("releases/0.1.0/manifest.json", b"{}")
    assert store.read("releases/0.1.0/manifest.json") == b"{}"


@pytest.mark.parametrize("key", ["releases/0.1.0/nothing", "releases", "releases/file/below"])
def test_a_key_without_bytes_reads_as_none(store: LocalStore, key: str) -> None:
    store.create("releases/file", b"")
    assert store.read(key) is None


def test_create_leaves_what_exists(store: LocalStore) -> None:
    store.create("a", b"first")
    assert not store.create("a", b"second")
    assert store.read("a") == b"first"


def test_replace_puts_new_bytes_whether_or_not_the_key_exists(store: LocalStore) -> None:
    store.replace("deep/a", b"first")
    store.replace("deep/a", b"second")
    assert store.read("deep/a") == b"second"


def test_no_temporary_file_is_left(store: LocalStore) -> None:
    store.create("deep/a", b"first")
    store.create("deep/a", b"second")
    store.replace("deep/a", b"third")
    assert [path.name for path in (store.root / "deep").iterdir()] == ["a"]


def test_list_gives_the_keys_of_a_prefix_sorted(store: LocalStore) -> None:
    for key in ("releases/2/b", "releases/2/a", "releases/10/a", "channels/a"):
        store.create(key, b"")
    assert store.list("releases/2/") == ("releases/2/a", "releases/2/b")
    assert store.list("releases/") == ("releases/10/a", "releases/2/a", "releases/2/b")
    assert store.list("rel") == store.list("releases/")
    assert len(store.list("")) == 4


def test_list_is_empty_where_nothing_was_ever_written(store: LocalStore) -> None:
    assert store.list("releases/") == ()


def test_list_leaves_out_what_a_killed_writer_left(store: LocalStore) -> None:
    store.create("releases/1/a", b"")
    (store.root / "releases" / "1" / ".unfinished-0").write_bytes(b"half")
    assert store.list("") == ("releases/1/a",)


@pytest.mark.parametrize("key", ["../a", "a/../../b", "/etc/passwd", "a//b", "./a", "a/", "a\0b"])
def test_a_key_that_leaves_the_root_or_has_a_second_spelling_is_refused(store: LocalStore, key: str) -> None:
    for act in (
        lambda: store.read(key),
        lambda: store.create(key, b""),
        lambda: store.replace(key, b""),
        lambda: store.location(key),
        lambda: store.list(f"{key}/"),
    ):
        with pytest.raises(ReleaseError, match="is no key of"):
            act()


def test_files_follow_the_umask_so_that_other_users_can_read_them(store: LocalStore) -> None:
    before = os.umask(0o022)
    try:
        store.create("a", b"")
    finally:
        os.umask(before)
    assert (store.root / "a").stat().st_mode & 0o777 == 0o644


def test_of_many_threads_that_create_one_key_exactly_one_does(store: LocalStore) -> None:
    barrier = Barrier(16)

    def create(number: int) -> bool:
        barrier.wait()
        return store.create("deep/new/a", str(number).encode() * 10_000)

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(create, range(16)))
    assert won.count(True) == 1
    assert store.read("deep/new/a") == str(won.index(True)).encode() * 10_000


def test_a_reader_never_sees_half_a_file_while_it_is_replaced(store: LocalStore) -> None:
    store.replace("a", b"0" * 100_000)

    def write(number: int) -> None:
        for _ in range(20):
            store.replace("a", str(number).encode() * 100_000)

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, number) for number in range(4)]
        while not all(future.done() for future in writing):
            data = store.read("a")
            assert data is not None
            assert len(data) == 100_000
            assert len(set(data)) == 1


class TestOpenStore:
    def test_a_relative_folder_becomes_absolute(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert open_store("code").location("a") == str(tmp_path / "code" / "a")

    def test_a_file_url_is_a_folder(self, tmp_path: Path) -> None:
        assert open_store(f"file://{tmp_path}/my%20code").location("") == str(tmp_path / "my code")

    def test_another_scheme_is_refused_without_repeating_its_secrets(self) -> None:
        with pytest.raises(
            ReleaseError, match=r"kind ftp:// .* name a folder, a file:// URL or s3://"
        ) as caught:
            open_store("ftp://me:hunter2@host/code")
        assert "hunter2" not in str(caught.value)

    def test_a_file_url_with_two_slashes_is_refused_with_the_url_that_was_meant(self) -> None:
        with pytest.raises(ReleaseError, match="write file:///srv/code"):
            open_store("file://srv/code")

    def test_an_empty_root_is_refused(self) -> None:
        with pytest.raises(ReleaseError, match="empty"):
            open_store(" ")


def test_the_store_alone_imports_no_pydantic_and_the_whole_package_no_airflow() -> None:
    program = """if True:
        import sys
        import airflow_jobkit.release.store
        assert not {"pydantic", "packaging", "airflow"} & set(sys.modules)
        import airflow_jobkit.release as release
        for name in release.__all__:
            getattr(release, name)
        assert not {"airflow", "boto3", "pyspark", "jobkit_runtime"} & set(sys.modules)
        ours = {name.split(".")[1] for name in sys.modules if name.startswith("airflow_jobkit.")}
        assert ours == {"engines", "errors", "fields", "problems", "release", "spec"}, ours
    """
    subprocess.run([sys.executable, "-c", program], check=True)

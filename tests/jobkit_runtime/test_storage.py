from __future__ import annotations

import errno
import os
import re
import resource
from contextlib import contextmanager

import pytest

from jobkit_runtime import StorageError, storage


@pytest.mark.parametrize("prefix", ["", "file://"], ids=["a path", "a file url"])
def test_text_goes_to_and_comes_back_from(prefix, tmp_path):
    url = f"{prefix}{tmp_path}/a/b.json"
    assert storage.read_text(url) is None
    assert not storage.exists(url)
    storage.write_text(url, "größer")
    storage.write_text(url, "größte")
    assert storage.read_text(url) == "größte"
    assert storage.exists(url)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.json"]


@contextmanager
def files_limited_to(size: int):
    """As a full disk: no file grows beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_breaks_off_leaves_the_old_text_and_no_rubbish(tmp_path):
    place = tmp_path / "a.json"
    storage.write_text(str(place), "old")
    with pytest.raises(StorageError, match=r"cannot write .*File too large"), files_limited_to(100):
        storage.write_text(str(place), "new" * 100)
    assert place.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("call", ["fsync", "chmod"])
def test_a_volume_that_does_not_know_a_call_takes_the_text_all_the_same(call, tmp_path, monkeypatch):
    called = []

    def unknown(*arguments, **options):
        called.append(call)
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(os, call, unknown)
    storage.write_text(str(tmp_path / "a.json"), "new")
    assert called
    assert (tmp_path / "a.json").read_text() == "new"


@pytest.mark.parametrize("call", [storage.read_text, storage.exists], ids=["reading", "asking"])
@pytest.mark.parametrize(
    ("url", "end"),
    [
        ("gopher://x", "not gopher:"),
        ("dbfs:/x/y", "not dbfs:; on Databricks, use a volume (/Volumes/...) or s3://"),
    ],
    ids=["another scheme", "the file system of Databricks"],
)
def test_what_is_not_known_is_a_clear_error(url, end, call):
    known = "only paths (such as /Volumes/...), file:// and s3:// are known, "
    with pytest.raises(StorageError, match=f"^{re.escape(f'cannot reach {url}: {known}{end}')}$"):
        call(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://b/data/numbers", "s3://b/data/numbers"),
        ("dbfs:/x", "dbfs:/x"),
        ("/Volumes/main/raw", "/Volumes/main/raw"),
        ("numbers", "s3://b/data/numbers"),
    ],
    ids=["an S3 URL as it is", "any URL as it is", "a volume as it is", "a name below the root"],
)
def test_below_a_root_on_s3_stands(url, expected):
    assert storage.absolute(url, "s3://b/data/") == expected

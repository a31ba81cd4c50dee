from __future__ import annotations

import os
import re

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


def test_a_write_that_breaks_off_leaves_the_old_text_and_no_rubbish(tmp_path, monkeypatch):
    place = tmp_path / "a.json"
    storage.write_text(str(place), "old")

    def full(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"cannot write .*disk full"):
        storage.write_text(str(place), "new")
    assert place.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


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

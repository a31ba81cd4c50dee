from __future__ import annotations

import os

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
def test_another_scheme_is_a_clear_error_when(call):
    with pytest.raises(
        StorageError, match=r"gopher://x: only local paths and file:// are known, not gopher:"
    ):
        call("gopher://x")

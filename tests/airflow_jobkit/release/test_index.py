"""The index beside the DAGs says what parsing needs, and is the same bytes for the same Releases."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_jobkit.errors import ContractError
from airflow_jobkit.release.build import BuiltRelease
from airflow_jobkit.release.channels import promote_release
from airflow_jobkit.release.index import read_release_index
from airflow_jobkit.release.indexing import write_release_index
from airflow_jobkit.release.publish import publish_release
from airflow_jobkit.release.store import LocalStore

Prepare = Callable[..., BuiltRelease]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dags" / ".jobkit" / "releases.json"


def test_the_index_holds_each_version_with_its_digest_and_jobs(
    prepare: Prepare, store: LocalStore, path: Path
) -> None:
    for version in ("0.9.0", "0.10.0"):
        publish_release(prepare(version), store)
    written = write_release_index(store, "s3://bucket/code", path)
    content = json.loads(path.read_text())
    assert content["schema"] == 1
    assert content["code_root"] == "s3://bucket/code"
    assert content["releases"]["0.10.0"]["digest"] == prepare("0.10.0").manifest.digest
    assert content["releases"]["0.10.0"]["jobs"][0]["parameters"][1] == {
        "name": "min_rows",
        "type": "integer",
        "required": False,
        "default": 1,
    }
    assert written.versions == ("0.10.0", "0.9.0")
    assert read_release_index(path) == written


def test_the_same_releases_give_the_same_bytes_in_whatever_order_they_were_published(
    prepare: Prepare, tmp_path: Path
) -> None:
    indexes = []
    for order in (("0.1.0", "0.2.0"), ("0.2.0", "0.1.0")):
        store = LocalStore(tmp_path / "-".join(order))
        for version in order:
            publish_release(prepare(version), store)
        path = tmp_path / f"{'-'.join(order)}.json"
        write_release_index(store, "code", path)
        indexes.append(path.read_bytes())
    assert indexes[0] == indexes[1]


def test_the_index_holds_what_each_channel_names_and_offers_channels_first(
    prepare: Prepare, store: LocalStore, path: Path
) -> None:
    for version in ("0.9.0", "0.10.0"):
        publish_release(prepare(version), store)
    promote_release(store, "0.9.0")
    promote_release(store, "0.10.0", "canary")
    write_release_index(store, "code", path)
    assert json.loads(path.read_text())["channels"] == {"canary": "0.10.0", "stable": "0.9.0"}
    index = read_release_index(path)
    assert index is not None
    assert index.code_versions == ("canary", "stable", "0.10.0", "0.9.0")


def test_an_index_that_was_written_before_there_were_channels_is_read(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text('{"schema": 1, "code_root": "code", "releases": {"0.1.0": {"digest": "0", "jobs": []}}}')
    index = read_release_index(path)
    assert index is not None
    assert (index.channels, index.code_versions) == ({}, ("0.1.0",))
    issue = index.published(complete=True).version_issue("stable")
    assert issue is not None
    assert (
        issue.remedy
        == "write releases.json anew with `jobkit release publish`, for it is older than channels"
    )
    assert index.published(complete=False).version_issue("stable") is None


def test_an_empty_code_root_gives_an_empty_index(store: LocalStore, path: Path) -> None:
    write_release_index(store, "code", path)
    index = read_release_index(path)
    assert index is not None
    assert index.versions == ()


def test_writing_again_replaces_the_index_and_leaves_nothing_beside_it(
    prepare: Prepare, store: LocalStore, path: Path
) -> None:
    write_release_index(store, "code", path)
    publish_release(prepare(), store)
    index = write_release_index(store, "code", path)
    assert read_release_index(path) == index
    assert list(path.parent.iterdir()) == [path]


def test_no_index_reads_as_none(path: Path) -> None:
    assert read_release_index(path) is None


def test_a_malformed_index_is_named_by_its_path(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text('{"schema": 1, "releases": {"0.1.0": {}}}')
    with pytest.raises(ContractError, match=f"^{path} is not a ReleaseIndex: code_root: .*0.1.0.digest"):
        read_release_index(path)

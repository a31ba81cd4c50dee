"""What is published can be listed, found and verified; what is not is named together with what is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_jobkit.errors import ContractError, ReleaseDamagedError, ReleaseNotFoundError
from airflow_jobkit.release.build import BuiltRelease
from airflow_jobkit.release.catalog import get_release, list_releases, verify_release
from airflow_jobkit.release.document import digest_of
from airflow_jobkit.release.publish import publish_release
from airflow_jobkit.release.store import LocalStore

Prepare = Callable[..., BuiltRelease]
WRITTEN = "that is not how a version is written."


def versions(store: LocalStore) -> list[str]:
    return [release.version for release in list_releases(store)]


def test_the_newest_release_is_listed_first_by_pep_440(prepare: Prepare, store: LocalStore) -> None:
    for version in ("0.9.0", "0.10.0rc1", "0.10.0", "0.10.0.post1", "1!0.1"):
        publish_release(prepare(version), store)
    assert versions(store) == ["1!0.1", "0.10.0.post1", "0.10.0", "0.10.0rc1", "0.9.0"]
    assert list_releases(store)[-1].location == f"{store.root}/releases/0.9.0"


def test_only_a_manifest_directly_below_a_version_makes_a_release(
    prepare: Prepare, store: LocalStore
) -> None:
    publish_release(prepare(), store)
    for key in ("0.2.0/wheels/a.whl", "latest/manifest.json", "0.3.0/old/manifest.json", "manifest.json"):
        store.create(f"releases/{key}", b"{}")
    assert versions(store) == ["0.1.0"]


def test_a_release_knows_its_digest_and_where_its_files_are(prepare: Prepare, store: LocalStore) -> None:
    built = prepare()
    publish_release(built, store)
    release = get_release(store, "0.1.0")
    assert (release.version, release.digest) == ("0.1.0", built.manifest.digest)
    assert release.manifest == built.manifest
    script = Path(release.location("scripts/glue/generic_entry.py"))
    assert script.is_absolute()
    assert script.read_text() == "print('glue')"


def test_the_digest_is_of_the_bytes_that_stand_there_also_of_a_newer_manifest(
    prepare: Prepare, store: LocalStore
) -> None:
    """Another publisher may write fields that this one does not know."""
    newer = prepare().manifest.to_bytes().replace(b'"schema": 1', b'"schema": 1, "signed_by": "them"')
    store.create("releases/0.1.0/manifest.json", newer)
    assert get_release(store, "0.1.0").digest == digest_of(newer)


def test_a_file_that_a_release_does_not_hold_is_named_with_the_one_that_was_meant(
    prepare: Prepare, store: LocalStore
) -> None:
    publish_release(prepare(), store)
    with pytest.raises(ReleaseNotFoundError, match=r"no scripts/gleu/.*; did you mean scripts/glue/"):
        get_release(store, "0.1.0").location("scripts/gleu/generic_entry.py")


@pytest.mark.parametrize(
    ("asked", "why", "meant"),
    [
        pytest.param("v0.2", WRITTEN, "; did you mean 0.2.0?", id="another spelling of a version"),
        pytest.param("0.2.0/../0.1.0", WRITTEN, ".", id="a path"),
        pytest.param("", WRITTEN, ".", id="nothing"),
        pytest.param("stable", "that is the name of a channel.", ".", id="a channel"),
        pytest.param(
            "Stable",
            "that is no version. Channels are in lower case: did you mean stable?",
            ".",
            id="a channel with a capital letter",
        ),
    ],
)
def test_what_no_release_can_be_called_is_called_that_and_nothing_to_publish(
    prepare: Prepare, store: LocalStore, asked: str, why: str, meant: str
) -> None:
    publish_release(prepare("0.1.0"), store)
    publish_release(prepare("0.2.0"), store)
    with pytest.raises(ReleaseNotFoundError) as caught:
        get_release(store, asked)
    assert str(caught.value) == (
        f"Release {asked!r} is not at the code root {store.root}, for {why} There are: 0.2.0, 0.1.0{meant}"
    )


def test_a_missing_version_is_named_with_those_there_are(prepare: Prepare, store: LocalStore) -> None:
    publish_release(prepare("0.1.0"), store)
    publish_release(prepare("0.2.0"), store)
    with pytest.raises(ReleaseNotFoundError) as caught:
        get_release(store, "0.2.1")
    assert str(caught.value) == (
        f"Release '0.2.1' is not at the code root {store.root}. There are: 0.2.0, 0.1.0; did you mean 0.2.0? "
        "`jobkit release publish` publishes the version of your pyproject.toml."
    )


def test_an_empty_code_root_says_how_to_publish(store: LocalStore) -> None:
    with pytest.raises(ReleaseNotFoundError, match=r"No release is published there yet. `jobkit release pub"):
        get_release(store, "0.1.0")


def test_a_manifest_that_was_copied_to_another_version_is_refused(
    prepare: Prepare, store: LocalStore
) -> None:
    store.create("releases/0.2.0/manifest.json", prepare("0.1.0").manifest.to_bytes())
    with pytest.raises(ReleaseDamagedError, match=r"is the manifest of 0\.1\.0, not of 0\.2\.0"):
        get_release(store, "0.2.0")


def test_a_malformed_manifest_is_named_by_its_location_with_what_to_do(
    prepare: Prepare, store: LocalStore
) -> None:
    published = publish_release(prepare("0.2.0"), store)
    manifest = store.root / "releases/0.2.0/manifest.json"
    manifest.write_bytes(b"{}")
    with pytest.raises(ContractError, match=f"^{manifest} is not a Manifest: .* delete it and publish the"):
        get_release(store, "0.2.0")
    manifest.unlink()
    assert publish_release(prepare("0.2.0"), store).digest == published.digest
    verify_release(store, get_release(store, "0.2.0"))


def test_an_intact_release_verifies(prepare: Prepare, store: LocalStore) -> None:
    publish_release(prepare(), store)
    verify_release(store, get_release(store, "0.1.0"))


def test_every_damaged_file_is_named_at_once(prepare: Prepare, store: LocalStore) -> None:
    publish_release(prepare(files={"wheels/a.whl": "a", "wheels/b.whl": "b", "wheels/c.whl": "c"}), store)
    store.replace("releases/0.1.0/wheels/a.whl", b"A")
    Path(store.location("releases/0.1.0/wheels/c.whl")).unlink()
    with pytest.raises(ReleaseDamagedError) as caught:
        verify_release(store, get_release(store, "0.1.0"))
    folder = f"{store.root}/releases/0.1.0/wheels"
    assert f"damaged: {folder}/a.whl is changed; {folder}/c.whl is missing." in str(caught.value)
    assert "b.whl" not in str(caught.value)

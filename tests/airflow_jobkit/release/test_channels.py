"""A channel names one published version, and can be given to another; it never leads to other code."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from airflow_jobkit.errors import ContractError, ReleaseDamagedError, ReleaseError, ReleaseNotFoundError
from airflow_jobkit.release import (
    ChannelPointer,
    LocalStore,
    Promoted,
    get_channel_release,
    get_release,
    list_channels,
    open_code,
    open_store,
    promote_release,
    publish_release,
    read_channels,
)
from airflow_jobkit.release.build import BuiltRelease
from airflow_jobkit.spec.code import CodeLayout, CodeRoot

Prepare = Callable[..., BuiltRelease]
KEY = "channels/stable.json"


@pytest.fixture
def published(prepare: Prepare, store: LocalStore) -> Mapping[str, str]:
    """The digests of the versions 1.0.0, 1.1.0 and 2.0.0, which are published."""
    versions = ("1.0.0", "1.1.0", "2.0.0")
    return {version: publish_release(prepare(version), store).digest for version in versions}


def test_a_new_channel_is_a_small_document_with_version_and_digest(
    store: LocalStore, published: Mapping[str, str]
) -> None:
    promoted = promote_release(store, "1.0.0")
    assert promoted == Promoted("stable", "1.0.0", published["1.0.0"], None)
    assert promoted.changed
    written = store.read(KEY)
    assert written is not None
    assert json.loads(written) == {"schema": 1, "version": "1.0.0", "sha256": published["1.0.0"]}


def test_a_channel_that_is_given_to_another_version_tells_what_it_named(
    store: LocalStore, published: Mapping[str, str]
) -> None:
    promote_release(store, "1.0.0")
    assert promote_release(store, "2.0.0") == Promoted("stable", "2.0.0", published["2.0.0"], "1.0.0")
    assert get_channel_release(store, "stable").version == "2.0.0"
    assert promote_release(store, "1.1.0").before == "2.0.0"
    assert get_channel_release(store, "stable").version == "1.1.0"


@pytest.mark.usefixtures("published")
def test_the_same_version_again_changes_nothing(store: LocalStore) -> None:
    promote_release(store, "1.0.0")
    file = store.root / KEY
    before = file.stat().st_ino, file.read_bytes()
    assert not promote_release(store, "1.0.0").changed
    assert (file.stat().st_ino, file.read_bytes()) == before


@pytest.mark.usefixtures("published")
def test_channels_are_listed_with_what_they_name(store: LocalStore) -> None:
    assert list_channels(store) == {}
    for version, channel in (("2.0.0", "canary"), ("1.1.0", "stable"), ("1.1.0", "approved")):
        promote_release(store, version, channel)
    store.create("channels/README.txt", b"what channels are")
    store.create("channels/Not A Channel.json", b"{}")
    store.create("channels/old/stable.json", b"{}")
    assert [*list_channels(store).items()] == [
        ("approved", "1.1.0"),
        ("canary", "2.0.0"),
        ("stable", "1.1.0"),
    ]


def test_what_is_read_is_what_was_written_and_fields_of_newer_writers_are_ignored() -> None:
    pointer = ChannelPointer(version="1.0.0", sha256="a" * 64)
    assert ChannelPointer.from_bytes(pointer.to_bytes(), KEY) == pointer
    newer = {**json.loads(pointer.to_bytes()), "by": "somebody"}
    assert ChannelPointer.from_bytes(json.dumps(newer).encode(), KEY) == pointer


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("version", "said"),
    [
        pytest.param("3.0.0", r"There are: 2\.0\.0, 1\.1\.0, 1\.0\.0", id="one that there is not"),
        pytest.param("v1.1", r"did you mean 1\.1\.0\?", id="another spelling"),
        pytest.param("stable", r"There are: ", id="a channel"),
        pytest.param("../../x", r"There are: ", id="a path"),
    ],
)
def test_a_version_that_is_not_published_is_refused_with_those_that_are(
    store: LocalStore, version: str, said: str
) -> None:
    with pytest.raises(ReleaseNotFoundError, match=said):
        promote_release(store, version)
    assert list_channels(store) == {}


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("name", ["1.0.0", "v1", "Stable", "../stable", "a/b", ""])
def test_a_name_that_no_channel_can_have_is_refused(store: LocalStore, name: str) -> None:
    with pytest.raises(ReleaseError, match="is no name for a channel: use lower-case letters"):
        promote_release(store, "1.0.0", name)


@pytest.mark.usefixtures("published")
def test_a_channel_is_not_promoted_but_the_version_that_it_names(store: LocalStore) -> None:
    promote_release(store, "1.1.0", "canary")
    said = (
        "^canary is a channel, which names 1.1.0; promote that version: "
        r"`jobkit release promote 1\.1\.0 --channel stable`"
    )
    with pytest.raises(ReleaseError, match=said):
        promote_release(store, "canary")
    assert list_channels(store) == {"canary": "1.1.0"}


@pytest.mark.usefixtures("published")
def test_a_damaged_release_is_not_promoted(store: LocalStore) -> None:
    store.replace("releases/1.0.0/scripts/glue/generic_entry.py", b"changed")
    with pytest.raises(ReleaseDamagedError, match=r"glue/generic_entry\.py is changed"):
        promote_release(store, "1.0.0")
    assert list_channels(store) == {}


@pytest.mark.usefixtures("published")
class TestOfARun:
    def test_a_channel_gives_the_release_that_it_names(self, store: LocalStore) -> None:
        promote_release(store, "1.1.0")
        assert get_channel_release(store, "stable") == get_release(store, "1.1.0")

    def test_a_channel_that_there_is_not_is_an_error_with_channels_and_versions(
        self, store: LocalStore
    ) -> None:
        promote_release(store, "1.1.0")
        promote_release(store, "2.0.0", "canary")
        said = (
            r"no channel 'stabel' at the code root .*Channels: canary \(2\.0\.0\), stable \(1\.1\.0\); "
            r"versions: 2\.0\.0, 1\.1\.0, 1\.0\.0; did you mean stable\?$"
        )
        with pytest.raises(ReleaseNotFoundError, match=said):
            get_channel_release(store, "stabel")

    def test_without_any_channel_like_it_it_can_be_made(self, store: LocalStore) -> None:
        said = (
            r"Channels: none; versions: 2\.0\.0, .*\. `jobkit release promote VERSION --channel stable` lets"
        )
        with pytest.raises(ReleaseNotFoundError, match=said):
            get_channel_release(store, "stable")

    def test_a_release_that_was_replaced_after_it_was_promoted_is_not_run(
        self, store: LocalStore, prepare: Prepare
    ) -> None:
        promote_release(store, "1.0.0")
        replaced = prepare("1.0.0", {"scripts/glue/generic_entry.py": "print('other')"})
        store.replace("releases/1.0.0/scripts/glue/generic_entry.py", b"print('other')")
        store.replace("releases/1.0.0/manifest.json", replaced.manifest.to_bytes())
        get_release(store, "1.0.0").verify()
        with pytest.raises(ReleaseDamagedError, match="it was replaced after it was promoted"):
            get_channel_release(store, "stable")
        with pytest.raises(ReleaseDamagedError, match="it was replaced after it was promoted"):
            promote_release(store, "1.0.0")

    def test_a_channel_of_a_version_that_is_gone_is_an_error(self, store: LocalStore) -> None:
        promote_release(store, "1.0.0")
        (store.root / "releases/1.0.0/manifest.json").unlink()
        with pytest.raises(ReleaseNotFoundError, match=r"stable names .*'1\.0\.0' .*There are: 2\.0\.0"):
            get_channel_release(store, "stable")

    @pytest.mark.parametrize("text", ["", "1.0.0", '{"schema": 1}', '{"schema": 2, "version": "1.0.0"}'])
    def test_a_pointer_that_cannot_be_read_is_named_with_what_to_do(
        self, store: LocalStore, text: str
    ) -> None:
        store.create(KEY, text.encode())
        for act in (
            lambda: get_channel_release(store, "stable"),
            lambda: promote_release(store, "1.0.0"),
            lambda: list_channels(store),
        ):
            with pytest.raises(ContractError, match=r"stable\.json is not a ChannelPointer: .*Delete"):
                act()

    def test_one_that_cannot_be_read_leaves_the_others_to_be_read_and_named(self, store: LocalStore) -> None:
        promote_release(store, "1.1.0", "canary")
        store.create(KEY, b"garbage")
        channels = read_channels(store)
        assert (channels.named, [*channels.damaged]) == ({"canary": "1.1.0"}, ["stable"])
        said = r"no channel 'beta' .*Channels: canary \(1\.1\.0\), stable \(cannot be read\); versions: "
        with pytest.raises(ReleaseNotFoundError, match=said):
            get_channel_release(store, "beta")


@pytest.mark.usefixtures("published")
def test_a_channel_names_a_version_of_a_code_root_and_none_of_a_layout(store: LocalStore) -> None:
    promote_release(store, "1.1.0")
    root = store.location("")
    assert open_code(CodeRoot(root), "glue").named_by("stable").version == "1.1.0"
    layout = CodeLayout(f"{root}/{{code_version}}.py", ())
    with pytest.raises(ReleaseNotFoundError, match="one by one have none"):
        open_code(layout, "local").named_by("stable")


def test_channels_on_s3_are_as_in_a_folder(prepare: Prepare, bucket: str) -> None:
    on_s3 = open_store(f"s3://{bucket}/code")
    for version in ("1.0.0", "2.0.0"):
        publish_release(prepare(version), on_s3)
    assert promote_release(on_s3, "1.0.0").before is None
    assert promote_release(on_s3, "2.0.0").before == "1.0.0"
    assert list_channels(on_s3) == {"stable": "2.0.0"}
    assert get_channel_release(on_s3, "stable").version == "2.0.0"

"""Channels: small pointers at the code root, each to one published version, which may be set to another.

A pointer tells the digest of the version's Manifest, too, so that it never leads to other code than the
code that it was set to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, Field

from airflow_jobkit.errors import (
    ContractError,
    ReleaseDamagedError,
    ReleaseError,
    ReleaseNotFoundError,
)
from airflow_jobkit.problems import did_you_mean
from airflow_jobkit.release.catalog import get_release, list_releases
from airflow_jobkit.release.document import Document
from airflow_jobkit.release.manifest import normalised
from airflow_jobkit.spec.versions import CHANNEL_RULE, is_channel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_jobkit.release.catalog import Release
    from airflow_jobkit.release.store import Store

DEFAULT_CHANNEL: Final = "stable"
_CHANNELS: Final = "channels/"  # below this key of the code root stands one file per channel
_ENDING: Final = ".json"


class ChannelPointer(Document):
    """What a channel names: a version, and the sha256 of its Manifest."""

    version: Annotated[str, AfterValidator(normalised)]
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class Promoted:
    """What became of a promotion.

    Attributes:
        channel: The channel.
        version: The version that it names now.
        digest: The digest of that version.
        before: The version that it named before; None for a new channel.
    """

    channel: str
    version: str
    digest: str
    before: str | None

    @property
    def changed(self) -> bool:
        """Whether it named another version before, or none."""
        return self.before != self.version


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels of a code root.

    Attributes:
        named: The version that each names, by channel, sorted.
        damaged: What is wrong with the files of the others, by channel, sorted.
    """

    named: Mapping[str, str]
    damaged: Mapping[str, ContractError]


def channel_key(name: str) -> str:
    """Return the key of a channel's pointer.

    Raises:
        ReleaseError: No channel can have this name.
    """
    if not is_channel(name):
        raise ReleaseError(f"{name!r} is no name for a channel: use {CHANNEL_RULE}.")
    return f"{_CHANNELS}{name}{_ENDING}"


def list_channels(store: Store) -> dict[str, str]:
    """Return the version that each channel names, by channel, sorted.

    Raises:
        ContractError: A file there is not a ChannelPointer.
    """
    channels = read_channels(store)
    for error in channels.damaged.values():
        raise error
    return dict(channels.named)


def read_channels(store: Store) -> Channels:
    """Return all channels, also those whose files cannot be read."""
    keys = (key.removeprefix(_CHANNELS) for key in store.list(_CHANNELS) if key.endswith(_ENDING))
    names = [name for key in keys if is_channel(name := key.removesuffix(_ENDING))]
    named: dict[str, str] = {}
    damaged: dict[str, ContractError] = {}
    for name in sorted(names):
        try:
            pointer = _pointer(store, name)
        except ContractError as error:
            damaged[name] = error
            continue
        if pointer is not None:  # it may be deleted by now
            named[name] = pointer.version
    return Channels(named, damaged)


def get_channel_release(store: Store, name: str) -> Release:
    """Return the Release that a channel names.

    Raises:
        ReleaseNotFoundError: There is no such channel, with those that there are; or no such version.
        ReleaseDamagedError: The version is not the one that the channel was set to.
        ContractError: The pointer or the Manifest cannot be read.
    """
    pointer = _pointer(store, name)
    if pointer is None:
        raise _not_found(store, name)
    try:
        release = get_release(store, pointer.version)
    except ReleaseNotFoundError as error:
        raise ReleaseNotFoundError(
            f"channel {name} names a version that is not published: {error}"
        ) from error
    if release.digest != pointer.sha256:
        raise _changed(name, pointer, release)
    return release


def promote_release(store: Store, version: str, channel: str = DEFAULT_CHANNEL) -> Promoted:
    """Let a channel name a published version; where it does already, nothing changes.

    Args:
        store: The code root.
        version: The version; every file of it is checked.
        channel: The channel; a new one is made.

    Raises:
        ReleaseError: No channel can have this name, or the version is a channel.
        ReleaseNotFoundError: The version is not published; the message names those that are.
        ReleaseDamagedError: A file of it is missing or changed, or the channel named it with another digest.
        ContractError: The pointer that stands there cannot be read.
    """
    key = channel_key(channel)
    named = _pointer(store, version) if is_channel(version) else None
    if named is not None:
        raise ReleaseError(
            f"{version} is a channel, which names {named.version}; promote that version: "
            f"`jobkit release promote {named.version} --channel {channel}`."
        )
    release = get_release(store, version)
    release.verify()
    before = _pointer(store, channel)
    if before is not None and before.version == version and before.sha256 != release.digest:
        raise _changed(channel, before, release)
    promoted = Promoted(channel, version, release.digest, before.version if before is not None else None)
    if promoted.changed:
        store.replace(key, ChannelPointer(version=version, sha256=release.digest).to_bytes())
    return promoted


def _pointer(store: Store, name: str) -> ChannelPointer | None:
    key = channel_key(name)
    data = store.read(key)
    try:
        return ChannelPointer.from_bytes(data, store.location(key)) if data is not None else None
    except ContractError as error:
        raise ContractError(f"{error}. Delete the file, and promote a version to {name} again.") from None


def _changed(name: str, pointer: ChannelPointer, release: Release) -> ReleaseDamagedError:
    return ReleaseDamagedError(
        f"channel {name} names {pointer.version} with the digest {pointer.sha256[:12]}, but the Release that "
        f"stands there has {release.digest[:12]}: it was replaced after it was promoted. Restore it from a "
        "copy, or publish a new version and promote that."
    )


def _not_found(store: Store, name: str) -> ReleaseNotFoundError:
    found = read_channels(store)
    channels = [f"{channel} ({version})" for channel, version in found.named.items()]
    channels += [f"{channel} (cannot be read)" for channel in found.damaged]
    versions = [release.version for release in list_releases(store)]
    meant = did_you_mean(name, [*found.named, *found.damaged])
    return ReleaseNotFoundError(
        f"There is no channel {name!r} at the code root {store.location('')}. Channels: "
        f"{', '.join(channels) or 'none'}; versions: {', '.join(versions) or 'none'}"
        + (
            f"; did you mean {meant}?"
            if meant
            else f". `jobkit release promote VERSION --channel {name}` lets it name one."
        )
    )

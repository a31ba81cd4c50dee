"""Releases: the immutable artifacts of one code version, built, published, promoted and verified.

    from airflow_jobkit.release import build_release, open_store, publish_release

    built = build_release(Path("job_code"), "dwh", Path("dist/release"))
    published = publish_release(built, open_store("/srv/code"))

A name's module is imported when the name is first used, so that `release.store` alone stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from airflow_jobkit.release.build import BuiltRelease, build_release
    from airflow_jobkit.release.catalog import (
        Release,
        ReleaseInfo,
        get_release,
        list_releases,
        verify_release,
    )
    from airflow_jobkit.release.channels import (
        ChannelPointer,
        Channels,
        Promoted,
        get_channel_release,
        list_channels,
        promote_release,
        read_channels,
    )
    from airflow_jobkit.release.code import CodeSource, CodeVersion, open_code
    from airflow_jobkit.release.index import (
        IndexedRelease,
        ReleaseIndex,
        read_release_index,
    )
    from airflow_jobkit.release.indexing import write_release_index
    from airflow_jobkit.release.manifest import Manifest, ManifestFile, ManifestJob, ManifestParameter
    from airflow_jobkit.release.publish import Published, publish_release
    from airflow_jobkit.release.store import LocalStore, Store, open_store

__all__ = [
    "BuiltRelease",
    "ChannelPointer",
    "Channels",
    "CodeSource",
    "CodeVersion",
    "IndexedRelease",
    "LocalStore",
    "Manifest",
    "ManifestFile",
    "ManifestJob",
    "ManifestParameter",
    "Promoted",
    "Published",
    "Release",
    "ReleaseIndex",
    "ReleaseInfo",
    "Store",
    "build_release",
    "get_channel_release",
    "get_release",
    "list_channels",
    "list_releases",
    "open_code",
    "open_store",
    "promote_release",
    "publish_release",
    "read_channels",
    "read_release_index",
    "verify_release",
    "write_release_index",
]

_MODULE_OF: Final = {
    "BuiltRelease": "build",
    "ChannelPointer": "channels",
    "Channels": "channels",
    "CodeSource": "code",
    "CodeVersion": "code",
    "IndexedRelease": "index",
    "LocalStore": "store",
    "Manifest": "manifest",
    "ManifestFile": "manifest",
    "ManifestJob": "manifest",
    "ManifestParameter": "manifest",
    "Promoted": "channels",
    "Published": "publish",
    "Release": "catalog",
    "ReleaseIndex": "index",
    "ReleaseInfo": "catalog",
    "Store": "store",
    "build_release": "build",
    "get_channel_release": "channels",
    "get_release": "catalog",
    "list_channels": "channels",
    "list_releases": "catalog",
    "open_code": "code",
    "open_store": "store",
    "promote_release": "channels",
    "publish_release": "publish",
    "read_channels": "channels",
    "read_release_index": "index",
    "verify_release": "catalog",
    "write_release_index": "indexing",
}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

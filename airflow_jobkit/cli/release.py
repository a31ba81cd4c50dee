"""`jobkit release build | publish | list | promote | verify`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from airflow_jobkit.cli.project import dags_folder_of, settings_of
from airflow_jobkit.errors import JobkitError, ReleaseError
from airflow_jobkit.loading.folder import display_name
from airflow_jobkit.problems import counted
from airflow_jobkit.release import (
    BuiltRelease,
    Channels,
    ReleaseInfo,
    Store,
    build_release,
    get_channel_release,
    get_release,
    list_releases,
    open_store,
    promote_release,
    publish_release,
    read_channels,
    write_release_index,
)
from airflow_jobkit.release.index import INDEX_FILE
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.versions import is_channel


def build(arguments: argparse.Namespace) -> int:
    """Build a release into a folder.

    Raises:
        ReleaseBuildError: It cannot be built.
    """
    settings = settings_of(dags_folder_of(arguments.dags), None)
    built = _build(arguments.job_code, settings.project, arguments.out)
    print(f"built {settings.project} {built.manifest.version} in {built.folder}")
    for file in built.manifest.files:
        print(f"  {file.path}  {file.size:,} bytes  sha256 {file.sha256[:12]}")
    return 0


def publish(arguments: argparse.Namespace) -> int:
    """Publish a release to the environment's code root, and tell the DAGs.

    Raises:
        ReleaseError: It cannot be built or stored, or the version is published with other bytes; or it is
            published, and the DAGs could not be told.
    """
    folder = dags_folder_of(arguments.dags)
    settings = settings_of(folder, arguments.env)
    code_root = _code_root(settings)
    store = open_store(code_root)
    with tempfile.TemporaryDirectory(prefix="jobkit-") as temporary:
        if arguments.built is not None:
            built = BuiltRelease.load(arguments.built)
        else:
            built = _build(arguments.job_code, settings.project, Path(temporary, "release"))
        with Console(stderr=True).status(f"publishing to {escape(code_root)}") as status:
            published = publish_release(built, store, lambda line: status.update(escape(line)))
    verb = "published" if published.created else "already published, the same bytes:"
    print(f"{verb} {settings.project} {published.version} (digest {published.digest[:12]})")
    print(f"  at {store.location(f'releases/{published.version}')}")
    _write_index(store, settings, folder, f"{published.version} is published")
    return 0


def promote(arguments: argparse.Namespace) -> int:
    """Let a channel name a published version, and tell the DAGs.

    Raises:
        ReleaseError: The version is not published or is damaged, or the environment has no code root; or the
            channel names it, and the DAGs could not be told.
        ContractError: What stands there of the version or the channel cannot be read.
    """
    folder = dags_folder_of(arguments.dags)
    settings = settings_of(folder, arguments.env)
    store = open_store(_code_root(settings))
    promoted = promote_release(store, arguments.version, arguments.channel)
    named = f"{promoted.version} (digest {promoted.digest[:12]})"
    if not promoted.changed:
        print(f"channel {promoted.channel} names {named} already; nothing changed")
    elif promoted.before is None:
        print(f"channel {promoted.channel} is new, and names {named}")
    else:
        print(f"channel {promoted.channel} names {named}; before, it named {promoted.before}")
    _write_index(store, settings, folder, f"channel {promoted.channel} names {promoted.version}")
    return 0


def verify(arguments: argparse.Namespace) -> int:
    """Check every file of a published release.

    Raises:
        ReleaseError: A file is missing or changed, the version is not published, or there is no code root.
    """
    settings = settings_of(dags_folder_of(arguments.dags), arguments.env)
    store = open_store(_code_root(settings))
    asked: str = arguments.version
    release = get_channel_release(store, asked) if is_channel(asked) else get_release(store, asked)
    release.verify()
    files = counted(len(release.manifest.files), "file")
    print(f"good: {release.manifest.project} {release.version} (digest {release.digest[:12]}), {files}")
    return 0


def list_published(arguments: argparse.Namespace) -> int:
    """List what is published, newest first, with the channels that name it.

    Raises:
        ReleaseError: The code root cannot be read, or the environment has none.
    """
    settings = settings_of(dags_folder_of(arguments.dags), arguments.env)
    store = open_store(_code_root(settings))
    releases, found = list_releases(store), read_channels(store)
    channels = found.named
    naming = _naming(found)
    if arguments.format == "json":
        print(json.dumps(_rows(releases, found), indent=2))
        return 0
    if not releases:
        print(f"nothing is published at {store.location('')}; `jobkit release publish` does it")
    chosen = settings.code_version or ""
    for release in releases:
        default = ["default"] if release.version in (chosen, channels.get(chosen)) else []
        marks = ", ".join([*default, *naming.get(release.version, ())])
        print(f"{release.version}{f'  ({marks})' if marks else ''}  {release.location}")
    for name, version in channels.items():
        if version not in {release.version for release in releases}:
            print(f"channel {name} names {version}, which is not published; promote another version to it")
    for name, error in found.damaged.items():
        print(f"channel {name} cannot be read: {error}")
    return 0


def _naming(channels: Channels) -> dict[str, list[str]]:
    """The channels that name a version, by version."""
    naming: dict[str, list[str]] = {}
    for name, version in channels.named.items():
        naming.setdefault(version, []).append(name)
    return naming


def _rows(releases: Sequence[ReleaseInfo], channels: Channels) -> list[dict[str, Any]]:
    """What is published, then what channels name that is not, then the channels that cannot be read."""
    naming = _naming(channels)
    rows: list[dict[str, Any]] = [
        {
            "version": release.version,
            "location": release.location,
            "channels": naming.pop(release.version, []),
        }
        for release in releases
    ]
    rows += [{"version": version, "location": None, "channels": names} for version, names in naming.items()]
    if channels.damaged:
        rows.append({"version": None, "location": None, "channels": [*channels.damaged]})
    return rows


def _write_index(store: Store, settings: Settings, folder: Path, done: str) -> None:
    """Tell the DAGs of a change that is made already, and said."""
    file, code_root = folder / INDEX_FILE, _code_root(settings)
    try:
        write_release_index(store, code_root, file)
    except (JobkitError, OSError) as error:
        raise ReleaseError(
            f"{done}, but {display_name(file)} is not written, and DAGs do not know of it yet: "
            f"{str(error).removesuffix('.')}. Once that is mended, call this again: it writes the file."
        ) from error
    # The file is of one code root, and the last who publishes or promotes anywhere decides of which.
    print(f"{display_name(file)} is of the environment {settings.environment} now, at {code_root}")


def _code_root(settings: Settings) -> str:
    if settings.code_root is None:
        raise ReleaseError(
            f"the environment {settings.environment} names its files one by one (code.entry_point in "
            "jobkit.yaml), so it has no releases and no channels; copy the files there yourself, or set "
            "code.root"
        )
    return settings.code_root


def _build(job_code: Path, project: str, out: Path) -> BuiltRelease:
    """Build a release, showing the current step on a terminal."""
    console = Console(stderr=True)
    with console.status("building the release") as status:
        return build_release(
            job_code, project, out, python=sys.executable, progress=lambda line: status.update(escape(line))
        )

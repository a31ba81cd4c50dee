"""`jobkit release build | publish | list`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from airflow_jobkit.cli.project import dags_folder_of, settings_of
from airflow_jobkit.errors import ReleaseError
from airflow_jobkit.release import (
    BuiltRelease,
    build_release,
    list_releases,
    open_store,
    publish_release,
    write_release_index,
)
from airflow_jobkit.release.index import INDEX_FILE
from airflow_jobkit.spec.settings import Settings


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
        ReleaseError: It cannot be built or stored, or the version is published with other bytes.
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
    write_release_index(store, code_root, folder / INDEX_FILE)
    verb = "published" if published.created else "already published, the same bytes:"
    print(f"{verb} {settings.project} {published.version} (digest {published.digest[:12]})")
    print(f"  at {store.location(f'releases/{published.version}')}")
    return 0


def list_published(arguments: argparse.Namespace) -> int:
    """List what is published, newest first.

    Raises:
        ReleaseError: The code root cannot be read, or the environment has none.
    """
    settings = settings_of(dags_folder_of(arguments.dags), arguments.env)
    store = open_store(_code_root(settings))
    releases = list_releases(store)
    if arguments.format == "json":
        print(json.dumps([{"version": r.version, "location": r.location} for r in releases], indent=2))
        return 0
    if not releases:
        print(f"nothing is published at {store.location('')}; `jobkit release publish` does it")
    for release in releases:
        default = "  (default)" if release.version == settings.code_version else ""
        print(f"{release.version}{default}  {release.location}")
    return 0


def _code_root(settings: Settings) -> str:
    if settings.code_root is None:
        raise ReleaseError(
            f"the environment {settings.environment} names its files one by one (code.entry_point in "
            "jobkit.yaml), so it has no releases; copy the files there yourself, or set code.root"
        )
    return settings.code_root


def _build(job_code: Path, project: str, out: Path) -> BuiltRelease:
    """Build a release, showing the current step on a terminal."""
    console = Console(stderr=True)
    with console.status("building the release") as status:
        return build_release(
            job_code, project, out, python=sys.executable, progress=lambda line: status.update(escape(line))
        )

"""A published version never changes, and is never a mixture."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

import airflow_jobkit
from airflow_jobkit.errors import (
    ContractError,
    ReleaseBuildError,
    ReleaseConflictError,
    ReleaseDamagedError,
)
from airflow_jobkit.release.build import BuiltRelease
from airflow_jobkit.release.catalog import get_release, list_releases, verify_release
from airflow_jobkit.release.manifest import ManifestJob
from airflow_jobkit.release.publish import Published, publish_release
from airflow_jobkit.release.store import LocalStore

Prepare = Callable[..., BuiltRelease]

WHEEL = "wheels/dwh-0.1.0-py3-none-any.whl"
SCRIPT = "scripts/glue/generic_entry.py"


class RecordingStore(LocalStore):
    """A LocalStore that remembers in which order keys were created, and may lose its power on the way."""

    created: list[str]
    dies_at: str | None

    def __init__(self, root: Path, dies_at: str | None = None) -> None:
        super().__init__(root)
        object.__setattr__(self, "created", [])
        object.__setattr__(self, "dies_at", dies_at)

    def create(self, key: str, data: bytes) -> bool:
        if self.dies_at and key.endswith(self.dies_at):
            raise ConnectionError(key)
        self.created.append(key)
        return super().create(key, data)


def test_a_release_stands_under_its_version(prepare: Prepare, store: LocalStore) -> None:
    built = prepare()
    published = publish_release(built, store)
    assert published == Published("0.1.0", built.manifest.digest, created=True)
    assert store.list("") == (
        "releases/0.1.0/manifest.json",
        "releases/0.1.0/scripts/glue/generic_entry.py",
        "releases/0.1.0/wheels/dwh-0.1.0-py3-none-any.whl",
        "releases/0.1.0/wheels/jobkit_runtime-0.1.0-py3-none-any.whl",
    )
    assert store.read(f"releases/0.1.0/{WHEEL}") == b"the team's wheel"


def test_the_manifest_is_written_last(prepare: Prepare, tmp_path: Path) -> None:
    store = RecordingStore(tmp_path / "code")
    publish_release(prepare(), store)
    assert store.created[-1] == "releases/0.1.0/manifest.json"
    assert store.created[:-1] == sorted(store.created[:-1])


def test_publishing_the_same_bytes_again_changes_nothing(prepare: Prepare, store: LocalStore) -> None:
    first = publish_release(prepare(), store)
    second = publish_release(prepare(), store)
    assert (second.digest, second.created) == (first.digest, False)


def test_publishing_again_puts_back_a_missing_file(prepare: Prepare, store: LocalStore) -> None:
    publish_release(prepare(), store)
    Path(store.location(f"releases/0.1.0/{WHEEL}")).unlink()
    assert not publish_release(prepare(), store).created
    verify_release(store, get_release(store, "0.1.0"))


def test_publishing_again_names_a_file_that_was_changed_in_place(prepare: Prepare, store: LocalStore) -> None:
    publish_release(prepare(), store)
    store.replace(f"releases/0.1.0/{WHEEL}", b"changed by hand")
    with pytest.raises(ReleaseDamagedError, match=f"{WHEEL} was changed after 0.1.0 was published"):
        publish_release(prepare(), store)


def test_other_bytes_of_a_published_version_are_refused_file_by_file(
    prepare: Prepare, store: LocalStore
) -> None:
    publish_release(prepare(files={WHEEL: "old", SCRIPT: "same", "wheels/a.whl": "dropped"}), store)
    with pytest.raises(ReleaseConflictError) as caught:
        publish_release(prepare(files={WHEEL: "new", SCRIPT: "same", "wheels/b.whl": "added"}), store)
    assert str(caught.value) == (
        f"0.1.0 is published already at {store.root}/releases/0.1.0/manifest.json, and differs: "
        f"{WHEEL} differs; wheels/b.whl is only in this build; "
        "wheels/a.whl is only in the published Release. "
        "A published version never changes: raise the version in pyproject.toml, build and publish again."
    )
    assert store.read(f"releases/0.1.0/{WHEEL}") == b"old"
    assert store.read("releases/0.1.0/wheels/b.whl") is None


def test_the_same_files_with_other_jobs_are_refused(prepare: Prepare, store: LocalStore) -> None:
    publish_release(prepare(), store)
    with pytest.raises(ReleaseConflictError, match="what the Manifest says of the jobs"):
        publish_release(prepare(jobs=(ManifestJob(module_name="dwh.other"),)), store)


def test_an_unreadable_manifest_at_the_code_root_is_named(prepare: Prepare, store: LocalStore) -> None:
    store.create("releases/0.1.0/manifest.json", b"{")
    with pytest.raises(ContractError, match=r"releases/0.1.0/manifest.json is not a Manifest"):
        publish_release(prepare(), store)


@pytest.mark.parametrize("dies_at", [WHEEL, "manifest.json"])
def test_an_interrupted_publish_is_not_published_and_can_be_finished(
    prepare: Prepare, tmp_path: Path, dies_at: str
) -> None:
    store = RecordingStore(tmp_path / "code", dies_at)
    with pytest.raises(ConnectionError):
        publish_release(prepare(), store)
    assert list_releases(store) == ()
    assert publish_release(prepare(), LocalStore(store.root)).created
    verify_release(store, get_release(store, "0.1.0"))


def test_an_interrupted_publish_of_other_bytes_is_named_with_what_to_do(
    prepare: Prepare, store: LocalStore
) -> None:
    store.create(f"releases/0.1.0/{WHEEL}", b"of an interrupted publish")
    with pytest.raises(ReleaseConflictError, match=r"An unfinished publish of 0\.1\.0 stands") as caught:
        publish_release(prepare(), store)
    assert f"delete {store.root}/releases/0.1.0 (nothing uses it yet)" in str(caught.value)
    assert list_releases(store) == ()


@pytest.mark.parametrize(
    ("spoil", "state"),
    [(Path.unlink, "missing"), (lambda path: path.write_text("edited"), "changed")],
    ids=["missing", "changed"],
)
def test_a_build_that_was_touched_is_not_published(
    prepare: Prepare, store: LocalStore, spoil: Callable[[Path], object], state: str
) -> None:
    built = prepare()
    spoil(built.folder / WHEEL)
    with pytest.raises(ReleaseDamagedError, match=f"{WHEEL} is {state} since it was built"):
        publish_release(built, store)
    assert store.list("") == ()


def test_a_built_release_is_taken_up_from_its_folder(prepare: Prepare, tmp_path: Path) -> None:
    built = prepare()
    assert BuiltRelease.load(built.folder) == built
    with pytest.raises(ReleaseBuildError, match=r"No Release is built in .*: run `jobkit release build`"):
        BuiltRelease.load(tmp_path / "nothing")


@pytest.mark.parametrize("attempt", range(10))
def test_of_threads_that_publish_different_bytes_exactly_one_wins(
    prepare: Prepare, store: LocalStore, attempt: int
) -> None:
    """Each pair of racers differs in another file, and one has a file of its own."""
    racers = [
        prepare(files={"a": "1", "b": "1", "c": "1"}),
        prepare(files={"a": "1", "b": "1", "c": "2"}),
        prepare(files={"a": "1", "b": "2", "c": "1"}),
        prepare(files={"a": "2", "b": "1", "c": "1"}),
        prepare(files={"a": "2", "b": "2", "bb": "3"}),
        prepare(files={"b": "3", "c": "3", "d": "3"}),
    ]
    barrier = Barrier(len(racers))

    def race(built: BuiltRelease) -> Published | None:
        barrier.wait()
        try:
            return publish_release(built, store)
        except ReleaseConflictError:
            return None

    with ThreadPoolExecutor(len(racers)) as pool:
        results = list(pool.map(race, racers))
    winners = [result for result in results if result]
    assert [winner.created for winner in winners] == [True]
    release = get_release(store, "0.1.0")
    assert release.digest == winners[0].digest
    verify_release(store, release)


def test_of_threads_that_publish_the_same_bytes_all_succeed_and_one_creates(
    prepare: Prepare, store: LocalStore
) -> None:
    racers = [prepare() for _ in range(8)]
    barrier = Barrier(len(racers))

    def race(built: BuiltRelease) -> bool:
        barrier.wait()
        return publish_release(built, store).created

    with ThreadPoolExecutor(len(racers)) as pool:
        assert sorted(pool.map(race, racers)) == [False] * 7 + [True]


def test_of_processes_that_publish_different_bytes_exactly_one_wins(
    prepare: Prepare, store: LocalStore, tmp_path: Path
) -> None:
    shared = {f"wheels/{name}.whl": name * 200_000 for name in "abc"}
    racers = [prepare(files={**shared, WHEEL: f"the wheel of racer {number}" * 999}) for number in range(6)]
    go = tmp_path / "go"
    root = str(Path(airflow_jobkit.__file__).parents[1])
    processes = [
        subprocess.Popen(
            [sys.executable, Path(__file__).with_name("publish_process.py"), built.folder, store.root, go],
            env={**os.environ, "PYTHONPATH": root},
        )
        for built in racers
    ]
    while len(list(tmp_path.glob("go-*"))) < len(racers):
        assert not any(process.poll() for process in processes)
        time.sleep(0.01)
    go.touch()
    codes = [process.wait(timeout=60) for process in processes]

    assert sorted(codes) == [0, 3, 3, 3, 3, 3]
    release = get_release(store, "0.1.0")
    assert release.manifest == racers[codes.index(0)].manifest
    verify_release(store, release)
    assert len(store.list("releases/0.1.0/")) == len(release.manifest.files) + 1

"""The DAGs folder of a git revision, written out without running anything that a repository names."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from airflow_jobkit.errors import JobkitError

_NO_REPOSITORY = "this is no git repository"
_LINK, _FILES = b"120000", (b"100644", b"100755", b"100664")
_NO_PLACES = frozenset({"", ".", "..", ".git"})


@dataclass(frozen=True)
class _Entry:
    """A file of a revision: the mode and the id that git has for it, and its place below the DAGs folder."""

    mode: bytes
    object_id: bytes
    place: str


def write_out(name: str, dags: Path, root: Path) -> tuple[Path, str]:
    """Write out the DAGs folder of a revision.

    What git keeps is written as it is: filters, such as those of Git LFS, are programs, and are not run.

    Args:
        name: The revision.
        dags: The DAGs folder of this working tree, whose place is looked up in the revision.
        root: An empty folder, for it and for what is needed on the way.

    Returns:
        Where it is now, and its place in the repository.

    Raises:
        JobkitError: There is no such revision, or no such folder in it.
    """
    at = _where_git_looks(dags)
    commit = _text(
        ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"],
        f"{name} is neither a folder nor a git revision here; name a DAGs folder, such as `dags`, or a "
        "revision, such as `main` or `HEAD~1`",
        at,
    ).strip()
    place = _place_in_repository(dags, at)
    # By its own name, with which files beside the DAGs begin.
    folder = root / dags.resolve().name
    folder.mkdir()
    missing = f"{name} has no folder {place}; name its DAGs folder with --dags"
    listed = _git(["ls-tree", "-r", "-z", "--full-tree", f"{commit}:{place}"], missing, at)
    entries = [*_entries(listed)]
    with (root / "ids").open("w+b") as ids, (root / "contents").open("w+b") as contents:
        ids.writelines(entry.object_id + b"\n" for entry in entries)
        ids.seek(0)
        _git(["cat-file", "--batch"], f"the files of {name} cannot be read", at, ids, contents)
        contents.seek(0)
        try:
            _write(entries, contents, folder)
        except (OSError, ValueError) as error:  # such as a name too long for this system
            raise JobkitError(f"the files of {name} cannot be written out: {error}") from error
    return folder, place


def _entries(listed: bytes) -> Iterator[_Entry]:
    """The files among what git lists; other repositories in the folder are none."""
    for line in filter(None, listed.split(b"\0")):
        words, _, place = line.partition(b"\t")
        mode, _, object_id = words.split()
        name = os.fsdecode(place)
        # Git itself makes no such places; somebody else may.
        if (mode == _LINK or mode in _FILES) and _NO_PLACES.isdisjoint(name.split("/")):
            yield _Entry(mode, object_id, name)


def _write(entries: Iterable[_Entry], contents: IO[bytes], folder: Path) -> None:
    """Write files from what `git cat-file --batch` says of them; links last, so that none is followed."""
    links: list[tuple[Path, bytes]] = []
    for entry in entries:
        size = contents.readline().split()[-1]
        if not size.isdigit():
            raise JobkitError(f"git has lost {entry.place}; run `git fsck`, or fetch it")
        data = contents.read(int(size))
        contents.read(1)
        path = folder / entry.place
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.mode == _LINK:
            links.append((path, data))
        else:
            path.write_bytes(data)
    for path, target in links:
        path.symlink_to(os.fsdecode(target))


def _where_git_looks(dags: Path) -> Path:
    """The folder whose repository is meant: that of the DAGs, or where git was told one, as in its hooks."""
    if "GIT_DIR" in os.environ:
        return Path.cwd()
    place = dags.resolve()
    return next(folder for folder in (place, *place.parents) if folder.is_dir())


def _place_in_repository(dags: Path, at: Path) -> str:
    """The DAGs folder as git names it; empty where it is the whole repository."""
    top = Path(_text(["rev-parse", "--show-toplevel"], _NO_REPOSITORY, at).rstrip("\n"))
    try:
        place = dags.resolve().relative_to(top.resolve()).as_posix()
    except ValueError:
        raise JobkitError(f"{dags} is outside the repository {top}; start jobkit inside it") from None
    return "" if place == "." else place


def _text(arguments: list[str], refused: str, at: Path) -> str:
    return _git(arguments, refused, at).decode(errors="replace")


def _git(
    arguments: list[str],
    refused: str,
    at: Path,
    given: IO[bytes] | None = None,
    said: IO[bytes] | None = None,
) -> bytes:
    """What git prints, started in a folder.

    Args:
        arguments: Its arguments.
        refused: What it means where git refuses.
        at: The folder.
        given: What it reads; default: nothing.
        said: Where it prints instead.

    Raises:
        JobkitError: There is no git, or it refuses, with what that means.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a list without a shell
            ["git", *arguments],  # noqa: S607 - the caller's own git
            cwd=at,
            stdin=given or subprocess.DEVNULL,
            stdout=said or subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
        )
    except FileNotFoundError:
        raise JobkitError(
            "there is no `git` to look for a revision; install it, or name two DAGs folders"
        ) from None
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise JobkitError(refused + (f" (git: {told[0]})" if told else ""))
    return done.stdout or b""

"""git repositories of a test's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

# Whatever this machine's own configuration says.
_OWN = ["user.name=a", "user.email=a@example.org", "commit.gpgsign=false", "init.defaultBranch=main"]


def commit(folder: Path | None = None) -> None:
    """Commit all that stands in a folder, making it a repository with the branch `main` first if need be."""
    folder = folder or Path.cwd()
    options = [part for one in _OWN for part in ("-c", one)]
    for command in (["init"], ["add", "."], ["commit", "-m", "a state"]):
        subprocess.run(["git", *options, *command], cwd=folder, check=True, capture_output=True)

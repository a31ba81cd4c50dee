"""A copy of the repository's own project, for tests that run it as a user does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from processes import finished

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class ProjectCopy:
    """`dags/` and `job_code/` in a folder of their own, and the `jobkit` command there.

    Attributes:
        folder: The folder.
        python: The interpreter that has the command, with all of its extras.
    """

    folder: Path
    python: str = sys.executable

    @classmethod
    def make(cls, folder: Path, python: str = sys.executable) -> ProjectCopy:
        """Copy the project."""
        ignored = shutil.ignore_patterns("__pycache__", ".jobkit")
        for name in ("dags", "job_code"):
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        return cls(folder, python)

    def jobkit(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a `jobkit` command to its end, in the project's folder."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW", "_AIRFLOW", "JOBKIT_", "PYTHONPATH"))
        }
        return finished(
            [self.python, "-m", "airflow_jobkit.cli", *arguments],
            cwd=self.folder,
            env={**inherited, **variables},
            seconds=240,
        )

    def done(self, *arguments: str, **variables: str) -> str:
        """Run a `jobkit` command that has to succeed; what it printed."""
        done = self.jobkit(*arguments, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text in a file."""
        file = self.folder / path
        text = file.read_text()
        assert old in text, f"{path} holds no {old!r}"
        file.write_text(text.replace(old, new))

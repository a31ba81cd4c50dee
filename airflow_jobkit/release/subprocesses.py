"""Run Python in a child process, and show the end of what it said."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_jobkit.errors import ReleaseBuildError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def run_python(
    python: str, arguments: Sequence[str], *, folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `python` in `folder`, its environment ours plus these variables, and wait for its end.

    Raises:
        ReleaseBuildError: There is no such interpreter.
    """
    if Path(python).name != python:
        python = str(Path(python).absolute())  # it is the caller's path, not one below `folder`
    try:
        return subprocess.run(  # noqa: S603 - a list without a shell; the caller chooses the interpreter
            [python, *arguments],
            cwd=folder,
            env={**os.environ, "NO_COLOR": "1", **environment},
            capture_output=True,
            text=True,
            errors="replace",
            umask=0o022,  # generated files get the same modes for everyone
            check=False,
        )
    except OSError as error:
        raise ReleaseBuildError(
            f"The Python interpreter {python} cannot be started ({error.strerror}): name one that exists."
        ) from None


def end_of(output: str, lines: int = 20) -> str:
    """Return the last lines of an output, indented for a message."""
    said = output.rstrip().splitlines()[-lines:] or ["(no output)"]
    return "\n".join(f"    {line}" for line in said)

"""The command line, `jobkit`."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from airflow_jobkit.cli.parser import build_parser
from airflow_jobkit.errors import JobkitError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0 done, 1 failed, 2 wrong options.

    A command's module is imported only when it is called, so that `--help` comes at once.
    """
    arguments = build_parser().parse_args(argv)
    command = importlib.import_module(f"airflow_jobkit.cli.{arguments.module}")
    try:
        code: int = getattr(command, arguments.function)(arguments)
        sys.stdout.flush()
    except JobkitError as error:
        print(f"jobkit: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; what is still buffered must not fail at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"jobkit: {_os_error(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("jobkit: stopped", file=sys.stderr)
        return 130
    return code


def _os_error(error: OSError) -> str:
    """What the operating system refused, where, and what to do."""
    reason = error.strerror or str(error)
    if error.filename is None:
        return f"{reason}; correct that and start jobkit again"
    path = Path(os.fsdecode(error.filename))
    if isinstance(error, NotADirectoryError | FileExistsError):
        # The file that is in the way may stand further up than the folder that was to be made.
        path = next((place for place in (path, *path.parents) if place.exists()), path)
        return f"{path}: {reason}; move this file away, for a folder is needed in its place"
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return f"{path}: {reason}; allow this user to write there, or start jobkit elsewhere"
    return f"{path}: {reason}; correct that and start jobkit again"

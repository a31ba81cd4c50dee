"""The command line, `jobkit`."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from airflow_jobkit.cli.parser import build_parser
from airflow_jobkit.errors import JobkitError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0 done, 1 failed, 2 wrong options, or what its help says.

    A command's module is imported only when it is called, so that `--help` comes at once.
    """
    _speak()
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


def _speak() -> None:
    """Let what is printed end in no error, whatever characters it has.

    A terminal shows what it can, and escapes for the rest. A file or a pipe gets UTF-8 as it is, in which
    YAML, JSON and Markdown are read again.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller, who wants the exit code alone
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - to the end
    if isinstance(sys.stdout, io.TextIOWrapper):
        encoding = None if sys.stdout.isatty() else "utf-8"
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")


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

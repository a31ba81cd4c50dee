"""The command line, `jobkit`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from airflow_jobkit.cli.parser import build_parser
from airflow_jobkit.errors import JobkitError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0 done, 1 failed, 2 called wrongly.

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
    except KeyboardInterrupt:
        print("jobkit: stopped", file=sys.stderr)
        return 130
    return code

"""What the options of several commands share; nothing here imports more than argparse."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def command(
    commands: Any,
    name: str,
    summary: str,
    description: str,
    module: str | None = None,
    function: str | None = None,
) -> argparse.ArgumentParser:
    """Add a command, whose module is imported only when it is called."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=description)
    default = "run" if module is None else name.replace("-", "_")
    parser.set_defaults(module=module or name, function=function or default)
    return parser


def add_environment(parser: argparse.ArgumentParser, default: str = "JOBKIT_ENV, else local") -> None:
    """Add `--env`."""
    parser.add_argument(
        "--env",
        type=environment_name,
        metavar="E",
        help=f"the environment of jobkit.yaml (default: {default})",
    )


def add_dags(
    parser: argparse.ArgumentParser, text: str = "the folder with jobkit.yaml (default: dags)"
) -> None:
    """Add `--dags`."""
    parser.add_argument(
        "--dags",
        type=Path,
        metavar="DIR",
        default=Path("dags"),
        help=text,
    )


def add_job_code(parser: argparse.ArgumentParser) -> None:
    """Add `--job-code`."""
    parser.add_argument(
        "--job-code", type=Path, metavar="DIR", default=Path("job_code"), help="default: job_code"
    )


def environment_name(text: str) -> str:
    """Read a name; an empty one is of a variable that is not set, and would mean another environment."""
    if not text:
        raise argparse.ArgumentTypeError("the name is empty; write one, or leave the option out")
    return text


def seconds(text: str) -> float:
    """Read a number of seconds, more than none."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds; write one above 0, such as 60")
    return seconds


def port(text: str) -> int:
    """Read a port; 0 stands for a free one."""
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is no port; write 0 (a free one) to 65535")
    return int(text)

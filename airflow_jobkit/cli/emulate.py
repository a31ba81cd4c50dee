"""`jobkit emulate`: AWS and Databricks on this machine, until Ctrl-C or for one command."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from uuid import uuid4

from airflow_jobkit.engines.local.processes import MARK, end_all
from airflow_jobkit.errors import JobkitError
from airflow_jobkit.local.emulators.places import project_buckets
from airflow_jobkit.local.emulators.server import EmulatorOptions, Emulators, running

_PORTS = (9310, 9311)
_GRACE_SECONDS = 10.0


class _StoppedError(Exception):
    """A signal asks for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number
        self.by_terminal = number == signal.SIGINT


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes, or as long as the command runs; its exit code."""
    command: list[str] = arguments.command
    defaults = (0, 0) if command else _PORTS
    options = EmulatorOptions(
        data=arguments.data,
        aws_port=defaults[0] if arguments.aws_port is None else arguments.aws_port,
        databricks_port=defaults[1] if arguments.databricks_port is None else arguments.databricks_port,
        buckets=(*project_buckets(arguments.dags), *arguments.bucket),
        master=arguments.master,
        minute_seconds=arguments.minute_seconds,
    )
    try:
        with _stopping_on_signals(), running(options) as emulators:
            if arguments.ready_file is not None:
                _write_ready(arguments.ready_file, emulators)
            if command:
                return _run_command(command, emulators.variables)
            print(_screen(emulators), flush=True)
            threading.Event().wait()
    except _StoppedError as stopped:
        return stopped.exit_code if command else 0
    return 0


def _run_command(command: Sequence[str], variables: Mapping[str, str]) -> int:
    mark = uuid4().hex
    try:
        process = subprocess.Popen(command, env={**os.environ, **variables, MARK: mark})  # noqa: S603
    except OSError as error:
        raise JobkitError(
            f"cannot start {command[0]}: {error.strerror}; correct the command after --"
        ) from error
    try:
        return _shell_code(process.wait())
    except _StoppedError as stopped:
        if not stopped.by_terminal:  # which has told the command already
            process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
        raise
    finally:
        end_all(process.pid, mark)


def _shell_code(code: int) -> int:
    return code if code >= 0 else 128 - code


@contextmanager
def _stopping_on_signals() -> Iterator[None]:
    """The first signal that asks for the end raises in the main thread; those after it are ignored."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        for other in signals:
            signal.signal(other, signal.SIG_IGN)
        raise _StoppedError(number)

    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write_ready(file: Path, emulators: Emulators) -> None:
    """Say where the emulators are, in a file that appears whole."""
    ready = {
        "aws_url": emulators.aws_url,
        "databricks_url": emulators.databricks_url,
        "variables": emulators.variables,
    }
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(ready), encoding="utf-8")
    unfinished.replace(file)


def _screen(emulators: Emulators) -> str:
    rows = [
        ("AWS (S3, Glue, ...)", emulators.aws_url),
        ("Databricks", emulators.databricks_url),
        ("objects", f"{emulators.data / 's3'}  ({', '.join(emulators.buckets) or 'no buckets yet'})"),
        ("runs and their logs", str(emulators.data / "runs")),
    ]
    exports = [f"export {name}={shlex.quote(value)}" for name, value in emulators.variables.items()]
    table = [f"{name:<22}{value}" for name, value in rows]
    return "\n".join([*table, "", "In another terminal:", "", *exports, "", "Ctrl-C stops everything."])

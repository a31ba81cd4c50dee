"""Emulated AWS and Databricks for tests: inside the test's process, or as `jobkit emulate`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
from executing import eventually

ROOT = Path(__file__).parents[1]

_OF_THE_CALLER = re.compile(r"_?AIRFLOW_|AWS_|JOBKIT_(?!SPARK_PYTHON$)")
"""Variables that would lead what a test starts to other services, or to somebody's settings."""


@dataclass(frozen=True)
class RunningEmulators:
    """Where the emulators are, and what reaches them."""

    data: Path
    aws_url: str
    databricks_url: str
    variables: Mapping[str, str]

    def calls(self) -> list[dict[str, Any]]:
        """The calls of Glue so far: `{"call": "CreateJob", "job": name}`."""
        with urlopen(f"{self.aws_url}/_jobkit/calls") as answer:  # noqa: S310
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def forget_calls(self) -> None:
        """Begin to count the calls of Glue anew."""
        with urlopen(Request(f"{self.aws_url}/_jobkit/calls", method="DELETE")):  # noqa: S310
            pass

    def plan(self, *plans: Mapping[str, Any]) -> None:
        """Add plans to the simulation; an AssertionError says what is wrong with one."""
        body = json.dumps(plans).encode()
        try:
            with urlopen(Request(f"{self.aws_url}/_jobkit/plans", body, method="POST")):  # noqa: S310
                pass
        except HTTPError as error:
            raise AssertionError(json.load(error)["error"]) from error

    def plans(self) -> dict[str, Any]:
        """What became of the plans, by their names."""
        with urlopen(f"{self.aws_url}/_jobkit/plans") as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
        return found

    def forget_plans(self) -> None:
        """Forget all plans."""
        with urlopen(Request(f"{self.aws_url}/_jobkit/plans", method="DELETE")):  # noqa: S310
            pass

    def client(self, service: str) -> Any:
        """A boto3 client of the emulated AWS."""
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.aws_url,
            region_name=self.variables["AWS_REGION"],
            aws_access_key_id=self.variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.variables["AWS_SECRET_ACCESS_KEY"],
        )


@contextmanager
def running_emulators(
    folder: Path, *buckets: str, minute_seconds: float = 60, master: str = "local[2]"
) -> Iterator[RunningEmulators]:
    """The emulators inside this process, on free ports, with their data in a folder.

    One at a time: moto keeps its state in the process.
    """
    from airflow_jobkit.local.emulators.server import EmulatorOptions, running

    options = EmulatorOptions(folder, buckets=buckets, minute_seconds=minute_seconds, master=master)
    with running(options) as emulators:
        yield RunningEmulators(folder, emulators.aws_url, emulators.databricks_url, emulators.variables)


@contextmanager
def emulators_process(
    folder: Path, *buckets: str, minute_seconds: float = 60, seconds: float = 60
) -> Iterator[RunningEmulators]:
    """`jobkit emulate` in a process of its own, by the interpreter that has Spark."""
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    options = [f"--bucket={bucket}" for bucket in buckets]
    options += ["--master=local[2]", f"--minute-seconds={minute_seconds}", f"--ready-file={ready}"]
    with emulating(folder, *options) as process:
        found = await_file(ready, process, seconds)
        yield RunningEmulators(folder, found["aws_url"], found["databricks_url"], found["variables"])


@contextmanager
def emulating(
    folder: Path, *arguments: str | Path, seconds: float = 60, **streams: Any
) -> Iterator[subprocess.Popen[Any]]:
    """`jobkit emulate` on free ports with its data in a folder, in a session of its own.

    At the end it is asked to end, and after that time it is killed, with all that it has started.
    """
    process = subprocess.Popen(
        emulate_command(folder, *arguments), env=emulate_variables(), start_new_session=True, **streams
    )
    try:
        yield process
    finally:
        started = _started_by(process.pid)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        # A child that leaves the session may have appeared since, one that lost its parent is in the session.
        for other in {*started, *_started_by(process.pid)}:
            with suppress(psutil.NoSuchProcess):
                other.kill()
        process.wait()


def emulate_command(folder: Path, *arguments: str | Path) -> list[str]:
    """The command `jobkit emulate`, on free ports with its data in a folder."""
    python = os.environ.get("JOBKIT_SPARK_PYTHON") or sys.executable
    command = [python, "-m", "airflow_jobkit.cli", "emulate", "--data", folder, "--dags", folder]
    return [*map(str, command), "--aws-port=0", "--databricks-port=0", *map(str, arguments)]


def emulate_variables() -> dict[str, str]:
    """The variables of that command: those of this process, without what leads elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not _OF_THE_CALLER.match(name)}
    return {**kept, "PYTHONPATH": str(ROOT)}


def await_file(file: Path, process: subprocess.Popen[Any], seconds: float = 60) -> Any:
    """The JSON of a file that a process writes whole; fails when the process ends before."""
    assert eventually(lambda: file.exists() or process.poll() is not None, seconds), f"no {file.name} came"
    assert file.exists(), f"the emulators ended with {process.returncode}"
    return json.loads(file.read_text(encoding="utf-8"))


def _started_by(leader: int) -> set[psutil.Process]:
    """The living processes of a leader's session, and its children in other sessions."""
    found = set()
    for process in psutil.process_iter():
        with suppress(OSError):
            if os.getsid(process.pid) == leader:
                found.add(process)
    with suppress(psutil.NoSuchProcess):
        found |= set(psutil.Process(leader).children(recursive=True))
    return found

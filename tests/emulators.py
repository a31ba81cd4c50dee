"""Emulated AWS and Databricks for tests: inside the test's process, or as `jobkit emulate`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]


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
    process = start_emulate(
        folder, *options, "--master=local[2]", f"--minute-seconds={minute_seconds}", "--ready-file", ready
    )
    try:
        found = await_file(ready, process, seconds)
        yield RunningEmulators(folder, found["aws_url"], found["databricks_url"], found["variables"])
    finally:
        process.terminate()
        process.wait(60)


def start_emulate(folder: Path, *arguments: str | Path, **streams: Any) -> subprocess.Popen[Any]:
    """Start `jobkit emulate` on free ports with its data in a folder."""
    python = os.environ.get("JOBKIT_SPARK_PYTHON") or sys.executable
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [python, "-m", "airflow_jobkit.cli", "emulate", "--data", folder, "--dags", folder]
    ports = ["--aws-port=0", "--databricks-port=0"]
    return subprocess.Popen([*map(str, command), *ports, *map(str, arguments)], env=variables, **streams)


def await_file(file: Path, process: subprocess.Popen[Any], seconds: float = 60) -> Any:
    """The JSON of a file that a process writes whole; fails when the process ends before."""
    deadline = time.monotonic() + seconds
    while not file.exists():
        assert process.poll() is None, f"the emulators ended with {process.returncode}"
        assert time.monotonic() < deadline, f"no {file.name} in {seconds} s"
        time.sleep(0.05)
    return json.loads(file.read_text(encoding="utf-8"))

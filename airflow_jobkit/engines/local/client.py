"""The entry script as a child process that never outlives its parent."""

from __future__ import annotations

import codecs
import io
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import IO
from urllib.parse import urlsplit
from urllib.request import url2pathname

import psutil

from airflow_jobkit.engines.invocation import Invocation
from airflow_jobkit.engines.local.options import Options
from airflow_jobkit.errors import EngineError

GRACE_SECONDS = 3.0
"""How long a stopped process may take to end by itself; Airflow 3 kills the task itself after 5 s."""

_POLL_SECONDS = 0.2
_PIPE_CAPACITY = 64 * 1024
_AIRFLOWS_OWN = ("AIRFLOW__", "_AIRFLOW_", "AIRFLOW_CONN_", "AIRFLOW_VAR_")


class LocalRun:
    """One running entry script.

    Its standard input is a lifeline: when this process ends, even by SIGKILL, the script sees the end of the
    file and ends too, and Spark's JVM with it.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @classmethod
    def start(cls, invocation: Invocation, options: Options) -> LocalRun:
        """Start the script in a session of its own.

        Raises:
            EngineError: The interpreter cannot be started.
        """
        python = interpreter(options, os.environ)
        command = [python, _local_path(invocation.script), *invocation.argv]
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is our own, without a shell
                command,
                env=child_environment(invocation, options, os.environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise EngineError(
                f"cannot start {python}: {error.strerror}; set JOBKIT_SPARK_PYTHON, or "
                "`local: {python: ...}`, to an interpreter that has pyspark"
            ) from error
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id of the script."""
        return self._process.pid

    def lines(self) -> Iterator[str]:
        """What the script prints, line by line, until it ends."""
        assert self._process.stdout is not None  # noqa: S101 - it was opened as a pipe
        decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder("utf-8")("replace"), translate=True
        )
        rest = ""
        for data in self._output(self._process.stdout):
            *lines, rest = (rest + decoder.decode(data)).split("\n")
            yield from lines
        rest += decoder.decode(b"", final=True)
        if rest:
            yield rest

    def wait(self) -> int:
        """The exit code; negative: the signal that ended the script."""
        return self._process.wait()

    def stop(self) -> bool:
        """End the script and every process it started; True if any of them was still running."""
        tree = _tree(self._process.pid)
        for process in tree:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        # Looked for again: one that does not listen may have started others meanwhile.
        remaining = [*_await_end(tree), *(_tree(self._process.pid) if tree else ())]
        for process in remaining:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        _await_end(remaining)
        return bool(tree)

    def _output(self, pipe: IO[bytes]) -> Iterator[bytes]:
        """What comes through the pipe; a process that the script left behind may keep it open for ever."""
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while True:
                # Asked before reading: what the script has printed by its end is read in one go.
                ended = self._process.poll() is not None
                if selector.select(0 if ended else _POLL_SECONDS):
                    data = os.read(pipe.fileno(), _PIPE_CAPACITY)
                    ended = ended or not data
                    yield data
                if ended:
                    return


def interpreter(options: Options, variables: Mapping[str, str]) -> str:
    """The interpreter that runs the job: the option's, `JOBKIT_SPARK_PYTHON`, or Airflow's own."""
    return options.python or variables.get("JOBKIT_SPARK_PYTHON") or sys.executable


def child_environment(
    invocation: Invocation, options: Options, variables: Mapping[str, str]
) -> dict[str, str]:
    """The variables of the script: the worker's without Airflow's own, and the wheels first.

    Airflow's configuration, connections and variables hold secrets (the metadata database, the Fernet key)
    that no job needs.
    """
    kept = {name: value for name, value in variables.items() if not name.startswith(_AIRFLOWS_OWN)}
    path = [_local_path(wheel) for wheel in invocation.wheels]
    inherited = variables.get("PYTHONPATH")
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join([*path, inherited] if inherited else path),
        "PYTHONUNBUFFERED": "1",
        "JOBKIT_LIFELINE": "1",
        "JOBKIT_SPARK_MASTER": options.master,
        "JOBKIT_SPARK_CONF": json.dumps(dict(options.conf)),
    }


def _tree(leader: int) -> list[psutil.Process]:
    """The living processes of the script's session, and its children in sessions of their own."""
    found = [process for pid in psutil.pids() if _session(pid) == leader and (process := _process(pid))]
    root = _process(leader)
    with suppress(psutil.NoSuchProcess):
        found += root.children(recursive=True) if root else []
    return [process for process in dict.fromkeys(found) if _runs(process)]


def _await_end(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Wait for the end of processes; those that still run after the grace period.

    Not psutil's own wait: it would take the script's exit code away from whoever waits for it.
    """
    deadline = time.monotonic() + GRACE_SECONDS
    while (alive := [process for process in processes if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _process(pid: int) -> psutil.Process | None:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid)
    return None


def _session(pid: int) -> int | None:
    with suppress(OSError):
        return os.getsid(pid)
    return None


def _local_path(location: str) -> str:
    parts = urlsplit(location)
    return url2pathname(parts.path) if parts.scheme == "file" else location

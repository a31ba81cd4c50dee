"""The entry script as a child process that never outlives its parent."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

import psutil

from airflow_jobkit.engines.invocation import Invocation
from airflow_jobkit.engines.local.options import Options
from airflow_jobkit.engines.local.processes import MARK, await_end, end_all, members
from airflow_jobkit.errors import EngineError

GRACE_SECONDS = 3.0
"""How long a stopped process may take to end by itself; Airflow 3 kills the task itself after 5 s."""

QUIET_SECONDS = 1.0
"""How long to wait for more output of a script that has ended."""

_AIRFLOWS_OWN = ("AIRFLOW__", "_AIRFLOW_", "AIRFLOW_CONN_", "AIRFLOW_VAR_")


class LocalRun:
    """One running entry script.

    Its standard input is a lifeline: when this process ends, even by SIGKILL, the script sees the end of the
    file and ends too, and Spark's JVM with it.
    """

    def __init__(self, process: subprocess.Popen[str], mark: str) -> None:
        self._process = process
        self._mark = mark
        threading.Thread(target=self._end_what_is_left, name="jobkit-session", daemon=True).start()

    @classmethod
    def start(cls, invocation: Invocation, options: Options) -> LocalRun:
        """Start the script in a session of its own.

        Raises:
            EngineError: The interpreter cannot be started.
        """
        python = interpreter(options, os.environ)
        mark = uuid4().hex
        command = [python, _local_path(invocation.script), *invocation.argv]
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is our own, without a shell
                command,
                env={**child_environment(invocation, options, os.environ), MARK: mark},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise EngineError(f"cannot start {python}: {error.strerror}; {_remedy(error)}") from error
        return cls(process, mark)

    @property
    def pid(self) -> int:
        """The process id of the script."""
        return self._process.pid

    def lines(self) -> Iterator[str]:
        """What the script prints, line by line, until it ends.

        Not until the pipe ends: a process that nobody can find any more may hold it open for ever.
        """
        lines: SimpleQueue[str | None] = SimpleQueue()
        threading.Thread(target=self._copy, args=[lines], name="jobkit-output", daemon=True).start()
        while True:
            try:
                line = lines.get(timeout=QUIET_SECONDS)
            except Empty:
                if self._process.poll() is None:
                    continue
                return
            if line is None:
                return
            yield line

    def wait(self) -> int:
        """The exit code; negative: the signal that ended the script."""
        return self._process.wait()

    def stop(self) -> bool:
        """End the script and every process it started; True if any of them was still running."""
        running = members(self.pid, self._mark)
        # The script first and alone, so that it can still stop Spark and say why it ended.
        script = [process for process in running if process.pid == self.pid]
        for process in script:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        await_end(script, GRACE_SECONDS)
        end_all(self.pid, self._mark)
        return bool(running)

    def _copy(self, lines: SimpleQueue[str | None]) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was opened as a pipe
        for line in self._process.stdout:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    def _end_what_is_left(self) -> None:
        """Once the script has ended, end what it left behind."""
        self._process.wait()
        end_all(self.pid, self._mark)


def _remedy(error: OSError) -> str:
    if error.errno == errno.E2BIG:
        return "the job's arguments are too long; put large ones into a file or a dataset, and pass its name"
    return "set JOBKIT_SPARK_PYTHON, or `local: {python: ...}`, to an interpreter that has pyspark"


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


def _local_path(location: str) -> str:
    parts = urlsplit(location)
    return url2pathname(parts.path) if parts.scheme == "file" else location

"""Commands that tests run to their end, whatever they leave behind."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil


def finished(
    command: Sequence[str | Path],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float = 180,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its exit code and what it printed.

    It prints to files: a JVM that it leaves behind would hold a pipe open, and so hold up the test that reads
    it. What is left of the command's session is killed.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        with _session_ended(process):
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                raise AssertionError(
                    f"{command} did not end in {seconds} s\n{_text(output)}\n{_text(errors)}"
                ) from None
        return subprocess.CompletedProcess(command, process.returncode, _text(output), _text(errors))


@contextmanager
def _session_ended(leader: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill, at the end, every process of the leader's session, and wait for the leader."""
    try:
        yield
    finally:
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if os.getsid(process.pid) == leader.pid:
                    process.kill()
        leader.wait()


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()

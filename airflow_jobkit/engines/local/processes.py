"""The processes of one run, found by a mark in their environment, and ended.

A child inherits the mark, also one that leaves for a session of its own and outlives its parent.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

import psutil

MARK = "JOBKIT_PROCESSES_OF"
"""The variable whose value is the same in all processes of a run, and different in any other."""


def marked(mark: str) -> list[psutil.Process]:
    """The living processes that carry this mark."""
    found = []
    for process in psutil.process_iter():
        # Those of other users, and those that have just ended, cannot be asked.
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and runs(process):
                found.append(process)
    return found


def await_end(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait for the end of processes; those that still run after that time.

    Not psutil's own wait: it would take the script's exit code away from whoever waits for it.
    """
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if runs(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def kill(processes: Sequence[psutil.Process], seconds: float) -> None:
    """End processes at once, and wait until they are gone."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    await_end(processes, seconds)


def runs(process: psutil.Process) -> bool:
    """Whether a process has not ended; one that nobody has waited for yet has."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False

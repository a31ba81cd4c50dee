"""The processes of one run: found by what they inherit, and ended.

A child inherits the session and a mark in the environment. It may leave the one or lose the other; only one
that does both, and outlives its parent, is out of reach.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil

MARK = "JOBKIT_PROCESSES_OF"
"""The variable whose value is the same in all processes of a run, and different in any other."""

_GRACE_SECONDS = 1.0
_ROUNDS = 10


def members(leader: int, mark: str) -> list[psutil.Process]:
    """The living processes of a run: its leader's session, its children, and all that carry its mark."""
    found = [process for process in psutil.process_iter() if _belongs(process, leader, mark)]
    with suppress(psutil.NoSuchProcess):
        found += psutil.Process(leader).children(recursive=True)
    return [process for process in dict.fromkeys(found) if runs(process)]


def end_all(leader: int, mark: str) -> None:
    """End every process of a run whose script has ended.

    First they may end by themselves: a JVM that is killed while it starts a process leaves that one behind.
    Then they are killed, and looked for again, since one may have started others meanwhile.
    """
    left = await_end(members(leader, mark), _GRACE_SECONDS)
    for _ in range(_ROUNDS):
        if not left:
            return
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        await_end(left, _GRACE_SECONDS)
        left = members(leader, mark)


def await_end(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait for the end of processes; those that still run after that time.

    Not psutil's own wait: it would take the script's exit code away from whoever waits for it.
    """
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if runs(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def runs(process: psutil.Process) -> bool:
    """Whether a process has not ended; one that nobody has waited for yet has."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _belongs(process: psutil.Process, leader: int, mark: str) -> bool:
    # Those of other users, and those that have just ended, cannot be asked.
    with suppress(OSError):
        if os.getsid(process.pid) == leader:
            return True
    with suppress(psutil.Error, OSError):
        return process.environ().get(MARK) == mark
    return False

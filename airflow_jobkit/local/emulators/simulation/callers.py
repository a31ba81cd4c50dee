"""The process at the other end of a connection."""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress
from typing import NoReturn

import psutil

from airflow_jobkit.local.emulators.wsgi import Environ

_LOOKS = 3
"""How often connections are looked through: the system's table changes while it is read."""


def caller(environ: Environ) -> int | None:
    """The id of the process that sent a request; None where it cannot be known."""
    ends = (str(environ.get("REMOTE_PORT")), str(environ.get("SERVER_PORT")))
    for _ in range(_LOOKS):
        pid = _owner(ends)
        if pid is not None:
            return pid
    return None


def _owner(ends: tuple[str, str]) -> int | None:
    """The process whose connection has these ports, its own first."""
    with suppress(psutil.Error, OSError):
        for found in psutil.net_connections("tcp"):
            if found.laddr and found.raddr and (str(found.laddr.port), str(found.raddr.port)) == ends:
                return found.pid
    return None


def kill(pid: int | None) -> None:
    """End a process, without a chance to do anything more; it alone."""
    if pid is None or pid == os.getpid():
        print("a simulated kill: the caller is no other process of this machine", file=sys.stderr)
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def hang_up(environ: Environ) -> NoReturn:
    """Close the connection of a request without an answer.

    Raises:
        ConnectionAbortedError: Always; the server takes it for a client that went away, and says nothing.
    """
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("a simulated loss of the connection")

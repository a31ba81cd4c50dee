"""How a local job ends when whoever started it wants it to end, or is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

VARIABLE = "JOBKIT_LIFELINE"
_EXIT_CODE = 143


def hold() -> None:
    """With `JOBKIT_LIFELINE=1` in the environment: live no longer than the process at the end of stdin.

    The parent keeps the write end of this process's stdin open and never writes. When it dies, even by
    SIGKILL, the pipe ends, and so does this process, at once: a retry may be running already, so nothing may
    be published or reported any more. Where it leads a process group, which is how the operator starts it,
    the whole group ends: the JVM that pyspark started, and whatever the job started itself.
    """
    if os.environ.get(VARIABLE) == "1":
        threading.Thread(target=_watch, name="jobkit-lifeline", daemon=True).start()


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Inside, SIGTERM raises SystemExit in the main thread, so that a job that is stopped says so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 -- the signature of a handler
    raise SystemExit(_EXIT_CODE)


def _watch() -> None:
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 4096):
        continue
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(_EXIT_CODE)

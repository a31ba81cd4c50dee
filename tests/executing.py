"""Tasks that are executed while a test looks on: what they started, and how to interrupt them."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from task_context import TaskContext

SLEEPS = """
    import os, pathlib, subprocess, time

    def main(place, **kwargs):
        child = subprocess.Popen(["sleep", "600"])
        pathlib.Path(place, "pids.new").write_text(f"{os.getpid()} {child.pid}")
        pathlib.Path(place, "pids.new").rename(pathlib.Path(place, "pids"))
        time.sleep(600)
"""
"""A job that tells its process id and its child's in a folder, and sleeps."""


def eventually(condition: Callable[[], object], seconds: float = 60) -> bool:
    """Whether something comes true within a time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pids(place: Path, seconds: float = 60) -> list[int]:
    """The process ids of the script and its child, once it has told them."""
    assert eventually((place / "pids").exists, seconds), "the job did not start"
    return [int(pid) for pid in (place / "pids").read_text().split()]


class TimedOut(BaseException):
    """As Airflow's AirflowTaskTimeout, no Exception: HTTP clients take a TimeoutError for the network's."""


@contextmanager
def timing_out(place: Path) -> Iterator[None]:
    """As Airflow's execution time-out: an exception out of the blue, here once the job has started."""

    def raise_error(number: int, frame: object) -> None:
        raise TimedOut

    def interrupt() -> None:
        started = eventually((place / "pids").exists)
        with deciding:
            if started and not over.is_set():
                signal.pthread_kill(main.ident, signal.SIGUSR1)

    main, deciding, over = threading.current_thread(), threading.Lock(), threading.Event()
    before = signal.signal(signal.SIGUSR1, raise_error)
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        yield
    finally:
        with deciding:  # a signal that came later would end the test run
            over.set()
        signal.signal(signal.SIGUSR1, before)


class Executing:
    """A task that is being executed in a thread, and what became of it."""

    def __init__(self, context: TaskContext) -> None:
        self.task = context.task
        self.outcome: Any = None
        self._thread = threading.Thread(target=self._execute, args=(context,), daemon=True)
        self._thread.start()

    def _execute(self, context: TaskContext) -> None:
        try:
            self.outcome = context.execute()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.outcome = error

    def ended(self, seconds: float = 60) -> Any:
        """What `execute` raised or returned."""
        self._thread.join(timeout=seconds)
        assert not self._thread.is_alive(), "execute still waits"
        return self.outcome

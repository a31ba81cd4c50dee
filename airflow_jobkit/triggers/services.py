"""The services that all triggers of a triggerer share: there may be a thousand triggers in one process."""

from __future__ import annotations

import asyncio
import importlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from asgiref.sync import sync_to_async

from airflow_jobkit.engines.service import RunService
from airflow_jobkit.errors import EngineError, EngineUnavailableError

T = TypeVar("T")

# As many as a boto3 client keeps connections. At 50 ms a call that is 200 looks a second; and other triggers
# have the event loop's own threads to themselves.
_THREADS = ThreadPoolExecutor(max_workers=10, thread_name_prefix="jobkit-trigger")


YOUNG_SECONDS = 60.0
"""How long a service is believed to go by the connection as it is: looking that up at every refusal costs too
much."""


@dataclass
class SharedService:
    """A service by one connection, opened when it is first used; for many threads at once.

    A Glue service, that is two boto3 clients, takes 28 MB and 0.4 s: not every trigger can have its own.

    Attributes:
        engine: The Engine.
        connection: The arguments of `engines.<engine>.service.open_service`.
        clock: The time in seconds.
    """

    engine: str
    connection: Mapping[str, Any]
    clock: Callable[[], float] = time.monotonic
    _opened: RunService | None = None
    _opened_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, call: Callable[[RunService], T]) -> T:
        """Call the service; where that is refused, once more by the connection as it is now.

        Raises:
            EngineError: It was refused, or not answered.
        """
        service, age = self._service()
        try:
            return call(service)
        except EngineUnavailableError:
            raise
        except EngineError:
            # A password may have been changed since.
            if age < YOUNG_SECONDS:
                raise
        self._close(service)
        return call(self._service()[0])

    def _service(self) -> tuple[RunService, float]:
        """The service, and how old it is."""
        with self._lock:
            if self._opened is None:
                module = importlib.import_module(f"airflow_jobkit.engines.{self.engine}.service")
                self._opened = module.open_service(**self.connection)
                self._opened_at = self.clock()
            return self._opened, self.clock() - self._opened_at

    def _close(self, service: RunService) -> None:
        with self._lock:
            if self._opened is service:
                self._opened = None


_SHARED: dict[str, SharedService] = {}


def shared_service(engine: str, connection: Mapping[str, Any]) -> SharedService:
    """The one service of this process by a connection."""
    key = json.dumps([engine, connection], sort_keys=True)
    return _SHARED.setdefault(key, SharedService(engine, connection))


async def in_thread(call: Callable[[], T]) -> T:
    """Run a blocking call beside the event loop; it goes on when the one who waits for it is cancelled.

    Airflow 3 looks a connection up by way of the event loop, which the thread has to know: asgiref tells it.
    It would also hide from Airflow why a trigger is cancelled, or that it is; hence the shield.
    """
    return await asyncio.shield(sync_to_async(call, thread_sensitive=False, executor=_THREADS)())

"""What the tests of submissions on every Engine share: a lost worker, and a Store whose calls are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_jobkit.release import Store


class WorkerLostError(BaseException):
    """The worker's process is gone."""


@dataclass(frozen=True)
class CountedStore:
    """A Store that notes the calls about submissions."""

    store: Store
    calls: list[str]

    def list(self, prefix: str) -> tuple[str, ...]:
        self.calls.append("list")
        return self.store.list(prefix)

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.store, name)

        def counted(key: str, *data: bytes) -> Any:
            if "/submission-" in key and name != "location":
                self.calls.append(f"{name} {key.rpartition('/')[2]}")
            return call(key, *data)

        return counted

"""Which fault a call meets: one plan's count of calls."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from airflow_jobkit.local.emulators.simulation.plans import Fault


@dataclass(frozen=True)
class Hit:
    """A fault that a call meets; `number` counts the calls that fit it, from 1."""

    fault: Fault
    number: int


class Faults:
    """The faults of a plan, and the calls so far; safe for threads."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._faults = faults
        self._lock = threading.Lock()
        self._fitting = [0] * len(faults)
        self._calls: Counter[str] = Counter()

    def next(self, call: str, path: str = "", states: Collection[str] = ()) -> Hit | None:
        """Count a call; the fault that it meets, the first where there are several.

        Args:
            call: The call's name.
            path: Its path and query.
            states: The states of the runs that it is about.
        """
        found: Hit | None = None
        with self._lock:
            self._calls[call] += 1
            for place, fault in enumerate(self._faults):
                if not _fits(fault, call, path, states):
                    continue
                self._fitting[place] += 1
                if found is None and fault.applies_to(self._fitting[place]):
                    found = Hit(fault, self._fitting[place])
        return found

    @property
    def calls(self) -> dict[str, int]:
        """How often each call was made."""
        with self._lock:
            return dict(self._calls)


def _fits(fault: Fault, call: str, path: str, states: Collection[str]) -> bool:
    return (
        fault.call == call
        and (fault.path is None or fault.path in path)
        and (fault.state is None or any(_is(state, fault.state) for state in states))
    )


def _is(state: str, wanted: str) -> bool:
    """Whether a state is meant; Databricks' may be named without its result."""
    return wanted in (state, state.partition("/")[0])

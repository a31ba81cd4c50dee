"""Aggregates that Spark computes in passing, read without ever blocking for good.

`Observation.get` waits until the first action on its DataFrame has ended, and for ever when there is none or
nothing reports. So it is read in a daemon thread, and given up after a time limit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from jobkit_runtime.checks import ROWS

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, Observation


class Measurement:
    """Named aggregates on one DataFrame, taken while its rows flow by in the first action."""

    def __init__(self) -> None:
        self._observation: Observation | None = None
        self._reader: threading.Thread | None = None
        self._values: dict[str, int] = {}

    def of(self, frame: DataFrame, columns: Mapping[str, Column]) -> DataFrame:
        """The same rows, measured as they pass."""
        from pyspark.sql import Observation

        self._observation = Observation()
        return frame.observe(self._observation, *(column.alias(name) for name, column in columns.items()))

    def start_reading(self) -> None:
        """Wait for the values in the background."""
        if self._reader is None:
            self._reader = threading.Thread(target=self._read, name="jobkit-measurement", daemon=True)
            self._reader.start()

    def values(self, seconds: float) -> Mapping[str, int]:
        """The values, or an empty mapping when Spark has not told them within that time."""
        self.start_reading()
        if self._reader is not None:
            self._reader.join(max(0.0, seconds))
        return dict(self._values)

    def _read(self) -> None:
        try:
            if self._observation is not None:
                self._values = dict(self._observation.get)
        except Exception:  # noqa: BLE001 -- a value that cannot be had is an unknown value
            self._values = {}


def rows_of(measurements: Iterable[Measurement], seconds: float) -> list[int | None]:
    """The row counts of several measurements, under one deadline for all of them."""
    waiting = list(measurements)
    for measurement in waiting:
        measurement.start_reading()
    deadline = time.monotonic() + seconds
    return [measurement.values(deadline - time.monotonic()).get(ROWS) for measurement in waiting]

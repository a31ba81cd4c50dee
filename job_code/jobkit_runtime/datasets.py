"""Named datasets: the seam that jobs read and write through, and its implementation on files."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from jobkit_runtime import publication, storage
from jobkit_runtime.checks import ROWS, Check, measures_of, reports_of, require
from jobkit_runtime.envelope import DatasetBinding
from jobkit_runtime.errors import DatasetError
from jobkit_runtime.journal import Journal
from jobkit_runtime.measurement import Measurement, rows_of
from jobkit_runtime.outcome import CheckReport, DatasetReport, WrittenDataset
from jobkit_runtime.platforms import Platform
from jobkit_runtime.runinfo import RunInfo
from jobkit_runtime.wording import counted_rows, listed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_LOG = logging.getLogger(__name__)

_WRITE_SECONDS = 30.0
# Formats without column pruning or filter push-down, where counting rows in passing costs nothing.
_TEXT_FORMATS = frozenset({"csv", "json", "text"})
_PATTERN = re.compile(r"[*?\[{]")
_SPECIAL = re.compile(r"([*?\[\]{}\\])")


class Datasets(Protocol):
    """Where the datasets of one run come from and go to. Tests give one that holds everything in memory."""

    def read(self, name: str) -> DataFrame:
        """The published dataset, or what this run has written under the name."""

    def write(
        self,
        name: str,
        frame: DataFrame,
        checks: Sequence[Check],
        partition_by: Sequence[str],
        file_format: str | None,
    ) -> WrittenDataset:
        """Write without publishing."""

    def check(self) -> None:
        """Raise CheckFailedError when a check on anything written does not hold."""

    def commit(self) -> None:
        """Publish everything written, one dataset after the other, each as a whole."""

    def check_reports(self) -> tuple[CheckReport, ...]:
        """What the checks found."""

    def reports(self, seconds: float) -> tuple[DatasetReport, ...]:
        """What was read and written; open row counts are waited for that long in all."""


@dataclass
class _Read:
    name: str
    path: str
    format: str
    rows: int | None = None
    measurement: Measurement | None = None


class FileDatasets:
    """Datasets as folders of files, each at its binding or else at `<data root>/<name>` as parquet."""

    def __init__(
        self,
        platform: Platform,
        run: RunInfo,
        journal: Journal,
        data_root: str,
        bindings: Mapping[str, DatasetBinding],
    ) -> None:
        self._platform = platform
        self._run = run
        self._journal = journal
        self._data_root = storage.absolute(data_root)
        self._bindings = bindings
        self._reads: dict[str, _Read] = {}
        self._written: dict[str, WrittenDataset] = {}
        self._check_reports: list[CheckReport] = []

    def read(self, name: str) -> DataFrame:
        """The published dataset, or what this run has written under the name.

        Raises:
            DatasetError: nothing is there, or nothing was ever published.
        """
        binding = self._binding(name)
        if name in self._written:
            pending = self._written[name]
            return self._load(name, binding, pending.path, pending.format)
        may_hold_pointer = self._may_hold_pointer(binding.path)
        published = publication.current(binding.path) if may_hold_pointer else None
        if published is not None:
            place = storage.join(binding.path, published.path)
            self._reads[name] = _Read(name, place, published.format or binding.format, published.rows)
        elif may_hold_pointer and publication.is_managed(binding.path):
            raise DatasetError(
                f"dataset {name}: nothing has been published at {binding.path} yet; the job that writes it "
                "is still running or has failed"
            )
        else:
            place = binding.path
            self._reads[name] = _Read(name, place, binding.format)
        read = self._reads[name]
        frame = self._load(name, binding, place, read.format)
        _LOG.info("read %s (%s) from %s", name, read.format, place)
        return self._counted(read, frame)

    def write(
        self,
        name: str,
        frame: DataFrame,
        checks: Sequence[Check],
        partition_by: Sequence[str],
        file_format: str | None,
    ) -> WrittenDataset:
        """Write the rows into this try's own folder, and measure them on their way."""
        if name in self._written:
            raise DatasetError(
                f"dataset {name} was written already by this run; write it once, with all rows"
            )
        binding = self._binding(name)
        chosen = file_format or binding.format
        target = storage.join(binding.path, self._folder)
        publication.prepare(binding.path)
        started = time.perf_counter()
        measurement = Measurement()
        measured = measurement.of(frame, measures_of(checks))
        writer = measured.write.mode("overwrite").format(chosen).options(**binding.options_for(chosen))
        (writer.partitionBy(*partition_by) if partition_by else writer).save(target)
        seconds = time.perf_counter() - started
        values = measurement.values(_WRITE_SECONDS)
        written = WrittenDataset(name, target, chosen, values.get(ROWS))
        if written.rows is None:
            self._journal.warn(f"dataset {name}: Spark did not tell how many rows were written")
        _LOG.info("wrote %s: %s in %.1f s", name, counted_rows(written.rows), seconds)
        self._written[name] = written
        self._check_reports += reports_of(name, checks, values)
        return written

    def check(self) -> None:
        """Raise CheckFailedError when a check on anything written does not hold."""
        require(self._check_reports)

    def commit(self) -> None:
        """Publish everything written, one pointer after the other, in the order of the writes.

        Each dataset becomes visible as a whole. Should the process end in between, those before are published
        and those after are not.
        """
        for name, written in self._written.items():
            content = publication.Publication(
                self._folder, self._run.run_key, written.rows, self._run.code_version, written.format
            )
            publication.publish(self._binding(name).path, content)
            _LOG.info("published %s", name)

    def check_reports(self) -> tuple[CheckReport, ...]:
        """What the checks found."""
        return tuple(self._check_reports)

    def reports(self, seconds: float) -> tuple[DatasetReport, ...]:
        """What was read and written; the row counts of reads are waited for that long in all."""
        open_reads = [read for read in self._reads.values() if read.rows is None and read.measurement]
        counts = rows_of([read.measurement for read in open_reads if read.measurement], seconds)
        for read, rows in zip(open_reads, counts, strict=True):
            read.rows = rows
        inputs = [DatasetReport(r.name, "input", r.path, r.format, r.rows) for r in self._reads.values()]
        outputs = [DatasetReport(w.name, "output", w.path, w.format, w.rows) for w in self._written.values()]
        return (*inputs, *outputs)

    @property
    def _folder(self) -> str:
        return f"{self._run.run_key}/try-{self._run.try_number}"

    def _binding(self, name: str) -> DatasetBinding:
        binding = self._bindings.get(name) or DatasetBinding(name)
        return replace(binding, path=storage.absolute(binding.path, self._data_root))

    def _load(self, name: str, binding: DatasetBinding, place: str, file_format: str) -> DataFrame:
        reader = self._platform.session().read.format(file_format).options(**binding.options_for(file_format))
        schema = binding.schema_for(file_format)
        try:
            return (reader.schema(schema) if schema else reader).load(self._as_pattern(place))
        except Exception as exc:
            if "PATH_NOT_FOUND" in str(exc) or "Path does not exist" in str(exc):
                raise DatasetError(self._nothing_at(name, place)) from None
            raise

    def _nothing_at(self, name: str, place: str) -> str:
        return (
            f"dataset {name}: nothing is at {place}; run the job that writes it, or for raw data "
            f"`jobkit sample-data`. Datasets with a place of their own: {listed(self._bindings)}; any other "
            f"is at {storage.join(self._data_root, '<name>')}"
        )

    @staticmethod
    def _counted(read: _Read, frame: DataFrame) -> DataFrame:
        if read.rows is not None or read.format not in _TEXT_FORMATS:
            return frame
        read.measurement = Measurement()
        return read.measurement.of(frame, measures_of(()))

    def _may_hold_pointer(self, path: str) -> bool:
        """A pattern such as `raw/*.csv` names files, not a folder that could hold a pointer."""
        _, own = self._parted(path)
        return _PATTERN.search(own) is None

    def _as_pattern(self, place: str) -> str:
        """A place as Spark reads it, which takes every path for a pattern: the data root is none."""
        root, own = self._parted(place)
        return _SPECIAL.sub(r"\\\1", root) + own

    def _parted(self, path: str) -> tuple[str, str]:
        """The data root where the path is below it, and what the binding itself says."""
        root = storage.join(self._data_root, "")
        return (root, path[len(root) :]) if path.startswith(root) else ("", path)

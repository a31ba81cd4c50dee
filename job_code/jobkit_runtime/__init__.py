"""What runs beside Spark: a job's class, its arguments, its datasets and its Result."""

from __future__ import annotations

from jobkit_runtime.checks import Check, not_null, row_count
from jobkit_runtime.context import JobContext
from jobkit_runtime.errors import (
    ArgumentError,
    CheckFailedError,
    DatasetError,
    EnvelopeError,
    JobDefinitionError,
    JobkitRuntimeError,
    ModuleNameError,
    NotifierError,
    PlatformError,
    StorageError,
)
from jobkit_runtime.factory import AbstractJobFactory, JobFactory
from jobkit_runtime.job import AbstractJob
from jobkit_runtime.notifiers import Notification, Notifier
from jobkit_runtime.outcome import Outcome, WrittenDataset
from jobkit_runtime.runinfo import RunInfo, Stage

__version__ = "0.1.0"

__all__ = [
    "AbstractJob",
    "AbstractJobFactory",
    "ArgumentError",
    "Check",
    "CheckFailedError",
    "DatasetError",
    "EnvelopeError",
    "JobContext",
    "JobDefinitionError",
    "JobFactory",
    "JobkitRuntimeError",
    "ModuleNameError",
    "Notification",
    "Notifier",
    "NotifierError",
    "Outcome",
    "PlatformError",
    "RunInfo",
    "Stage",
    "StorageError",
    "WrittenDataset",
    "__version__",
    "not_null",
    "row_count",
]

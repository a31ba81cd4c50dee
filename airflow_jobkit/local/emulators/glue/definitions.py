"""Job definitions, as CreateJob and UpdateJob leave them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from airflow_jobkit.local.emulators.glue.errors import GlueError, invalid, not_found

_DPUS = {
    "Standard": 1.0,
    "G.025X": 0.25,
    **{f"G.{size}X": float(size) for size in (1, 2, 4, 8, 12, 16)},
    **{f"R.{size}X": float(size) for size in (1, 2, 4, 8)},
    "Z.2X": 2.0,
}
_KINDS = ("glueetl", "gluestreaming", "pythonshell", "glueray")
_MOST_MINUTES = 10080
_LATEST_VERSION = "6.0"
_VERSIONS = ("0.9", "1.0", "2.0", "3.0", "4.0", "5.0", "5.1", "6.0", "auto")
_VERSIONS_WITH_LONG_TIMEOUT = _VERSIONS[:5]


class Definitions:
    """All jobs by name, each as GetJob shows it, and their tags. The caller holds the lock."""

    def __init__(self, jobs: Mapping[str, dict[str, Any]], tags: Mapping[str, dict[str, str]]) -> None:
        self.jobs = dict(jobs)
        self.tags = dict(tags)

    def create(self, request: Mapping[str, Any]) -> str:
        """Add a job; its name."""
        settings = {key: value for key, value in request.items() if key not in ("Name", "Tags")}
        name: str = request["Name"]
        job = _job(name, settings, created=None)
        if name in self.jobs:
            moments = {"CreatedOn", "LastModifiedOn"}
            there = self.jobs[name]
            if all(there.get(key) == job.get(key) for key in (there.keys() | job.keys()) - moments):
                raise GlueError("AlreadyExistsException", "Job already exists.")
            raise GlueError(
                "IdempotentParameterMismatchException", "Job already submitted with different configuration"
            )
        self.jobs[name] = job
        self.tags[name] = dict(request.get("Tags", {}))
        return name

    def get(self, name: str) -> dict[str, Any]:
        """A job, as GetJob shows it."""
        if name not in self.jobs:
            raise not_found("Job not found.")
        return self.jobs[name]

    def update(self, name: str, settings: Mapping[str, Any]) -> None:
        """Replace a job by other settings; what these leave out is at its default again."""
        self.jobs[name] = _job(name, settings, created=self.get(name)["CreatedOn"])

    def delete(self, name: str) -> None:
        """Forget a job; one that is not there is no error."""
        self.jobs.pop(name, None)
        self.tags.pop(name, None)

    def tags_of(self, arn: str) -> dict[str, str]:
        """The tags of the job that an ARN names."""
        kind, _, name = arn.split(":", 5)[-1].partition("/")
        if kind != "job" or name not in self.jobs:
            raise not_found(f"Entity not found: {arn}")
        return self.tags[name]

    def tagged(self, wanted: Mapping[str, str]) -> list[str]:
        """The names of the jobs that carry all these tags, sorted."""
        return [name for name in sorted(self.jobs) if wanted.items() <= self.tags[name].items()]


def capacity(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The workers of a job or run, and the DPUs they come to.

    Raises:
        GlueError: They are given in two ways, or are too few.
    """
    if "MaxCapacity" in settings and ("WorkerType" in settings or "NumberOfWorkers" in settings):
        raise invalid("Please do not set Max Capacity if using Worker Type and Number of Workers.")
    if "MaxCapacity" in settings:
        return {"MaxCapacity": settings["MaxCapacity"], "AllocatedCapacity": int(settings["MaxCapacity"])}
    if settings.get("Command", {}).get("Name") == "pythonshell":
        return {"MaxCapacity": 0.0625, "AllocatedCapacity": 0}
    kind, number = settings.get("WorkerType", "G.1X"), settings.get("NumberOfWorkers", 10)
    if number < 2:
        raise invalid("Number of workers must be at least 2.")
    dpus = _DPUS[kind] * number
    return {
        "WorkerType": kind,
        "NumberOfWorkers": number,
        "MaxCapacity": dpus,
        "AllocatedCapacity": int(dpus),
    }


def check_timeout(settings: Mapping[str, Any]) -> None:
    """Refuse a time-out that is too long.

    Raises:
        GlueError: It is more than seven days.
    """
    if settings.get("Timeout", 1) > _MOST_MINUTES:
        raise invalid(f"Timeout must not be greater than {_MOST_MINUTES} minutes.")


def _job(name: str, settings: Mapping[str, Any], created: float | None) -> dict[str, Any]:
    command = settings.get("Command", {})
    if not settings.get("Role"):
        raise invalid("Role should not be null or empty.")
    if command.get("Name") not in _KINDS:
        raise invalid(f"Command name should be one of: {', '.join(_KINDS)}.")
    if not command.get("ScriptLocation"):
        raise invalid("Script location should not be null or empty.")
    check_timeout(settings)
    now = time.time()
    version = settings.get("GlueVersion", _LATEST_VERSION)
    if version not in _VERSIONS:
        raise invalid(f"Glue version {version} is not supported.")
    return {
        "JobMode": "SCRIPT",
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": 2880 if version in _VERSIONS_WITH_LONG_TIMEOUT else 480,
        **settings,
        "Command": {"PythonVersion": "3", **command},
        "GlueVersion": version,
        **capacity(settings),
        "Name": name,
        "CreatedOn": now if created is None else created,
        "LastModifiedOn": now,
    }

"""The records of job runs: as they begin, and as an earlier emulator left them."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_jobkit.local.emulators.glue.arguments import argv, listed, merged
from airflow_jobkit.local.emulators.glue.definitions import capacity, check_timeout
from airflow_jobkit.local.emulators.glue.logs import PREFIX
from airflow_jobkit.local.emulators.scripts import RunningScript, Script
from airflow_jobkit.local.emulators.simulation.lives import Life

ENDED = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED")
"""The states that a run does not leave any more."""


@dataclass
class Run:
    """A run: its record as GetJobRun shows it, what it runs, and the process that does.

    `queued` is true while it waits for a place; `life` is that of a run which only seems to run.
    """

    record: dict[str, Any]
    script: Script
    packages: tuple[str, ...] = ()
    process: RunningScript | None = None
    stopping: bool = False
    timed_out: bool = False
    queued: bool = False
    life: Life | None = None
    began: float | None = None
    timer: threading.Timer | None = None

    @property
    def state(self) -> str:
        """One of Glue's states."""
        state: str = self.record["JobRunState"]
        return state


def stored_run(record: Mapping[str, Any]) -> Run:
    """A run of an earlier emulator; one that had not ended did so with it."""
    kept = dict(record)
    if kept["JobRunState"] not in ENDED:
        kept["JobRunState"] = "FAILED"
        kept["ErrorMessage"] = "The emulators ended while this run was active."
        kept["CompletedOn"] = kept["LastModifiedOn"] = time.time()
    return Run(kept, Script("", ()))


def new_run(job: Mapping[str, Any], request: Mapping[str, Any]) -> Run:
    """The run of a job that a request asks for.

    Raises:
        GlueError: The request does not fit the job.
    """
    arguments = merged(job, request.get("Arguments", {}))
    own = {key: request[key] for key in ("WorkerType", "NumberOfWorkers", "MaxCapacity") if key in request}
    of_job = {key: job[key] for key in ("WorkerType", "NumberOfWorkers") if key in job}
    workers = own if "MaxCapacity" in own else {**of_job, **own}
    if not workers:
        workers = {"MaxCapacity": job["MaxCapacity"]}
    check_timeout(request)
    run_id = f"jr_{secrets.token_hex(32)}"
    now = time.time()
    record = {
        "Id": run_id,
        "Attempt": 0,
        "JobName": job["Name"],
        "JobMode": job["JobMode"],
        "JobRunQueuingEnabled": request.get("JobRunQueuingEnabled", job.get("JobRunQueuingEnabled", False)),
        "StartedOn": now,
        "LastModifiedOn": now,
        "JobRunState": "STARTING",
        "Arguments": dict(request.get("Arguments", {})),
        "PredecessorRuns": [],
        "ExecutionTime": 0,
        "Timeout": request.get("Timeout", job["Timeout"]),
        **capacity(workers),
        "LogGroupName": PREFIX,
        "GlueVersion": job["GlueVersion"],
        "ExecutionClass": request.get("ExecutionClass", job.get("ExecutionClass", "STANDARD")),
    }
    for key in ("SecurityConfiguration", "NotificationProperty", "ExecutionRoleSessionPolicy"):
        if key in request or key in job:
            record[key] = request.get(key, job.get(key))
    if "JobRunId" in request:
        record["PreviousRunId"] = request["JobRunId"]
    modules = [name for name in listed(arguments, "--additional-python-modules") if "://" in name]
    wheels = [name for name in modules if name.endswith(".whl")]
    script = Script(
        location=arguments.get("--scriptLocation", job["Command"]["ScriptLocation"]),
        arguments=argv(job["Name"], f"j_{secrets.token_hex(32)}", run_id, arguments),
        wheels=(*listed(arguments, "--extra-py-files"), *wheels),
    )
    return Run(record, script, tuple(name for name in modules if name not in wheels))

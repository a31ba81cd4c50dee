"""What Glue has by itself: its sizes of workers, its own arguments, and what others call things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from airflow_jobkit.fields import describe, mistake
from airflow_jobkit.problems import choices_remedy

# By the API's description of WorkerType (CreateJob), G.4X and G.8X are there from Glue 3.0 on; G.12X, G.16X
# and all R types from 4.0 on. So the oldest Glue that the jobs run on, 4.0, has every one of these.
WorkerType = Literal["G.1X", "G.2X", "G.4X", "G.8X", "G.12X", "G.16X", "R.1X", "R.2X", "R.4X", "R.8X"]
WORKER_TYPES: Final = WorkerType.__args__  # type: ignore[attr-defined] # mypy does not know it of a Literal

FLEX_WORKER_TYPES: Final = ("G.1X", "G.2X")
"""https://docs.aws.amazon.com/glue/latest/dg/add-job.html: what FLEX has; besides, Glue 3.0 and `glueetl`."""

_OTHER_WORKERS: Mapping[str, str] = {
    "G.025X": "G.025X is for streaming jobs, which never end and cannot be FLEX; jobkit runs jobs that end",
    "Z.2X": "Z.2X is for Ray jobs, and these are Spark jobs",
    "Standard": "Glue 4.0 and newer have no Standard workers",
}

_WORKERS = "set `worker_type` and `number_of_workers`; a G.1X is one DPU, a G.2X two"
_TIMES = "set `retries` in the task; a run that Glue repeats by itself would be one that nobody asked for"
_CODE = "take it out; the script is that of the code version"

ELSEWHERE: Mapping[str, tuple[str, str]] = {
    **{
        name: (f"Glue 2.0 and newer count workers; {name} is for older jobs and for Python shell", _WORKERS)
        for name in ("max_capacity", "allocated_capacity", "num_of_dpus")
    },
    **{
        name: (f"retries are Airflow's, not {name} of Glue", _TIMES)
        for name in ("max_retries", "retry_limit")
    },
    **{name: (f"{name} cannot be set here", _CODE) for name in ("script_location", "s3_bucket")},
    "command": ("every run is a Spark job that ends, `glueetl`", "take it out"),
    "streaming": (
        "every run is a Spark job that ends, `glueetl`, and FLEX is for those alone",
        "take it out",
    ),
    "script_args": ("a job's arguments stand in the task", "write them below `args:` of the task"),
    "default_arguments": ("arguments of Glue itself are `arguments`", "write `arguments: {--name: value}`"),
    "create_job_kwargs": ("options have keys of their own", "write `glue_version: ...`, `connections: ...`"),
    "run_job_kwargs": ("options have keys of their own", "write `worker_type: ...`, `timeout: ...`"),
    "concurrent_run_limit": (
        "Glue's limit is `max_concurrent_runs` here",
        "write `max_concurrent_runs: ...`",
    ),
}
"""Keys that the API and the stock operator have: what is wrong with them here, and the remedy."""

OPTIONS_OF: Mapping[str, str] = {
    "WorkerType": "worker_type",
    "NumberOfWorkers": "number_of_workers",
    "ExecutionClass": "execution_class",
    "Timeout": "timeout",
}
"""Fields of StartJobRun that people set among its arguments, and the options that they are here."""

# A run must not set Glue's own; `-` and `_` are the same.
RESERVED_ARGUMENTS: Mapping[str, str] = {
    **dict.fromkeys(
        ("JOB_NAME", "JOB_ID", "JOB_RUN_ID", "debug", "mode", "endpoint"),
        "take it out; Glue sets it itself",
    ),
    "scriptLocation": _CODE,
    "extra_py_files": "take it out; the wheels are those of the code version, `requirements` adds others",
    **dict.fromkeys(
        ("module_name", "notification_service_type", "databricks_connection_name"),
        "take it out; the task's own keys set it",
    ),
    **dict.fromkeys(
        ("jobkit_envelope", "jobkit_run_key", "jobkit_wheels"), "take it out; jobkit sets it itself"
    ),
}


def check_worker_type(value: Any) -> Any:
    """Say of workers that are no Spark job's whose they are, and of a misspelt one what was meant."""
    if value in WORKER_TYPES or not isinstance(value, str):
        return value
    other = next((text for name, text in _OTHER_WORKERS.items() if name.lower() == value.lower()), None)
    if other is not None:
        raise mistake(other, "write G.1X, or a larger one", "contradiction")
    meant = next((name for name in WORKER_TYPES if name.lower() == value.lower()), value)
    raise mistake(f"no worker type {describe(value)}", choices_remedy(meant, WORKER_TYPES))


def check_workers(value: Any) -> Any:
    """Refuse a number of workers that cannot run Spark."""
    if isinstance(value, int) and not isinstance(value, bool) and value < 2:
        raise mistake(
            f"a Spark run has at least 2 workers, the driver's and another; got {describe(value)}",
            "write 2 or more",
        )
    return value

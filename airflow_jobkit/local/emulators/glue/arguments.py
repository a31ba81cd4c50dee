"""What a script is started with: the arguments of the job and of the run, as Glue merges and passes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_jobkit.local.emulators.glue.errors import invalid

_MOST_BYTES = 260 * 1024
_STRAY = "true"
"""Glue puts one word before the options, which no script asked for."""


def merged(settings: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """The arguments that hold: the job's, over them the run's, over them those that cannot be overridden.

    Raises:
        GlueError: They are too long in all.
    """
    arguments = {
        **settings.get("DefaultArguments", {}),
        **given,
        **settings.get("NonOverridableArguments", {}),
    }
    size = sum(len(name.encode()) + len(value.encode()) for name, value in arguments.items())
    if size > _MOST_BYTES:
        raise invalid(f"The arguments have {size} bytes in total; the limit is 260 KB ({_MOST_BYTES} bytes).")
    return arguments


def argv(job_name: str, job_id: str, run_id: str, arguments: Mapping[str, str]) -> tuple[str, ...]:
    """The script's argv, without the script's own name."""
    options = {
        "--job-bookmark-option": "job-bookmark-disable",
        "--TempDir": "",
        **arguments,
        "--JOB_ID": job_id,
        "--JOB_RUN_ID": run_id,
        "--JOB_NAME": job_name,
    }
    return (_STRAY, *(word for pair in options.items() for word in pair))


def listed(arguments: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The members of an argument that is a list with commas."""
    return tuple(member.strip() for member in arguments.get(name, "").split(",") if member.strip())

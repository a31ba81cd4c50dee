"""What a task knows about its own run, taken once from Airflow's context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow_jobkit.contracts.run_key import RunIdentity


@dataclass(frozen=True)
class TaskRun:
    """One try of one task.

    Attributes:
        identity: The submission that this try belongs to.
        try_number: Counted from 1.
        logical_date: ISO 8601; None for a run without one.
        data_interval_start: ISO 8601, or None.
        data_interval_end: ISO 8601, or None.
        params: The params of the DAG run: the trigger form's values over the defaults.
        conf: What the DAG run was triggered with.
        chosen: What of it is not a default, so that somebody chose it.
    """

    identity: RunIdentity
    try_number: int
    logical_date: str | None
    data_interval_start: str | None
    data_interval_end: str | None
    params: Mapping[str, Any]
    conf: Mapping[str, Any]
    chosen: Mapping[str, Any]

    @property
    def is_last_try(self) -> bool:
        """Whether Airflow does not retry after this one."""
        return self.try_number > self.identity.generation


def task_run_of(context: Mapping[str, Any]) -> TaskRun:
    """Read Airflow's context of a running task, on 2.x and on 3.x."""
    instance = context["ti"]
    conf: Mapping[str, Any] = context["dag_run"].conf or {}
    defaults = dict(context["dag"].params)
    return TaskRun(
        identity=RunIdentity(
            dag_id=instance.dag_id,
            run_id=instance.run_id,
            task_id=instance.task_id,
            map_index=instance.map_index if instance.map_index is not None else -1,
            generation=instance.max_tries,
        ),
        try_number=instance.try_number,
        logical_date=_text(context.get("logical_date")),
        data_interval_start=_text(context.get("data_interval_start")),
        data_interval_end=_text(context.get("data_interval_end")),
        params=dict(context["params"]),
        conf=conf,
        # The trigger form sends every param, so one that still has its default was not chosen.
        chosen={name: value for name, value in conf.items() if value != defaults.get(name)},
    )


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None

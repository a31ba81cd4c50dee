"""Who asked for this run: the identity that the Envelope brings, and the stage of a larger pipeline."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timezone


@dataclass(frozen=True)
class RunInfo:
    """The run as the orchestrator knows it; started by hand, most of it is None.

    Attributes:
        run_key: identity of one intended submission; a retry has the same, a clear gets a new one.
        map_index: index of a mapped task, -1 for one that is not mapped.
        try_number: 1 for the first try.
        logical_date: with `data_interval_start` and `data_interval_end` aware datetimes, or None.
        engine: `glue`, `databricks` or `local`.
        environment: name of the environment in the project file.
        code_version: the Release that this code came from.
        code_digest: sha256 of that Release's manifest.
    """

    run_key: str
    engine: str
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int = -1
    try_number: int = 1
    generation: int = 0
    logical_date: datetime | None = None
    data_interval_start: datetime | None = None
    data_interval_end: datetime | None = None
    environment: str | None = None
    code_version: str | None = None
    code_digest: str | None = None

    @classmethod
    def by_hand(cls, engine: str) -> RunInfo:
        """A run that nobody orchestrates, under a run key of its own: `manual-<utc time>-<4 hex>`."""
        now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        return cls(run_key=f"manual-{now}-{secrets.token_hex(2)}", engine=engine)


@dataclass(frozen=True)
class Stage:
    """The reserved stage arguments, for pipelines that pass files from stage to stage."""

    execution_id: str | None = None
    input_bucket: str | None = None
    input_key: str | None = None
    output_bucket: str | None = None
    output_key: str | None = None
    current_stage: str | None = None
    previous_stage: str | None = None

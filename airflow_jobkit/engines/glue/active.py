"""Glue's runs that go on: of the project's definitions, and of the jobs that its options name."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator

from airflow_jobkit.engines.glue.client import GlueClient
from airflow_jobkit.engines.glue.options import LONGEST_TIMEOUT, Options
from airflow_jobkit.engines.glue.payload import RUN_KEY_ARGUMENT
from airflow_jobkit.engines.glue.service import CLOCK_SKEW_SECONDS, open_service
from airflow_jobkit.engines.glue.states import STATES
from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.engines.orphans import ActiveRun, Place
from airflow_jobkit.engines.service import RunRef, RunService
from airflow_jobkit.engines.states import Phase, Stage


def places(options: Iterable[EngineOptions], project: str, aws_conn_id: str) -> list[Place]:
    """The accounts and regions that options lead to, each once.

    Args:
        options: The Engine's options of all tasks.
        project: The project's name.
        aws_conn_id: Airflow's connection of options that name none.
    """
    jobs: dict[tuple[str, str | None], set[str]] = {}
    for held in options:
        assert isinstance(held, Options)  # noqa: S101 - the factory gives an Engine its own
        existing = jobs.setdefault((held.aws_conn_id or aws_conn_id, held.region_name), set())
        if held.existing_job is not None:
            existing.add(held.existing_job)
    return [
        _place(connection, region, project, frozenset(existing))
        for (connection, region), existing in jobs.items()
    ]


def active_runs(client: GlueClient, project: str, existing_jobs: Collection[str]) -> Iterator[ActiveRun]:
    """The runs that bear a submission's key, go on, and were not asked to end.

    Args:
        client: Glue's API.
        project: The project; its definitions bear its name as a tag.
        existing_jobs: Jobs that the project uses as they are.
    """
    # Glue ends a run by then, whatever its options say.
    since = time.time() - LONGEST_TIMEOUT.total_seconds() - CLOCK_SKEW_SECONDS
    for job in sorted({*client.definitions(project), *existing_jobs}):
        for run in client.runs_since(job, since):
            state = STATES.get(run.state)
            ending = state is not None and (state.phase is not Phase.ACTIVE or state.stage is Stage.CANCELLED)
            if RUN_KEY_ARGUMENT in run.arguments and not ending:
                yield ActiveRun(RunRef(run.run_id, job), run.arguments)


def _place(connection: str, region: str | None, project: str, existing_jobs: Collection[str]) -> Place:
    def look() -> tuple[RunService, list[ActiveRun]]:
        service = open_service(connection, region, stream_logs=False)
        return service, list(active_runs(service.client, project, existing_jobs))

    return Place(f"Glue by the connection {connection}{f' in {region}' if region else ''}", look)

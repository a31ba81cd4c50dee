"""Databricks' one-time runs that go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airflow_jobkit.engines.databricks.client import DatabricksClient, run_parameters
from airflow_jobkit.engines.databricks.options import Options
from airflow_jobkit.engines.databricks.service import open_service
from airflow_jobkit.engines.invocation import RUN_KEY
from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.engines.orphans import ActiveRun, Place
from airflow_jobkit.engines.service import RunRef, RunService

_ENDING = "TERMINATING"


def places(options: Iterable[EngineOptions], project: str, aws_conn_id: str) -> list[Place]:  # noqa: ARG001
    """The workspaces that options lead to, each once.

    Args:
        options: The Engine's options of all tasks.
        project: The project's name, which a workspace knows nothing of.
        aws_conn_id: Airflow's connection to AWS.
    """
    connections: dict[str, None] = {}
    for held in options:
        assert isinstance(held, Options)  # noqa: S101 - the factory gives an Engine its own
        connections[held.connection_id] = None
    return [_place(connection) for connection in connections]


def active_runs(client: DatabricksClient) -> Iterator[ActiveRun]:
    """The runs that bear a submission's key, go on, and were not asked to end."""
    for run in client.listed(active_only="true"):
        arguments = _arguments(run)
        state = run.get("state") or {}
        if f"--{RUN_KEY}" in arguments and state.get("life_cycle_state") != _ENDING:
            yield ActiveRun(RunRef(str(run["run_id"])), arguments)


def _arguments(run: Mapping[str, Any]) -> dict[str, str]:
    """Its parameters by name: an operator of ours gives each a value."""
    parameters = run_parameters(run)
    return dict(zip(parameters[::2], parameters[1::2], strict=False))


def _place(connection: str) -> Place:
    def look() -> tuple[RunService, list[ActiveRun]]:
        service = open_service(connection)
        return service, list(active_runs(service.client))

    return Place(f"Databricks by the connection {connection}", look)

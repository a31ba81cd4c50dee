"""Airflow's REST API, as the UI and people's scripts ask it: the same questions on 2.x and on 3.x."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from running_airflow import AIRFLOW_3


@dataclass(frozen=True)
class ListedDag:
    """What the list of DAGs says of one; `marker` changes whenever its file is parsed again."""

    is_stale: bool
    has_import_errors: bool
    tags: frozenset[str]
    title: str
    marker: str


class AirflowRest:
    """The REST API of a running Airflow.

    Args:
        base: Its address, without the API's path.
    """

    def __init__(self, base: str) -> None:
        self._base = base
        self._api = f"{base}/api/{'v2' if AIRFLOW_3 else 'v1'}"

    def dags(self) -> dict[str, ListedDag]:
        """Every DAG that Airflow knows, those that are gone too."""
        every = "exclude_stale=false" if AIRFLOW_3 else "only_active=false"
        return {
            one["dag_id"]: ListedDag(
                one["is_stale"] if AIRFLOW_3 else not one["is_active"],
                one["has_import_errors"],
                frozenset(tag["name"] for tag in one["tags"]),
                one["dag_display_name"],
                one["last_parsed_time"],
            )
            for one in self._asked(f"dags?limit=100&{every}")["dags"]
        }

    def listed(self) -> set[str]:
        """The ids of the DAGs that a person sees in the list."""
        return {dag_id for dag_id, one in self.dags().items() if not one.is_stale}

    def import_errors(self) -> dict[str, str]:
        """The text of each import error by its file."""
        found = self._asked("importErrors")["import_errors"]
        return {one["filename"]: one["stack_trace"] for one in found}

    def documentation(self, dag_id: str) -> str:
        """The documentation that the UI shows of a DAG."""
        return str(self._asked(f"dags/{dag_id}/details")["doc_md"])

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> None:
        """Start a run with params."""
        date = {"logical_date": None} if AIRFLOW_3 else {}
        self._asked(f"dags/{dag_id}/dagRuns", {"dag_run_id": run_id, "conf": conf, **date})

    def runs(self, dag_id: str) -> dict[str, str]:
        """The state of each run of a DAG."""
        found = self._asked(f"dags/{dag_id}/dagRuns?limit=100")["dag_runs"]
        return {one["dag_run_id"]: one["state"] for one in found}

    def tasks(self, dag_id: str, run_id: str) -> dict[tuple[str, int], str]:
        """The state of each task of a run, by its id and map index."""
        found = self._asked(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {(one["task_id"], one["map_index"]): one["state"] for one in found}

    @cached_property
    def _token(self) -> str:
        request = urllib.request.Request(f"{self._base}/auth/token")  # noqa: S310 - a server of this machine
        return str(self._answer(request)["access_token"])

    def _asked(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(f"{self._api}/{path}")  # noqa: S310 - a server of this machine
        if AIRFLOW_3:
            request.add_header("Authorization", f"Bearer {self._token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        return self._answer(request)

    @staticmethod
    def _answer(request: urllib.request.Request) -> dict[str, Any]:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - as above
            return dict(json.load(response))

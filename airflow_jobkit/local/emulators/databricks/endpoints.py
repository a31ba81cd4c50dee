"""What each call of the Jobs API does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_jobkit.local.emulators.databricks.documents import (
    output_document,
    run_document,
    task_run_document,
)
from airflow_jobkit.local.emulators.databricks.execution import Execution
from airflow_jobkit.local.emulators.databricks.fields import Document, flag, whole
from airflow_jobkit.local.emulators.databricks.ledger import Ledger
from airflow_jobkit.local.emulators.databricks.listing import page
from airflow_jobkit.local.emulators.databricks.refused import RefusedError, invalid, no_such_run
from airflow_jobkit.local.emulators.databricks.runs import CANCELED, Run
from airflow_jobkit.local.emulators.databricks.simulated import SimulatedRuns

Answer = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A call: its parameters, and the workspace's URL as the caller knows it."""

    parameters: Document
    base_url: str

    @property
    def run_id(self) -> int:
        """The run that it is about."""
        if self.parameters.get("run_id") is None:
            raise invalid("Missing required field: run_id")
        return whole(self.parameters, "run_id")


class Endpoints:
    """The calls, by method and name: `endpoints.table[("POST", "jobs/runs/submit")](call)`.

    Each raises RefusedError where the service would refuse.
    """

    def __init__(self, ledger: Ledger, execution: Execution, simulated: SimulatedRuns) -> None:
        self._ledger = ledger
        self._simulated = simulated
        self._execution = execution
        self.table: Mapping[tuple[str, str], Callable[[Call], Answer]] = {
            # The one call by which the stock hook tests a connection.
            ("GET", "clusters/spark-versions"): lambda _: {"versions": [_RUNTIME]},
            ("GET", "jobs/runs/get"): self._get,
            ("GET", "jobs/runs/get-output"): self._get_output,
            ("GET", "jobs/runs/list"): self._list,
            ("POST", "jobs/runs/cancel"): self._cancel,
            ("POST", "jobs/runs/cancel-all"): self._cancel_all,
            ("POST", "jobs/runs/delete"): self._delete,
            ("POST", "jobs/runs/submit"): self._submit,
        }

    def _submit(self, call: Call) -> Answer:
        run, new = self._ledger.add(call.parameters)
        if new:
            self._execution.launch(run)
        return {"run_id": run.run_id}

    def _get(self, call: Call) -> Answer:
        run = self._ledger.run(call.run_id)
        if run.run_id == call.run_id:
            return run_document(run, call.base_url)
        return task_run_document(run, run.task(call.run_id), call.base_url)

    def _get_output(self, call: Call) -> Answer:
        run = self._ledger.run(call.run_id)
        if run.run_id == call.run_id and not run.submission.single:
            raise invalid(
                "Retrieving the output of runs with multiple tasks is not supported. "
                "Please retrieve the output of each individual task run instead."
            )
        output = self._ledger.output(call.run_id)
        return output_document(run, run.task(call.run_id), output, call.base_url)

    def _list(self, call: Call) -> Answer:
        found = page(self._simulated.listed(self._ledger.runs()), call.parameters)
        expand = flag(call.parameters, "expand_tasks")
        answer: Answer = {"has_more": bool(found.next_token)}
        if found.runs:
            answer["runs"] = [run_document(run, call.base_url, with_tasks=expand) for run in found.runs]
        if found.next_token:
            answer["next_page_token"] = found.next_token
        return answer

    def _cancel(self, call: Call) -> Answer:
        self._execution.stop(self._whole_run(call).run_id, CANCELED)
        return {}

    def _cancel_all(self, call: Call) -> Answer:
        job_id = whole(call.parameters, "job_id")
        for run in self._ledger.runs():
            if run.job_id == job_id:
                self._execution.stop(run.run_id, CANCELED)
        return {}

    def _delete(self, call: Call) -> Answer:
        run = self._whole_run(call)
        if not run.ending:
            raise RefusedError(400, "INVALID_STATE", f"Run {run.run_id} is active and cannot be deleted.")
        self._ledger.delete(run.run_id)
        return {}

    def _whole_run(self, call: Call) -> Run:
        """The run that is meant, which is not one of a single task."""
        run = self._ledger.run(call.run_id)
        if run.run_id != call.run_id:
            raise no_such_run(call.run_id)
        return run


_RUNTIME = {"key": "15.4.x-scala2.12", "name": "15.4 LTS (includes Apache Spark 3.5.0, Scala 2.12)"}

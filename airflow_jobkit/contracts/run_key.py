"""Who a run is: the identity of one intended submission, and the places that follow from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class RunIdentity:
    """One intended submission of one task.

    Attributes:
        dag_id: The DAG.
        run_id: The DAG run.
        task_id: The task.
        map_index: The index of a mapped task, -1 for one that is not mapped.
        generation: What a clear changes and a retry does not: the task instance's `max_tries`, which
            Airflow stores when it creates the instance and raises when a finished one is cleared.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    generation: int

    @property
    def key(self) -> str:
        """The run key: 32 hexadecimal characters that depend on the identity alone."""
        parts = (self.dag_id, self.run_id, self.task_id, str(self.map_index), str(self.generation))
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:32]

    @property
    def dag_run_folder(self) -> str:
        """The folder of the DAG run, below the runs root."""
        return f"{_segment(self.dag_id)}/{_segment(self.run_id)}"

    @property
    def task_folder(self) -> str:
        """The folder of the task in its DAG run, below the runs root."""
        return f"{self.dag_run_folder}/{_segment(self.task_id)}"

    @property
    def instance_folder(self) -> str:
        """The folder of the task instance in all its generations, below the runs root."""
        return f"{self.task_folder}/{self.map_index}"

    @property
    def folder(self) -> str:
        """The folder of this generation, below the runs root."""
        return f"{self.instance_folder}/{self.key}"

    @property
    def result_key(self) -> str:
        """Where the job writes its Result, below the runs root."""
        return f"{self.folder}/result.json"


def _segment(name: str) -> str:
    """A name as one path segment; run ids hold `:` and `+`, and a lone dot would climb."""
    encoded = quote(name, safe="")
    return encoded.replace(".", "%2E") if set(encoded) <= {"."} else encoded

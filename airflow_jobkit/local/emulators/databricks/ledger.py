"""All runs of the workspace: in memory, and as one JSON file each, so that they outlive the emulator."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from airflow_jobkit.local.emulators.databricks.fields import Document
from airflow_jobkit.local.emulators.databricks.output import Output
from airflow_jobkit.local.emulators.databricks.refused import invalid, no_such_run
from airflow_jobkit.local.emulators.databricks.runs import EMULATOR_STOPPED, Ending, Run, TaskRun, new_run
from airflow_jobkit.local.emulators.databricks.submission import submission
from airflow_jobkit.local.emulators.databricks.tasks import TaskSpec

_SMALLEST_ID = 10**14
_LARGEST_ID = 10**15


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Ledger:
    """The runs, safe for threads.

    Args:
        folder: Where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self._runs_folder = folder / "runs"
        self._outputs_folder = folder / "outputs"
        self._runs_folder.mkdir(parents=True, exist_ok=True)
        self._outputs_folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._requests: dict[int, Document] = {}
        self._runs: dict[int, Run] = {}
        self._run_of_task: dict[int, int] = {}
        self._run_of_token: dict[str, int | None] = self._load_deleted()
        for file in sorted(self._runs_folder.glob("*.json")):
            self._load(json.loads(file.read_text(encoding="utf-8")))

    def add(self, request: Document) -> tuple[Run, bool]:
        """The run of a request, and whether it is new: an idempotency token finds the earlier one.

        Raises:
            RefusedError: The request is not valid, or the token's run was deleted.
        """
        wanted = submission(request)
        with self._lock:
            if wanted.token in self._run_of_token:
                earlier = self._run_of_token[wanted.token]
                if earlier is None:
                    raise invalid("The run with the provided idempotency_token was deleted.")
                return self._runs[earlier], False
            run_id = self._new_id()
            task_ids = [run_id] if wanted.single else [self._new_id() for _ in wanted.tasks]
            run = new_run(run_id, self._new_id(), task_ids, wanted, now())
            self._keep(run, request)
            self._store(run)
            return run, True

    def run(self, run_id: int) -> Run:
        """The run with this id, or of the task with this id.

        Raises:
            RefusedError: There is none.
        """
        with self._lock:
            run_id = self._run_of_task.get(run_id, run_id)
            if run_id not in self._runs:
                raise no_such_run(run_id)
            return self._runs[run_id]

    def runs(self) -> list[Run]:
        """All runs, newest first."""
        with self._lock:
            return sorted(self._runs.values(), key=lambda run: (run.start_time, run.run_id), reverse=True)

    def change(self, run_id: int, changed: Callable[[Run], Run]) -> Run:
        """Bring a run into another state."""
        with self._lock:
            run = changed(self.run(run_id))
            self._runs[run.run_id] = run
            self._store(run)
            return run

    def change_task(self, run_id: int, changed: Callable[[TaskRun], TaskRun]) -> TaskRun:
        """Bring a task run into another state."""
        return self.change(run_id, lambda run: run.with_task(changed(run.task(run_id)))).task(run_id)

    def delete(self, run_id: int) -> None:
        """Forget a run that ended; its idempotency token stays used."""
        with self._lock:
            run = self._runs.pop(run_id)
            if run.submission.token:
                self._run_of_token[run.submission.token] = None
                deleted = [token for token, kept in self._run_of_token.items() if kept is None]
                _write(self._deleted_file, deleted)
            del self._requests[run_id]
            (self._runs_folder / f"{run_id}.json").unlink()
            for task in run.tasks:
                del self._run_of_task[task.run_id]
                (self._outputs_folder / f"{task.run_id}.json").unlink(missing_ok=True)

    def keep_output(self, run_id: int, output: Output) -> None:
        """Keep what a task run left behind."""
        _write(self._outputs_folder / f"{run_id}.json", asdict(output))

    def output(self, run_id: int) -> Output | None:
        """What a task run left behind; None while it runs, or where its script never started."""
        file = self._outputs_folder / f"{run_id}.json"
        return Output(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None

    @property
    def _deleted_file(self) -> Path:
        return self._runs_folder.parent / "deleted_tokens.json"

    def _load_deleted(self) -> dict[str, int | None]:
        if not self._deleted_file.is_file():
            return {}
        return dict.fromkeys(json.loads(self._deleted_file.read_text(encoding="utf-8")))

    def _new_id(self) -> int:
        """A number as large as the service's, which JSON readers still take exactly."""
        return _SMALLEST_ID + secrets.randbelow(_LARGEST_ID - _SMALLEST_ID)

    def _keep(self, run: Run, request: Document) -> None:
        self._runs[run.run_id] = run
        self._requests[run.run_id] = request
        self._run_of_task.update({task.run_id: run.run_id for task in run.tasks})
        if run.submission.token:
            self._run_of_token[run.submission.token] = run.run_id

    def _store(self, run: Run) -> None:
        stored = {
            "run_id": run.run_id,
            "job_id": run.job_id,
            "request": self._requests[run.run_id],
            "start_time": run.start_time,
            "stopping": _ending_document(run.stopping),
            "tasks": [_task_document(task) for task in run.tasks],
        }
        _write(self._runs_folder / f"{run.run_id}.json", stored)

    def _load(self, stored: dict[str, Any]) -> None:
        """Take a run of an earlier process; what was active then is over now."""
        wanted = submission(stored["request"])
        tasks = (
            _task(document, spec).ended(EMULATOR_STOPPED, now())
            for document, spec in zip(stored["tasks"], wanted.tasks, strict=True)
        )
        run = Run(
            stored["run_id"],
            stored["job_id"],
            wanted,
            stored["start_time"],
            tuple(tasks),
            _ending(stored["stopping"]),
        )
        self._keep(run, stored["request"])


def _task_document(task: TaskRun) -> dict[str, Any]:
    return {
        "run_id": task.run_id,
        "cluster_id": task.cluster_id,
        "start_time": task.start_time,
        "running_since": task.running_since,
        "end_time": task.end_time,
        "stopping": _ending_document(task.stopping),
        "ending": _ending_document(task.ending),
        "told": task.told,
    }


def _task(document: dict[str, Any], spec: TaskSpec) -> TaskRun:
    endings = {name: _ending(document[name]) for name in ("stopping", "ending")}
    return TaskRun(**{**document, **endings, "spec": spec})


def _ending_document(ending: Ending | None) -> dict[str, Any] | None:
    return asdict(ending) if ending else None


def _ending(document: dict[str, Any] | None) -> Ending | None:
    return Ending(**document) if document else None


def _write(file: Path, document: Any) -> None:
    """Write a file that is there whole or not at all."""
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps(document), encoding="utf-8")
    unfinished.replace(file)

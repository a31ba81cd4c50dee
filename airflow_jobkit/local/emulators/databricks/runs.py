"""Runs and the states they go through: immutable records, each change a new one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone

from airflow_jobkit.local.emulators.databricks.submission import Submission
from airflow_jobkit.local.emulators.databricks.tasks import ExistingCluster, Serverless, TaskSpec


@dataclass(frozen=True)
class Ending:
    """How a run ended, in the words of the older `state` and of the newer `status`.

    `code` and `type` are those of `termination_details`; `asked` is true for a run that was cancelled or
    timed out.
    """

    life_cycle_state: str
    result_state: str
    code: str
    type: str
    message: str
    asked: bool = False


SUCCEEDED = Ending("TERMINATED", "SUCCESS", "SUCCESS", "SUCCESS", "")
WORKLOAD_FAILED = Ending(
    "TERMINATED",
    "FAILED",
    "RUN_EXECUTION_ERROR",
    "CLIENT_ERROR",
    "Workload failed, see run output for details",
)
CANCELED = Ending("TERMINATED", "CANCELED", "USER_CANCELED", "CLIENT_ERROR", "Run cancelled.", asked=True)
TIMED_OUT = Ending("TERMINATED", "TIMEDOUT", "CANCELED", "CLIENT_ERROR", "Run timed out.", asked=True)
UPSTREAM_FAILED = Ending("SKIPPED", "UPSTREAM_FAILED", "SKIPPED", "CLIENT_ERROR", "An upstream task failed.")
EMULATOR_STOPPED = Ending(
    "INTERNAL_ERROR", "FAILED", "INTERNAL_ERROR", "INTERNAL_ERROR", "The emulator was stopped during the run."
)


def failed_before_start(code: str, message: str) -> Ending:
    """The end of a run that never came to its script."""
    return Ending("INTERNAL_ERROR", "FAILED", code, "CLIENT_ERROR", message)


@dataclass(frozen=True)
class TaskRun:
    """One task of a run.

    Attributes:
        run_id: Its own id; in the older form the run's.
        spec: What was asked for.
        cluster_id: Where it runs; empty on serverless compute.
        start_time: When its cluster was asked for, milliseconds since 1970; 0: not yet. So are the others.
        running_since: When its script started.
        end_time: When it ended.
        stopping: How it will end, once it was cancelled or timed out.
        ending: How it ended.
        told: The state of one that only seems to run: a life cycle, maybe with `/` and a result.
    """

    run_id: int
    spec: TaskSpec
    cluster_id: str
    start_time: int = 0
    running_since: int = 0
    end_time: int = 0
    stopping: Ending | None = None
    ending: Ending | None = None
    told: str = ""

    @property
    def life_cycle_state(self) -> str:
        """The state, as `runs/get` names it."""
        if self.ending:
            return self.ending.life_cycle_state
        if self.stopping:
            return "TERMINATING"
        if self.told:
            return self.told.partition("/")[0]
        if self.running_since:
            return "RUNNING"
        return "PENDING" if self.start_time else "BLOCKED"

    @property
    def result_state(self) -> str:
        """The result, as `runs/get` names it; empty where there is none yet."""
        if self.ending:
            return self.ending.result_state
        return "" if self.stopping else self.told.partition("/")[2]

    def begun(self, now: int) -> TaskRun:
        """Its cluster is asked for."""
        return replace(self, start_time=now)

    def running(self, now: int) -> TaskRun:
        """Its script starts."""
        return replace(self, running_since=now)

    def asked_to_stop(self, ending: Ending) -> TaskRun:
        """It shall end; whoever asks first says how."""
        return self if self.ending or self.stopping else replace(self, stopping=ending)

    def ended(self, ending: Ending, now: int) -> TaskRun:
        """It ended; an end is final."""
        if self.ending:
            return self
        return replace(self, start_time=self.start_time or now, end_time=now, ending=ending)


@dataclass(frozen=True)
class Run:
    """A one-time run.

    Attributes:
        run_id: The id that its submitter knows.
        job_id: Each one-time run has a job of its own.
        submission: What was asked for.
        start_time: Milliseconds since 1970.
        tasks: One or more.
        stopping: How it will end, once all of it was cancelled or timed out.
    """

    run_id: int
    job_id: int
    submission: Submission
    start_time: int
    tasks: tuple[TaskRun, ...]
    stopping: Ending | None = None

    @property
    def end_time(self) -> int:
        """When the last task ended; 0 while one has not."""
        return max(task.end_time for task in self.tasks) if self.ending else 0

    @property
    def ending(self) -> Ending | None:
        """How it ended; None while a task has not."""
        endings = [task.ending for task in self.tasks if task.ending]
        if len(endings) < len(self.tasks):
            return None
        if self.submission.single or self.simulated:
            return endings[0]
        if self.stopping and self.stopping in endings:
            return self.stopping
        return _ending_of_all(self.tasks)

    @property
    def life_cycle_state(self) -> str:
        """The state, as `runs/get` names it."""
        ending = self.ending
        if ending:
            return ending.life_cycle_state
        states = {task.life_cycle_state for task in self.tasks}
        if self.stopping:
            return "TERMINATING"
        if self.simulated:
            return self.tasks[0].life_cycle_state
        return "PENDING" if states <= {"PENDING", "BLOCKED"} else "RUNNING"

    @property
    def result_state(self) -> str:
        """The result, as `runs/get` names it; empty where there is none yet."""
        if self.ending:
            return self.ending.result_state
        return self.tasks[0].result_state if self.simulated else ""

    @property
    def simulated(self) -> bool:
        """Whether it only seems to run; its tasks do so in step."""
        return bool(self.tasks[0].told)

    def task(self, run_id: int) -> TaskRun:
        """The task with this id."""
        return next(task for task in self.tasks if task.run_id == run_id)

    def with_task(self, changed: TaskRun) -> Run:
        """The run, with a task in another state."""
        tasks = (changed if task.run_id == changed.run_id else task for task in self.tasks)
        return replace(self, tasks=tuple(tasks))

    def asked_to_stop(self, ending: Ending) -> Run:
        """All of it shall end."""
        if self.ending or self.stopping:
            return self
        tasks = (task.asked_to_stop(ending) for task in self.tasks)
        return replace(self, stopping=ending, tasks=tuple(tasks))

    def ready(self) -> list[TaskRun]:
        """The tasks to begin now: nobody has yet, and all they depend on succeeded."""
        return [
            task
            for task in self._waiting()
            if not task.stopping and all(ending == SUCCEEDED for ending in self._upstream(task))
        ]

    def settled(self, now: int) -> Run:
        """The run, once those tasks have ended that nobody will begin any more."""
        run = self
        for task in self._waiting():
            if task.stopping:
                run = run.with_task(task.ended(task.stopping, now))
            elif any(ending and ending != SUCCEEDED for ending in self._upstream(task)):
                run = run.with_task(task.ended(UPSTREAM_FAILED, now))
        return run if run is self else run.settled(now)

    def _waiting(self) -> list[TaskRun]:
        return [task for task in self.tasks if not task.start_time and not task.ending]

    def _upstream(self, task: TaskRun) -> list[Ending | None]:
        return [other.ending for other in self.tasks if other.spec.key in task.spec.depends_on]


def new_run(run_id: int, job_id: int, task_ids: list[int], submission: Submission, now: int) -> Run:
    """A run that was submitted just now, with an id for each of its tasks."""
    tasks = (
        TaskRun(task_id, spec, _cluster_id(spec, task_id, now))
        for task_id, spec in zip(task_ids, submission.tasks, strict=True)
    )
    return Run(run_id, job_id, submission, now, tuple(tasks))


def _cluster_id(spec: TaskSpec, run_id: int, now: int) -> str:
    if isinstance(spec.compute, ExistingCluster):
        return spec.compute.cluster_id
    if isinstance(spec.compute, Serverless):
        return ""
    # The service's own form: month and day, time, and some letters and digits.
    return f"{datetime.fromtimestamp(now / 1000, timezone.utc):%m%d-%H%M%S}-{run_id:x}"


def _ending_of_all(tasks: tuple[TaskRun, ...]) -> Ending:
    endings = {task.spec.key: task.ending for task in tasks if task.ending}
    failed = [key for key, ending in endings.items() if ending.result_state in ("FAILED", "TIMEDOUT")]
    if failed:
        first = endings[failed[0]]
        skipped = any(ending.result_state == "UPSTREAM_FAILED" for ending in endings.values())
        message = f"Task {failed[0]} failed with message: {first.message.removesuffix('.')}."
        if skipped:
            message += " This caused all downstream tasks to get skipped."
        return Ending("INTERNAL_ERROR", "FAILED", first.code, first.type, message)
    return SUCCEEDED

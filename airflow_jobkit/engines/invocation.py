"""One call of an entry script: script, wheels and readable arguments, the same for all Engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_jobkit.engines.arguments import job_arguments
from airflow_jobkit.engines.options import EngineOptions

# Arguments of the entry script itself; a job cannot have one of these names.
MODULE_NAME = "module_name"
NOTIFICATION_SERVICE_TYPE = "notification_service_type"
ENVELOPE = "jobkit_envelope"
RUN_KEY = "jobkit_run_key"
"""Bears the submission's key, so that a run is found again; the entry script takes no notice of it."""


@dataclass(frozen=True)
class Invocation:
    """What an Engine executes.

    Attributes:
        script: The entry script's absolute path or URL.
        wheels: The wheels' absolute paths or URLs.
        arguments: Names and values in order; the values are text.
    """

    script: str
    wheels: tuple[str, ...]
    arguments: tuple[tuple[str, str], ...]

    @property
    def argv(self) -> list[str]:
        """The arguments as a command line has them: `--name value ...`."""
        return [part for name, value in self.arguments for part in (f"--{name}", value)]


@dataclass(frozen=True)
class RunNames:
    """What a service is told about a run beside the call itself, so that people and programs find it again.

    Attributes:
        project: The project's name.
        dag_id: The DAG.
        task_id: The task.
        submission: The submission's key: `<run key>.<number>.<nonce>`.
    """

    project: str
    dag_id: str
    task_id: str
    submission: str


def build_invocation(
    *,
    script: str,
    wheels: Sequence[str],
    spark_job: str,
    notification_service_type: str,
    options: EngineOptions,
    job_args: Mapping[str, Any],
    envelope: str,
) -> Invocation:
    """Make the call of an entry script: its own readable arguments, the job's, and the Envelope last.

    Args:
        script: The entry script's absolute path or URL.
        wheels: The wheels' absolute paths or URLs.
        spark_job: The job.
        notification_service_type: The notifier of the run.
        options: The Engine's options, which may add arguments of the entry script.
        job_args: The job's own arguments.
        envelope: The encoded Envelope, or a pointer to it.
    """
    return Invocation(
        script=script,
        wheels=tuple(wheels),
        arguments=(
            (MODULE_NAME, spark_job),
            (NOTIFICATION_SERVICE_TYPE, notification_service_type),
            *options.entry_arguments(),
            *job_arguments(job_args),
            (ENVELOPE, envelope),
        ),
    )

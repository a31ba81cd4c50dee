"""What all Engines share: version, Envelope, Result, error text and kill."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from airflow_jobkit._compat import BaseOperator, TaskDeferred
from airflow_jobkit.contracts.version_record import Source
from airflow_jobkit.engines import options_class
from airflow_jobkit.engines.arguments import job_arguments
from airflow_jobkit.engines.invocation import Invocation, build_invocation
from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.engines.states import Stage
from airflow_jobkit.errors import (
    EngineError,
    EngineUnavailableError,
    JobkitError,
    RunChangedError,
    RunOverdueError,
)
from airflow_jobkit.operators.aws import s3_client
from airflow_jobkit.operators.enveloping import make_envelope
from airflow_jobkit.operators.failure import Failure, raised, what_next
from airflow_jobkit.operators.outcome import RunEnd, RunLabel, conclude
from airflow_jobkit.operators.reach import refuse_out_of_reach
from airflow_jobkit.operators.results import digest_of, read_result
from airflow_jobkit.operators.task_run import TaskRun, task_run_of
from airflow_jobkit.operators.versions import Sources, Wishes, resolve_release
from airflow_jobkit.release import CodeVersion, Store, open_code, open_store
from airflow_jobkit.spec.settings import Settings

CODE_VERSION = "code_version"


@dataclass(frozen=True)
class Attempt:
    """One try, ready to start.

    Attributes:
        invocation: What to execute.
        run: The try.
        code: The code version of its invocation.
        runs: The Store of the runs root.
    """

    invocation: Invocation
    run: TaskRun
    code: CodeVersion
    runs: Store

    def result_digest(self) -> str | None:
        """The sha256 of the Result that stands at this run's place; None if none does."""
        return digest_of(self.runs.read(self.run.identity.result_key))


class GenericSparkJobOperator(BaseOperator):
    """Runs one Job of a Release on an Engine.

    The version is resolved by the first task of a DAG run and recorded, so that all its tasks and retries run
    the same code. The job's Result comes back as XCom: status, rows in and out, metrics, datasets, checks.

    Args:
        spark_job: The job: `package.module`, or `package.module:Class`.
        settings: The project in its Environment.
        options: Options of the Engine; default: those of the Settings.
        job_args: The job's own arguments; None leaves the job's default (templated).
        code_version: A version or channel for this task alone; default: the DAG run's (templated).
        notification_service_type: A notifier for this task alone; default: the DAG run's (templated).
    """

    engine: ClassVar[str]
    largest_inline_envelope: ClassVar[int] = 64 * 1024
    """In characters; a larger Envelope goes by a file. Linux takes no single argument above 128 KiB."""
    reaches: ClassVar[tuple[str, ...] | None] = None
    """How the places begin that the Engine reaches; None: all, since it runs on this machine."""
    template_fields: Sequence[str] = ("job_args", "code_version", "notification_service_type")
    template_fields_renderers: ClassVar[dict[str, str]] = {"job_args": "json"}
    ui_color = "#f4ecd8"

    _killed: bool = False
    _code_version: str = ""
    _code_digest: str = ""
    _link: str = ""
    """The run's page, once it is known."""

    def __init__(
        self,
        *,
        spark_job: str,
        settings: Settings,
        options: EngineOptions | None = None,
        job_args: Mapping[str, Any] | None = None,
        code_version: str | None = None,
        notification_service_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.spark_job = spark_job
        self.settings = settings
        self.options = options
        self.job_args = job_args
        self.code_version = code_version
        self.notification_service_type = notification_service_type

    @abstractmethod
    def run_job(self, attempt: Attempt, context: Any) -> RunEnd:
        """Run the entry script on the Engine and wait for its end.

        Args:
            attempt: What to execute, and the try that this is.
            context: Airflow's context, for XComs and links.
        """

    @abstractmethod
    def stop_job(self) -> None:
        """End the run, if there is one; called from a signal handler too."""

    def execute(self, context: Any) -> dict[str, Any]:
        """Run the job at its version and return the summary of its Result.

        Raises:
            ReleaseError: The Release does not exist or is damaged; nothing was started.
            JobFailedError: The job failed; the message is its own.
            EngineError: The Engine ended the run, or could not start it, or cannot reach a place.
        """
        return self.from_the_start(context)

    def from_the_start(self, context: Any) -> dict[str, Any]:
        """What `execute` does, for calls that Airflow's guard of `execute` would not let through."""
        with self.described(context):
            if self.reaches is not None:
                refuse_out_of_reach(self.engine, self.reaches, self.settings)
            attempt = self._attempt(context)
            with self.stopping(attempt.run):
                self.refuse_if_killed()
                end = self.run_job(attempt, context)
            return self.concluded(end, attempt.run, attempt.code.version, attempt.code.digest)

    @contextmanager
    def described(self, context: Any) -> Iterator[None]:
        """Let every error of ours leave with its Failure, and not be retried where that cannot mend it."""
        try:
            yield
        except JobkitError as error:
            if error.failure is not None:
                raise
            run, message = task_run_of(context), str(error)
            failure = Failure(
                headline=message,
                stage=self.stage_of(error),
                error_type=type(error).__name__,
                message=message,
                spark_job=self.spark_job,
                try_number=run.try_number,
                retried=not error.final,
                what_next=""
                if self._killed
                else what_next(
                    retried=not error.final,
                    is_last_try=run.is_last_try,
                    resumes=isinstance(error, EngineUnavailableError),
                ),
                code_version=self._code_version,
                code_digest=self._code_digest,
                detail=self.run_in_words(),
                link=self._link,
            )
            raise raised(error, failure) from error.__cause__

    def stage_of(self, error: JobkitError) -> Stage:
        """Where a task went wrong that has no ended run."""
        if isinstance(error, RunOverdueError):
            return Stage.TIME_OUT
        return Stage.CANCELLED if self._killed else Stage.SUBMIT

    def run_in_words(self) -> str:
        """The run that an error is about; empty where there is none."""
        return ""

    @contextmanager
    def stopping(self, run: TaskRun) -> Iterator[None]:
        """End the run when waiting for it ends in an error, unless a later try is to take it over."""
        try:
            yield
        except (TaskDeferred, RunChangedError):
            raise
        except EngineUnavailableError:
            # The service may be back when the next try asks it for the run.
            if run.is_last_try or self._killed:
                self.stop_job()
            raise
        except BaseException:
            self.stop_job()
            raise

    def concluded(self, end: RunEnd, run: TaskRun, version: str, digest: str) -> dict[str, Any]:
        """The summary of an ended run.

        Raises:
            JobFailedError: The job says that it failed.
            EngineError: The Engine says that the run failed.
        """
        runs = self.store(self.settings.runs_root)
        label = RunLabel(
            spark_job=self.spark_job,
            code_version=version,
            code_digest=digest,
            try_number=run.try_number,
            result=runs.location(run.identity.result_key),
            is_last_try=run.is_last_try,
        )
        summary = conclude(end, read_result(run, runs, end.written, self.log), label)
        self.log.info("%s: %s", label, summary["status"])
        return summary

    def on_kill(self) -> None:
        """End the run when Airflow ends the task."""
        self._killed = True
        self.stop_job()

    def refuse_if_killed(self) -> None:
        """Go no further with a task that Airflow has ended.

        Airflow 3 lets a killed task run on until it kills the process, seconds later; a run that starts in
        between, or whose id was not known to `on_kill`, would have nobody to end it. An Engine's operator
        calls this right before it submits a run, and again as soon as `stop_job` can end that run.

        Raises:
            EngineError: The task was killed.
        """
        if self._killed:
            raise EngineError("Airflow killed the task: its run was not started, or is stopped now")

    def engine_options(self) -> EngineOptions:
        """The Engine's options that hold for this task."""
        return self.options or self.settings.options.get(self.engine) or options_class(self.engine)()

    def store(self, root: str) -> Store:
        """The Store at a folder or URL; on S3 it goes by the Airflow connection of the Settings."""
        return open_store(root, lambda: self._s3)

    @cached_property
    def _s3(self) -> Any:
        return s3_client(self.settings.aws_conn_id)

    def _attempt(self, context: Any) -> Attempt:
        run = task_run_of(context)
        runs = self.store(self.settings.runs_root)
        code = self._release(run, runs)
        return Attempt(self._invocation(run, code, runs), run, code, runs)

    def _release(self, run: TaskRun, runs: Store) -> CodeVersion:
        """The code of this task, with a log line that says who chose it."""
        code = open_code(self.settings.code, self.engine, lambda: self._s3)
        dag_code = self.settings.dag_code
        of_dag = open_code(dag_code, self.engine, lambda: self._s3) if dag_code is not None else code
        wishes = Wishes(
            form=run.conf.get(CODE_VERSION),
            chosen=run.chosen.get(CODE_VERSION),
            pin=self.code_version,
            default=run.params.get(CODE_VERSION) or self.settings.code_version,
        )
        release, record = resolve_release(Sources(code, of_dag), runs, run.identity, wishes)
        self.log.info(
            "code version %s%s (digest %s, chosen by: %s)",
            record.version,
            f", which channel {record.channel} names for this DAG run" if record.channel else "",
            record.digest[:12],
            record.source,
        )
        self._code_version, self._code_digest = record.version, record.digest
        if record.source is Source.DEFAULT and not record.answers(wishes.default or ""):
            self.log.info("this DAG run began with it; the default has become %s since", wishes.default)
        return release

    def _invocation(self, run: TaskRun, release: CodeVersion, runs: Store) -> Invocation:
        """The call of the entry script: readable arguments first, the Envelope last."""
        own = job_arguments(self.job_args or {})
        notifier = (
            self.notification_service_type
            or run.params.get("notification_service_type")
            or self.settings.notification_service_type
        )
        names = tuple(name for name, _ in own)
        envelope = make_envelope(self.engine, self.settings, run, release, runs, names, notifier)
        argument = envelope.encode()
        # A notifier's settings may be secret, and command lines and a service's pages show arguments.
        if envelope.notifier.settings or len(argument) > self.largest_inline_envelope:
            key = f"{run.identity.folder}/envelope-{run.try_number}.txt"
            runs.replace(key, argument.encode())
            argument = f"@{runs.location(key)}"
        return build_invocation(
            script=release.script(self.engine),
            wheels=release.wheels,
            spark_job=self.spark_job,
            notification_service_type=notifier,
            options=self.engine_options(),
            job_args=self.job_args or {},
            envelope=argument,
        )

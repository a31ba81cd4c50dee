"""What all Engines share: version, Envelope, Result, error text and kill."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from airflow_jobkit._compat import BaseOperator
from airflow_jobkit.contracts.envelope import DatasetBinding, Envelope, NotifierBinding
from airflow_jobkit.contracts.result import MissingResult, Result, parse_result
from airflow_jobkit.contracts.version_record import Source
from airflow_jobkit.engines import options_class
from airflow_jobkit.engines.invocation import Invocation, build_invocation, job_arguments
from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.errors import ContractError, EngineError, ReleaseError, UnknownNotifierError
from airflow_jobkit.operators.aws import s3_client
from airflow_jobkit.operators.outcome import RunEnd, RunLabel, conclude
from airflow_jobkit.operators.reach import refuse_out_of_reach
from airflow_jobkit.operators.task_run import TaskRun, task_run_of
from airflow_jobkit.operators.versions import Wishes, resolve_release
from airflow_jobkit.problems import choices_remedy
from airflow_jobkit.release import CodeVersion, Store, open_code, open_store
from airflow_jobkit.spec.settings import Settings

CODE_VERSION = "code_version"


class GenericSparkJobOperator(BaseOperator):
    """Runs one Job of a Release on an Engine.

    The version is resolved by the first task of a DAG run and recorded, so that all its tasks and retries run
    the same code. The job's Result comes back as XCom: status, rows in and out, metrics, datasets, checks.

    Args:
        spark_job: The job: `package.module`, or `package.module:Class`.
        settings: The project in its Environment.
        options: Options of the Engine; default: those of the Settings.
        job_args: The job's own arguments; None leaves the job's default (templated).
        code_version: A version for this task alone; default: the DAG run's (templated).
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
    def run_job(self, invocation: Invocation, run: TaskRun, context: Any) -> RunEnd:
        """Run the entry script on the Engine and wait for its end.

        Args:
            invocation: What to execute.
            run: The try that this is.
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
        if self.reaches is not None:
            refuse_out_of_reach(self.engine, self.reaches, self.settings)
        run = task_run_of(context)
        runs = self.store(self.settings.runs_root)
        release = self._release(run, runs)
        label = RunLabel(
            spark_job=self.spark_job,
            code_version=release.version,
            code_digest=release.digest,
            try_number=run.try_number,
            result=runs.location(run.identity.result_key),
        )
        invocation = self._invocation(run, release, runs)
        earlier = runs.read(run.identity.result_key)
        try:
            self.refuse_if_killed()
            end = self.run_job(invocation, run, context)
            self.log.info("%s", end.detail)
        finally:
            self.stop_job()
        result = self._result(run, runs, earlier)
        summary = conclude(end, result, label)
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

    def _release(self, run: TaskRun, runs: Store) -> CodeVersion:
        """The code of this task, with a log line that says who chose it."""
        code = open_code(self.settings.code, self.engine, lambda: self._s3)
        wishes = Wishes(
            form=run.conf.get(CODE_VERSION),
            chosen=run.chosen.get(CODE_VERSION),
            pin=self.code_version,
            default=run.params.get(CODE_VERSION) or self.settings.code_version,
        )
        release, record = resolve_release(code, runs, run.identity, wishes)
        self.log.info(
            "code version %s (digest %s, chosen by: %s)", record.version, record.digest[:12], record.source
        )
        if record.source is Source.DEFAULT and record.version != wishes.default:
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
        envelope = self._envelope(run, release, runs, tuple(name for name, _ in own), notifier)
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

    def _envelope(
        self, run: TaskRun, release: CodeVersion, runs: Store, arguments: tuple[str, ...], notifier: str
    ) -> Envelope:
        return Envelope(
            identity=run.identity,
            try_number=run.try_number,
            logical_date=run.logical_date,
            data_interval_start=run.data_interval_start,
            data_interval_end=run.data_interval_end,
            engine=self.engine,
            environment=self.settings.environment,
            code_version=release.version,
            code_digest=release.digest,
            arguments=arguments,
            data_root=self.settings.data_root,
            datasets={
                name: DatasetBinding(dataset.path, dataset.format, dataset.ddl, dataset.options)
                for name, dataset in self.settings.datasets.items()
            },
            result=runs.location(run.identity.result_key),
            notifier=notifier_binding(notifier, self.settings),
        )

    def _result(self, run: TaskRun, runs: Store, earlier: bytes | None) -> Result | MissingResult:
        """What this very try reported; what stood there before it began does not count."""
        location = runs.location(run.identity.result_key)
        try:
            data = runs.read(run.identity.result_key)
            result = None if data is None or data == earlier else parse_result(data, location)
        except (ReleaseError, ContractError, OSError) as error:
            # The run has ended: an error here would repeat one that may have succeeded.
            self.log.error("the Result cannot be read, so what the job did is unknown: %s", error)
            return MissingResult(location, f"its Result cannot be read: {error}")
        if result is None:
            self.log.warning("no Result at %s: what the job did is unknown", location)
            return MissingResult(location)
        if result.try_number not in (None, run.try_number):
            other = f"the Result at {location} is that of try {result.try_number}"
            self.log.warning("%s: what try %s did is unknown", other, run.try_number)
            return MissingResult(location, other)
        for warning in result.warnings:
            self.log.warning("%s", warning)
        if result.error is not None:
            self.log.error("the job failed in %s:\n%s", result.error.stage, result.error.trace)
        return result


def notifier_binding(name: str, settings: Settings) -> NotifierBinding:
    """The class and settings of a notifier.

    Raises:
        UnknownNotifierError: It is neither built in nor configured; the message names those that are.
    """
    known = settings.notification_service_types
    if name not in known:
        raise UnknownNotifierError(f"no notifier {name!r}; {choices_remedy(name, known)}")
    configured = dict(settings.notifiers.get(name, {}))
    return NotifierBinding(configured.pop("class", None), configured)

"""Jobs on AWS Glue."""

from __future__ import annotations

import shlex
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.links.glue import GlueJobRunDetailsLink
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator

from airflow_jobkit.engines.glue.client import GlueClient, GlueRun
from airflow_jobkit.engines.glue.options import Options
from airflow_jobkit.engines.glue.payload import definition, job_name, start
from airflow_jobkit.engines.glue.states import run_state
from airflow_jobkit.engines.invocation import Invocation, RunNames
from airflow_jobkit.engines.looks import looks
from airflow_jobkit.engines.states import Phase, RunState
from airflow_jobkit.errors import EngineError, EngineOptionsError, StockArgumentError
from airflow_jobkit.operators.generic import GenericSparkJobOperator
from airflow_jobkit.operators.outcome import RunEnd
from airflow_jobkit.operators.stock import refuse_others
from airflow_jobkit.operators.task_run import TaskRun

HONOURED = ("aws_conn_id", "region_name", "verify", "botocore_config", "deferrable")
"""The arguments of the stock operator that mean the same here (`deferrable` may only be false)."""

_RELEASE = "take it out; script and wheels are those of the code version"
_OURS: Mapping[str, str] = {
    "job_name": "set `job_name` in the options, or `existing_job` for a job used as it is",
    "job_desc": "take it out; the definitions are described already",
    "script_location": _RELEASE,
    "s3_bucket": _RELEASE,
    "replace_script_file": _RELEASE,
    "script_args": "set `job_args` for the job, and `arguments` in the options for Glue",
    "concurrent_run_limit": "set `max_concurrent_runs` in the options",
    "retry_limit": "set `retries`, Airflow's own",
    "num_of_dpus": "set `worker_type` and `number_of_workers` in the options",
    "iam_role_name": "set `iam_role_name` in the options",
    "iam_role_arn": "set `iam_role_arn` in the options",
    "create_job_kwargs": "set the options, such as `glue_version` and `connections`",
    "run_job_kwargs": "set the options, such as `worker_type` and `timeout`",
    "update_config": "take it out; a definition is never changed, other options make another one",
    "wait_for_completion": "take it out; the task always waits, for the job's Result",
    "stop_job_run_on_kill": "take it out; a killed task always stops its run",
    "job_poll_interval": "set `poll_interval` in the options",
    "waiter_delay": "set `poll_interval` in the options",
    "waiter_max_attempts": "set `timeout` in the options",
    "region": "set `region_name`",
}
_SHORTEST_WAIT = 1.0


class _NotGiven:
    """Stands for an argument that nobody gave, where None has a meaning of its own."""


_NOT_GIVEN = _NotGiven()


class GlueSparkJobOperator(GenericSparkJobOperator, GlueJobOperator):  # type: ignore[misc] # see execute
    """Runs a Job on AWS Glue.

    Of the stock operator's arguments those in `HONOURED` are taken; any other is an error that names ours.
    XComs `glue_job_run_id` and `glue_job_name` are pushed when the run has started.

    Args:
        aws_conn_id: Airflow's connection (templated); None for boto3's own chain; default: that of the
            options, else the project's.
        region_name: The AWS region (templated); default: that of the options, else the connection's.
        verify: Whether to verify certificates, or a file with them (templated).
        botocore_config: Settings of the botocore client.
        deferrable: False; waiting happens in the worker, whatever `[operators] default_deferrable` says.
        kwargs: Those of `GenericSparkJobOperator`, and of every operator.

    Raises:
        StockArgumentError: A stock argument is set that has no effect here.
        EngineOptionsError: The options are incomplete or contradict each other.
    """

    engine: ClassVar[str] = "glue"
    reaches: ClassVar[tuple[str, ...]] = ("s3://",)
    template_fields: Sequence[str] = (
        *GenericSparkJobOperator.template_fields,
        "aws_conn_id",
        "region_name",
        "verify",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = GenericSparkJobOperator.template_fields_renderers

    _client: GlueClient | None = None
    _job_run_id: str | None = None
    _ended: bool = False

    def __init__(
        self,
        *,
        aws_conn_id: str | _NotGiven | None = _NOT_GIVEN,
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        refuse_others(GlueJobOperator, HONOURED, _OURS, kwargs)
        if deferrable:
            raise StockArgumentError("`deferrable` is set, and the task waits in its worker; take it out")
        super().__init__(deferrable=False, **kwargs)
        options = self._glue_options()
        for issue in options.issues():
            raise EngineOptionsError(f"glue: {issue.message}; {issue.remedy}")
        if isinstance(aws_conn_id, _NotGiven):
            aws_conn_id = options.aws_conn_id or self.settings.aws_conn_id
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name or options.region_name
        self.verify = verify
        self.botocore_config = botocore_config

    def run_job(self, invocation: Invocation, run: TaskRun, context: Any) -> RunEnd:
        """Start a run of the definition, or of the existing job, and wait for its end."""
        options = self._glue_options()
        identity = run.identity
        names = RunNames(self.settings.project, identity.dag_id, identity.task_id, identity.key)
        self.job_name = job_name(options, names.project)
        request = start(options, invocation, names, self.job_name)
        self._job_run_id, self._ended = None, False
        self._client = client = GlueClient.of_hook(self._aws_hook())
        self._prepare(client, options, invocation)
        self._job_run_id = client.start(request, self.refuse_if_killed)
        self.refuse_if_killed()
        self._tell(client, self._job_run_id, context)
        return self._wait(client, self._job_run_id, options)

    def stop_job(self) -> None:
        """Stop the run, if it has started and not ended; an error is logged, so that it hides no other."""
        if self._client is None or self._job_run_id is None or self._ended:
            return
        try:
            self._client.stop(self.job_name, self._job_run_id)
        except EngineError as error:
            self.log.error(
                "Glue job run %s of %s could not be stopped, and may still be running: %s; stop it in the "
                "Glue console, or by "
                "`aws glue batch-stop-job-run --region %s --job-name %s --job-run-ids %s`",
                self._job_run_id,
                self.job_name,
                error,
                self._client.region,
                shlex.quote(self.job_name),
                self._job_run_id,
            )
        else:
            self._ended = True
            self.log.info("stopped Glue job run %s of %s", self._job_run_id, self.job_name)

    def _prepare(self, client: GlueClient, options: Options, invocation: Invocation) -> None:
        """See to it that the job of the run is there."""
        if options.existing_job is not None:
            client.check_existing(options.existing_job)
        elif client.ensure_definition(definition(options, self.settings.project, invocation.script)):
            self.log.info("made the Glue job definition %s", self.job_name)

    def _glue_options(self) -> Options:
        options = self.engine_options()
        assert isinstance(options, Options)  # noqa: S101 - the factory and the Settings hold no others here
        return options

    def _aws_hook(self) -> AwsBaseHook:
        """Not the stock operator's hook, which would upload a script and look a role up."""
        return AwsBaseHook(
            client_type="glue",
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            config=self.botocore_config,
        )

    def _tell(self, client: GlueClient, run_id: str, context: Any) -> None:
        """Say where the run is: in the log, as XComs, and by the stock link while it still runs."""
        link = GlueJobRunDetailsLink()
        job = urllib.parse.quote(self.job_name, safe="")
        url = link.format_link(
            aws_domain=link.get_aws_domain(client.partition),
            region_name=client.region,
            job_name=job,
            job_run_id=run_id,
        )
        self.log.info("started Glue job run %s of %s: %s", run_id, self.job_name, url)
        context["ti"].xcom_push(key="glue_job_run_id", value=run_id)
        context["ti"].xcom_push(key="glue_job_name", value=self.job_name)
        link.persist(
            context=context,
            operator=self,
            region_name=client.region,
            aws_partition=client.partition,
            job_name=job,
            job_run_id=run_id,
        )
        # Airflow 3 reads the link from this XCom, and pushes it by itself only when the task has ended.
        xcom_key = getattr(link, "xcom_key", None)
        if xcom_key is not None and self.do_xcom_push:
            context["ti"].xcom_push(key=xcom_key, value=url)

    def _wait(self, client: GlueClient, run_id: str, options: Options) -> RunEnd:
        """Look at the run until it has ended."""
        found = looks(
            lambda: client.run(self.job_name, run_id),
            waits(options.poll_interval.total_seconds()),
            f"Glue job run {run_id} of {self.job_name}",
            self.log.warning,
        )
        seen: RunState | None = None
        while True:
            run = next(found)
            state = run_state(run.state, run_id)
            if state is not seen:
                self.log.info("Glue job run %s %s (%s)", run_id, state.words, state.name)
                seen = state
            if state.phase is not Phase.ACTIVE:
                self._ended = True
                return run_end(run, state, self.job_name)


def waits(longest: float) -> Iterator[float]:
    """The seconds between looks at a run: short ones first, for a run that fails at once."""
    seconds = min(_SHORTEST_WAIT, longest)
    while True:
        yield seconds
        seconds = min(seconds * 2, longest)


def run_end(run: GlueRun, state: RunState, job: str) -> RunEnd:
    """What the end of a run says."""
    said = f": {run.error}" if run.error else f": it {state.words}"
    detail = f"Glue job run {run.run_id} of {job} {state.name}"
    return RunEnd(state.phase is Phase.SUCCEEDED, f"{detail}{said}")

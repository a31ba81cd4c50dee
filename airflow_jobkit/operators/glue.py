"""Jobs on AWS Glue."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airflow.providers.amazon.aws.links.glue import GlueJobRunDetailsLink
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator

from airflow_jobkit.engines.glue.options import Options
from airflow_jobkit.engines.glue.payload import definition, job_name, start
from airflow_jobkit.engines.glue.service import GlueService, open_service
from airflow_jobkit.engines.invocation import Invocation, RunNames
from airflow_jobkit.engines.service import RunRef, RunService
from airflow_jobkit.errors import EngineOptionsError, StockArgumentError
from airflow_jobkit.operators.generic import GenericSparkJobOperator
from airflow_jobkit.operators.remote import RemoteSparkJobOperator
from airflow_jobkit.operators.stock import refuse_others

HONOURED = ("aws_conn_id", "region_name", "verify", "botocore_config", "deferrable")
"""The arguments of the stock operator that mean the same here."""

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


class _NotGiven:
    """Stands for an argument that nobody gave, where None has a meaning of its own."""


_NOT_GIVEN = _NotGiven()


class GlueSparkJobOperator(RemoteSparkJobOperator, GlueJobOperator):  # type: ignore[misc] # see execute
    """Runs a Job on AWS Glue.

    Of the stock operator's arguments those in `HONOURED` are taken; any other is an error that names ours.
    XComs `glue_job_run_id` and `glue_job_name` are pushed when the run has started.

    Args:
        aws_conn_id: Airflow's connection (templated); None for boto3's own chain; default: that of the
            options, else the project's.
        region_name: The AWS region (templated); default: that of the options, else the connection's.
        verify: Whether to verify certificates, or a file with them (templated).
        botocore_config: Settings of the botocore client: plain values by name.
        kwargs: Those of `RemoteSparkJobOperator`, and of every operator.

    Raises:
        StockArgumentError: A stock argument is set that has no effect here, or cannot be stored.
        EngineOptionsError: The options are incomplete or contradict each other.
    """

    engine: ClassVar[str] = "glue"
    template_fields: Sequence[str] = (
        *GenericSparkJobOperator.template_fields,
        "aws_conn_id",
        "region_name",
        "verify",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = GenericSparkJobOperator.template_fields_renderers

    def __init__(
        self,
        *,
        aws_conn_id: str | _NotGiven | None = _NOT_GIVEN,
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_others(GlueJobOperator, HONOURED, _OURS, kwargs)
        super().__init__(**kwargs)
        options = self._glue_options()
        for issue in options.issues():
            raise EngineOptionsError(f"glue: {issue.message}; {issue.remedy}")
        if isinstance(aws_conn_id, _NotGiven):
            aws_conn_id = options.aws_conn_id or self.settings.aws_conn_id
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name or options.region_name
        self.verify = verify
        self.botocore_config = botocore_config
        refuse_unwritable(botocore_config)
        # The stock operator's link and sensor look for it here.
        self.job_name = job_name(options, self.settings.project)

    def connection(self) -> dict[str, Any]:
        """The arguments of `engines.glue.service.open_service`."""
        options = self._glue_options()
        return {
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "botocore_config": self.botocore_config,
            "lookup_window": options.lookup_window.total_seconds(),
            "stream_logs": options.stream_logs,
        }

    def open_service(self) -> GlueService:
        """Glue, by this task's connection; not the stock operator's hook, which would upload a script."""
        return open_service(**self.connection())

    def job(self) -> str:
        """The definition, or the existing job."""
        return job_name(self._glue_options(), self.settings.project)

    def request(self, invocation: Invocation, names: RunNames) -> Mapping[str, Any]:
        """The StartJobRun request."""
        return start(self._glue_options(), invocation, names, self.job())

    def prepare(self, service: RunService, invocation: Invocation) -> None:
        """See to it that the job of the run is there."""
        assert isinstance(service, GlueService)  # noqa: S101 - it is what `open_service` has made
        options = self._glue_options()
        if options.existing_job is not None:
            service.client.check_existing(options.existing_job)
        elif service.client.ensure_definition(definition(options, self.settings.project, invocation.script)):
            self.log.info("made the Glue job definition %s", self.job())

    def tell_run(self, context: Any, service: RunService, ref: RunRef) -> None:
        """Say where the run is: in the log, as XComs, and by the stock link while it still runs."""
        assert isinstance(service, GlueService)  # noqa: S101 - it is what `open_service` has made
        url = service.page_url(ref)
        self.log.info("%s: %s", service.name(ref), url)
        context["ti"].xcom_push(key="glue_job_run_id", value=ref.run_id)
        context["ti"].xcom_push(key="glue_job_name", value=ref.job)
        link = GlueJobRunDetailsLink()
        link.persist(
            context=context,
            operator=self,
            region_name=service.client.region,
            aws_partition=service.client.partition,
            job_name=urllib.parse.quote(ref.job, safe=""),
            job_run_id=ref.run_id,
        )
        # Airflow 3 reads the link from this XCom, and pushes it by itself only when the task has ended.
        xcom_key = getattr(link, "xcom_key", None)
        if xcom_key is not None and self.do_xcom_push:
            context["ti"].xcom_push(key=xcom_key, value=url)

    def _glue_options(self) -> Options:
        options = self.engine_options()
        assert isinstance(options, Options)  # noqa: S101 - the factory and the Settings hold no others here
        return options


def refuse_unwritable(botocore_config: Any) -> None:
    """Refuse settings that a deferred task could not take to the triggerer; any task may be one.

    Raises:
        StockArgumentError: They are no JSON.
    """
    try:
        json.dumps(botocore_config)
    except (TypeError, ValueError) as error:
        raise StockArgumentError(
            f"`botocore_config` cannot be stored for the triggerer: {error}; write it as a dictionary of "
            'plain values, such as {"read_timeout": 120}'
        ) from error

"""Jobs on Databricks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airflow.providers.databricks.operators.databricks import (
    DatabricksJobRunLink,
    DatabricksSubmitRunOperator,
)

from airflow_jobkit.engines.databricks.options import Options
from airflow_jobkit.engines.databricks.payload import submit
from airflow_jobkit.engines.databricks.service import DatabricksService, open_service
from airflow_jobkit.engines.invocation import Invocation, RunNames
from airflow_jobkit.engines.service import RunRef, RunService, RunView
from airflow_jobkit.errors import EngineOptionsError
from airflow_jobkit.operators.generic import GenericSparkJobOperator
from airflow_jobkit.operators.remote import RemoteSparkJobOperator
from airflow_jobkit.operators.stock import refuse_others

HONOURED = (
    "databricks_conn_id",
    "databricks_retry_limit",
    "databricks_retry_delay",
    "databricks_retry_args",
    "polling_period_seconds",
    "do_xcom_push",
    "deferrable",
)
"""The arguments of the stock operator that mean the same here."""

_RELEASE = "take it out; script, arguments and wheels are those of the code version"
_OURS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "tasks",
            "spark_jar_task",
            "notebook_task",
            "spark_python_task",
            "spark_submit_task",
            "pipeline_task",
            "dbt_task",
            "libraries",
        ),
        _RELEASE,
    ),
    "json": "set the options, and `submit` in them for further fields",
    "new_cluster": "set `new_cluster` in the options",
    "existing_cluster_id": "set `existing_cluster_id` in the options",
    "environments": "set `serverless` in the options",
    "run_name": "set `run_name` in the options",
    "timeout_seconds": "set `timeout` in the options",
    "access_control_list": "set `access_control_list` in the options",
    "git_source": "set `submit` in the options",
    "performance_target": "set `submit` in the options",
    "idempotency_token": "take it out; each submission has a token of its own",
    "wait_for_termination": "take it out; the task always waits, for the job's Result",
    "openlineage_inject_parent_job_info": "set `spark_conf` in the options' `new_cluster`",
    "openlineage_inject_transport_info": "set `spark_conf` in the options' `new_cluster`",
    "durable": "take it out; a retry always takes over what its generation started",
}


class DatabricksSparkJobOperator(RemoteSparkJobOperator, DatabricksSubmitRunOperator):  # type: ignore[misc] # see execute_complete
    """Runs a Job on Databricks, as a one-time run.

    Of the stock operator's arguments those in `HONOURED` are taken; any other is an error that names ours.
    XComs `run_id` and `run_page_url` are pushed when the run has started, unless `do_xcom_push` is false.

    Args:
        databricks_conn_id: Airflow's connection (templated); default: that of the options.
        polling_period_seconds: The time between two looks at a run; default: `poll_interval` of the options.
        kwargs: `databricks_retry_limit`, `databricks_retry_delay` and `databricks_retry_args` for the hook
            (the last in the worker alone, since it may hold functions), those of `RemoteSparkJobOperator`,
            and of every operator.

    Raises:
        StockArgumentError: A stock argument is set that has no effect here.
        EngineOptionsError: The options are incomplete or contradict each other.
    """

    engine: ClassVar[str] = "databricks"
    reaches: ClassVar[tuple[str, ...]] = ("s3://", "/Volumes/")
    # The parameters of a task may be 10,000 bytes long in all, and the job's own are among them.
    largest_inline_envelope: ClassVar[int] = 4_000
    template_fields: Sequence[str] = (*GenericSparkJobOperator.template_fields, "databricks_conn_id")
    # The stock operator takes text that ends with its suffix for the name of a template's file.
    template_ext: Sequence[str] = ()
    template_fields_renderers: ClassVar[dict[str, str]] = GenericSparkJobOperator.template_fields_renderers

    def __init__(
        self,
        *,
        databricks_conn_id: str | None = None,
        polling_period_seconds: float | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_others(DatabricksSubmitRunOperator, HONOURED, _OURS, kwargs)
        super().__init__(**kwargs)
        options = self._databricks_options()
        for issue in options.issues():
            raise EngineOptionsError(f"databricks: {issue.message}; {issue.remedy}")
        self.databricks_conn_id = databricks_conn_id or options.connection_id
        seconds = polling_period_seconds or options.poll_interval.total_seconds()
        self.polling_period_seconds = seconds  # type: ignore[assignment] # the stock one is a whole number

    def connection(self) -> dict[str, Any]:
        """The arguments of `engines.databricks.service.open_service`, as far as they are data."""
        return {
            "databricks_conn_id": self.databricks_conn_id,
            "retry_limit": self.databricks_retry_limit,
            "retry_delay": self.databricks_retry_delay,
        }

    def open_service(self) -> DatabricksService:
        """The workspace, by this task's connection."""
        return open_service(**self.connection(), retry_args=self.databricks_retry_args)

    def request(self, invocation: Invocation, names: RunNames) -> Mapping[str, Any]:
        """The runs/submit request."""
        return submit(self._databricks_options(), invocation, names)

    def poll_seconds(self) -> float:
        """The longest time between two looks at a run."""
        return float(self.polling_period_seconds)

    def tell_run(self, context: Any, service: RunService, ref: RunRef) -> None:
        """Say what the run's id is: in the log, and as the stock XCom."""
        self.log.info("waiting for %s", service.name(ref))
        # The stock link is made from it.
        self.run_id = int(ref.run_id)
        self._push(context, "run_id", self.run_id)

    def tell_page(self, context: Any, view: RunView) -> None:
        """Say where the run's page is: in the log, as the stock XCom, and by the stock link."""
        if not view.page_url:
            return
        self.log.info("the run's page: %s", view.page_url)
        self._push(context, "run_page_url", view.page_url)
        # Airflow 3 reads the link from this XCom, and pushes it by itself only when the task has ended.
        xcom_key = getattr(DatabricksJobRunLink(), "xcom_key", None)
        if xcom_key is not None:
            self._push(context, xcom_key, view.page_url)

    def _databricks_options(self) -> Options:
        options = self.engine_options()
        assert isinstance(options, Options)  # noqa: S101 - the factory and the Settings hold no others here
        return options

    def _push(self, context: Any, key: str, value: Any) -> None:
        if self.do_xcom_push:
            context["ti"].xcom_push(key=key, value=value)

"""Jobs on Databricks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any, ClassVar

from airflow.providers.databricks.hooks.databricks import DatabricksHook
from airflow.providers.databricks.operators.databricks import (
    DatabricksJobRunLink,
    DatabricksSubmitRunOperator,
)

from airflow_jobkit.engines.databricks.client import DatabricksClient, DatabricksRun, RunOutput
from airflow_jobkit.engines.databricks.options import Options
from airflow_jobkit.engines.databricks.payload import submit
from airflow_jobkit.engines.databricks.states import RunStatus
from airflow_jobkit.engines.invocation import Invocation, RunNames
from airflow_jobkit.engines.looks import looks
from airflow_jobkit.engines.states import Phase
from airflow_jobkit.errors import EngineError, EngineOptionsError, StockArgumentError
from airflow_jobkit.operators.generic import GenericSparkJobOperator
from airflow_jobkit.operators.outcome import RunEnd
from airflow_jobkit.operators.stock import refuse_others
from airflow_jobkit.operators.task_run import TaskRun

HONOURED = (
    "databricks_conn_id",
    "databricks_retry_limit",
    "databricks_retry_delay",
    "databricks_retry_args",
    "polling_period_seconds",
    "do_xcom_push",
    "deferrable",
)
"""The arguments of the stock operator that mean the same here (`deferrable` may only be false)."""

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
    "idempotency_token": "take it out; each run is submitted with a token of its own",
    "wait_for_termination": "take it out; the task always waits, for the job's Result",
    "openlineage_inject_parent_job_info": "set `spark_conf` in the options' `new_cluster`",
    "openlineage_inject_transport_info": "set `spark_conf` in the options' `new_cluster`",
    "durable": "take it out; each try submits a run of its own",
}
_LAST_LINES = 1000


class DatabricksSparkJobOperator(GenericSparkJobOperator, DatabricksSubmitRunOperator):
    """Runs a Job on Databricks, as a one-time run.

    Of the stock operator's arguments those in `HONOURED` are taken; any other is an error that names ours.
    XComs `run_id` and `run_page_url` are pushed when the run has started, unless `do_xcom_push` is false.

    Args:
        databricks_conn_id: Airflow's connection (templated); default: that of the options.
        polling_period_seconds: The time between two looks at a run; default: `poll_interval` of the options.
        deferrable: False; waiting happens in the worker, whatever `[operators] default_deferrable` says.
        kwargs: `databricks_retry_limit`, `databricks_retry_delay` and `databricks_retry_args` for the hook,
            those of `GenericSparkJobOperator`, and of every operator.

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

    _client: DatabricksClient | None = None
    _ended: bool = False

    def __init__(
        self,
        *,
        databricks_conn_id: str | None = None,
        polling_period_seconds: float | None = None,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        refuse_others(DatabricksSubmitRunOperator, HONOURED, _OURS, kwargs)
        if deferrable:
            raise StockArgumentError("`deferrable` is set, and the task waits in its worker; take it out")
        super().__init__(deferrable=False, **kwargs)
        options = self._databricks_options()
        for issue in options.issues():
            raise EngineOptionsError(f"databricks: {issue.message}; {issue.remedy}")
        self.databricks_conn_id = databricks_conn_id or options.connection_id
        seconds = polling_period_seconds or options.poll_interval.total_seconds()
        self.polling_period_seconds = seconds  # type: ignore[assignment] # the stock one is a whole number

    def run_job(self, invocation: Invocation, run: TaskRun, context: Any) -> RunEnd:
        """Submit the run and wait for its end."""
        identity = run.identity
        names = RunNames(self.settings.project, identity.dag_id, identity.task_id, identity.key)
        # Nothing but the hook's repeats of this one request may share it: a DAG run that is deleted and made
        # again has the same names, and must not be given the run of the first one.
        token = uuid.uuid4().hex
        request = submit(self._databricks_options(), invocation, names, token)
        self.run_id, self._ended = None, False
        self._client = client = DatabricksClient(self._databricks_hook())
        self.refuse_if_killed()
        self.run_id = run_id = client.submit(request)
        self.refuse_if_killed()
        self.log.info("submitted Databricks run %s", run_id)
        self._push(context, "run_id", run_id)
        end = self._wait(client, run_id, context)
        return run_end(end, self._output(client, end))

    def stop_job(self) -> None:
        """Cancel the run, if it has started and not ended; an error is logged, so that it hides no other."""
        if self._client is None or self.run_id is None or self._ended:
            return
        try:
            self._client.cancel(self.run_id)
        except EngineError as error:
            self.log.error(
                "Databricks run %s could not be cancelled, and may still be running: %s; cancel it on its "
                "page in the workspace, or by `databricks jobs cancel-run %s`",
                self.run_id,
                error,
                self.run_id,
            )
        else:
            self._ended = True
            self.log.info("cancelled Databricks run %s", self.run_id)

    def _databricks_options(self) -> Options:
        options = self.engine_options()
        assert isinstance(options, Options)  # noqa: S101 - the factory and the Settings hold no others here
        return options

    def _databricks_hook(self) -> DatabricksHook:
        return DatabricksHook(
            self.databricks_conn_id,
            retry_limit=self.databricks_retry_limit,
            retry_delay=self.databricks_retry_delay,
            retry_args=self.databricks_retry_args,
            caller="DatabricksSparkJobOperator",
        )

    def _wait(self, client: DatabricksClient, run_id: int, context: Any) -> DatabricksRun:
        """Look at the run until it has ended; the first look also tells where its page is."""
        found = looks(
            lambda: client.run(run_id),
            repeat(float(self.polling_period_seconds)),
            f"Databricks run {run_id}",
            self.log.warning,
        )
        seen: RunStatus | None = None
        while True:
            run = next(found)
            if seen is None and run.page_url:
                self.log.info("the run's page: %s", run.page_url)
                self._push(context, "run_page_url", run.page_url)
                self._push_link(context, run.page_url)
            if run.status != seen:
                self.log.info("%s", status_line(run))
                seen = run.status
            if run.status.state.phase is not Phase.ACTIVE:
                self._ended = True
                return run

    def _push(self, context: Any, key: str, value: Any) -> None:
        """Push an XCom of the stock operator, from which its link is made."""
        if self.do_xcom_push:
            context["ti"].xcom_push(key=key, value=value)

    def _push_link(self, context: Any, url: str) -> None:
        """Let the link work while the run goes on: Airflow 3 pushes what it reads only at the task's end."""
        xcom_key = getattr(DatabricksJobRunLink(), "xcom_key", None)
        if xcom_key is not None:
            self._push(context, xcom_key, url)

    def _output(self, client: DatabricksClient, run: DatabricksRun) -> RunOutput:
        """What the run printed, in the task's log; output that cannot be had never fails a run."""
        try:
            output = client.output(run.task_run_id)
        except EngineError as error:
            self.log.warning("%s", error)
            return RunOutput()
        lines = output.logs.splitlines()
        if len(lines) > _LAST_LINES:
            self.log.info("the last %s of %s lines that the run printed:", _LAST_LINES, len(lines))
        for line in lines[-_LAST_LINES:]:
            self.log.info("%s", line)
        if output.trace:
            self.log.error("%s", output.trace)
        return output


def status_line(run: DatabricksRun) -> str:
    """The state of a run as the log tells it."""
    state, reason = run.status.state, run.status.reason
    return f"Databricks run {run.run_id} {state.words} ({state.name}){f': {reason}' if reason else ''}"


def run_end(run: DatabricksRun, output: RunOutput) -> RunEnd:
    """What the end of a run says: Databricks' reason, and the first line of the job's error."""
    state, reason = run.status.state, run.status.reason
    error = next(iter(output.error.splitlines()), "")
    said = [part for part in (reason, error if error not in reason else "") if part]
    detail = f"Databricks run {run.run_id} {state.name}: {': '.join(said) or f'it {state.words}'}"
    return RunEnd(state.phase is Phase.SUCCEEDED, detail)

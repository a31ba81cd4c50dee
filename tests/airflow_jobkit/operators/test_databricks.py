"""The Databricks operator: what it takes, what it asks for, what it tells, and that no run outlives it."""

from __future__ import annotations

import datetime as dt
import json
import re
import signal
import threading
from collections.abc import Callable, Iterator

import pytest
from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator
from databricks_tasks import CLUSTER, DatabricksTasks, NearbyDatabricksOperator, databricks_options
from executing import Executing, eventually
from fake_workspace import FAILED, RUN_ID, RUNNING, SUCCEEDED, TASK_RUN_ID, TOKEN, Failure
from task_context import ProbeProject, TaskContext

from airflow_jobkit._compat import DAG, Param, serialize_dag
from airflow_jobkit.engines.databricks.options import Options
from airflow_jobkit.engines.databricks.service import DatabricksService
from airflow_jobkit.errors import EngineError, EngineOptionsError, StockArgumentError
from airflow_jobkit.operators.databricks import HONOURED, DatabricksSparkJobOperator
from airflow_jobkit.operators.stock import stock_arguments

WITHOUT_EFFECT = sorted(set(stock_arguments(DatabricksSubmitRunOperator)) - set(HONOURED))


class TaskTimeoutError(BaseException):
    """As Airflow's own, which is no Exception either: the hook would take one for a failed request."""


class KilledEarly(NearbyDatabricksOperator):
    """A task that Airflow kills when all is ready for the submit, and nothing was sent."""

    def open_service(self) -> DatabricksService:
        self.on_kill()
        return super().open_service()


@pytest.fixture
def tasks(project: ProbeProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabricksTasks]:
    with DatabricksTasks.serving(project, monkeypatch) as tasks:
        yield tasks


def test_a_task_submits_its_run_and_waits(tasks: DatabricksTasks) -> None:
    summary = TaskContext(tasks.task(job_args={"month": 7})).execute()
    assert summary["status"] == "unknown"  # nothing was executed, so there is no Result
    assert [call for call, _ in tasks.workspace.requests] == ["submit", "get", "get", "get", "get-output"]
    (request,) = tasks.workspace.calls("submit")
    (task,) = request["tasks"]
    script = task["spark_python_task"]
    assert script["python_file"].endswith("/1.0.0/scripts/databricks/generic_entry.py")
    assert script["parameters"][:2] == ["--module_name", "probe.report"]
    assert task["new_cluster"] == CLUSTER
    assert {library["whl"].rpartition("/")[2] for library in task["libraries"]} == {
        "probe-1.0.0-py3-none-any.whl",
        "jobkit_runtime-0.1.0-py3-none-any.whl",
    }
    assert request["run_name"] == "probe_dag.task"


def test_places_that_are_neither_on_s3_nor_a_volume_are_refused_before_anything_is_asked(
    tasks: DatabricksTasks,
) -> None:
    with pytest.raises(EngineError, match="databricks cannot reach the code root /"):
        TaskContext(tasks.task(operator=DatabricksSparkJobOperator)).execute()
    assert tasks.workspace.requests == []
    assert DatabricksSparkJobOperator.reaches == ("s3://", "/Volumes/")


def test_params_of_the_dag_and_openlineage_add_nothing_to_the_request(
    tasks: DatabricksTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__SPARK_INJECT_PARENT_JOB_INFO", "true")
    monkeypatch.setenv("AIRFLOW__OPENLINEAGE__SPARK_INJECT_TRANSPORT_INFO", "true")
    params = {"code_version": Param("1.0.0"), "notification_service_type": Param("NOOP"), "month": Param(7)}
    TaskContext(tasks.task(DAG("probe_dag", params=params, schedule=None))).execute()
    (request,) = tasks.workspace.calls("submit")
    assert request["tasks"][0]["new_cluster"] == CLUSTER
    assert "--month" not in request["tasks"][0]["spark_python_task"]["parameters"]


def test_the_run_is_known_to_other_tasks_and_to_the_link_while_it_runs(tasks: DatabricksTasks) -> None:
    context = TaskContext(tasks.task())
    context.execute()
    page = f"http://127.0.0.1/#job/1/run/{RUN_ID}"
    assert (context.xcoms["run_id"], context.xcoms["run_page_url"]) == (RUN_ID, page)
    pushed_for_3 = {key: value for key, value in context.xcoms.items() if key.startswith("_link_")}
    assert pushed_for_3 in ({}, {"_link_DatabricksJobRunLink": page})


def test_no_xcom_is_pushed_where_none_is_wanted(tasks: DatabricksTasks) -> None:
    context = TaskContext(tasks.task(do_xcom_push=False))
    context.execute()
    assert context.xcoms == {}


def test_a_failed_run_fails_the_task_with_the_first_line_of_its_error(
    tasks: DatabricksTasks, task_log: Callable[[], str]
) -> None:
    tasks.workspace.states = (RUNNING, FAILED)
    tasks.workspace.output = {
        "error": "ImportError: no module named dwh\nand more",
        "error_trace": "Traceback (most recent call last): line 1",
        "logs": "a line of the job\n",
    }
    with pytest.raises(EngineError) as raised:
        TaskContext(tasks.task()).execute()
    assert str(raised.value).startswith(
        f"Databricks run {RUN_ID} has failed (FAILED): Task job failed with message: Workload failed.: "
        "ImportError: no module named dwh: probe.report at code version 1.0.0"
    )
    assert "Traceback (most recent call last): line 1" in str(raised.value)
    assert tasks.workspace.calls("get-output") == [{"run_id": TASK_RUN_ID}]
    assert tasks.workspace.calls("cancel") == []
    assert "a line of the job" in task_log()


def test_output_that_cannot_be_had_hides_nothing(tasks: DatabricksTasks, task_log: Callable[[], str]) -> None:
    tasks.workspace.states = ({"life_cycle_state": "INTERNAL_ERROR", "state_message": "no capacity"},)
    tasks.workspace.failures["get-output"] = [Failure.said(403, "PERMISSION_DENIED", "not yours")]
    with pytest.raises(EngineError, match=r"an error of Databricks' own \(INTERNAL_ERROR\): no capacity: "):
        TaskContext(tasks.task()).execute()
    assert "not yours" in task_log()


def test_a_failed_run_that_says_nothing_is_described(tasks: DatabricksTasks) -> None:
    tasks.workspace.states = ({"life_cycle_state": "TERMINATED", "result_state": "TIMEDOUT"},)
    with pytest.raises(EngineError, match=r"took longer than its time-out allows \(TIMEDOUT\): "):
        TaskContext(tasks.task()).execute()


def test_an_unknown_state_fails_the_task_and_cancels_the_run(tasks: DatabricksTasks) -> None:
    tasks.workspace.states = (RUNNING, {"life_cycle_state": "HIBERNATING"})
    with pytest.raises(EngineError, match="life cycle state 'HIBERNATING'"):
        TaskContext(tasks.task()).execute()
    assert tasks.workspace.calls("cancel") == [{"run_id": RUN_ID}]


def test_a_killed_task_cancels_its_run_once(tasks: DatabricksTasks) -> None:
    tasks.workspace.states = (RUNNING,)
    executing = Executing(TaskContext(tasks.task()))
    assert eventually(lambda: tasks.workspace.calls("get"))
    executing.task.on_kill()
    executing.task.on_kill()
    assert f"Databricks run {RUN_ID} was cancelled (CANCELED): Run cancelled." in str(executing.ended())
    assert tasks.workspace.calls("cancel") == [{"run_id": RUN_ID}]


def test_a_task_that_is_killed_right_before_its_submit_starts_no_run(tasks: DatabricksTasks) -> None:
    task = tasks.task(operator=KilledEarly)
    with pytest.raises(EngineError, match="killed"):
        TaskContext(task).execute()
    assert tasks.workspace.requests == []


def test_a_task_that_is_killed_before_it_knows_its_run_cancels_it(tasks: DatabricksTasks) -> None:
    tasks.workspace.states = (RUNNING,)
    tasks.workspace.held["submit"] = threading.Event()
    executing = Executing(TaskContext(tasks.task()))
    assert eventually(lambda: tasks.workspace.tokens)
    executing.task.on_kill()
    tasks.workspace.held["submit"].set()
    assert "killed" in str(executing.ended())
    assert [call for call, _ in tasks.workspace.requests] == ["submit", "cancel"]


def test_looks_that_fail_for_a_while_end_no_run(tasks: DatabricksTasks, task_log: Callable[[], str]) -> None:
    down = Failure.said(503, "TEMPORARILY_UNAVAILABLE", "down")
    tasks.workspace.failures["get"] = [down] * 6  # each look of the hook's is three
    TaskContext(tasks.task()).execute()
    assert tasks.workspace.calls("cancel") == []
    log = task_log()
    assert log.count("cannot be looked at now, and is looked at again for 10m: cannot look at run") == 1
    assert log.count("can be looked at again") == 1


def test_a_run_that_is_not_there_any_more_ends_the_task_at_once(tasks: DatabricksTasks) -> None:
    tasks.workspace.failures["get"] = [Failure.said(400, "INVALID_PARAMETER_VALUE", "Run does not exist")]
    with pytest.raises(EngineError, match="Run does not exist"):
        TaskContext(tasks.task()).execute()
    assert len(tasks.workspace.calls("get")) == 1


def test_a_task_that_times_out_cancels_its_run(tasks: DatabricksTasks) -> None:
    def raise_error(number: int, frame: object) -> None:
        raise TaskTimeoutError

    def interrupt() -> None:
        eventually(lambda: tasks.workspace.calls("get"))
        signal.pthread_kill(main.ident, signal.SIGUSR1)

    tasks.workspace.states = (RUNNING,)
    main = threading.current_thread()
    before = signal.signal(signal.SIGUSR1, raise_error)
    threading.Thread(target=interrupt, daemon=True).start()
    patient = databricks_options(poll_interval=dt.timedelta(seconds=60))
    try:
        with pytest.raises(TaskTimeoutError):
            TaskContext(tasks.task(options=patient)).execute()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert tasks.workspace.calls("cancel") == [{"run_id": RUN_ID}]


def test_a_run_that_cannot_be_cancelled_is_logged_and_hides_no_error(
    tasks: DatabricksTasks, task_log: Callable[[], str]
) -> None:
    tasks.workspace.states = ({"life_cycle_state": "HIBERNATING"},)
    tasks.workspace.failures["cancel"] = [Failure.said(403, "PERMISSION_DENIED", "may not cancel")]
    with pytest.raises(EngineError, match="life cycle state 'HIBERNATING'"):
        TaskContext(tasks.task()).execute()
    said = [line for line in task_log().splitlines() if "could not be stopped" in line]
    assert len(said) == 1
    assert re.search(r"\berror\b", said[0], re.IGNORECASE)
    assert f"Databricks run {RUN_ID} could not be stopped, and may still be running: cannot" in said[0]
    assert "may not cancel (PERMISSION_DENIED, HTTP 403)" in said[0]
    assert f"or by `databricks jobs cancel-run {RUN_ID}`" in said[0]


def test_a_task_that_is_killed_before_it_has_a_run_asks_nothing(tasks: DatabricksTasks) -> None:
    tasks.task().on_kill()
    assert tasks.workspace.requests == []


def test_the_log_names_the_run_its_page_and_every_state_once_and_no_secret(
    tasks: DatabricksTasks, task_log: Callable[[], str]
) -> None:
    pending = {"life_cycle_state": "PENDING", "state_message": "Waiting for cluster"}
    tasks.workspace.states = (pending, pending, RUNNING, RUNNING, SUCCEEDED)
    TaskContext(tasks.task()).execute()
    log = task_log()
    assert f"waiting for Databricks run {RUN_ID}" in log
    assert f"the run's page: http://127.0.0.1/#job/1/run/{RUN_ID}" in log
    assert log.count("waits for its compute to start (PENDING): Waiting for cluster") == 1
    assert log.count("is running (RUNNING)") == 1
    assert "has succeeded (SUCCESS)" in log
    assert TOKEN not in log


@pytest.mark.parametrize(
    "argument", sorted(set(stock_arguments(DatabricksSubmitRunOperator)) - set(HONOURED))
)
def test_a_stock_argument_without_effect_is_refused(tasks: DatabricksTasks, argument: str) -> None:
    with pytest.raises(StockArgumentError, match=f"`{argument}`: ") as raised:
        tasks.task(**{argument: None})
    assert not str(raised.value).endswith(": take it out"), "no remedy of its own"


def test_a_stock_argument_in_default_args_of_the_dag_is_refused_too(tasks: DatabricksTasks) -> None:
    dag = DAG("probe_dag", schedule=None, default_args={"run_name": "mine"})
    with pytest.raises(StockArgumentError, match=r"`run_name` \(in default_args\): set `run_name` in the"):
        tasks.task(dag)


def test_honoured_arguments_go_before_the_options(tasks: DatabricksTasks) -> None:
    options = databricks_options(connection_id="of_options", poll_interval=dt.timedelta(seconds=7))
    arguments = {"databricks_conn_id": "of_dag", "polling_period_seconds": 3, "databricks_retry_limit": 9}
    by_dag = tasks.task(DAG("probe_dag", schedule=None, default_args=arguments), options)
    by_options = tasks.task(options=options)
    seen = [
        (task.databricks_conn_id, task.polling_period_seconds, task.databricks_retry_limit)
        for task in (by_dag, by_options)
    ]
    assert seen == [("of_dag", 3, 9), ("of_options", 7, 3)]


@pytest.mark.parametrize("wish", [True, False, None])
def test_deferrable_stays_what_the_user_gave(
    tasks: DatabricksTasks, monkeypatch: pytest.MonkeyPatch, wish: bool | None
) -> None:
    """The stock operator would put Airflow's default into it when the DAG is parsed."""
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", str(not wish))
    by_dag = tasks.task(DAG("probe_dag", schedule=None, default_args={"deferrable": wish}))
    assert (tasks.task(deferrable=wish).deferrable, by_dag.deferrable) == (wish, wish)


def test_options_that_contradict_each_other_are_refused_when_the_dag_is_built(tasks: DatabricksTasks) -> None:
    options = Options(existing_cluster_id="1121", environment={"ENV": "dev"})
    with pytest.raises(
        EngineOptionsError, match=r"^databricks: environment is for a new cluster: .*; take it"
    ):
        tasks.task(options=options)


def test_the_task_is_stored_with_its_templates_and_the_stock_link(tasks: DatabricksTasks) -> None:
    task = tasks.task(job_args={"month": "{{ params.month }}", "file": "x.json-tpl"})
    stored = json.dumps(serialize_dag(task.dag))
    assert "DatabricksJobRunLink" in stored
    assert "{{ params.month }}" in stored
    assert {"job_args", "code_version", "databricks_conn_id"} <= set(task.template_fields)
    assert TOKEN not in stored


def test_text_that_looks_like_a_template_file_stays_text(tasks: DatabricksTasks) -> None:
    TaskContext(tasks.task(job_args={"file": "x.json-tpl"})).run()
    (request,) = tasks.workspace.calls("submit")
    assert "x.json-tpl" in request["tasks"][0]["spark_python_task"]["parameters"]

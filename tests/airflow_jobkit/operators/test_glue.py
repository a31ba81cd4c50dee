"""The Glue operator: what it takes, asks of Glue and tells, and that nothing runs on after it."""

from __future__ import annotations

import datetime as dt
import json
import re
import signal
import threading
from collections.abc import Callable, Iterator

import pytest
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from botocore.config import Config
from executing import Executing, eventually
from fake_glue import FakeGlue
from glue_tasks import ONE_ATTEMPT, QUICKLY, GlueTasks, NearbyGlueOperator, glue_options
from task_context import ProbeProject, TaskContext

from airflow_jobkit._compat import DAG, serialize_dag
from airflow_jobkit.contracts.envelope import decode
from airflow_jobkit.engines.glue.options import Options
from airflow_jobkit.errors import EngineError, EngineOptionsError, StockArgumentError
from airflow_jobkit.operators.glue import HONOURED, GlueSparkJobOperator
from airflow_jobkit.operators.stock import stock_arguments
from airflow_jobkit.release import open_store, promote_release

WITHOUT_EFFECT = sorted(set(stock_arguments(GlueJobOperator)) - set(HONOURED))


class TimedOutError(BaseException):
    """Airflow's own time-out is no Exception either, so that no library takes it for one of its errors."""


@pytest.fixture
def tasks(project: ProbeProject, monkeypatch: pytest.MonkeyPatch) -> Iterator[GlueTasks]:
    with GlueTasks.serving(project, monkeypatch) as tasks:
        yield tasks


@pytest.fixture
def built(project: ProbeProject) -> GlueTasks:
    """Tasks that are only built, so that they need neither code nor Glue."""
    return GlueTasks(project, FakeGlue("http://nowhere.invalid"))


def test_a_task_makes_the_definition_starts_its_run_and_waits(tasks: GlueTasks) -> None:
    summary = TaskContext(tasks.task(operator=NearbyGlueOperator)).execute()
    assert summary["status"] == "unknown"  # nothing was executed, so there is no Result
    assert tasks.glue.count() == {"GetJob": 1, "CreateJob": 1, "StartJobRun": 1, "GetJobRun": 3}
    (request,) = tasks.glue.requests("StartJobRun")
    assert request["JobName"] in tasks.glue.jobs
    assert request["Arguments"]["--scriptLocation"].endswith("/1.0.0/scripts/glue/generic_entry.py")
    assert request["Arguments"]["--module_name"] == "probe.report"


def test_glue_sees_the_version_that_a_channel_names_and_never_the_channel(tasks: GlueTasks) -> None:
    promote_release(open_store(str(tasks.project.code_root)), "1.0.0")
    summary = TaskContext(tasks.task(code_version="stable")).execute()
    assert summary["code_version"] == "1.0.0"
    (request,) = tasks.glue.requests("StartJobRun")
    assert request["Arguments"]["--scriptLocation"].endswith("/1.0.0/scripts/glue/generic_entry.py")
    assert "stable" not in json.dumps(
        [*tasks.glue.requests("StartJobRun"), *tasks.glue.requests("CreateJob")]
    )
    assert decode(request["Arguments"]["--jobkit_envelope"]).code_version == "1.0.0"


def test_places_that_are_not_on_s3_are_refused_before_anything_is_asked(tasks: GlueTasks) -> None:
    with pytest.raises(EngineError, match=r"glue cannot reach the code root .*`code: \{root: s3://\.\.\.\}`"):
        TaskContext(tasks.task(operator=GlueSparkJobOperator)).execute()
    assert tasks.glue.calls == []
    assert GlueSparkJobOperator.reaches == ("s3://",)


def test_an_existing_job_is_used_as_it_is(tasks: GlueTasks) -> None:
    tasks.glue.jobs["nightly"] = {"Name": "nightly", "Command": {"Name": "glueetl"}}
    TaskContext(tasks.task(options=Options(existing_job="nightly", poll_interval=QUICKLY))).execute()
    assert tasks.glue.count() == {"GetJob": 1, "StartJobRun": 1, "GetJobRun": 3}
    assert tasks.glue.requests("StartJobRun")[0].keys() == {"JobName", "Arguments"}


def test_an_existing_job_that_glue_repeats_by_itself_is_not_started(tasks: GlueTasks) -> None:
    tasks.glue.jobs["nightly"] = {"Name": "nightly", "Command": {"Name": "glueetl"}, "MaxRetries": 1}
    with pytest.raises(EngineError, match="set the job's MaxRetries to 0"):
        TaskContext(tasks.task(options=Options(existing_job="nightly"))).execute()
    assert tasks.glue.count() == {"GetJob": 1}


def test_the_run_is_known_to_other_tasks_and_to_the_link_while_it_runs(tasks: GlueTasks) -> None:
    context = TaskContext(tasks.task())
    context.execute()
    (job,) = tasks.glue.jobs
    assert context.xcoms["glue_job_run_id"] == "jr_1"
    assert context.xcoms["glue_job_name"] == job
    stock = context.xcoms["glue_job_run_details"]
    url = context.task.operator_extra_links[0].format_link(**stock)
    assert url == (
        "https://console.aws.amazon.com/gluestudio/home?region=eu-west-1#/job/" + job + "/run/jr_1"
    )
    pushed_by_3 = {key: value for key, value in context.xcoms.items() if key.startswith("_link_")}
    assert pushed_by_3 in ({}, {"_link_GlueJobRunDetailsLink": url})


@pytest.mark.parametrize("state", ["FAILED", "STOPPED"])
def test_any_end_but_success_fails_the_task_with_glues_words(tasks: GlueTasks, state: str) -> None:
    tasks.glue.states, tasks.glue.error_message = ("RUNNING", state), "Command failed with exit code 1"
    with pytest.raises(
        EngineError,
        match=rf"^Glue job run jr_1 of probe-\w+ .* \({state}\): Command failed with exit code 1: ",
    ):
        TaskContext(tasks.task()).execute()
    assert tasks.glue.count()["BatchStopJobRun"] == 0


def test_a_failed_run_that_says_nothing_is_described(tasks: GlueTasks) -> None:
    tasks.glue.states = ("TIMEOUT",)
    with pytest.raises(EngineError, match=r"took longer than its time-out allows \(TIMEOUT\): "):
        TaskContext(tasks.task()).execute()


def test_an_unknown_state_fails_the_task_and_stops_the_run(tasks: GlueTasks) -> None:
    tasks.glue.states = ("RUNNING", "PAUSED")
    with pytest.raises(EngineError, match="in the state 'PAUSED'"):
        TaskContext(tasks.task()).execute()
    assert tasks.glue.runs["jr_1"]["JobRunState"] == "STOPPED"


def test_a_killed_task_stops_its_run(tasks: GlueTasks) -> None:
    tasks.glue.states = ("RUNNING",)
    executing = Executing(TaskContext(tasks.task()))
    assert eventually(lambda: tasks.glue.count()["GetJobRun"])
    executing.task.on_kill()
    assert "jr_1 of probe-" in str(executing.ended())
    assert tasks.glue.requests("BatchStopJobRun") == [
        {"JobName": tasks.glue.runs["jr_1"]["JobName"], "JobRunIds": ["jr_1"]}
    ]


def test_a_task_that_times_out_stops_its_run(tasks: GlueTasks) -> None:
    def raise_error(number: int, frame: object) -> None:
        raise TimedOutError

    def interrupt() -> None:
        eventually(lambda: tasks.glue.count()["GetJobRun"])
        signal.pthread_kill(main.ident, signal.SIGUSR1)

    tasks.glue.states = ("RUNNING",)
    main = threading.current_thread()
    before = signal.signal(signal.SIGUSR1, raise_error)
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        with pytest.raises(TimedOutError):
            TaskContext(tasks.task()).execute()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert tasks.glue.runs["jr_1"]["JobRunState"] == "STOPPED"


def test_a_run_that_cannot_be_stopped_is_logged_and_hides_no_error(
    tasks: GlueTasks, task_log: Callable[[], str]
) -> None:
    tasks.glue.states = ("PAUSED",)
    tasks.glue.stop_errors = [("InternalServiceException", "try again")]
    with pytest.raises(EngineError, match="in the state 'PAUSED'"):
        TaskContext(tasks.task()).execute()
    (job,) = tasks.glue.jobs
    said = [line for line in task_log().splitlines() if "could not be stopped" in line]
    assert len(said) == 1
    assert re.search(r"\berror\b", said[0], re.IGNORECASE)
    assert f"Glue job run jr_1 of {job} could not be stopped, and may still be running: Glue does" in said[0]
    assert "InternalServiceException: try again" in said[0]
    command = f"aws glue batch-stop-job-run --region eu-west-1 --job-name {job} --job-run-ids jr_1"
    assert command in said[0]


def test_a_task_that_is_killed_before_it_has_a_run_asks_nothing_of_glue(tasks: GlueTasks) -> None:
    tasks.task().on_kill()
    assert tasks.glue.calls == []


def test_a_task_that_is_killed_while_its_definition_is_looked_up_starts_no_run(tasks: GlueTasks) -> None:
    tasks.glue.held["GetJob"] = threading.Event()
    executing = Executing(TaskContext(tasks.task()))
    assert eventually(lambda: tasks.glue.count()["GetJob"])
    executing.task.on_kill()
    tasks.glue.held["GetJob"].set()
    assert "killed" in str(executing.ended())
    assert tasks.glue.runs == {}


def test_a_task_that_is_killed_before_it_knows_its_run_stops_it(tasks: GlueTasks) -> None:
    tasks.glue.states = ("RUNNING",)
    tasks.glue.held["StartJobRun"] = threading.Event()
    executing = Executing(TaskContext(tasks.task()))
    assert eventually(lambda: tasks.glue.runs)
    executing.task.on_kill()
    tasks.glue.held["StartJobRun"].set()
    assert "killed" in str(executing.ended())
    assert tasks.glue.runs["jr_1"]["JobRunState"] == "STOPPED"
    assert tasks.glue.count()["GetJobRun"] == 0


def test_looks_that_fail_for_a_while_end_no_run(tasks: GlueTasks, task_log: Callable[[], str]) -> None:
    throttled = ("ThrottlingException", "Rate exceeded")
    tasks.glue.refusals["GetJobRun"] = [throttled, ("InternalServiceException", "oops", 500)]
    TaskContext(tasks.task(botocore_config=ONE_ATTEMPT)).execute()
    assert tasks.glue.count()["BatchStopJobRun"] == 0
    log = task_log()
    assert log.count("cannot be looked at now, and is looked at again for 10m: Glue refused GetJobRun") == 1
    assert log.count("can be looked at again") == 1


def test_a_run_that_is_not_there_any_more_ends_the_task_at_once(tasks: GlueTasks) -> None:
    tasks.glue.refusals["GetJobRun"] = [("EntityNotFoundException", "Run jr_1 not found")]
    with pytest.raises(EngineError, match="Run jr_1 not found"):
        TaskContext(tasks.task()).execute()
    assert tasks.glue.count()["GetJobRun"] == 1


def test_the_log_names_the_run_and_every_state_once_and_no_secret(
    tasks: GlueTasks, task_log: Callable[[], str]
) -> None:
    tasks.glue.states = ("WAITING", "STARTING", "RUNNING", "RUNNING", "SUCCEEDED")
    TaskContext(tasks.task(operator=NearbyGlueOperator)).execute()
    log = task_log()
    (job,) = tasks.glue.jobs
    run = f"Glue job run jr_1 of {job}"
    assert f"{run}: https://console.aws.amazon.com/" in log
    assert f"{run} is queued, until there is room for it (WAITING)" in log
    assert log.count(f"{run} is running (RUNNING)") == 1
    assert f"{run} has succeeded (SUCCEEDED)" in log
    assert "a-secret-key" not in log


@pytest.mark.parametrize("argument", WITHOUT_EFFECT)
def test_a_stock_argument_without_effect_is_refused(built: GlueTasks, argument: str) -> None:
    with pytest.raises(StockArgumentError, match=f"`{argument}`: "):
        built.task(**{argument: None})


def test_a_stock_argument_in_default_args_of_the_dag_is_refused_too(built: GlueTasks) -> None:
    dag = DAG("probe_dag", schedule=None, default_args={"verbose": True})
    with pytest.raises(StockArgumentError, match=r"`verbose` \(in default_args\): take it out"):
        built.task(dag)


def test_the_connection_is_that_of_the_operator_its_default_args_the_options_or_the_project(
    built: GlueTasks,
) -> None:
    options = Options(iam_role_name="a", aws_conn_id="of_options", region_name="eu-west-3")
    dag = DAG("probe_dag", schedule=None, default_args={"aws_conn_id": "of_dag", "region_name": "us-east-2"})
    made = [
        built.task(dag, options, aws_conn_id=None),
        built.task(DAG("probe_dag", schedule=None, default_args=dag.default_args), options),
        built.task(options=options),
        built.task(),
    ]
    assert [(task.aws_conn_id, task.region_name) for task in made] == [
        (None, "us-east-2"),
        ("of_dag", "us-east-2"),
        ("of_options", "eu-west-3"),
        ("aws_default", None),
    ]


def test_options_that_are_incomplete_are_refused_when_the_dag_is_built(built: GlueTasks) -> None:
    with pytest.raises(EngineOptionsError, match=r"^glue: Glue needs a role for the runs; set iam_role_name"):
        built.task(options=Options(timeout=dt.timedelta(minutes=5)))


def test_the_task_is_stored_with_its_templates_and_the_stock_link(built: GlueTasks) -> None:
    task = built.task(job_args={"month": "{{ params.month }}"})
    stored = json.dumps(serialize_dag(task.dag))
    assert "GlueJobRunDetailsLink" in stored
    assert "{{ params.month }}" in stored
    assert {"job_args", "code_version", "aws_conn_id", "region_name"} <= set(task.template_fields)


def test_what_the_driver_prints_stands_in_the_tasks_log(
    tasks: GlueTasks, task_log: Callable[[], str]
) -> None:
    tasks.glue.printed["/aws-glue/jobs/output"].append("327,346 rows of flights")
    TaskContext(tasks.task(operator=NearbyGlueOperator, options=glue_options(stream_logs=True))).execute()
    assert task_log().count("327,346 rows of flights") == 1


def test_a_log_that_may_not_be_read_costs_one_warning(tasks: GlueTasks, task_log: Callable[[], str]) -> None:
    tasks.glue.refusals["GetLogEvents"] = [("AccessDeniedException", "not authorized")] * 9
    summary = TaskContext(
        tasks.task(operator=NearbyGlueOperator, options=glue_options(stream_logs=True))
    ).execute()
    assert summary["status"] == "unknown"
    assert task_log().count("allow logs:GetLogEvents") == 1
    assert len(tasks.glue.log_calls) == 1


def test_deferrable_stays_what_the_user_gave_whatever_airflows_default_is(
    built: GlueTasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "true")
    dag = DAG("probe_dag", schedule=None, default_args={"deferrable": False})
    made = [built.task(), built.task(deferrable=True), built.task(deferrable=False), built.task(dag)]
    assert [task.deferrable for task in made] == [None, True, False, False]


def test_settings_of_botocore_that_the_triggerer_could_not_get_are_refused(built: GlueTasks) -> None:
    with pytest.raises(StockArgumentError, match=r'write it as a dictionary .*\{"read_timeout": 120\}'):
        built.task(botocore_config=Config(read_timeout=120))
    assert built.task(botocore_config=ONE_ATTEMPT).botocore_config == ONE_ATTEMPT

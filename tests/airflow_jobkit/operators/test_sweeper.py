"""The sweeper stops the runs that nobody waits for, and leaves all others alone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from fake_glue import FakeGlue, running_fake_glue
from fake_workspace import RUN_ID, RUNNING, SUCCEEDED, TERMINATING, Failure, FakeWorkspace
from task_context import ProbeProject, TaskContext

from airflow_jobkit._compat import DAG
from airflow_jobkit.contracts.envelope import Envelope, NotifierBinding
from airflow_jobkit.contracts.run_key import RunIdentity
from airflow_jobkit.engines.databricks.options import Options as DatabricksOptions
from airflow_jobkit.engines.glue.options import Options as GlueOptions
from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.engines.orphans import Instance
from airflow_jobkit.errors import EngineError
from airflow_jobkit.operators.sweeper import FoundRun, SweepOrphansOperator
from airflow_jobkit.spec.settings import Sweeper

TAGS = {"airflow-jobkit": "definition", "airflow-jobkit-project": "probe"}
GLUE = GlueOptions(existing_job="nightly")


class ToldStates(SweepOrphansOperator):
    """A sweeper whose Airflow says, look by look, how the tasks of the probe's DAG run are."""

    def __init__(self, *, told: Sequence[Mapping[str, str | None]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.told = list(told)

    def states(self, runs: Iterable[FoundRun]) -> dict[Instance, str | None]:
        told = self.told.pop(0) if len(self.told) > 1 else self.told[0]
        return {run.instance: told[task] for run in runs if (task := run.instance.task_id) in told}


@pytest.fixture
def sweep(project: ProbeProject) -> Callable[..., Any]:
    """Sweep once, with what Airflow says at each look."""

    def sweep_once(*told: Mapping[str, str | None], options: Sequence[EngineOptions]) -> Any:
        engine = "glue" if isinstance(options[0], GlueOptions) else "databricks"
        sweeper = ToldStates(
            task_id=engine,
            dag=DAG("sweeper", schedule=None),
            engine=engine,
            settings=project.settings(sweeper=Sweeper(grace=dt.timedelta(milliseconds=10))),
            options=options,
            told=told,
        )
        return TaskContext(sweeper).execute()

    return sweep_once


@pytest.fixture
def arguments(project: ProbeProject) -> Callable[..., dict[str, str]]:
    """What a run of a task was started with."""

    def of_task(task: str, environment: str = "local", *, in_file: bool = False) -> dict[str, str]:
        identity = RunIdentity("probe_dag", "manual__1", task, -1, 0)
        envelope = Envelope(
            identity=identity,
            try_number=1,
            logical_date=None,
            data_interval_start=None,
            data_interval_end=None,
            engine="glue",
            environment=environment,
            code_version="1.0.0",
            code_digest="0" * 64,
            arguments=(),
            data_root="/data",
            datasets={},
            result=str(project.runs_root / identity.result_key),
            notifier=NotifierBinding(None, {}),
        ).encode()
        if in_file:
            file = project.runs_root / identity.folder / "envelope-1.txt"
            file.parent.mkdir(parents=True)
            file.write_text(envelope)
            envelope = f"@{file}"
        return {"--jobkit_envelope": envelope, "--jobkit_run_key": f"{identity.key}.0"}

    return of_task


class TestGlue:
    @pytest.fixture
    def glue(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGlue]:
        with running_fake_glue() as glue:
            connection = {
                "conn_type": "aws",
                "login": "an-access-key",
                "password": "a-secret-key",
                "extra": {"region_name": "eu-west-1", "endpoint_url": glue.url},
            }
            monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
            glue.jobs = {name: {"Name": name, "Tags": TAGS} for name in ("probe-one", "probe-two")}
            glue.jobs["nightly"] = {"Name": "nightly"}
            glue.states = ("RUNNING",)
            yield glue

    @pytest.fixture
    def add(self, glue: FakeGlue) -> Callable[..., str]:
        """A run of a job, with arguments; its id."""

        def add_run(
            arguments: Mapping[str, str], job: str = "probe-one", state: str = "RUNNING", days: float = 0
        ) -> str:
            glue.add_run(job, state, dt.datetime.now(dt.UTC) - dt.timedelta(days=days))
            run_id = list(glue.runs)[-1]
            glue.runs[run_id]["Arguments"] = dict(arguments)
            return run_id

        return add_run

    def stopped(self, glue: FakeGlue) -> list[str]:
        return [run_id for request in glue.requests("BatchStopJobRun") for run_id in request["JobRunIds"]]

    def test_orphans_of_all_jobs_are_stopped_and_each_run_that_is_not_is_logged(
        self,
        glue: FakeGlue,
        add: Callable[..., str],
        arguments: Callable[..., dict[str, str]],
        sweep: Callable[..., Any],
        task_log: Callable[[], str],
    ) -> None:
        ended = [add(arguments("failed")), add(arguments("done", in_file=True), "probe-two")]
        ended.append(add(arguments("existing"), "nightly", "WAITING"))
        waiting = add(arguments("deferred"))
        lost = add(arguments("of_another_airflow"))
        told = {"failed": "failed", "done": "success", "existing": "removed", "deferred": "deferred"}
        found = sweep(told, options=[GLUE, GlueOptions(iam_role_name="role")])
        assert {name: sorted(runs) for name, runs in found.items()} == {
            "stopped": ended,
            "left": [waiting],
            "unknown": [lost],
        }
        assert sorted(self.stopped(glue)) == ended
        log = task_log()
        assert (
            f"stopped Glue job run {ended[0]} of probe-one: its task probe_dag.failed of manual__1 is" in log
        )
        assert f"left Glue job run {waiting} of probe-one: its task probe_dag.deferred of" in log
        assert f"left Glue job run {lost} of probe-one: this Airflow does not know its task" in log

    def test_runs_of_others_are_not_looked_up(
        self,
        glue: FakeGlue,
        add: Callable[..., str],
        arguments: Callable[..., dict[str, str]],
        sweep: Callable[..., Any],
    ) -> None:
        add(arguments("task", "prod"))
        add({})
        add({"--jobkit_run_key": "0.0", "--jobkit_envelope": "@/etc/hostname"})
        add(arguments("task"), "somebody-elses")
        add(arguments("task"), state="STOPPING")
        add(arguments("task"), state="SUCCEEDED")
        add(arguments("task"), days=8)
        assert sweep({"task": "failed"}, options=[GLUE]) == {"stopped": [], "left": [], "unknown": []}
        assert self.stopped(glue) == []

    def test_a_run_whose_envelope_cannot_be_read_costs_a_warning(
        self,
        glue: FakeGlue,
        add: Callable[..., str],
        project: ProbeProject,
        sweep: Callable[..., Any],
        task_log: Callable[[], str],
    ) -> None:
        run = add({"--jobkit_run_key": "0.0", "--jobkit_envelope": f"@{project.runs_root}/gone.txt"})
        sweep({}, options=[GLUE])
        assert f"Glue job run {run} of probe-one is left alone: whose it is cannot be read" in task_log()

    def test_a_task_that_goes_on_at_the_second_look_keeps_its_run(
        self,
        glue: FakeGlue,
        add: Callable[..., str],
        arguments: Callable[..., dict[str, str]],
        sweep: Callable[..., Any],
    ) -> None:
        run = add(arguments("task"))
        found = sweep({"task": "failed"}, {"task": None}, options=[GLUE])
        assert found == {"stopped": [], "left": [run], "unknown": []}
        assert self.stopped(glue) == []

    @pytest.mark.parametrize("state", ["SUCCEEDED", "STOPPING"])
    def test_a_run_that_ends_between_the_looks_is_not_stopped(
        self,
        glue: FakeGlue,
        add: Callable[..., str],
        arguments: Callable[..., dict[str, str]],
        sweep: Callable[..., Any],
        state: str,
    ) -> None:
        glue.states = (state,)
        run = add(arguments("task"))
        assert sweep({"task": "success"}, options=[GLUE])["left"] == [run]
        assert self.stopped(glue) == []

    def test_a_run_that_cannot_be_stopped_fails_the_task_after_the_others_are_stopped(
        self,
        glue: FakeGlue,
        add: Callable[..., str],
        arguments: Callable[..., dict[str, str]],
        sweep: Callable[..., Any],
    ) -> None:
        add(arguments("one"))
        add(arguments("two"))
        glue.stop_errors = [("InternalServiceException", "not now")]
        with pytest.raises(EngineError, match=r"of probe-one could not be stopped: .*not now"):
            sweep({"one": "failed", "two": "failed"}, options=[GLUE])
        assert [run["JobRunState"] for run in glue.runs.values()].count("STOPPED") == 1

    def test_a_connection_that_fails_does_not_keep_the_others_from_being_swept(
        self,
        glue: FakeGlue,
        add: Callable[..., str],
        arguments: Callable[..., dict[str, str]],
        sweep: Callable[..., Any],
    ) -> None:
        run = add(arguments("task"))
        glue.refusals["ListJobs"] = [("AccessDeniedException", "not allowed")]
        options = [GlueOptions(iam_role_name="role", region_name="us-east-1"), GLUE]
        with pytest.raises(EngineError, match="Glue by the connection aws_default in us-east-1: the runs"):
            sweep({"task": "failed"}, options=options)
        assert self.stopped(glue) == [run]


class TestDatabricks:
    OPTIONS = (DatabricksOptions(connection_id="lake", serverless=True),) * 2

    @pytest.fixture
    def workspace(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWorkspace]:
        with FakeWorkspace(states=(RUNNING,)).serving() as workspace:
            monkeypatch.setenv("AIRFLOW_CONN_LAKE", workspace.connection)
            yield workspace

    @pytest.fixture
    def add(self, workspace: FakeWorkspace) -> Callable[[Mapping[str, str]], int]:
        """A one-time run with arguments; its id."""

        def add_run(arguments: Mapping[str, str]) -> int:
            run_id = RUN_ID + len(workspace.tokens)
            workspace.tokens[str(run_id)] = run_id
            parameters = [
                "--module_name",
                "probe.report",
                *(part for pair in arguments.items() for part in pair),
            ]
            task = {"task_key": "job", "spark_python_task": {"parameters": parameters}}
            workspace.requests.append(("submit", {"idempotency_token": str(run_id), "tasks": [task]}))
            return run_id

        return add_run

    def test_orphans_are_cancelled_and_other_runs_are_left_alone(
        self,
        workspace: FakeWorkspace,
        add: Callable[[Mapping[str, str]], int],
        arguments: Callable[..., dict[str, str]],
        sweep: Callable[..., Any],
    ) -> None:
        add({})
        orphan, waiting = add(arguments("failed")), add(arguments("retried"))
        add(arguments("failed", "prod"))
        found = sweep({"failed": "failed", "retried": "up_for_retry"}, options=self.OPTIONS)
        assert found == {"stopped": [str(orphan)], "left": [str(waiting)], "unknown": []}
        assert workspace.calls("cancel") == [{"run_id": orphan}]
        (listed,) = workspace.calls("list")
        assert listed["active_only"] == "true"
        assert listed["run_type"] == "SUBMIT_RUN"

    @pytest.mark.parametrize("state", [SUCCEEDED, TERMINATING])
    def test_a_run_that_ends_between_the_looks_is_not_cancelled(
        self,
        workspace: FakeWorkspace,
        add: Callable[[Mapping[str, str]], int],
        arguments: Callable[..., dict[str, str]],
        sweep: Callable[..., Any],
        state: Mapping[str, Any],
    ) -> None:
        workspace.states = (state,)
        run = add(arguments("task"))
        assert sweep({"task": "success"}, options=self.OPTIONS)["left"] == [str(run)]
        assert workspace.calls("cancel") == []

    def test_a_workspace_that_refuses_to_list_fails_the_task_with_its_words(
        self, workspace: FakeWorkspace, sweep: Callable[..., Any]
    ) -> None:
        workspace.failures["list"] = [Failure.said(403, "PERMISSION_DENIED", "not allowed")]
        with pytest.raises(EngineError, match=r"Databricks by the connection lake: .*not allowed"):
            sweep({}, options=self.OPTIONS)

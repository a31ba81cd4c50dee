"""The stock provider's hook and operator against the workspace."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from executing import eventually
from task_context import TaskContext, use_temporary_airflow_home

use_temporary_airflow_home()

pytest.importorskip("airflow.providers.databricks", reason="the databricks provider is not installed")

pytestmark = pytest.mark.engines

CLUSTER = {
    "spark_version": "15.4.x-scala2.12",
    "node_type_id": "mgd-fleet.xlarge",
    "num_workers": 1,
    "spark_env_vars": {"PYSPARK_PYTHON": "/databricks/python3/bin/python3", "ENV": "dev"},
}


@pytest.fixture
def workspace(workspace_process: Any) -> Any:
    """One for all tests here: Airflow's environment need not have what serves it."""
    return workspace_process


@pytest.fixture
def hook(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The stock hook, with a connection to the workspace."""
    from airflow.providers.databricks.hooks.databricks import DatabricksHook

    url = urlsplit(workspace.url)
    connection = {
        "conn_type": "databricks",
        "host": url.hostname,
        "port": url.port,
        "schema": "http",
        "password": workspace.token,
    }
    monkeypatch.setenv("AIRFLOW_CONN_DATABRICKS_DEFAULT", json.dumps(connection))
    return DatabricksHook(retry_limit=1)


def operator(workspace: Any, source: str, *parameters: str, **others: Any) -> Any:
    """The stock operator, in a DAG of its own."""
    from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator

    from airflow_jobkit._compat import DAG

    task = DatabricksSubmitRunOperator(
        task_id="task",
        dag=DAG("stock", schedule=None),
        polling_period_seconds=1,
        run_name="stock run",
        spark_python_task={"python_file": workspace.script(source), "parameters": list(parameters)},
        new_cluster=CLUSTER,
        **others,
    )
    # Where Airflow keeps the state of tasks, from 3.3, it would be asked for an earlier try's run.
    task.durable = False
    return task


def submitted(workspace: Any) -> set[int]:
    """The ids of all runs so far."""
    return {run["run_id"] for run in workspace.call("GET", "jobs/runs/list").json.get("runs", [])}


def test_the_hook_reads_every_answer(hook: Any, workspace: Any) -> None:
    """Its own classes take the states, and its connection test passes."""
    run_id = hook.submit_run(workspace.single("print('hello')"))
    workspace.ended(run_id)

    assert hook.get_run_state(run_id).is_successful
    assert hook.get_run_page_url(run_id).startswith(workspace.url)
    assert hook.get_job_id(run_id) == workspace.get(run_id)["job_id"]
    assert hook.get_run_output(run_id)["logs"] == "hello\n"
    assert hook.get_run(run_id)["run_id"] == run_id
    hook.delete_run(run_id)
    assert hook.test_connection()[0] is True


def test_the_hook_cancels_a_run(hook: Any, workspace: Any) -> None:
    run_id = hook.submit_run(workspace.single("import time; time.sleep(600)"))
    assert not hook.get_run_state(run_id).is_terminal

    hook.cancel_run(run_id)

    workspace.ended(run_id)
    assert hook.get_run_state(run_id).result_state == "CANCELED"


def test_the_hook_shows_why_a_request_was_refused(hook: Any) -> None:
    with pytest.raises(
        Exception, match="One of job_cluster_key, new_cluster, or existing_cluster_id must be"
    ):
        hook.submit_run({"run_name": "nothing"})


def test_the_stock_operator_runs_a_script_with_its_wheel(hook: Any, workspace: Any, tmp_path: Path) -> None:
    """And pushes the run's id and page."""
    wheel = workspace.wheel("code_of_team-1.0-py3-none-any.whl", code_of_team="WORD = 'found'")
    source = """
        import code_of_team, os, sys
        open(sys.argv[1], "w").write(code_of_team.WORD + " " + os.environ["ENV"])
    """
    task = operator(
        workspace,
        source,
        str(tmp_path / "said"),
        libraries=[{"whl": wheel}],
        timeout_seconds=600,
        access_control_list=[{"group_name": "consumer-developers", "permission_level": "CAN_VIEW"}],
    )
    context = TaskContext(task)

    context.execute()

    assert (tmp_path / "said").read_text() == "found dev"
    run = workspace.get(context.xcoms["run_id"])
    assert run["state"]["result_state"] == "SUCCESS"
    assert context.xcoms["run_page_url"] == run["run_page_url"]


def test_the_stock_operator_fails_with_the_scripts_error(hook: Any, workspace: Any) -> None:
    context = TaskContext(operator(workspace, "raise ValueError('no such month: 13')"))

    with pytest.raises(Exception, match="ValueError: no such month: 13"):
        context.execute()


def test_the_stock_operator_fails_with_a_time_out(hook: Any, workspace: Any) -> None:
    context = TaskContext(operator(workspace, "import time; time.sleep(600)", timeout_seconds=1))

    with pytest.raises(Exception, match="TIMEDOUT"):
        context.execute()


def test_a_killed_stock_operator_cancels_its_run(hook: Any, workspace: Any) -> None:
    task = operator(workspace, "import time; time.sleep(600)")
    errors: list[Exception] = []

    def execute() -> None:
        try:
            TaskContext(task).execute()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            errors.append(error)

    thread = threading.Thread(target=execute, daemon=True)
    thread.start()
    assert eventually(lambda: getattr(task, "run_id", None) or errors), "no run was submitted"
    assert errors == []

    task.on_kill()

    thread.join(60)
    assert "CANCELED" in str(errors[0])


def test_a_stock_operator_with_a_token_finds_its_earlier_run(hook: Any, workspace: Any) -> None:
    """Also where the first answer was lost: the run is there, and no second one is started."""
    source = "import pathlib; pathlib.Path('x').touch()"
    before = submitted(workspace)
    first = TaskContext(operator(workspace, source, idempotency_token="mine"))  # noqa: S106
    second = TaskContext(operator(workspace, source, idempotency_token="mine"))  # noqa: S106

    first.execute()
    second.execute()

    assert first.xcoms["run_id"] == second.xcoms["run_id"]
    assert submitted(workspace) - before == {first.xcoms["run_id"]}

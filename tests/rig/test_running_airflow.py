"""The emulated services in a running Airflow: the providers' own operators and sensor, ours beside them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from emulators import RunningEmulators
from executing import SLEEPS, eventually, pids, runs
from releases import publish_release_of
from rig.conftest import BUCKET
from rig.test_behaviours import SAYS
from running_airflow import RunningAirflow, running_airflow, wait_for

pytestmark = [
    pytest.mark.engines,
    pytest.mark.airflow,
    pytest.mark.xdist_group("airflow"),
    pytest.mark.timeout(600),  # the first test pays for the start of Airflow
]

ROOT = f"s3://{BUCKET}/running-airflow"

# DAGs as people write them by hand, which know nothing of this project.
STOCK = f"""
from airflow import DAG
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.sensors.glue import GlueJobSensor
from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator

CLUSTER = {{"spark_version": "15.4.x-scala2.12", "node_type_id": "m5.large", "num_workers": 1}}

for name in ("good", "bad"):
    script = f"{ROOT}/{{name}}.py"
    with DAG(f"stock_{{name}}", schedule=None) as dag:
        glue = GlueJobOperator(
            task_id="glue",
            job_name=f"stock-{{name}}",
            script_location=script,
            iam_role_arn="arn:aws:iam::123456789012:role/glue-job-role",
            create_job_kwargs={{"GlueVersion": "5.0", "NumberOfWorkers": 2, "WorkerType": "G.1X"}},
            script_args={{"--month": "7"}},
        )
        glue >> GlueJobSensor(
            task_id="sensor", job_name=f"stock-{{name}}", run_id=glue.output, poke_interval=1
        )
        DatabricksSubmitRunOperator(
            task_id="databricks",
            new_cluster=CLUSTER,
            spark_python_task={{"python_file": script, "parameters": ["--month", "7"]}},
            polling_period_seconds=1,
        )
    globals()[dag.dag_id] = dag
"""

PROJECT = f"""\
project: probe
sweeper: false
code: {{root: {ROOT}/code, version: "1.0.0"}}
data: {{root: {ROOT}/data}}
environments:
  local:
    glue: {{iam_role_name: glue-job-role, poll_interval: 1s}}
    databricks:
      poll_interval: 1s
      new_cluster: {{spark_version: 15.4.x-scala2.12, node_type_id: m5.large, num_workers: 1}}
"""

OURS = """\
says:
  tasks:
    glue: {spark_job: probe.says, engine: glue}
    databricks: {spark_job: probe.says, engine: databricks}
    sensor:
      operator: airflow.providers.amazon.aws.sensors.glue.GlueJobSensor
      dependencies: [glue]
      job_name: "{{ ti.xcom_pull(task_ids='glue', key='glue_job_name') }}"
      run_id: "{{ ti.xcom_pull(task_ids='glue', key='glue_job_run_id') }}"

sleeps:
  params: {folder: ""}
  tasks:
    glue: {spark_job: probe.sleeps, engine: glue, args: {place: "{{ params.folder }}/glue"}}
    databricks: {spark_job: probe.sleeps, engine: databricks, args: {place: "{{ params.folder }}/databricks"}}
"""

SCRIPTS = {
    "good": "import sys\nprint('hello from', sys.argv[1:])\n",
    "bad": "raise ValueError('no flights on the moon')\n",
}


@pytest.fixture(scope="module")
def airflow(
    emulators: RunningEmulators, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningAirflow]:
    folder = tmp_path_factory.mktemp("running")
    dags = folder / "dags"
    dags.mkdir()
    (dags / "stock.py").write_text(STOCK)
    (dags / "jobkit.yaml").write_text(PROJECT)
    (dags / "ours.yaml").write_text(OURS)
    (dags / "jobkit_dags.py").write_text("from airflow_jobkit import load_dags\n\nload_dags(globals())\n")
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in emulators.variables.items():
            monkeypatch.setenv(name, value)
        publish_release_of({"says": SAYS, "sleeps": SLEEPS}, "1.0.0", f"{ROOT}/code")
    for name, source in SCRIPTS.items():
        emulators.client("s3").put_object(Bucket=BUCKET, Key=f"running-airflow/{name}.py", Body=source)
    for engine in ("glue", "databricks"):
        (folder / "pids" / engine).mkdir(parents=True)
    with running_airflow(folder, dags, emulators.variables) as running:
        wait_for(lambda: {"says", "stock_good"} <= set(running.dags_shown()), "the DAGs", 90, running.tail)
        running.trigger(
            ("stock_good", "once", {}),
            ("stock_bad", "once", {}),
            ("says", "once", {}),
            ("sleeps", "killed", {"folder": str(folder / "pids")}),
        )
        yield running


def xcoms(airflow: RunningAirflow, task_id: str) -> dict[str, str]:
    """What a task of the DAG `says` has pushed, as Airflow's database has it."""
    rows = airflow.query("select key, value from xcom where dag_id = 'says' and task_id = ?", task_id)
    return {key: value.decode() if isinstance(value, bytes) else str(value) for key, value in rows}


def test_the_stock_operators_and_the_stock_sensor_see_runs_succeed(
    emulators: RunningEmulators, airflow: RunningAirflow
) -> None:
    states = airflow.finished("stock_good", "once", 120)
    assert set(states.values()) == {"success"}, airflow.log("stock_good", "once", "glue")
    printed = emulators.client("logs").filter_log_events(logGroupName="/aws-glue/jobs/output")
    assert "'--month', '7'" in str(printed["events"])


def test_the_stock_operators_see_runs_fail(airflow: RunningAirflow) -> None:
    states = airflow.finished("stock_bad", "once", 120)
    assert (states["glue"], states["databricks"]) == ("failed", "failed")
    assert "no flights on the moon" in airflow.log("stock_bad", "once", "databricks")


def test_the_stock_sensor_finds_a_run_of_ours_by_its_xcoms_and_the_stock_links_lead_to_it(
    airflow: RunningAirflow,
) -> None:
    states = airflow.finished("says", "once", 120)
    assert set(states.values()) == {"success"}, airflow.log("says", "once", "glue")
    pushed = xcoms(airflow, "glue")
    assert {"glue_job_run_id", "glue_job_name", "return_value"} <= set(pushed)
    run_id = pushed["glue_job_run_id"].strip('"')
    # The key of the link is its own on 2.x, and Airflow's on 3.x.
    assert [key for key, value in pushed.items() if "ink_GlueJob" in key or key == "glue_job_run_details"]
    assert all(run_id in value for key, value in pushed.items() if "ob_run_details" in key or "link" in key)
    assert {"run_id", "run_page_url", "return_value"} <= set(xcoms(airflow, "databricks"))


@pytest.mark.parametrize("engine", ["glue", "databricks"])
def test_a_task_marked_failed_stops_its_run(engine: str, airflow: RunningAirflow) -> None:
    family = pids(airflow.dags.parent / "pids" / engine, 90)
    assert all(map(runs, family))
    airflow.query("update task_instance set state = 'failed' where run_id = 'killed' and task_id = ?", engine)
    assert eventually(lambda: not any(map(runs, family)), 30), airflow.log("sleeps", "killed", engine)

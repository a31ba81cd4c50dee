"""The example DAGs come to what the hand-written ones that they replace would send."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from project_copy import ROOT

from airflow_jobkit import cli

HERE = Path(__file__).parent
EXAMPLES = {"spark_glue_example": "local-glue", "databricks_example": "local-databricks"}


@pytest.fixture
def rendered(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """What `jobkit render` prints of an example."""

    def render(name: str) -> str:
        monkeypatch.chdir(ROOT)
        assert cli.main(["render", f"dags/{name}.yaml", "--env", EXAMPLES[name]]) == 0
        return capsys.readouterr().out

    return render


@pytest.mark.parametrize("name", EXAMPLES)
def test_render_shows_the_whole_of(
    name: str, rendered: Callable[[str], str], golden: Callable[[Path, str], None]
) -> None:
    golden(HERE / f"{name}.render.yaml", rendered(name))


def requests(text: str, name: str) -> Mapping[str, Any]:
    """The example's DAG and the requests of its job."""
    dag = yaml.safe_load(text)[name]
    return {**dag, **dag["tasks"][name]["requests"]}


def test_the_glue_job_starts_as_its_hand_written_dag_starts_it(rendered: Callable[[str], str]) -> None:
    dag = requests(rendered("spark_glue_example"), "spark_glue_example")
    assert (dag["dagrun_timeout"], dag.get("schedule")) == ("10m", None)
    created, started = dag["CreateJob"], dag["StartJobRun"]
    assert (created["Role"], created["GlueVersion"]) == ("glue-job-role", "5.0")
    assert (started["Timeout"], started["WorkerType"], started["NumberOfWorkers"]) == (5, "G.1X", 2)
    arguments = started["Arguments"]
    prefix = "s3://code-bucket/code-prefix"
    assert arguments["--scriptLocation"] == f"{prefix}/scripts/glue/generic_entry.py"
    assert f"{prefix}/dwh-0.1.0-py3-none-any.whl" in arguments["--extra-py-files"].split(",")
    sensor = dag["tasks"]["wait_for_glue_job"]
    assert sensor["operator"].endswith(".GlueJobSensor")
    assert "key='glue_job_run_id'" in sensor["run_id"]


def test_the_databricks_job_is_submitted_as_its_hand_written_dag_submits_it(
    rendered: Callable[[str], str],
) -> None:
    dag = requests(rendered("databricks_example"), "databricks_example")
    assert dag["default_args"] == {"retries": 0, "retry_delay": "5m"}
    assert dag["tasks"]["databricks_example"]["databricks"]["connection_id"] == "databricks_consumer"
    submitted = dag["runs/submit"]
    (task,) = submitted["tasks"]
    parameters = task["spark_python_task"]["parameters"]
    assert parameters[parameters.index("--databricks_connection_name") + 1] == "databricks"
    assert task["new_cluster"] == {
        "spark_version": "15.4.x-scala2.12",
        "node_type_id": "mgd-fleet.xlarge",
        "driver_node_type_id": "mgd-fleet.xlarge",
        "num_workers": 1,
        "aws_attributes": {
            "instance_profile_arn": "arn:aws:iam::123456789012:instance-profile/databricks-consumer"
        },
        "spark_env_vars": {"PYSPARK_PYTHON": "/databricks/python3/bin/python3", "ENV": "dev"},
    }
    assert {"whl": "s3://code-bucket/code-prefix/dwh-0.1.0-py3-none-any.whl"} in task["libraries"]
    assert submitted["timeout_seconds"] == 600
    assert submitted["access_control_list"] == [
        {"group_name": "consumer-developers", "permission_level": "CAN_VIEW"}
    ]

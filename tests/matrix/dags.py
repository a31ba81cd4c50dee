"""The DAGs of the cells: ours as YAML, the stock operators' in Python, one DAG for each cell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from matrix.cells import Cell, Engine, arguments

BUCKET = "matrix-bucket"
ROOT = f"s3://{BUCKET}/matrix"
SCRIPT = f"{ROOT}/stock.py"
VERSION = "1.0.0"
TASK = "job"
ROLE = "glue-job-role"
CLUSTER = {"spark_version": "15.4.x-scala2.12", "node_type_id": "m5.large", "num_workers": 1}
JOBS = {"says": "def main(**kwargs):\n    return kwargs\n"}
"""A job that never runs: the simulator makes its runs up."""

_NAMED: dict[Engine, str] = {"glue": "job_name", "databricks": "run_name"}

SWEEPER = "jobkit_sweeper"

PROJECT = {
    "project": "probe",
    "code": {"root": f"{ROOT}/code", "version": VERSION},
    "data": {"root": f"{ROOT}/data"},
    # Only when a cell asks for it, and at once.
    "sweeper": {"schedule": None, "grace": "1s"},
    "environments": {
        "local": {
            "glue": {"iam_role_name": ROLE, "poll_interval": "1s", "lookup_window": "3s"},
            "databricks": {"poll_interval": "1s", "new_cluster": CLUSTER},
        }
    },
}

LOADER = "from airflow_jobkit import load_dags\n\nload_dags(globals())\n"

STOCK = """\
import datetime as dt
import inspect
import json
from pathlib import Path

from airflow import DAG

try:
    from airflow.sdk import get_parsing_context
except ImportError:
    from airflow.utils.dag_parsing_context import get_parsing_context

ROLE, CLUSTER, SCRIPT, TASK = {constants}


def glue(cell, common):
    from airflow.providers.amazon.aws.operators.glue import GlueJobOperator

    # The providers of 2.10.3 and 2.11.0 do not have it.
    has_delay = "waiter_delay" in inspect.signature(GlueJobOperator.__init__).parameters
    GlueJobOperator(
        job_name=cell["name"],
        script_location=SCRIPT,
        iam_role_arn=f"arn:aws:iam::123456789012:role/{{ROLE}}",
        create_job_kwargs={{"GlueVersion": "5.0", "NumberOfWorkers": 2, "WorkerType": "G.1X"}},
        script_args={{f"--{{name}}": value for name, value in cell["arguments"].items()}},
        verbose=cell["verbose"],
        stop_job_run_on_kill=True,
        job_poll_interval=1,
        **({{"waiter_delay": 1}} if has_delay else {{}}),
        **common,
    )


def databricks(cell, common):
    from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator

    parameters = [part for name, value in cell["arguments"].items() for part in (f"--{{name}}", value)]
    DatabricksSubmitRunOperator(
        json={{
            "run_name": cell["name"],
            "new_cluster": CLUSTER,
            "spark_python_task": {{"python_file": SCRIPT, "parameters": parameters}},
        }},
        polling_period_seconds=1,
        **common,
    )


wanted = get_parsing_context().dag_id
for cell in json.loads(Path(__file__).with_name("stock.json").read_text()):
    if wanted in (None, cell["name"]):
        with DAG(cell["name"], schedule=None, start_date=dt.datetime(2026, 1, 1)) as dag:
            timeout = cell["timeout"] and dt.timedelta(seconds=cell["timeout"])
            common = {{
                "task_id": TASK,
                "deferrable": cell["mode"] == "deferred",
                "retries": cell["retries"],
                "retry_delay": dt.timedelta(seconds=cell["retry_delay"]),
                "execution_timeout": timeout,
            }}
            {{"glue": glue, "databricks": databricks}}[cell["engine"]](cell, common)
        globals()[dag.dag_id] = dag
"""


def write_dags(folder: Path, cells: Sequence[Cell]) -> None:
    """Write a DAGs folder with a DAG of each cell."""
    folder.mkdir(parents=True)
    ours = [cell for cell in cells if cell.maker == "ours"]
    stock = [cell for cell in cells if cell.maker == "stock"]
    if ours:
        (folder / "jobkit.yaml").write_text(yaml.safe_dump(PROJECT, sort_keys=False))
        for cell in ours:
            dag = {cell.name: {"tasks": {TASK: _task(cell)}}}
            (folder / f"{cell.name}.yaml").write_text(yaml.safe_dump(dag, sort_keys=False))
        (folder / "jobkit_dags.py").write_text(LOADER)
    if stock:
        constants = repr((ROLE, CLUSTER, SCRIPT, TASK))
        (folder / "stock.json").write_text(json.dumps([_stock(cell) for cell in stock]))
        (folder / "stock.py").write_text(STOCK.format(constants=constants))


def _task(cell: Cell) -> dict[str, Any]:
    scenario = cell.scenario
    task: dict[str, Any] = {
        "spark_job": "probe.says",
        "engine": cell.engine,
        "args": dict(arguments(cell)),
        "retries": scenario.retries,
        "retry_delay": f"{scenario.retry_delay}s",
        "deferrable": cell.mode == "deferred",
        cell.engine: {_NAMED[cell.engine]: cell.name},
    }
    if scenario.timeout is not None:
        task["timeout"] = f"{scenario.timeout}s"
    return task


def _stock(cell: Cell) -> dict[str, Any]:
    scenario = cell.scenario
    return {
        "name": cell.name,
        "engine": cell.engine,
        "mode": cell.mode,
        "arguments": dict(arguments(cell)),
        "retries": scenario.retries,
        "retry_delay": scenario.retry_delay,
        "timeout": scenario.timeout,
        "verbose": scenario.verbose,
    }

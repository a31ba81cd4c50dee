"""The DAGs of the benchmark, each in a file of its own: as YAML, and the same in plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

GLUE = "airflow.providers.amazon.aws.operators.glue.GlueJobOperator"
DATABRICKS = "airflow.providers.databricks.operators.databricks.DatabricksSubmitRunOperator"
JOB = "dwh.jobs.flights.clean_flights_factory"
CLUSTER = {"spark_version": "15.4.x-scala2.12", "node_type_id": "m5.large", "num_workers": 1}
ENGINES = ("glue", "glue", "glue", "databricks", "databricks")

BARE_PROJECT = {"project": "dwh", "environments": {"local": {}}}
"""What a folder of stock operators needs, for which dag-factory and plain Python need nothing."""
PROJECT = {
    "project": "dwh",
    "code": {"root": "s3://code-bucket/code-prefix", "version": "0.1.0"},
    "data": {"root": "s3://data-bucket/data"},
    "glue": {"iam_role_name": "glue-job-role"},
    "databricks": {"new_cluster": CLUSTER},
    "sweeper": False,
    "environments": {"local": {"engine": "glue"}},
}

_PYTHON = """\
import datetime as dt

from airflow.sdk import DAG, CronDataIntervalTimetable, Param
{imports}
with DAG(
    "{dag_id}",
    schedule=CronDataIntervalTimetable("0 6 * * *", timezone="UTC"),
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc),
    catchup=False,
    params={params},
) as dag:
{tasks}
    t0 >> t1 >> t2 >> t3 >> t4
"""
_STOCK_IMPORTS = """\
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator
"""
_OWN_IMPORTS = """\
from airflow_jobkit.operators.databricks import DatabricksSparkJobOperator
from airflow_jobkit.operators.glue import GlueSparkJobOperator
from bench.contender import DATABRICKS_OPTIONS, GLUE_OPTIONS, SETTINGS
"""
_OWN_PARAMS = """{
        "month": Param(None, type=["integer", "null"], minimum=1, maximum=12),
        "code_version": Param(
            "0.1.0", type="string", title="Code version", description="The release.", pattern="^[0-9].*$"
        ),
        "notification_service_type": Param(
            "NOOP", type="string", title="Notification service", enum=["NOOP", "LOG", "SNS"]
        ),
    }"""


class _Plain(yaml.SafeDumper):
    """Writes what people write: without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@dataclass(frozen=True)
class Folders:
    """Where the files of one size and kind stand: `dags` with the project, `plain` Python, `yaml` alone."""

    root: Path
    kind: str
    count: int

    @property
    def dags(self) -> Path:
        """A DAGs folder of ours."""
        return self.root / "dags"

    @property
    def plain(self) -> Path:
        """The same DAGs in plain Python."""
        return self.root / "plain"

    @property
    def yaml(self) -> Path:
        """The same YAML files without a project, for dag-factory."""
        return self.root / "yaml"

    def write(self) -> Folders:
        """Write them all."""
        for folder in (self.dags, self.plain, self.yaml):
            folder.mkdir(parents=True)
        project = PROJECT if self.kind == "spark_job" else BARE_PROJECT
        (self.dags / "jobkit.yaml").write_text(yaml.safe_dump(project, sort_keys=False))
        for number in range(self.count):
            dag_id = f"{self.kind}_{number:04}"
            text = yaml.dump({dag_id: _dag(self.kind, number)}, Dumper=_Plain, sort_keys=False)
            (self.dags / f"{dag_id}.yaml").write_text(text)
            (self.yaml / f"{dag_id}.yaml").write_text(text)
            (self.plain / f"{dag_id}.py").write_text(_python(dag_id, self.kind, number))
        return self


def _dag(kind: str, number: int) -> dict[str, Any]:
    tasks = {f"t{place}": _task(kind, engine, place) for place, engine in enumerate(ENGINES)}
    for place in range(1, len(ENGINES)):
        tasks[f"t{place}"]["dependencies"] = [f"t{place - 1}"]
    month = {"type": ["integer", "null"], "minimum": 1, "maximum": 12, "default": None}
    return {
        "schedule": "0 6 * * *",
        "start_date": "2026-01-01",
        "description": f"the DAG {number}",
        **({"params": {"month": month}} if kind == "spark_job" else {}),
        "tasks": tasks,
    }


def _task(kind: str, engine: str, place: int) -> dict[str, Any]:
    if kind == "spark_job":
        arguments = {"month": "{{ params.month }}", "table": f"flights_{place}"}
        return {"spark_job": JOB, "engine": engine, "args": arguments, engine: {"timeout": "30m"}}
    if engine == "glue":
        return {"operator": GLUE, **_glue(place)}
    return {"operator": DATABRICKS, "json": _submit(place)}


def _glue(place: int) -> dict[str, Any]:
    return {
        "job_name": f"job_{place}",
        "script_location": "s3://code-bucket/job.py",
        "iam_role_name": "glue-job-role",
        "script_args": {"--day": "{{ ds }}", "--table": f"flights_{place}"},
        "create_job_kwargs": {"GlueVersion": "5.0", "NumberOfWorkers": 2, "WorkerType": "G.1X"},
    }


def _submit(place: int) -> dict[str, Any]:
    task = {"python_file": "s3://code-bucket/job.py", "parameters": ["{{ ds }}"]}
    return {"run_name": f"run_{place}", "new_cluster": CLUSTER, "spark_python_task": task}


def _python(dag_id: str, kind: str, number: int) -> str:
    own = kind == "spark_job"
    return _PYTHON.format(
        imports=_OWN_IMPORTS if own else _STOCK_IMPORTS,
        dag_id=dag_id,
        params=_OWN_PARAMS if own else "{}",
        tasks="\n".join(
            f"    t{place} = {_call(kind, engine, place)}" for place, engine in enumerate(ENGINES)
        ),
    )


def _call(kind: str, engine: str, place: int) -> str:
    if kind == "spark_job":
        name = {"glue": "GlueSparkJobOperator", "databricks": "DatabricksSparkJobOperator"}[engine]
        arguments = {"month": "{{ params.month }}", "table": f"flights_{place}"}
        common = f"task_id='t{place}', spark_job={JOB!r}, job_args={arguments!r}"
        return f"{name}({common}, settings=SETTINGS, options={engine.upper()}_OPTIONS)"
    if engine == "glue":
        return f"GlueJobOperator(task_id='t{place}', **{_glue(place)!r})"
    return f"DatabricksSubmitRunOperator(task_id='t{place}', json={_submit(place)!r})"

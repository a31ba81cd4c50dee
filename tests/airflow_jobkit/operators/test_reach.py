"""An Engine that runs elsewhere is told of no place that only this machine has."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from task_context import ProbeProject, TaskContext

from airflow_jobkit.errors import EngineError
from airflow_jobkit.operators.local import LocalSparkJobOperator
from airflow_jobkit.operators.reach import refuse_out_of_reach
from airflow_jobkit.spec.code import CodeLayout, CodeRoot
from airflow_jobkit.spec.project_keys import DatasetSpec
from airflow_jobkit.spec.settings import Settings

SCRIPT = "s3://bucket/{engine}/generic_entry.py"
WHEEL = "s3://bucket/probe-{code_version}-py3-none-any.whl"

Change = dict[str, Any]


class FarAway(LocalSparkJobOperator):
    """An Engine that reaches nothing but S3."""

    reaches: ClassVar[tuple[str, ...] | None] = ("s3://",)


@pytest.fixture
def on_s3() -> Settings:
    """A project of which everything is on S3."""
    return ProbeProject(Path("/project")).settings(
        code=CodeRoot("s3://bucket/code"), data_root="s3://bucket/data", runs_root="s3://bucket/runs"
    )


def dataset(path: str) -> Change:
    return {"datasets": {"flights": DatasetSpec(path=path)}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            {"runs_root": "/x/.jobkit/code/runs"},
            "glue cannot reach the runs root /x/.jobkit/code/runs of this machine; "
            "set `runs: s3://...` in the environment of jobkit.yaml",
            id="the runs root",
        ),
        pytest.param(
            {"code": CodeRoot("/x/code")},
            "glue cannot reach the code root /x/code of this machine; "
            "set `code: {root: s3://...}` in the environment of jobkit.yaml",
            id="the code root",
        ),
        pytest.param(
            {"code": CodeLayout("/x/generic_entry.py", (WHEEL,))},
            "glue cannot reach the entry script /x/generic_entry.py of this machine; "
            "set `code: {entry_point: s3://...}` in the environment of jobkit.yaml",
            id="the entry script",
        ),
        pytest.param(
            {"code": CodeLayout(SCRIPT, (WHEEL, "/x/probe.whl"))},
            "glue cannot reach the wheel /x/probe.whl of this machine; "
            "set `code: {wheels: [s3://...]}` in the environment of jobkit.yaml",
            id="a wheel",
        ),
        pytest.param(
            {"data_root": "/x/data", **dataset("/x/data/raw/flights.csv")},
            "glue cannot reach the data root /x/data of this machine; "
            "set `data: {root: s3://...}` in the environment of jobkit.yaml",
            id="the data root, once for all that is below it",
        ),
        pytest.param(
            dataset("/x/flights.csv"),
            "glue cannot reach the dataset 'flights' at /x/flights.csv of this machine; "
            "set `datasets: {flights: {path: s3://...}}` in the environment of jobkit.yaml",
            id="a dataset",
        ),
        pytest.param(
            {"runs_root": "gs://bucket/runs"},
            "glue cannot reach the runs root gs://bucket/runs; "
            "set `runs: s3://...` in the environment of jobkit.yaml",
            id="a runs root of another kind",
        ),
    ],
)
def test_what_is_out_of_reach_is_named_with_the_setting_to_write(
    on_s3: Settings, change: Change, said: str
) -> None:
    with pytest.raises(EngineError, match=f"^{re.escape(said)}$"):
        refuse_out_of_reach("glue", ("s3://", "s3a://"), replace(on_s3, **change))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="S3"),
        pytest.param({"runs_root": "/Volumes/main/runs"}, id="a volume"),
        pytest.param({"code": CodeLayout(SCRIPT, (WHEEL,))}, id="files named one by one"),
        pytest.param({"data_root": "abfss://lake@account/data"}, id="data at any URL"),
        pytest.param(dataset("jdbc://warehouse/flights"), id="a dataset at any URL"),
    ],
)
def test_within_reach_is(on_s3: Settings, change: Change) -> None:
    refuse_out_of_reach("databricks", ("s3://", "/Volumes/"), replace(on_s3, **change))


def test_all_places_are_named_at_once(project: ProbeProject) -> None:
    with pytest.raises(EngineError) as caught:
        refuse_out_of_reach("glue", ("s3://",), project.settings())
    named = re.findall(r"set `(\w+)", str(caught.value))
    assert named == ["code", "runs", "data"]


def test_nothing_is_written_or_started_for_an_engine_that_is_out_of_reach(
    project: ProbeProject, task_log: Callable[[], str]
) -> None:
    project.publish("1.0.0", quick="def main(): pass\n")
    dag = project.task("quick").dag
    task = FarAway(task_id="far", dag=dag, spark_job="probe.quick", settings=project.settings())
    with pytest.raises(EngineError, match=f"local cannot reach the code root {project.code_root}"):
        TaskContext(task).run()
    assert not project.runs_root.exists()
    assert "running as process" not in task_log()

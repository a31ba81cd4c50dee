"""What Airflow itself makes of the repository's DAGs folder and of the provider's metadata."""

from __future__ import annotations

import importlib.resources
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import finished

from airflow_jobkit.provider import get_provider_info

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_environment: None) -> Path:
    """A copy of the dags folder, without the examples of Engines whose providers may be missing."""
    monkeypatch.delenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", raising=False)
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    copy = tmp_path / "dags"
    shutil.copytree(
        ROOT / "dags", copy, ignore=shutil.ignore_patterns("__pycache__", ".jobkit", "*_example.yaml")
    )
    return copy


def bag_of(folder: Path) -> Any:
    """Airflow's own bag of a DAGs folder."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # before Airflow 3.2
        from airflow.models.dagbag import DagBag
    return DagBag(folder)


def test_the_example_is_bagged_without_import_errors(folder: Path) -> None:
    bag = bag_of(folder)
    assert bag.import_errors == {}
    assert bag.dags.keys() == {"flights_daily"}
    dag = bag.dags["flights_daily"]
    assert dag.get_task("carrier_delays").upstream_task_ids == {"clean_flights"}
    assert dag.fileloc == str(folder / "jobkit_dags.py")


def test_a_bad_file_adds_the_problems_dag_and_no_import_error(folder: Path) -> None:
    (folder / "bad.yaml").write_text("bad: {tasks: {}}\n")
    bag = bag_of(folder)
    assert bag.import_errors == {}
    assert bag.dags.keys() == {"flights_daily", "jobkit_problems"}


def test_a_broken_project_file_is_an_import_error_that_says_where(folder: Path) -> None:
    (folder / "jobkit.yaml").write_text("project: [\n")
    bag = bag_of(folder)
    assert bag.dags == {}
    (said,) = bag.import_errors.values()
    assert "jobkit.yaml:" in said


def test_a_run_imports_the_modules_of_the_dags_folder_as_airflows_own_processes_do(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "jobkit.yaml").write_text(
        "project: p\noperators: {allow: [in_the_folder.]}\nenvironments: {local: {}}\n"
    )
    (folder / "in_the_folder.py").write_text("from airflow_jobkit._compat import BaseOperator as Plain\n")
    (folder / "flights.yaml").write_text("one: {tasks: {a: {operator: in_the_folder.Plain}}}\n")
    ended = finished(
        [
            sys.executable,
            "-c",
            "from airflow_jobkit._compat import collect_dags; print(*collect_dags().dags)",
        ],
        cwd=tmp_path,
        env={**os.environ, "AIRFLOW__CORE__DAGS_FOLDER": str(folder)},
    )
    assert (ended.returncode, ended.stdout.split()[-1:]) == (0, ["one"]), ended.stderr


def test_the_providers_metadata_fits_the_schema_of_this_airflow() -> None:
    import jsonschema

    schema = json.loads(
        importlib.resources.files("airflow").joinpath("provider_info.schema.json").read_text()
    )
    jsonschema.validate(get_provider_info(), schema)


def test_airflow_lists_the_provider() -> None:
    from airflow.providers_manager import ProvidersManager

    listed = ProvidersManager().providers["airflow-jobkit"]
    assert listed.data["name"] == "Jobkit"

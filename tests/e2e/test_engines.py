"""The same DAG file on every Engine, in the steps of `make run ENGINE=...`: the same rows and Results."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from emulators import RunningEmulators, emulators_process
from project_copy import ProjectCopy

pytestmark = [
    pytest.mark.slow,
    pytest.mark.spark,
    pytest.mark.packaging,
    pytest.mark.xdist_group("engines_flights"),
]

ENVIRONMENTS = {"local": "local", "glue": "local-glue", "databricks": "local-databricks"}
TASKS = ("clean_flights", "carrier_delays")
DATASETS = ("clean_flights", "dropped_flights", "carrier_delays", "carrier_delays_daily")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """The project, with one built release for all environments."""
    copy = ProjectCopy.make(tmp_path_factory.mktemp("engines"))
    copy.done("release", "build")
    return copy


@pytest.fixture(scope="module")
def emulators(project: ProjectCopy) -> Iterator[RunningEmulators]:
    """The emulated services, where `jobkit emulate` would keep their data."""
    folder = project.folder / ".jobkit" / "emulators"
    with emulators_process(folder, "code-bucket", "data-bucket") as running:
        yield running


@pytest.fixture(scope="module")
def output_of(project: ProjectCopy, emulators: RunningEmulators) -> Callable[[str], str]:
    """What `jobkit run` prints on an Engine; each runs once, when a test first asks for it."""

    @cache
    def run_on(engine: str) -> str:
        environment = ENVIRONMENTS[engine]
        project.done("sample-data", "--env", environment, **emulators.variables)
        publish = ("release", "publish", "--from", "build/release", "--env", environment)
        project.done(*publish, **emulators.variables)
        return project.done("run", "dags/flights.yaml", "--env", environment, **emulators.variables)

    return run_on


def data_folder(project: ProjectCopy, engine: str) -> Path:
    """The folder of an Engine's datasets; what is in the emulated S3 lies in a folder too."""
    if engine == "local":
        return project.folder / ".jobkit" / "data"
    return project.folder / ".jobkit" / "emulators" / "s3" / "data-bucket" / engine


def result(project: ProjectCopy, engine: str, task_id: str) -> dict[str, Any]:
    """The Result of a task on an Engine, without what has to differ: who ran it, when, how long and where."""
    found = (project.folder / ".jobkit").rglob(f"runs/flights_daily/*/{task_id}/*/*/result.json")
    (document,) = [
        document for file in found if (document := json.loads(file.read_text()))["engine"] == engine
    ]
    for own in ("engine", "run_key", "started_at", "finished_at", "timings"):
        assert document.pop(own)
    for dataset in document["datasets"]:
        assert dataset.pop("path")
    return document


@pytest.mark.parametrize("engine", ENVIRONMENTS)
def test_flights_daily_runs_and_shows_the_latest_carriers_on(
    engine: str, output_of: Callable[[str], str]
) -> None:
    output = output_of(engine)
    assert re.search(r"clean_flights\s.*success.*336,776 .*336,776 .*0\.1\.0", output), output
    assert re.search(r"carrier_delays\s.*success.*336,776 .*5,448 .*0\.1\.0", output), output
    assert re.findall(r"│ ([A-Z0-9]{2})\s+│", output)[:3] == ["F9", "FL", "EV"]


@pytest.mark.parametrize("engine", ["glue", "databricks"])
@pytest.mark.parametrize("task_id", TASKS)
def test_the_result_but_for_what_is_the_engines_own_is_that_of_embedded_spark_on(
    engine: str, task_id: str, project: ProjectCopy, output_of: Callable[[str], str]
) -> None:
    for each in ("local", engine):
        output_of(each)
    assert result(project, engine, task_id) == result(project, "local", task_id)


@pytest.mark.parametrize("engine", ["glue", "databricks"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_every_row_is_that_of_embedded_spark_on(
    engine: str, dataset: str, project: ProjectCopy, output_of: Callable[[str], str], spark: Any
) -> None:
    def rows(of: str) -> Any:
        output_of(of)
        folder = data_folder(project, of) / dataset
        pointer = json.loads((folder / "_current.json").read_text())
        return spark.read.parquet(str(folder / pointer["path"]))

    here, there = rows("local"), rows(engine)
    assert here.count() == there.count() > 0
    assert here.exceptAll(there).count() == there.exceptAll(here).count() == 0


@pytest.mark.parametrize(
    ("name", "engine"), [("spark_glue_example", "glue"), ("databricks_example", "databricks")]
)
def test_the_example_runs_from_files_that_somebody_put_into_s3(
    name: str, engine: str, project: ProjectCopy, emulators: RunningEmulators
) -> None:
    release = project.folder / "build" / "release"
    for file in (*release.glob("scripts/*/*.py"), *release.glob("wheels/*.whl")):
        place = file.relative_to(release) if file.suffix == ".py" else file.name
        emulators.client("s3").upload_file(str(file), "code-bucket", f"code-prefix/{place}")
    run = ("run", f"dags/{name}.yaml", "--env", ENVIRONMENTS[engine])
    output = project.done(*run, **emulators.variables)
    assert re.search(rf"{name}\s.*success.*0\.1\.0", output), output
    if engine == "glue":
        assert re.search(r"wait_for_glue_job\s.*success", output), output

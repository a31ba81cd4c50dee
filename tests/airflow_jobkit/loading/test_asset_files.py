"""Assets by the names that a file of the DAGs folder gives them, as dag-factory has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_jobkit.cli import main
from airflow_jobkit.loading.asset_files import with_assets_of_files

ASSETS = """
datasets:
  - {name: flights, uri: "s3://bucket/flights"}
  - {name: weather, uri: "s3://bucket/weather"}
  - {name: without}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_environment: None) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "jobkit.yaml").write_text("project: p\nenvironments: {local: {}}\n")
    (tmp_path / "dags" / "assets.yaml").write_text(ASSETS)
    return tmp_path / "dags"


def found(place: str, value: Any, folder: Path) -> Any:
    data, issues = with_assets_of_files({"one": {place: value}}, folder)
    return [issue.message for issue in issues] or data["one"][place]


@pytest.mark.parametrize(
    ("place", "datasets", "made"),
    [
        ("outlets", ["flights"], ["s3://bucket/flights"]),
        ("inlets", ["weather", "flights"], ["s3://bucket/flights", "s3://bucket/weather"]),
        ("outlets", "weather", ["s3://bucket/weather"]),
        ("schedule", ["flights"], {"datasets": ["s3://bucket/flights"]}),
        ("schedule", "(flights | weather)", {"datasets": "(s3://bucket/flights | s3://bucket/weather)"}),
    ],
)
def test_names_become_uris(place: str, datasets: object, made: object, folder: Path) -> None:
    assert found(place, {"file": "dags/assets.yaml", "datasets": datasets}, folder) == made


def test_a_timetable_beside_them_stays(folder: Path) -> None:
    value = {"file": "dags/assets.yaml", "datasets": ["flights"], "timetable": "@daily"}
    assert found("schedule", value, folder) == {"datasets": ["s3://bucket/flights"], "timetable": "@daily"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"file": "dags/assets.yaml", "datasets": ["flight"]}, "dags/assets.yaml names no dataset 'flight'"),
        (
            {"file": "dags/assets.yaml", "datasets": ["without"]},
            "dags/assets.yaml names no dataset 'without'",
        ),
        ({"file": "dags/assets.yaml", "datasets": [3]}, "dags/assets.yaml names no dataset the number 3"),
        ({"file": "dags/none.yaml", "datasets": ["a"]}, "no file dags/none.yaml"),
        ({"file": "/etc/hosts", "datasets": ["a"]}, "/etc/hosts is outside the DAGs folder, dags/"),
        ({"file": 3, "datasets": ["a"]}, "not a file: the number 3"),
        (
            {"file": "dags/jobkit.yaml", "datasets": ["a"]},
            "dags/jobkit.yaml lists no datasets: it has no list of `datasets` alone",
        ),
    ],
)
def test_what_is_wrong_with_them_is_told(value: object, said: str, folder: Path) -> None:
    assert found("outlets", value, folder) == [said]


def test_an_argument_of_the_same_form_stays(folder: Path) -> None:
    value = {"file": "a.yaml", "datasets": ["a"]}
    assert found("conf", value, folder) == value


def test_a_file_that_lists_assets_holds_no_dags(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "one.yaml").write_text(
        "one:\n  start_date: 2026-01-01\n  schedule: {file: dags/assets.yaml, datasets: [flights]}\n"
        "  tasks: {a: {operator: airflow.X, outlets: {file: dags/assets.yaml, datasets: [weathe]}}}\n"
    )
    assert main(["validate", "dags"]) == 1
    said = capsys.readouterr().out
    assert (
        "dags/one.yaml:4:80 one.tasks.a.outlets.datasets: dags/assets.yaml names no dataset 'weathe'" in said
    )
    assert "1 problem, 0 good DAGs" in said

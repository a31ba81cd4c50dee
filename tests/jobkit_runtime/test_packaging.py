"""The wheels as they are built: small, pure Python, importable as zips on sys.path."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

JOB_CODE = Path(__file__).resolve().parents[2] / "job_code"

pytestmark = pytest.mark.packaging


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> dict[str, Path]:
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    target = tmp_path_factory.mktemp("wheels")
    for project in (JOB_CODE, JOB_CODE / "dwh"):
        command = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(project)]
        subprocess.run([sys.executable, *command], check=True, capture_output=True, text=True)
    return {path.name.partition("-")[0]: path for path in target.glob("*.whl")}


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as packed:
        return packed.namelist()


@pytest.mark.parametrize("package", ["jobkit_runtime", "dwh"])
def test_a_wheel_holds_its_package_and_nothing_else(package, wheels):
    wheel = wheels[package]
    assert wheel.name == f"{package}-0.1.0-py3-none-any.whl"
    assert {name.partition("/")[0] for name in names(wheel)} == {package, f"{package}-0.1.0.dist-info"}
    assert f"{package}/py.typed" in names(wheel)


def test_the_runtime_is_smaller_than_100_kilobytes_and_needs_nothing(wheels):
    assert wheels["jobkit_runtime"].stat().st_size < 100_000
    with zipfile.ZipFile(wheels["jobkit_runtime"]) as packed:
        metadata = packed.read("jobkit_runtime-0.1.0.dist-info/METADATA").decode()
    assert "Requires-Dist" not in metadata
    assert "Requires-Python: >=3.10" in metadata


def test_jobs_are_found_and_described_in_wheels_on_sys_path(wheels, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "jobkit_runtime.describe", "dwh"],
        env={"PYTHONPATH": os.pathsep.join(str(wheel) for wheel in wheels.values())},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    document = json.loads(done.stdout)
    assert document["problems"] == []
    found = {job["module_name"]: [item["name"] for item in job["parameters"]] for job in document["jobs"]}
    assert found["dwh.jobs.flights.clean_flights_factory"] == ["month", "min_rows"]
    assert found["dwh.jobs.flights.carrier_delays_factory"] == []
    assert found["dwh.jobs.spark_example.spark_example_job_factory"] == ["rows", "label"]

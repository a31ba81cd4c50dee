"""The entry scripts as real processes with a real Spark of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import finished
from spark_session import java_environment

pytest.importorskip("pyspark")
psutil = pytest.importorskip("psutil")
pytestmark = pytest.mark.spark

JOB_CODE = Path(__file__).resolve().parents[2] / "job_code"
EXAMPLE = "dwh.jobs.spark_example.spark_example_job_factory"
SLOW = """
import os, time
from jobkit_runtime import AbstractJob

class Slow(AbstractJob[None]):
    def execute(self, ctx):
        ctx.spark.range(1).count()
        print(os.getpid(), flush=True)
        time.sleep(120)
"""
PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
time.sleep(300)
"""


@pytest.fixture(scope="module")
def env():
    path = os.pathsep.join([str(JOB_CODE), str(JOB_CODE / "dwh")])
    return {**java_environment(), "PYTHONPATH": path, "JOBKIT_SPARK_MASTER": "local[1]"}


@pytest.mark.parametrize("engine", ["local", "glue", "databricks"])
def test_the_example_job_runs_through_the_script_of(engine, env, contract, packed, tmp_path):
    place = tmp_path / "result.json"
    sent = {
        **contract("envelope-v1.json"),
        "engine": engine,
        "arguments": ["rows"],
        "data_root": str(tmp_path / "data"),
        "result": str(place),
    }
    script = JOB_CODE / "scripts" / engine / "generic_entry.py"
    argv = ["--module_name", EXAMPLE, "--rows", "10", "--notification_service_type", "LOG"]
    conf = json.dumps({"spark.sql.shuffle.partitions": 3})
    done = finished(
        [sys.executable, str(script), *argv, "--jobkit_envelope", packed(sent)],
        env={**env, "JOBKIT_SPARK_CONF": conf},
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(place.read_text())
    assert (result["status"], result["engine"], result["metrics"]["rows"]) == ("success", engine, 10)
    assert result["warnings"] == []
    (output,) = result["datasets"]
    assert output["path"].endswith("/spark_example/3f6d2c0f5b0e4f0f9b0a7d1c2e3f4a5b/try-2")
    assert list(Path(output["path"]).glob("*.parquet"))
    for line in ("wrote spark_example: 10 rows in ", "published spark_example", "spark_example 10 rows"):
        assert line in done.stderr


def test_no_java_of_a_job_is_left_when_its_parent_is_killed(env, team_package):
    lib = team_package(slow=SLOW)
    script = JOB_CODE / "scripts" / "local" / "generic_entry.py"
    argv = [sys.executable, str(script), "--module_name", "team.slow"]
    environment = {**env, "PYTHONPATH": f"{env['PYTHONPATH']}{os.pathsep}{lib}", "JOBKIT_LIFELINE": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *argv],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        job = psutil.Process(int(parent.stdout.readline()))
        family = [job, *job.children(recursive=True)]
        assert any("java" in process.name() for process in family)
        parent.send_signal(signal.SIGKILL)
        _, left = psutil.wait_procs(family, timeout=30)
    assert [process for process in left if process.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"JOBKIT_SPARK_CONF": "{"}, "JOBKIT_SPARK_CONF is not JSON"),
        ({"JOBKIT_SPARK_CONF": "[]"}, "JOBKIT_SPARK_CONF must be a JSON object"),
    ],
    ids=["configuration that is not JSON", "configuration that is no object"],
)
def test_the_local_platform_says_what_is_wrong_with(variables, message, env, tmp_path):
    script = JOB_CODE / "scripts" / "local" / "generic_entry.py"
    started = time.monotonic()
    done = finished(
        [sys.executable, str(script), "--module_name", EXAMPLE],
        env={**env, **variables},
        cwd=tmp_path,
        seconds=60,
    )
    assert message in done.stderr
    assert time.monotonic() - started < 30

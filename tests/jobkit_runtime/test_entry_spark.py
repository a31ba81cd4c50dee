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
STUCK = """
import os, signal, sys, time
import psutil
from jobkit_runtime import logs
from jobkit_runtime.platforms import LocalPlatform

logs.configure()
platform = LocalPlatform(stop_seconds=0.5)
platform.session()
warehouse = platform.session().conf.get("spark.sql.warehouse.dir").removeprefix("file:")
for process in psutil.Process().children(recursive=True):
    process.send_signal(signal.SIGSTOP)
started = time.monotonic()
platform.close()
print(time.monotonic() - started < 10, os.path.exists(warehouse), flush=True)
"""
WRITER = """
from jobkit_runtime import AbstractJob

class Writer(AbstractJob[None]):
    def execute(self, ctx):
        ctx.write("numbers", ctx.spark.range(4))
        return {"partitions": ctx.spark.conf.get("spark.sql.shuffle.partitions")}
"""
READER = """
from jobkit_runtime import AbstractJob

class Reader(AbstractJob[None]):
    def execute(self, ctx):
        return {"rows": ctx.read("numbers").count(), "raw": ctx.read("raw").count()}
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


def test_the_example_job_runs_through_the_local_script(env, contract, packed, tmp_path):
    place = tmp_path / "result.json"
    sent = {
        **contract("envelope-v1.json"),
        "engine": "local",
        "arguments": ["rows"],
        "data_root": str(tmp_path / "data"),
        "result": str(place),
    }
    script = JOB_CODE / "scripts" / "local" / "generic_entry.py"
    argv = ["--module_name", EXAMPLE, "--rows", "10", "--notification_service_type", "LOG"]
    conf = json.dumps({"spark.sql.shuffle.partitions": 3})
    done = finished(
        [sys.executable, str(script), *argv, "--jobkit_envelope", packed(sent)],
        env={**env, "JOBKIT_SPARK_CONF": conf},
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(place.read_text())
    assert (result["status"], result["engine"], result["metrics"]["rows"]) == ("success", "local", 10)
    assert result["warnings"] == []
    (output,) = result["datasets"]
    assert output["path"].endswith("/spark_example/3f6d2c0f5b0e4f0f9b0a7d1c2e3f4a5b/try-2")
    assert list(Path(output["path"]).glob("*.parquet"))
    for line in ("wrote spark_example: 10 rows in ", "published spark_example", "spark_example 10 rows"):
        assert line in done.stderr


@pytest.fixture
def spark_that_knows(tmp_path):
    """A folder of Spark's configuration, in which `s3://<bucket>` is a folder of this machine."""

    def configuration(bucket: str) -> Path:
        folder = tmp_path / "conf"
        folder.mkdir()
        (tmp_path / "objects").mkdir()
        lines = {
            "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
            "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": "org.apache.hadoop.fs.LocalFileSystem",
            f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback": f"file://{tmp_path}/objects",
            "spark.master": "local[1]",
            "spark.sql.shuffle.partitions": "3",
        }
        text = "".join(f"{key} {value}\n" for key, value in lines.items())
        (folder / "spark-defaults.conf").write_text(text)
        return folder

    return configuration


@pytest.mark.parametrize("engine", ["glue", "databricks"])
def test_datasets_envelope_and_result_are_on_s3_and_spark_is_configured_from_outside_on(
    engine, env, contract, packed, team_package, bucket, aws, spark_that_knows, tmp_path
):
    """Spark's files are in a folder, what the runtime itself reads and writes is in moto's S3."""
    root = f"s3://{bucket.name}/prod"
    lib = team_package(writer=WRITER, reader=READER)
    conf = spark_that_knows(bucket.name)
    (tmp_path / "objects" / "raw").mkdir()
    (tmp_path / "objects" / "raw" / "a.csv").write_text("1\n2\n")
    variables = {
        **env,
        **aws,
        "PYTHONPATH": f"{env['PYTHONPATH']}{os.pathsep}{lib}",
        "SPARK_CONF_DIR": str(conf),
    }
    for run_key, module in (("run1", "writer"), ("run2", "reader")):
        sent = {
            **contract("envelope-v1.json"),
            "engine": engine,
            "run_key": run_key,
            "data_root": root,
            "datasets": {"raw": {"path": f"s3://{bucket.name}/raw/a.csv", "format": "csv"}},
            "result": f"s3://{bucket.name}/runs/{run_key}/result.json",
        }
        pointer = bucket.put(f"runs/{run_key}/envelope", packed(sent).encode())
        script = JOB_CODE / "scripts" / engine / "generic_entry.py"
        argv = ["--module_name", f"team.{module}", "--jobkit_envelope", f"@{pointer}"]
        done = finished([sys.executable, str(script), *argv], env=variables, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    written, read = (json.loads(bucket.text(f"runs/{key}/result.json")) for key in ("run1", "run2"))
    assert written["metrics"] == {"partitions": "3"}
    assert [item["path"] for item in written["datasets"]] == [f"{root}/numbers/run1/try-2"]
    assert list((tmp_path / "objects" / "prod" / "numbers" / "run1" / "try-2").glob("*.parquet"))
    assert read["metrics"] == {"rows": 4, "raw": 2}
    assert sorted((item["name"], item["rows"]) for item in read["datasets"]) == [("numbers", 4), ("raw", 2)]
    assert read["warnings"] == []


def test_closing_gives_up_on_a_java_that_is_stuck(env, tmp_path):
    done = finished([sys.executable, "-c", STUCK], env=env, cwd=tmp_path, seconds=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "False"]
    assert "Spark has not stopped within 0.5 s, and is left behind" in done.stderr


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

"""A job's Spark reads and writes the objects that HTTP shows."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("moto", reason="the emulators need moto, of the extra [local]")
pytest.importorskip("flask_cors", reason="the emulators need moto's server, of the extra [local]")

from emulators import emulators_process
from glue_caller import GlueCaller

_JOB = """
import json
import boto3
from pyspark.sql import SparkSession
from parts import COLUMN

spark = SparkSession.builder.getOrCreate()
raw = spark.read.option("header", "true").csv("s3://data/raw/*.csv")
raw.write.partitionBy(COLUMN).parquet("s3://data/out")
raw.write.mode("append").partitionBy(COLUMN).parquet("s3a://data/out")
for _ in range(2):
    raw.write.mode("overwrite").json("s3://data/with space/again")
boto3.client("s3").put_object(Bucket="data", Key="said", Body=json.dumps({
    "rows": spark.read.parquet("s3://data/out").count(),
    "of k=1": spark.read.parquet("s3a://data/out/k=1/*.parquet").count(),
    "again": spark.read.json("s3://data/with space/again").count(),
    "in workers": spark.sparkContext.parallelize([1]).map(lambda _: __import__("parts").COLUMN).collect(),
    "settings": [spark.conf.get(name) for name in ("spark.master", "spark.sql.session.timeZone")],
}).encode())
spark.stop()
"""


def _has_spark() -> bool:
    python = os.environ.get("JOBKIT_SPARK_PYTHON") or sys.executable
    return subprocess.run([python, "-c", "import pyspark, boto3"], capture_output=True).returncode == 0


@pytest.mark.spark
def test_a_job_reads_and_writes_s3_with_a_wheel(tmp_path: Path) -> None:
    if not _has_spark():
        pytest.skip("no interpreter with pyspark and boto3")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as wheel:
        wheel.writestr("parts/__init__.py", "COLUMN = 'k'\n")
    with emulators_process(tmp_path, "code", "data") as emulators:
        s3 = emulators.client("s3")
        s3.put_object(Bucket="code", Key="job.py", Body=_JOB.encode())
        s3.put_object(Bucket="code", Key="parts.whl", Body=archive.getvalue())
        s3.put_object(Bucket="data", Key="raw/one.csv", Body=b"id,k\n1,1\n2,2\n3,1\n")
        glue = GlueCaller(emulators.aws_url)
        run_id = glue.start(glue.job("flights"), Arguments={"--extra-py-files": "s3://code/parts.whl"})
        record = glue.ended("flights", run_id, seconds=240)
        assert record["JobRunState"] == "SUCCEEDED", record
        said = json.loads(s3.get_object(Bucket="data", Key="said")["Body"].read())
        keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="data", Prefix="out/")["Contents"]]
    assert said == {
        "rows": 6,
        "of k=1": 4,
        "again": 3,
        "in workers": ["k"],
        "settings": ["local[2]", "UTC"],
    }
    assert {key.split("/")[1] for key in keys} == {"_SUCCESS", "k=1", "k=2"}
    assert all(key.endswith((".parquet", "_SUCCESS")) for key in keys)

"""The entry script of Databricks on an existing cluster: it brings the job's wheels into its own process."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path

import pytest
from processes import finished

JOB_CODE = Path(__file__).resolve().parents[2] / "job_code"
SCRIPT = JOB_CODE / "scripts" / "databricks" / "generic_entry.py"
WHERE = """
import importlib.metadata, pathlib
import jobkit_runtime

def main():
    text = pathlib.Path(__file__).with_name("words.txt").read_text()
    version = importlib.metadata.version("team")
    return {"runtime": jobkit_runtime.__file__, "job": __file__, "words": text, "version": version}
"""
JOB = """
from jobkit_runtime import AbstractJob
from pyspark.sql import functions as F
from {package}.functions import plus_one

class {kind}(AbstractJob[None]):
    def execute(self, ctx):
        numbers = ctx.spark.range(3)
        return {{"sum": {expression}}}
"""
# Both run in Spark's Python workers, which know nothing of what the driver has added to its sys.path.
UDF = "numbers.select(F.udf(plus_one, 'long')('id').alias('n')).agg(F.sum('n')).first()[0]"
RDD = "ctx.spark.sparkContext.parallelize([1, 2]).map(plus_one).sum()"


def packed_wheel(folder: Path, name: str, files: dict[str, str]) -> str:
    """A wheel with these files and as much metadata as an installation needs; its path."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-0.1.0-py3-none-any.whl"
    metadata = {f"{name}-0.1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n"}
    with zipfile.ZipFile(path, "w") as wheel:
        for inner, text in {**files, **metadata}.items():
            wheel.writestr(inner, text)
    return str(path)


@pytest.fixture
def runtime_wheel(tmp_path: Path) -> str:
    sources = (JOB_CODE / "jobkit_runtime").glob("*.py")
    files = {f"jobkit_runtime/{path.name}": path.read_text() for path in sources}
    return packed_wheel(tmp_path / "wheels", "jobkit_runtime", files)


@pytest.fixture
def team_wheel(tmp_path: Path) -> str:
    files = {"team/__init__.py": "", "team/where.py": WHERE, "team/words.txt": "package data"}
    return packed_wheel(tmp_path / "wheels", "team", files)


@pytest.fixture
def run(tmp_path):
    """Run the script as a cluster would: nothing of ours is importable but what `cluster` names."""

    def _run(*argv: str, cluster: Path | None = None, env: dict[str, str] | None = None):
        (tmp_path / "temporary").mkdir(exist_ok=True)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment |= {"PYTHONPATH": str(cluster)} if cluster else {}
        environment |= {"TMPDIR": str(tmp_path / "temporary"), **(env or {})}
        return finished([sys.executable, str(SCRIPT), *argv], cwd=tmp_path, env=environment)

    return _run


def result_of(done) -> dict:
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("JOBKIT_RESULT ")]
    document: dict = json.loads(line.removeprefix("JOBKIT_RESULT "))
    return document


@pytest.mark.parametrize(
    "written",
    [
        ["--jobkit_wheels", "{}"],
        ["--jobkit-wheels={}"],
        ["--jobkit_wheels=/no/such.whl", "--jobkit-wheels", "{}"],
    ],
    ids=["as two tokens", "with dashes and an equals sign", "more than once, and the last one wins"],
)
def test_wheels_go_before_what_the_cluster_has_when_they_are_given(
    written, run, runtime_wheel, team_wheel, tmp_path
):
    cluster = tmp_path / "cluster"
    for package in ("jobkit_runtime", "team"):
        (cluster / package).mkdir(parents=True)
        (cluster / package / "__init__.py").write_text("raise ImportError('the wrong version')")
    given = [token.format(f"{runtime_wheel},{team_wheel}") for token in written]
    done = run("--module_name", "team.where", *given, cluster=cluster)
    assert done.returncode == 0, done.stderr
    metrics = result_of(done)["metrics"]
    assert (metrics["words"], metrics["version"]) == ("package data", "0.1.0")
    own = [Path(metrics[name]).parents[1] for name in ("runtime", "job")]
    assert own[0] == own[1]
    assert own[0].name.startswith("jobkit-wheels-")
    assert list((tmp_path / "temporary").iterdir()) == []
    assert "INFO jobkit_runtime: the job's wheels are on the driver alone" in done.stderr


def test_wheels_come_from_s3(run, bucket, aws, runtime_wheel, team_wheel):
    urls = [
        bucket.put(f"code/{Path(path).name}", Path(path).read_bytes()) for path in (runtime_wheel, team_wheel)
    ]
    done = run("--module_name", "team.where", "--jobkit_wheels", ",".join(urls), env=dict(aws))
    assert done.returncode == 0, done.stderr
    assert result_of(done)["metrics"]["version"] == "0.1.0"


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("/no/such.whl", "No such file"),
        ("dbfs:/code/x.whl", "it is neither s3://bucket/key nor an absolute path such as /Volumes/..."),
        ("s3://{bucket}/no/such.whl", "NoSuchKey"),
    ],
    ids=["a file that is not there", "a scheme that is not known", "an object that is not there"],
)
def test_a_wheel_that_cannot_be_had_is_named_with_the_reason(place, message, run, bucket, aws):
    place = place.format(bucket=bucket.name)
    done = run("--module_name", "team.where", "--jobkit_wheels", place, env=dict(aws))
    assert done.returncode == 1
    last = done.stderr.rstrip().splitlines()[-1]
    assert last.startswith(f"RuntimeError: cannot take the wheel {place} of --jobkit_wheels: ")
    assert message in last


def test_without_wheels_the_packages_of_the_cluster_are_used_and_nothing_is_said(run, team_package, tmp_path):
    lib = team_package(plain="def main():\n    return {'n': 1}\n")
    done = run("--module_name", "team.plain", cluster=JOB_CODE, env={"PYTHONPATH": f"{JOB_CODE}:{lib}"})
    assert result_of(done)["metrics"] == {"n": 1}
    assert "driver alone" not in done.stderr


@pytest.mark.spark
@pytest.mark.parametrize("expression", [UDF, RDD], ids=["a UDF", "an RDD function"])
def test_a_function_on_executors_fails_with_a_hint_at_what_to_use_instead(
    expression, run, runtime_wheel, tmp_path
):
    pytest.importorskip("pyspark")
    from spark_session import java_environment

    functions = "def plus_one(n):\n    return n + 1\n"
    job = JOB.format(package="team", kind="Sum", expression=expression)
    team = packed_wheel(
        tmp_path / "wheels",
        "team",
        {"team/__init__.py": "", "team/functions.py": functions, "team/job.py": job},
    )
    environment = {name: value for name, value in java_environment().items() if name != "PYTHONPATH"}
    done = run("--module_name", "team.job", "--jobkit_wheels", f"{runtime_wheel},{team}", env=environment)
    assert done.returncode == 1
    error = result_of(done)["error"]
    hint, _, rest = error["message"].partition("\n")
    assert hint == (
        "Spark's executors have no module team: this ran on an existing cluster, where the job's code "
        "reaches the driver alone. For a job with Python functions on executors use new_cluster or "
        "serverless, or install the wheel on the cluster."
    )
    assert "Python" in rest
    assert f"ERROR jobkit_runtime.driveronly: {hint.removesuffix('.')}" in done.stderr

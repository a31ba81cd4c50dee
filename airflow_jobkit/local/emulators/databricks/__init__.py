"""The Databricks Jobs API, as far as one-time runs of Python files need it; the files are really run.

What differs from the real service: a cluster is there at once and is this machine; Spark's configuration is
the emulators' own, `spark_conf` is not applied; only wheels are installed, other libraries must be in the
jobs' environment; serverless compute has a `spark.sparkContext`; a job that opens `/Volumes/...` itself opens
a path of this machine.
"""

from airflow_jobkit.local.emulators.databricks.app import databricks_app

__all__ = ["databricks_app"]

"""Creates the example job; run it as `dwh.jobs.spark_example.spark_example_job_factory`."""

from __future__ import annotations

from dwh.jobs.spark_example.spark_example_job import SparkExampleJob, SparkExampleParams
from jobkit_runtime import AbstractJobFactory


class SparkExampleJobFactory(AbstractJobFactory[SparkExampleParams]):
    """From `--rows` and `--label` to the job."""

    def create(self, params: SparkExampleParams) -> SparkExampleJob:  # noqa: ARG002 -- the job finds them in ctx
        """The job; it holds nothing of its own."""
        return SparkExampleJob()

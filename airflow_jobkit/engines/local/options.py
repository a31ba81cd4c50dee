"""What a YAML may set under `local:`."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from airflow_jobkit.engines.options import EngineOptions


class Options(EngineOptions):
    """Options of embedded Spark.

    Attributes:
        master: Spark's master URL: `local[N]` for N threads, `local[*]` for one per core.
        conf: Spark configuration, such as `spark.driver.memory: 2g`; values are text.
        python: The interpreter that runs the job; default: `JOBKIT_SPARK_PYTHON`, else Airflow's own.
    """

    master: str = Field(
        default="local[*]", pattern=r"^local(\[[^\]]+\])?$", examples=["local[2]", "local[*]"]
    )
    conf: Mapping[str, str] = Field(default_factory=dict, examples=[{"spark.driver.memory": "2g"}])
    python: str | None = None

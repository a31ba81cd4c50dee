"""What `airflow providers list` shows."""

from __future__ import annotations

from typing import Any

from airflow_jobkit import __version__


def get_provider_info() -> dict[str, Any]:
    """The provider's metadata, in the fields that Airflow 2.10 to 3.x all know."""
    return {
        "package-name": "airflow-jobkit",
        "name": "Jobkit",
        "description": "Run Spark jobs from YAML at a pinned code version.",
        "versions": [__version__],
        "config": {
            "jobkit": {
                "description": "airflow-jobkit",
                "options": {
                    "environment": {
                        "description": (
                            "The environment of dags/jobkit.yaml that holds in this Airflow. "
                            "The variable JOBKIT_ENV goes before it."
                        ),
                        "version_added": "0.1.0",
                        "type": "string",
                        "example": "dev",
                        "default": None,
                    }
                },
            }
        },
    }

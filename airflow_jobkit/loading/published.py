"""What is published, as the index beside the DAGs tells it; validation reads it without the release layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from airflow_jobkit.spec.checks import Parameter, Published, PublishedJob
from airflow_jobkit.spec.settings import Settings

_INDEX = Path(".jobkit", "releases.json")


def read_published(folder: Path, settings: Settings) -> Published | None:
    """What is published at the code root of the Settings.

    Returns:
        None where the index of the DAGs folder is absent, of another code root, or of an unknown form: then
        nobody knows, and jobs are not checked.
    """
    try:
        document = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        root: str = document["code_root"]
        releases = {version: _jobs(release["jobs"]) for version, release in document["releases"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Published(root, releases) if root == settings.code_root else None


def _jobs(jobs: list[dict[str, Any]]) -> dict[str, PublishedJob]:
    return {
        job["module_name"]: PublishedJob(
            {one["name"]: Parameter(one["type"], bool(one["required"])) for one in job["parameters"]},
            bool(job["accepts_others"]),
        )
        for job in jobs
    }

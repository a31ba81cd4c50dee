"""Ask the jobs of freshly built wheels what they are: names, parameters, Envelope versions."""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

from airflow_jobkit.errors import ContractError, ReleaseBuildError
from airflow_jobkit.release.document import Document, Record
from airflow_jobkit.release.manifest import ManifestJob
from airflow_jobkit.release.subprocesses import end_of, run_python

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class JobProblem(Record):
    """A module of the jobs that could not be described."""

    module: str
    error: str


class Description(Document):
    """What `python -m jobkit_runtime.describe <package>` prints."""

    runtime_version: str
    envelope_versions: tuple[int, ...]
    jobs: tuple[ManifestJob, ...]
    problems: tuple[JobProblem, ...] = ()


def describe_jobs(wheels: Iterable[Path], package: str, work: Path, *, python: str) -> Description:
    """Describe the jobs of `package`, with these wheels unpacked in the folder `work`, as an engine would.

    Raises:
        ReleaseBuildError: The runtime is missing or failed, or a module of the jobs cannot be imported.
    """
    site = work / "site"
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
    # The built wheels come first, and the current folder is not on the path: describe what is published.
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    command = f"python -m jobkit_runtime.describe {package}"
    finished = run_python(
        python, ["-m", "jobkit_runtime.describe", package], folder=site, environment={"PYTHONPATH": path}
    )
    try:
        description = Description.from_bytes(finished.stdout.encode(), f"The answer of `{command}`")
    except ContractError as error:
        reason = f"`{command}` ended with {finished.returncode}" if finished.returncode else str(error)
        raise ReleaseBuildError(
            f"The jobs could not be described. {reason}. It said:\n"
            f"{end_of(finished.stdout + finished.stderr)}\n"
            "It runs from the built wheels: jobkit-runtime has to be one of them, what the jobs import has "
            f"to be installed beside {python}, and no job may print while it is imported."
        ) from None
    if description.problems:
        listed = "\n".join(f"    {problem.module}: {problem.error}" for problem in description.problems)
        raise ReleaseBuildError(
            f"These modules of {package} could not be described:\n{listed}\n"
            f"Mend them, or install what they import beside {python}: pip install 'airflow-jobkit[local]' "
            "brings pyspark."
        )
    return description

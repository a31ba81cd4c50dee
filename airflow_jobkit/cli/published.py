"""What `jobkit validate` holds code versions, jobs and their arguments against."""

from __future__ import annotations

from pathlib import Path

from airflow_jobkit.errors import ContractError
from airflow_jobkit.loading.dags import Loaded
from airflow_jobkit.loading.folder import display_name
from airflow_jobkit.problems import Problem
from airflow_jobkit.release.index import INDEX_FILE, read_release_index
from airflow_jobkit.spec.checks import is_covered
from airflow_jobkit.spec.code import CodeLayout, CodeRoot
from airflow_jobkit.spec.jobs import PublishedJobs


def published_jobs(folder: Path) -> tuple[PublishedJobs | None, tuple[Problem, ...]]:
    """The published jobs that a DAGs folder knows of, or why they cannot be read.

    A version that is not there is a mistake to whoever validates: it is published with the index, before the
    DAGs that name it are.
    """
    file = folder / INDEX_FILE
    try:
        index = read_release_index(file)
    except ContractError as error:
        message = f"not an index of releases: {str(error).partition(': ')[2]}"
        remedy = "`jobkit release publish` writes it anew"
        return None, (Problem(display_name(file), 1, 1, "", message, remedy, "bad-index"),)
    return (index.published(complete=True) if index is not None else None), ()


def has_unchecked_jobs(loaded: Loaded, jobs: PublishedJobs | None) -> bool:
    """Whether a good DAG has a job of a code root whose releases are not known."""
    tasks = (task for dag in loaded.dags for task in dag.spec.spark_tasks)
    return any(
        isinstance(task.code, CodeRoot) and (jobs is None or not is_covered(task, jobs)) for task in tasks
    )


def has_undescribed_jobs(loaded: Loaded) -> bool:
    """Whether a good DAG has a job whose files are named one by one, so that no release describes it."""
    return any(isinstance(task.code, CodeLayout) for dag in loaded.dags for task in dag.spec.spark_tasks)

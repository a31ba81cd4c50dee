"""The project's own code version, held against what is published."""

from __future__ import annotations

from airflow_jobkit.loading.folder import LoadedProject
from airflow_jobkit.loading.layers import has_path
from airflow_jobkit.problems import Path, Problem
from airflow_jobkit.spec.jobs import PublishedJobs


def version_problems(project: LoadedProject, jobs: PublishedJobs) -> tuple[Problem, ...]:
    """The Problem of a project whose version or channel there is not: told once, not in each of its DAGs."""
    settings = project.settings
    if settings is None or settings.code_version is None or settings.code_root != jobs.code_root:
        return ()
    issue = jobs.version_issue(settings.code_version)
    if issue is None:
        return ()
    path: Path = ("code", "version")
    own = ("environments", settings.environment, *path)
    above = own if has_path(project.document.data, own) else path
    return (project.document.problem(issue.below(*above)),)

"""What stands in a file in other words, filled in: variables, joined texts, assets that files name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from airflow_jobkit.loading.asset_files import DATASETS, with_assets_of_files
from airflow_jobkit.loading.yaml_text import Document
from airflow_jobkit.problems import Issue
from airflow_jobkit.spec.joined import JOIN, LIST, joined
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.variables import Variables


class Filling:
    """Fills the data of files of one project.

    Args:
        settings: The Settings of the project in its Environment.
        top: The DAGs folder.
        environment: The process's environment, for `${env:NAME}`; default: its own.
    """

    def __init__(self, settings: Settings, top: Path, environment: Mapping[str, str] | None = None) -> None:
        self._settings = settings
        self._top = top
        self._environment = environment

    @cached_property
    def _variables(self) -> Variables:
        environment = os.environ if self._environment is None else self._environment
        return Variables(self._settings.allowed_variables, environment, _project_values(self._settings))

    def filled(self, document: Document) -> tuple[Any, list[Issue]]:
        """The data of a document with all filled in, and what is wrong with what cannot be."""
        data = document.data
        issues: list[Issue] = []
        if data is not None and "$" in document.text:
            data, issues = self._variables.substituted(data)
        if data is not None and (JOIN in document.text or LIST in document.text):
            data, found = joined(data)
            issues += found
        if data is not None and DATASETS in document.text and "file" in document.text:
            data, found = with_assets_of_files(data, self._top)
            issues += found
        return data, issues


def _project_values(settings: Settings) -> dict[str, str]:
    """What `${jobkit:...}` can name in a YAML."""
    values = {
        "project": settings.project,
        "environment": settings.environment,
        "engine": settings.engine,
        "code_root": settings.code_root or "",
        "code_version": settings.code_version or "",
        "data_root": settings.data_root,
        "runs_root": settings.runs_root,
        "base": settings.base,
    }
    return {name: value for name, value in values.items() if value}

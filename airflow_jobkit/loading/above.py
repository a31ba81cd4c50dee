"""What stands above DAG files: the defaults of the project and of folders, each read once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from airflow_jobkit.loading.beside_dags import folder_defaults_issues
from airflow_jobkit.loading.filling import Filling
from airflow_jobkit.loading.folder import display_name, read_file, read_inside
from airflow_jobkit.loading.layers import DEFAULTS_FILES, Layer, folders_between
from airflow_jobkit.loading.listing import PROJECT_FILE
from airflow_jobkit.problems import Problem
from airflow_jobkit.spec.settings import Settings

_WAITING = "no DAG of this folder or below is loaded until then"


class Above:
    """The layers above the DAG files of one project.

    Args:
        settings: The Settings of the project in its Environment.
        top: The DAGs folder; folders from it down to a file's may have defaults.
        filling: Fills variables and the like into defaults.

    Attributes:
        problems: What is wrong with the folders' defaults that have been read so far.
    """

    def __init__(self, settings: Settings, top: Path, filling: Filling) -> None:
        self._top = top
        self._filling = filling
        self._folders: dict[Path, tuple[Layer, ...]] = {}
        self._misread: set[Path] = set()
        self._project = self._of_project(settings)
        self.problems: list[Problem] = []

    def layers(self, path: Path) -> tuple[Layer, ...]:
        """The layers above a file: the project's, and those of the folders from the top down to its own."""
        folder = path.parent
        if folder not in self._folders:
            found = [self._of_folder(one) for one in folders_between(self._top, path)]
            self._folders[folder] = (*self._project, *(layer for layer in found if layer is not None))
        return self._folders[folder]

    def is_misread(self, path: Path) -> bool:
        """Whether it cannot be told what defaults there are above a file."""
        return bool(self._misread) and not self._misread.isdisjoint(folders_between(self._top, path))

    @property
    def is_any_misread(self) -> bool:
        """Whether it cannot be told of any defaults that have been read so far."""
        return bool(self._misread)

    def _of_project(self, settings: Settings) -> tuple[Layer, ...]:
        if not settings.defaults:
            return ()
        document = read_file(self._top / PROJECT_FILE)
        return tuple(Layer(document, path, data) for path, data in settings.defaults)

    def _of_folder(self, folder: Path) -> Layer | None:
        for name in DEFAULTS_FILES:
            file = folder / name
            if os.path.isfile(file):  # noqa: PTH113 - for each folder, and mostly there is none
                document = read_inside(file, self._top)
                data, issues = self._filling.filled(document)
                found = folder_defaults_issues(data) if data is not None else ()
                problems = document.all_problems([*issues, *found])
                if document.problems or issues or not is_keys(data):
                    self._misread.add(folder)
                    problems = tuple(replace(one, remedy=f"{one.remedy}; {_WAITING}") for one in problems)
                self.problems += (*problems, *_second_defaults(folder, name))
                return Layer(document, (), data)
        return None


def _second_defaults(folder: Path, first: str) -> Iterator[Problem]:
    """The Problem of defaults under the other name, which have no effect."""
    for name in DEFAULTS_FILES:
        if name != first and (folder / name).is_file():
            message, remedy = f"{first} holds for this folder, and this file does not", "make one of the two"
            yield Problem(display_name(folder / name), 1, 1, "", message, remedy, "contradiction")


def is_keys(data: Any) -> bool:
    """Whether defaults can be merged into a DAG."""
    return data is None or isinstance(data, dict)

"""`{file: ..., datasets: [...]}`: assets by the names that a file of the DAGs folder gives them.

Such a file has one key, `datasets`, with a list of names and URIs; it holds no DAGs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path as FilePath
from typing import Any, Final

from airflow_jobkit.fields import describe
from airflow_jobkit.loading.files import FileOfDag
from airflow_jobkit.loading.yaml_text import read_document
from airflow_jobkit.problems import Issue, Path, choices_remedy
from airflow_jobkit.spec.weights import LONGEST_TEXT

DATASETS: Final = "datasets"
_FILE = "file"
_PLACES = ("inlets", "outlets", "schedule")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")


def is_asset_file(data: object) -> bool:
    """Whether a file lists assets, and is no file of DAGs."""
    return isinstance(data, dict) and set(data) == {DATASETS} and isinstance(data[DATASETS], list)


def with_assets_of_files(data: Any, folder: FilePath) -> tuple[Any, list[Issue]]:
    """The data with URIs in place of the names that files give them, and what is wrong with those files.

    Args:
        data: The data of a DAG file.
        folder: The DAGs folder.
    """
    assets = _Assets(folder)
    return assets.made(data, ()), assets.issues


class _Assets:
    """The assets that files name for one DAG file; each is read once, however often it is named."""

    def __init__(self, folder: FilePath) -> None:
        self.issues: list[Issue] = []
        self._read = cache(lambda name: _uris(name, folder))
        self._length = 0

    def made(self, value: Any, path: Path) -> Any:
        """A value with URIs in place of names."""
        if isinstance(value, dict):
            if path and path[-1] in _PLACES and _FILE in value and DATASETS in value:
                return self._with_uris(value, path)
            return {key: self.made(item, (*path, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [self.made(item, (*path, position)) for position, item in enumerate(value)]
        return value

    def _with_uris(self, value: Mapping[Any, Any], path: Path) -> Any:
        file, wanted = value[_FILE], value[DATASETS]
        if not isinstance(file, str):
            return self._refused(
                Issue((*path, _FILE), f"not a file: {describe(file)}", "write its path", "type")
            )
        found = self._read(file)
        if isinstance(found, Issue):
            return self._refused(found.below(*path))
        is_expression = isinstance(wanted, str) and path[-1] == "schedule"
        names = _NAME.findall(wanted) if is_expression else wanted if isinstance(wanted, list) else [wanted]
        unknown = next((name for name in names if not isinstance(name, str) or name not in found), None)
        if unknown is not None:
            message = f"{file} names no dataset {describe(unknown)}"
            remedy = choices_remedy(unknown, found)
            return self._refused(Issue((*path, DATASETS), message, remedy, "unknown-dataset"))
        self._length += sum(len(found[name]) for name in names)
        if self._length > LONGEST_TEXT:
            message = f"assets of more than {LONGEST_TEXT:,} characters in this file"
            return self._refused(Issue((*path, DATASETS), message, "name fewer of them", "too-large"))
        chosen = frozenset(names)
        uris = [uri for name, uri in found.items() if name in chosen]
        if path[-1] != "schedule":
            return uris
        beside = {key: item for key, item in value.items() if key != _FILE}
        expression = _NAME.sub(lambda match: found[match[0]], wanted) if is_expression else uris
        return {**beside, DATASETS: expression}

    def _refused(self, issue: Issue) -> list[Any]:
        self.issues.append(issue)
        return []


def _uris(name: str, folder: FilePath) -> dict[str, str] | Issue:
    """The URIs that a file lists, by their names, in its order."""
    file = FileOfDag(name, folder)
    mistake = file.mistake()
    if mistake is not None:
        return Issue((_FILE,), *mistake)
    document = read_document(name, file.text())
    if document.problems or not is_asset_file(document.data):
        said = next((problem.message for problem in document.problems), "it has no list of `datasets` alone")
        remedy = "write `datasets:` with entries `{name: ..., uri: ...}` there"
        return Issue((_FILE,), f"{name} lists no datasets: {said}", remedy, "bad-value")
    return dict(_named(document.data[DATASETS]))


def _named(entries: Iterable[Any]) -> Iterable[tuple[str, str]]:
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("uri"), str):
            yield str(entry.get("name")), entry["uri"]

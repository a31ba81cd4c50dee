"""`{file: ..., datasets: [...]}`: assets by the names that a file of the DAGs folder gives them.

Such a file has one key, `datasets`, with a list of names and URIs; it holds no DAGs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any, Final

from airflow_jobkit.fields import describe
from airflow_jobkit.loading.files import FileOfDag
from airflow_jobkit.loading.yaml_text import read_document
from airflow_jobkit.problems import Issue, Path, choices_remedy

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
    issues: list[Issue] = []

    def made(value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            if path and path[-1] in _PLACES and _FILE in value and DATASETS in value:
                return _with_uris(value, path, folder, issues)
            return {key: made(item, (*path, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [made(item, (*path, position)) for position, item in enumerate(value)]
        return value

    return made(data, ()), issues


def _with_uris(value: Mapping[Any, Any], path: Path, folder: FilePath, issues: list[Issue]) -> Any:
    found = _uris(value[_FILE], folder)
    if isinstance(found, Issue):
        issues.append(found.below(*path))
        return []
    wanted = value[DATASETS]
    is_expression = isinstance(wanted, str) and path[-1] == "schedule"
    names = _NAME.findall(wanted) if is_expression else wanted if isinstance(wanted, list) else [wanted]
    unknown = [name for name in names if not isinstance(name, str) or name not in found]
    if unknown:
        message = f"{value[_FILE]} names no dataset {describe(unknown[0])}"
        issues.append(Issue((*path, DATASETS), message, choices_remedy(unknown[0], found), "unknown-dataset"))
        return []
    uris = [uri for name, uri in found.items() if name in names]
    if path[-1] != "schedule":
        return uris
    beside = {key: item for key, item in value.items() if key != _FILE}
    expression = _NAME.sub(lambda match: found[match[0]], wanted) if is_expression else uris
    return {**beside, DATASETS: expression}


def _uris(name: object, folder: FilePath) -> dict[str, str] | Issue:
    """The URIs that a file lists, by their names, in its order."""
    if not isinstance(name, str):
        return Issue((_FILE,), f"not a file: {describe(name)}", "write its path", "type")
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

"""Settings: the project with one Environment laid over it, every place resolved."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.errors import EnvironmentNotFoundError
from airflow_jobkit.problems import choices_remedy
from airflow_jobkit.spec.notifiers import BUILT_IN_NOTIFIERS, merged_services
from airflow_jobkit.spec.project import DatasetSpec, ProjectSpec

DEFAULT_ENGINE = "local"
DEFAULT_CODE_ROOT = ".jobkit/code"
DEFAULT_DATA_ROOT = ".jobkit/data"

# A `file:` URL of this machine, up to its path; one with another host stays as it is.
_FILE_URL = re.compile(r"file:(//(localhost)?)?(?=/(?!/))", re.IGNORECASE)


@dataclass(frozen=True)
class Settings:
    """What holds for every DAG of a project in one Environment.

    Attributes:
        project: The project's name, which is also its wheel's.
        environment: The Environment's name.
        engine: The Engine of tasks that name none.
        code_root: Where Releases are: an absolute path or a URL.
        code_version: The version of DAGs that name none; None if nobody does.
        data_root: The folder of datasets without a place of their own.
        runs_root: Where Results and version records are written.
        notification_service_type: The notifier of DAGs that name none.
        notifiers: The settings of each configured notifier, by name; no repr shows them, for their secrets.
        datasets: The bound datasets; paths are absolute.
        options: The options of each Engine.
        allowed_operators: Import prefixes that an `operator:` may come from.
    """

    project: str
    environment: str
    engine: str
    code_root: str
    code_version: str | None
    data_root: str
    runs_root: str
    notification_service_type: str
    notifiers: Mapping[str, Mapping[str, Any]] = field(repr=False)
    datasets: Mapping[str, DatasetSpec]
    options: Mapping[str, EngineOptions]
    allowed_operators: tuple[str, ...]

    @property
    def notification_service_types(self) -> tuple[str, ...]:
        """All notifiers that a run can choose: the built-in ones, then the configured ones."""
        return tuple(dict.fromkeys((*BUILT_IN_NOTIFIERS, *self.notifiers)))


def resolve_settings(project: ProjectSpec, environment: str, base: Path) -> Settings:
    """Lay an Environment over its project.

    Args:
        project: The project file.
        environment: The Environment's name.
        base: The folder that relative places start from: the one that holds `dags/`.

    Raises:
        EnvironmentNotFoundError: The project has no such Environment.
    """
    try:
        overlay = project.environments[environment]
    except KeyError:
        raise EnvironmentNotFoundError(
            f"no environment {environment!r} in jobkit.yaml; "
            f"{choices_remedy(environment, project.environments)}"
        ) from None
    layers = (overlay.layer, project.layer)
    code_root = place(_first(*(layer.code.root for layer in layers)) or DEFAULT_CODE_ROOT, base)
    data_root = place(_first(*(layer.data.root for layer in layers)) or DEFAULT_DATA_ROOT, base)
    datasets = merge_datasets(project.layer.datasets, overlay.layer.datasets)
    return Settings(
        project=project.project,
        environment=environment,
        engine=_first(*(layer.engine for layer in layers)) or DEFAULT_ENGINE,
        code_root=code_root,
        code_version=_first(*(layer.code.version for layer in layers)),
        data_root=data_root,
        runs_root=place(_first(*(layer.runs for layer in layers)) or f"{code_root}/runs", base),
        notification_service_type=_first(*(layer.notification.service_type for layer in layers)) or "NOOP",
        notifiers=merged_services(project.layer.notification.services, overlay.layer.notification.services),
        datasets={name: bound_dataset(dataset, data_root) for name, dataset in datasets.items()},
        options=merge_options(project.options, overlay.options),
        allowed_operators=project.allowed_operators,
    )


def place(location: str, base: Path | str) -> str:
    """A place as an absolute path or a URL; a relative one starts at the base.

    `~` is the home folder, and a `file://` URL of this machine becomes the path it stands for.
    """
    location = _plain(location)
    if "://" in location or Path(location).is_absolute():
        return location.rstrip("/") or "/"
    return f"{str(base).rstrip('/')}/{location}".rstrip("/")


def _plain(location: str) -> str:
    file_url = _FILE_URL.match(location)
    if file_url is not None:
        return unquote(location[file_url.end() :])
    return os.path.expanduser(location)  # noqa: PTH111 - Path's raises where there is no such home


def bound_dataset(dataset: DatasetSpec, data_root: str) -> DatasetSpec:
    """The dataset with its place resolved against the data root."""
    return dataset.model_copy(update={"path": place(dataset.path, data_root)})


def merge_datasets(
    lower: Mapping[str, DatasetSpec], upper: Mapping[str, DatasetSpec]
) -> dict[str, DatasetSpec]:
    """The datasets with those of a later layer on top; what one leaves out stays as it was."""
    merged = dict(lower)
    for name, dataset in upper.items():
        merged[name] = merged[name].overlaid_by(dataset) if name in merged else dataset
    return merged


def merge_options(
    lower: Mapping[str, EngineOptions], upper: Mapping[str, EngineOptions]
) -> dict[str, EngineOptions]:
    """The options of each Engine with those of a later layer on top."""
    merged = dict(lower)
    for engine, options in upper.items():
        merged[engine] = merged[engine].overlaid_by(options) if engine in merged else options
    return merged


def _first(*values: str | None) -> str | None:
    return next((value for value in values if value is not None), None)

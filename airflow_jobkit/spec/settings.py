"""Settings: the project with one Environment laid over it, every place resolved."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_jobkit.engines import options_class
from airflow_jobkit.engines.options import EngineOptions, RemoteOptions
from airflow_jobkit.errors import EnvironmentNotFoundError
from airflow_jobkit.problems import Issue, Path, choices_remedy
from airflow_jobkit.spec.code import Code, CodeRoot, resolve_code
from airflow_jobkit.spec.notifiers import BUILT_IN_NOTIFIERS, merged_services
from airflow_jobkit.spec.places import place
from airflow_jobkit.spec.project import ProjectSpec
from airflow_jobkit.spec.project_keys import DatasetSpec, LayerSpec, SweeperSpec

DEFAULT_ENGINE = "local"
DEFAULT_DATA_ROOT = ".jobkit/data"
DEFAULT_AWS_CONNECTION = "aws_default"


@dataclass(frozen=True)
class Sweeper:
    """The DAG that stops orphaned runs.

    Attributes:
        enabled: Whether there is one, where runs can be orphaned.
        schedule: A cron expression or a preset; None: it runs when somebody starts it.
        grace: The time between the two looks at a run before it is stopped.
        engines: The Engines of the Environment's own whose runs outlive a worker: its `engine`, and those
            that it has options for.
    """

    enabled: bool = True
    schedule: str | None = SweeperSpec().schedule
    grace: dt.timedelta = SweeperSpec().grace
    engines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """What holds for every DAG of a project in one Environment.

    Attributes:
        project: The project's name, which is also its wheel's.
        environment: The Environment's name.
        engine: The Engine of tasks that name none.
        code: Where the code is: a code root, or a layout of its own.
        code_version: The version or channel of DAGs that name none; None if nobody does.
        data_root: The folder of datasets without a place of their own.
        runs_root: Where Results and version records are written.
        notification_service_type: The notifier of DAGs that name none.
        notifiers: The settings of each configured notifier, by name; no repr shows them, for their secrets.
        datasets: The bound datasets; paths are absolute.
        options: The options of each Engine.
        allowed_operators: Import prefixes that an `operator:` may come from.
        aws_conn_id: Airflow's connection for what stands on S3.
        base: The folder that relative places start from.
        folder: The DAGs folder.
        sweeper: The DAG that stops orphaned runs.
        allowed_variables: The environment variables that a YAML may name.
        defaults: What `jobkit.yaml` sets for every DAG, the project's first, then the Environment's, each
            with the path at which it stands.
        dag_code: For a task with code of its own, where that of its DAG is; None: it is `code`.
    """

    project: str
    environment: str
    engine: str
    code: Code
    code_version: str | None
    data_root: str
    runs_root: str
    notification_service_type: str
    notifiers: Mapping[str, Mapping[str, Any]] = field(repr=False)
    datasets: Mapping[str, DatasetSpec]
    options: Mapping[str, EngineOptions]
    allowed_operators: tuple[str, ...]
    aws_conn_id: str = DEFAULT_AWS_CONNECTION
    base: str = "."
    folder: str = "."
    sweeper: Sweeper = Sweeper()
    allowed_variables: tuple[str, ...] = ()
    defaults: tuple[tuple[Path, Mapping[str, Any]], ...] = ()
    dag_code: Code | None = None

    @property
    def code_root(self) -> str | None:
        """Where Releases are; None where the code is a layout of its own."""
        return self.code.root if isinstance(self.code, CodeRoot) else None

    @property
    def notification_service_types(self) -> tuple[str, ...]:
        """All notifiers that a run can choose: the built-in ones, then the configured ones."""
        return tuple(dict.fromkeys((*BUILT_IN_NOTIFIERS, *self.notifiers)))


def resolve_settings(
    project: ProjectSpec, environment: str, base: pathlib.Path, folder: str = "."
) -> Settings:
    """Lay an Environment over its project.

    Args:
        project: The project file.
        environment: The Environment's name.
        base: The folder that relative places start from: the one that holds `dags/`.
        folder: The DAGs folder.

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
    code = resolve_code(project.layer.code.overlaid_by(overlay.layer.code), base)
    assert not isinstance(code, Issue)  # noqa: S101 - the project leaves out Environments with an Issue
    data_root = place(_first(*(layer.data.root for layer in layers)) or DEFAULT_DATA_ROOT, base)
    datasets = merge_datasets(project.layer.datasets, overlay.layer.datasets)
    engine = _first(*(layer.engine for layer in layers)) or DEFAULT_ENGINE
    return Settings(
        project=project.project,
        environment=environment,
        engine=engine,
        code=code,
        code_version=_first(*(layer.code.version for layer in layers)),
        data_root=data_root,
        runs_root=_runs_root(code, _first(*(layer.runs for layer in layers)), base),
        notification_service_type=_first(*(layer.notification.service_type for layer in layers)) or "NOOP",
        notifiers=merged_services(project.layer.notification.services, overlay.layer.notification.services),
        datasets={name: bound_dataset(dataset, data_root) for name, dataset in datasets.items()},
        options=merge_options(project.options, overlay.options),
        allowed_operators=project.allowed_operators,
        aws_conn_id=_first(*(layer.aws_conn_id for layer in layers)) or DEFAULT_AWS_CONNECTION,
        base=str(base),
        folder=folder,
        sweeper=_sweeper(
            project.layer.sweeper.overlaid_by(overlay.layer.sweeper), (engine, *overlay.options)
        ),
        allowed_variables=project.allowed_variables,
        defaults=_defaults(project.layer, environment, overlay.layer),
    )


def _defaults(
    project: LayerSpec, environment: str, overlay: LayerSpec
) -> tuple[tuple[Path, Mapping[str, Any]], ...]:
    """What the project and its Environment set for every DAG, each with its place; without empty ones."""
    places: tuple[tuple[Path, Mapping[str, Any]], ...] = (
        (("defaults",), project.defaults),
        (("environments", environment, "defaults"), overlay.defaults),
    )
    return tuple((path, data) for path, data in places if data)


def _sweeper(spec: SweeperSpec, engines: Iterable[str]) -> Sweeper:
    remote = sorted({engine for engine in engines if issubclass(options_class(engine), RemoteOptions)})
    return Sweeper(spec.enabled, spec.schedule, spec.grace, tuple(remote))


def _runs_root(code: Code, runs: str | None, base: pathlib.Path) -> str:
    if runs is None:
        assert isinstance(code, CodeRoot)  # noqa: S101 - the project leaves out Environments without either
        runs = f"{code.root}/runs"
    return place(runs, base)


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

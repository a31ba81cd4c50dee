"""The project file, `dags/jobkit.yaml`: what holds for all DAGs, and its Environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, Field

from airflow_jobkit.engines import engine_names, options_class
from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.problems import Issue, choices_remedy
from airflow_jobkit.spec.model import Spec, Texts, parse_model
from airflow_jobkit.spec.values import CodeVersion, Name

Keys = TypeVar("Keys", bound=BaseModel)

BUILT_IN_NOTIFIERS = ("NOOP", "LOG", "SNS")
ALWAYS_ALLOWED_OPERATORS = ("airflow.", "airflow_jobkit.")


class CodeSpec(Spec):
    """Where Releases are (`root`) and which one runs where nobody says otherwise (`version`)."""

    root: str | None = None
    version: CodeVersion | None = None


class DataSpec(Spec):
    """The folder of all datasets that have no path of their own."""

    root: str | None = None


class DatasetSpec(Spec):
    """Where a named dataset is (relative to the data root), and how Spark reads it."""

    path: str
    format: str = "parquet"
    ddl: str | None = Field(default=None, alias="schema")
    options: Mapping[str, str] = Field(default_factory=dict)


class NotificationSpec(Spec):
    """Which notifier tells of a job's end, and the settings of each by its name."""

    service_type: str | None = None
    services: Mapping[Name, Mapping[str, Any]] = Field(default_factory=dict)


class OperatorsSpec(Spec):
    """Which import prefixes an `operator:` may come from, beside Airflow's own."""

    allow: Texts = ()


class LayerSpec(Spec):
    """What both the project and each of its Environments can set."""

    engine: str | None = None
    code: CodeSpec = CodeSpec()
    data: DataSpec = DataSpec()
    runs: str | None = None
    notification: NotificationSpec = NotificationSpec()
    datasets: Mapping[Name, DatasetSpec] = Field(default_factory=dict)


class _ProjectKeys(LayerSpec):
    project: Name
    operators: OperatorsSpec = OperatorsSpec()
    environments: Mapping[Name, Any] = Field(default_factory=dict)


class _EnvironmentKeys(LayerSpec):
    mwaa: Texts = ()


@dataclass(frozen=True)
class EnvironmentSpec:
    """An overlay on the project: the MWAA environments that are this one, and what differs there."""

    mwaa: tuple[str, ...]
    layer: LayerSpec
    options: Mapping[str, EngineOptions]


@dataclass(frozen=True)
class ProjectSpec:
    """The project file: its name, its own layer, its Environments and the operators it allows."""

    project: str
    layer: LayerSpec
    options: Mapping[str, EngineOptions]
    environments: Mapping[str, EnvironmentSpec]
    allowed_operators: tuple[str, ...]


def parse_project(data: object) -> tuple[ProjectSpec | None, list[Issue]]:
    """Make a ProjectSpec from what YAML gave, with all that is wrong with it.

    An Environment with a mistake is left out and reported; the others stay.
    """
    keys, options, issues = parse_with_engines(_ProjectKeys, data)
    if keys is None:
        return None, issues
    environments: dict[str, EnvironmentSpec] = {}
    for name, overlay in keys.environments.items():
        parsed, overlay_options, found = parse_with_engines(
            _EnvironmentKeys, {} if overlay is None else overlay
        )
        issues += [issue.below("environments", name) for issue in found]
        if parsed is not None and not found:
            environments[name] = EnvironmentSpec(parsed.mwaa, parsed, overlay_options)
    for path, layer in [((), keys), *((("environments", n), e.layer) for n, e in environments.items())]:
        issues += [issue.below(*path) for issue in _layer_issues(layer, keys)]
    allowed = (*ALWAYS_ALLOWED_OPERATORS, *keys.operators.allow)
    return ProjectSpec(keys.project, keys, options, environments, allowed), issues


def parse_with_engines(
    model: type[Keys], data: object
) -> tuple[Keys | None, dict[str, EngineOptions], list[Issue]]:
    """Make a Spec from a mapping that may also name an `engine` and hold options per Engine (`local:`)."""
    if not isinstance(data, Mapping):
        found = parse_model(model, data)
        return None, {}, found if isinstance(found, list) else []
    blocks = {key: value for key, value in data.items() if key in engine_names()}
    rest = {key: value for key, value in data.items() if key not in blocks}
    options: dict[str, EngineOptions] = {}
    issues: list[Issue] = []
    for engine, block in blocks.items():
        parsed = parse_model(options_class(engine), {} if block is None else block)
        if isinstance(parsed, list):
            issues += [issue.below(engine) for issue in parsed]
        else:
            options[engine] = parsed
    issues += _engine_issues(data.get("engine"))
    keys = parse_model(model, rest, also_known=engine_names())
    if isinstance(keys, list):
        return None, options, issues + keys
    return keys, options, issues


def _engine_issues(engine: object) -> list[Issue]:
    """The Issue of an Engine that does not exist, if this names one."""
    if not isinstance(engine, str) or engine in engine_names():
        return []
    return [
        Issue(("engine",), f"no engine {engine!r}", choices_remedy(engine, engine_names()), "unknown-engine")
    ]


def _layer_issues(layer: LayerSpec, project: LayerSpec) -> list[Issue]:
    issues: list[Issue] = []
    services = {**project.notification.services, **layer.notification.services}
    chosen = layer.notification.service_type
    known = {*BUILT_IN_NOTIFIERS, *services}
    if chosen is not None and chosen not in known:
        remedy = f"{choices_remedy(chosen, known)} (or configure it below notification.services)"
        issues.append(
            Issue(("notification", "service_type"), f"no notifier {chosen!r}", remedy, "unknown-notifier")
        )
    if chosen == "SNS" and "topic_arn" not in services.get("SNS", {}):
        issues.append(
            Issue(
                ("notification", "service_type"),
                "SNS has no topic",
                "add notification.services.SNS.topic_arn",
                "missing-key",
            )
        )
    return issues

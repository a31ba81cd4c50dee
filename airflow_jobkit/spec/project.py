"""The project file, `dags/jobkit.yaml`: what holds for all DAGs, and its Environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from airflow_jobkit.engines import engine_names, options_class
from airflow_jobkit.engines.options import EngineOptions
from airflow_jobkit.problems import Issue, Path, choices_remedy
from airflow_jobkit.spec.code import CodeLayout, no_channel_issue, resolve_code
from airflow_jobkit.spec.model import parse_model
from airflow_jobkit.spec.notifiers import choice_issue, class_issues, merged_services
from airflow_jobkit.spec.project_keys import EnvironmentKeys, LayerSpec, ProjectKeys
from airflow_jobkit.spec.variables import unfilled_issues
from airflow_jobkit.spec.versions import is_channel

Keys = TypeVar("Keys", bound=BaseModel)

ALWAYS_ALLOWED_OPERATORS = ("airflow.", "airflow_jobkit.")


@dataclass(frozen=True)
class EnvironmentSpec:
    """An overlay on the project: the MWAA environments that are this one, and what differs there."""

    mwaa: tuple[str, ...]
    layer: LayerSpec
    options: Mapping[str, EngineOptions]


@dataclass(frozen=True)
class ProjectSpec:
    """The project file.

    Attributes:
        project: Its name.
        layer: What it sets for all Environments.
        options: The options of each Engine that it sets for all Environments.
        environments: The Environments without a mistake, by name.
        environment_names: The names of all Environments, also of those left out for their mistakes.
        allowed_operators: The import prefixes that an `operator:` may come from.
        allowed_variables: The environment variables that a YAML may name.
    """

    project: str
    layer: LayerSpec
    options: Mapping[str, EngineOptions]
    environments: Mapping[str, EnvironmentSpec]
    environment_names: tuple[str, ...]
    allowed_operators: tuple[str, ...]
    allowed_variables: tuple[str, ...] = ()


def parse_project(data: object) -> tuple[ProjectSpec | None, list[Issue]]:
    """Make a ProjectSpec from what YAML gave, with all that is wrong with it.

    An Environment with a mistake is left out and reported; the others stay.
    """
    keys, options, issues = parse_with_engines(ProjectKeys, data)
    issues += unfilled_issues(data)
    overlays = data.get("environments") if isinstance(data, dict) else None
    environments, found = _parse_environments(overlays if isinstance(overlays, dict) else {})
    issues += found
    if keys is None:
        return None, issues
    if not keys.environments:
        remedy = "add `environments: {local: {}}`"
        issues.append(
            Issue(("environments",), "the project has no environments", remedy, "missing-key", at="key")
        )
    issues += _mwaa_issues(environments)
    overlays = {name: own.layer.notification.services for name, own in environments.items()}
    issues += class_issues(keys.notification.services, overlays)
    issues += [
        issue for name, own in environments.items() for issue in _notifier_issues(keys, name, own.layer)
    ]
    misplaced = {name: _code_issues(keys, name, own.layer) for name, own in environments.items()}
    issues += dict.fromkeys(issue for found in misplaced.values() for issue in found)
    environments = {
        name: own
        for name, own in environments.items()
        # A task of an Engine that does not exist could not be told from none.
        if not misplaced[name] and (own.layer.engine or keys.engine) in (None, *engine_names())
    }
    allowed = (*ALWAYS_ALLOWED_OPERATORS, *keys.operators.allow)
    names = tuple(keys.environments)
    variables = keys.variables.env
    return ProjectSpec(keys.project, keys, options, environments, names, allowed, variables), issues


def _parse_environments(overlays: Mapping[Any, Any]) -> tuple[dict[str, EnvironmentSpec], list[Issue]]:
    environments: dict[str, EnvironmentSpec] = {}
    issues: list[Issue] = []
    for name, overlay in overlays.items():
        keys, options, found = parse_with_engines(EnvironmentKeys, {} if overlay is None else overlay)
        issues += [issue.below("environments", str(name)) for issue in found]
        if keys is not None and not found:
            environments[str(name)] = EnvironmentSpec(keys.mwaa, keys, options)
    return environments, issues


def parse_with_engines(
    model: type[Keys], data: object
) -> tuple[Keys | None, dict[str, EngineOptions], list[Issue]]:
    """Make a Spec from a mapping that may also name an `engine` and hold options per Engine (`local:`)."""
    if not isinstance(data, dict):
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


def _notifier_issues(project: LayerSpec, environment: str, overlay: LayerSpec) -> list[Issue]:
    """What is wrong with the notifier that holds in an Environment."""
    path: Path = ("notification", "service_type")
    service = project.notification.service_type
    if overlay.notification.service_type is not None:
        path, service = ("environments", environment, *path), overlay.notification.service_type
    services = merged_services(project.notification.services, overlay.notification.services)
    issue = choice_issue(path, service, services, environment) if service is not None else None
    return [issue] if issue is not None else []


def _code_issues(project: LayerSpec, environment: str, overlay: LayerSpec) -> list[Issue]:
    """What is wrong with the code of an Environment, said where it is set."""
    own = overlay.code.model_fields_set - {"version"}
    if not own and not project.code.model_fields_set:  # the code root of all who name none
        return []
    above: Path = ("environments", environment) if own else ()
    code = resolve_code(project.code.overlaid_by(overlay.code), "")
    if isinstance(code, Issue):
        return [code.below(*above)]
    if isinstance(code, CodeLayout) and overlay.runs is None and project.runs is None:
        message = "Results have no place: beside files that are named one by one there is no code root"
        remedy = "add `runs: ...`, a folder or URL"
        return [Issue((*above, "code"), message, remedy, "missing-key", at="key")]
    version = overlay.code.version or project.code.version
    if isinstance(code, CodeLayout) and version is not None and is_channel(version):
        if overlay.code.version is None and own:  # the project's is right for its other Environments
            return [no_channel_issue((*above, "code"), '`version: "0.2.0"` in it')]
        at_version: Path = ("environments", environment) if overlay.code.version is not None else ()
        return [no_channel_issue((*at_version, "code", "version"))]
    return []


def _mwaa_issues(environments: Mapping[str, EnvironmentSpec]) -> list[Issue]:
    """An Issue for each MWAA environment that two Environments claim."""
    first: dict[str, str] = {}
    return [
        Issue(
            ("environments", name, "mwaa", position),
            f"the environment {owner} lists {mwaa} already",
            "remove one of them",
            "duplicate-mwaa",
        )
        for name, environment in environments.items()
        for position, mwaa in enumerate(environment.mwaa)
        if (owner := first.setdefault(mwaa, name)) != name
    ]

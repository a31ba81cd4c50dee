"""Notifiers, as the project file configures them: which there are, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_jobkit.fields import describe
from airflow_jobkit.problems import Issue, Path, choices_remedy, did_you_mean

BUILT_IN_NOTIFIERS = ("NOOP", "LOG", "SNS")

Services = Mapping[str, Mapping[str, Any]]
"""The settings of each configured notifier, by its name."""

_SERVICES: Path = ("notification", "services")
_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_CLASS_FORM = "package.module:Class"

SERVICE = {
    "type": "object",
    "properties": {
        "class": {
            "type": ["string", "null"],
            "pattern": f"^{_CLASS.pattern}$",
            "patternErrorMessage": f"Not a notifier's class: write {_CLASS_FORM}.",
            "description": f"The notifier's class, as {_CLASS_FORM}; the other settings go to it.",
        },
        "topic_arn": {"description": "The topic of SNS."},
    },
}
"""The settings of a notifier as a JSON Schema."""


def merged_services(project: Services, overlay: Services) -> dict[str, Mapping[str, Any]]:
    """The settings of each configured notifier, an Environment's over the project's."""
    services = dict(project)
    for name, settings in overlay.items():
        services[name] = {**services.get(name, {}), **settings}
    return services


def choice_issue(path: Path, service: str, services: Services, environment: str) -> Issue | None:
    """What is wrong with choosing a notifier in an Environment, if anything is.

    Args:
        path: Where it is chosen.
        service: Its name.
        services: The configured notifiers that hold in the Environment.
        environment: The Environment's name.
    """
    known = {*BUILT_IN_NOTIFIERS, *services}
    if service not in known:
        remedy = f"{choices_remedy(service, known)} (or configure it below notification.services)"
        return Issue(path, f"no notifier {service!r}", remedy, "unknown-notifier")
    if service == "SNS" and not {"topic_arn", "class"}.intersection(services.get("SNS", {})):
        remedy = "add notification.services.SNS.topic_arn in jobkit.yaml"
        return Issue(path, f"SNS has no topic in the environment {environment}", remedy, "missing-key")
    return None


def class_issues(project: Services, overlays: Mapping[str, Services]) -> list[Issue]:
    """Every class of a configured notifier that is wrongly written, or missing where none is built in.

    Args:
        project: What the project configures.
        overlays: What each Environment configures on top, by the Environment's name.
    """
    issues = _malformed(project)
    for environment, overlay in overlays.items():
        issues += [issue.below("environments", environment) for issue in _malformed(overlay)]
        for name, settings in merged_services(project, overlay).items():
            if name not in BUILT_IN_NOTIFIERS and settings.get("class") is None:
                above = () if name in project else ("environments", environment)
                issues.append(_classless(name).below(*above))
    return list(dict.fromkeys(issues))


def _malformed(services: Services) -> list[Issue]:
    classes = {name: settings["class"] for name, settings in services.items() if "class" in settings}
    return [
        Issue(
            (*_SERVICES, name, "class"),
            f"not a notifier's class: {describe(value)}",
            f"write {_CLASS_FORM}",
            "bad-value",
        )
        for name, value in classes.items()
        if value is not None and not (isinstance(value, str) and _CLASS.fullmatch(value))
    ]


def _classless(name: str) -> Issue:
    meant = did_you_mean(name, BUILT_IN_NOTIFIERS)
    remedy = f"add `class: {_CLASS_FORM}`{f', or did you mean {meant}?' if meant else ''}"
    return Issue((*_SERVICES, name), f"the notifier {name} has no class", remedy, "missing-key", at="key")

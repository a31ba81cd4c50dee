"""Telling somebody how a run ended. A notifier that fails is a warning in the Result, never a failed run."""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from jobkit_runtime.envelope import NotifierSettings
from jobkit_runtime.errors import NotifierError
from jobkit_runtime.journal import one_line
from jobkit_runtime.result import Result
from jobkit_runtime.wording import counted_rows, did_you_mean, listed

_LOG = logging.getLogger(__name__)
_SUBJECT_CHARACTERS = 100


@dataclass(frozen=True)
class Notification:
    """What a notifier is told: the run's Result, as one line and as a JSON document."""

    result: Result

    def summary(self) -> str:
        """One line: `dwh.jobs.flights.clean_flights_factory 0.1.0: success in 18.5 s`."""
        outcome, version = self.result.outcome, self.result.run.code_version
        name = f"{self.result.module_name} {version}" if version else self.result.module_name
        error = "" if outcome.error is None else f": {outcome.error.type} in {outcome.error.stage}"
        return f"{name}: {outcome.status} in {outcome.seconds:.1f} s{error}"

    def document(self) -> dict[str, object]:
        """Job, status, versions, who ran it, rows written by dataset, and the error's message."""
        outcome, run = self.result.outcome, self.result.run
        return {
            "job": self.result.module_name,
            "status": outcome.status,
            "engine": run.engine,
            "environment": run.environment,
            "code_version": run.code_version,
            "runtime_version": self.result.runtime_version,
            "dag_id": run.dag_id,
            "run_id": run.run_id,
            "task_id": run.task_id,
            "map_index": run.map_index,
            "try_number": run.try_number,
            "seconds": round(outcome.seconds, 3),
            "rows": self.rows(),
            "warnings": list(outcome.warnings),
            "error": None if outcome.error is None else f"{outcome.error.type}: {outcome.error.message}",
        }

    def rows(self) -> dict[str, int | None]:
        """Rows written, by dataset; None where Spark did not tell."""
        return {item.name: item.rows for item in self.result.outcome.datasets if item.role == "output"}


class Notifier(Protocol):
    """Tells somebody. Constructed with the settings of the Envelope as keyword arguments."""

    def notify(self, event: Notification) -> None:
        """Tell how the run ended; whatever this raises becomes a warning."""


class NoNotifier:
    """NOOP: tells nobody. Settings are for other notifiers, so that they can stand there while it is off."""

    def __init__(self, **settings: object) -> None:
        """Takes any settings."""

    def notify(self, event: Notification) -> None:
        """Do nothing."""


class LogNotifier:
    """LOG: one line in the job's own log."""

    def __init__(self, **settings: object) -> None:
        """Takes any settings."""

    def notify(self, event: Notification) -> None:
        """Log the summary, with the rows of each dataset written."""
        rows = [f"{name} {counted_rows(count)}" for name, count in event.rows().items()]
        _LOG.info("notification: %s", ", ".join([event.summary(), *rows]))


class SnsNotifier:
    """SNS: a message to an Amazon SNS topic; the subject is the summary, the message a JSON document."""

    def __init__(self, topic_arn: str, region_name: str | None = None) -> None:
        self._topic_arn = topic_arn
        self._region_name = region_name or _region_of(topic_arn)

    def notify(self, event: Notification) -> None:
        """Publish; gives up soon, since the job's outcome does not wait for it."""
        import boto3  # type: ignore[import-untyped, unused-ignore]
        from botocore.config import Config  # type: ignore[import-untyped, unused-ignore]

        limits = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3})
        client = boto3.client("sns", region_name=self._region_name, config=limits)
        message = json.dumps(event.document(), indent=2)
        client.publish(TopicArn=self._topic_arn, Subject=subject(event.summary()), Message=message)


BUILT_IN: dict[str, Callable[..., Notifier]] = {"LOG": LogNotifier, "NOOP": NoNotifier, "SNS": SnsNotifier}


def notify(service_type: str, settings: NotifierSettings, event: Notification) -> str | None:
    """Tell the notifier; what goes wrong comes back as the text of a warning."""
    try:
        _notifier(service_type, settings).notify(event)
    except Exception as exc:  # noqa: BLE001 -- a notifier may raise anything, and the run has ended
        _LOG.warning("notification %s failed", service_type, exc_info=exc)
        return f"notification {service_type} failed: {one_line(exc)}"
    return None


def subject(text: str) -> str:
    """A text as SNS takes it for a subject: ASCII, one line, at most 100 characters."""
    line = " ".join(text.encode("ascii", "replace").decode().split())
    return line if len(line) <= _SUBJECT_CHARACTERS else f"{line[: _SUBJECT_CHARACTERS - 3]}..."


def _notifier(service_type: str, settings: NotifierSettings) -> Notifier:
    if settings.class_path:
        make = _imported(settings.class_path)
    elif service_type in BUILT_IN:
        make = BUILT_IN[service_type]
    else:
        raise NotifierError(
            f"there is no notifier {service_type!r}{did_you_mean(service_type, BUILT_IN)} "
            f"({listed(BUILT_IN)}, or one of your own by its class)"
        )
    try:
        return make(**settings.settings)
    except TypeError as exc:
        raise NotifierError(f"the settings do not fit the notifier {service_type}: {exc}") from None


def _imported(class_path: str) -> Callable[..., Notifier]:
    module_name, _, class_name = class_path.partition(":")
    found: Any = getattr(importlib.import_module(module_name), class_name, None)
    if not isinstance(found, type) or not hasattr(found, "notify"):
        raise NotifierError(
            f"{class_path} is no notifier: write package.module:Class, a class with notify(event)"
        )
    return found


def _region_of(arn: str) -> str | None:
    parts: Mapping[int, str] = dict(enumerate(arn.split(":")))
    return parts.get(3) or None

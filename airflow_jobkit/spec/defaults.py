"""`default_args`: what a DAG or a group sets for all its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_jobkit.problems import Issue, did_you_mean
from airflow_jobkit.spec.callables import callback_issues
from airflow_jobkit.spec.common import AirflowKeys
from airflow_jobkit.spec.file_functions import OF_CALLBACKS, with_file_functions
from airflow_jobkit.spec.model import parse_model
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.zones import TIMEZONE, in_timezone, zone_issue

# What other factories have, or had, and what to write instead.
_ELSEWHERE: Mapping[str, str] = {
    "retry_delay_sec": "write `retry_delay: 5m`",
    "max_retry_delay_sec": "write `max_retry_delay: 1h`",
    "execution_timeout_secs": "write `timeout: 30m`",
    "sla_secs": "take it out; Airflow 3 has no SLAs",
    "sla_miss_callback": "take it out; Airflow 3 has no SLAs",
}

LIKENESS = 0.8
"""From how alike on a key that no task has is a misspelt one, and no operator's own."""


@dataclass(frozen=True)
class DefaultArgs:
    """Defaults of tasks.

    Attributes:
        keys: Those that every task can have.
        arguments: Those of operators that have them, such as `aws_conn_id`.
        timezone: The time zone of their dates.
    """

    keys: AirflowKeys = field(default_factory=AirflowKeys)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    timezone: str | None = None


_NO_DEFAULTS = DefaultArgs()


def parse_default_args(data: object, settings: Settings | None) -> tuple[DefaultArgs, list[Issue]]:
    """Read `default_args`, with what is wrong with them; paths start at what holds them.

    A key that no task has may be an operator's own argument; one that looks like a misspelt one is a mistake.

    Args:
        data: What YAML gave.
        settings: The Environment's Settings; None: what they allow is not checked here.
    """
    if not data or not isinstance(data, dict):
        return _NO_DEFAULTS, []
    known = AirflowKeys.model_fields
    issues: list[Issue] = []
    timezone = data.get(TIMEZONE)
    if TIMEZONE in data:
        zone = zone_issue(data)
        issues += [zone] if zone is not None else []
        data = {key: value for key, value in in_timezone(data).items() if key != TIMEZONE}
    data, found = with_file_functions(data, OF_CALLBACKS)
    issues += found
    arguments = {key: value for key, value in data.items() if key not in known and key not in _ELSEWHERE}
    issues += [
        Issue((key,), f"`{key}` is not known here", _ELSEWHERE[key], "elsewhere", at="key")
        for key in data
        if key in _ELSEWHERE
    ]
    issues += [
        Issue((key,), "unknown key", f"did you mean {meant}?", "unknown-key", at="key")
        for key in arguments
        if (meant := did_you_mean(key, known, cutoff=LIKENESS)) is not None
    ]
    parsed = parse_model(AirflowKeys, {key: value for key, value in data.items() if key in known})
    if isinstance(parsed, list):
        issues += parsed
        parsed = AirflowKeys()
    elif settings is not None:
        issues += callback_issues(parsed, settings.allowed_operators)
    return DefaultArgs(parsed, arguments, timezone), [issue.below("default_args") for issue in issues]

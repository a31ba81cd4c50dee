"""`default_args`: what a DAG or a group sets for all its tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_jobkit.problems import Issue, did_you_mean
from airflow_jobkit.spec.callables import callback_issues
from airflow_jobkit.spec.common import AirflowKeys
from airflow_jobkit.spec.model import parse_model


@dataclass(frozen=True)
class DefaultArgs:
    """Defaults of tasks.

    Attributes:
        keys: Those that every task can have.
        arguments: Those of operators that have them, such as `aws_conn_id`.
    """

    keys: AirflowKeys = field(default_factory=AirflowKeys)
    arguments: Mapping[str, Any] = field(default_factory=dict)


def parse_default_args(data: object, allowed: Iterable[str] | None) -> tuple[DefaultArgs, list[Issue]]:
    """Read `default_args`, with what is wrong with them; paths start at what holds them.

    A key that no task has may be an operator's own argument; one that looks like a misspelt one is a mistake.

    Args:
        data: What YAML gave.
        allowed: The import prefixes that are allowed; None: not checked here.
    """
    if not data or not isinstance(data, Mapping):
        return DefaultArgs(), []
    known = AirflowKeys.model_fields
    arguments = {key: value for key, value in data.items() if key not in known}
    issues = [
        Issue((key,), "unknown key", f"did you mean {meant}?", "unknown-key", at="key")
        for key in arguments
        if (meant := did_you_mean(key, known, cutoff=0.8)) is not None
    ]
    parsed = parse_model(AirflowKeys, {key: value for key, value in data.items() if key in known})
    if isinstance(parsed, list):
        issues += parsed
        parsed = AirflowKeys()
    elif allowed is not None:
        issues += callback_issues(parsed, allowed)
    return DefaultArgs(parsed, arguments), [issue.below("default_args") for issue in issues]

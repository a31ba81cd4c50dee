"""The values of `--param`, as the params of the DAG take them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from airflow_jobkit.errors import JobkitError
from airflow_jobkit.problems import choices_remedy
from airflow_jobkit.spec.checks import takes_channels
from airflow_jobkit.spec.code import no_channel_issue
from airflow_jobkit.spec.dag import RESERVED_PARAMS, DagSpec
from airflow_jobkit.spec.versions import is_channel, parse_code_version

CODE_VERSION = "code_version"


def run_conf(texts: Iterable[str], spec: DagSpec) -> dict[str, Any]:
    """`month=3` and the like, as the conf of a DAG run.

    Text stays text for a param of type string: `code_version=1.10` is no number. Elsewhere it is read as JSON
    where it is JSON.

    Raises:
        JobkitError: One has no value, or the DAG has no such param; or a code version is none.
    """
    return dict(_param(text, spec) for text in texts)


def _param(text: str, spec: DagSpec) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise JobkitError(f"--param {text}: write it as name=value")
    known = {*spec.keys.params, *(RESERVED_PARAMS if spec.spark_tasks else ())}
    if name not in known:
        raise JobkitError(
            f"--param {text}: no param {name!r} in {spec.dag_id}; {choices_remedy(name, known)}"
        )
    if name == CODE_VERSION:
        return name, _code_version(text, value, spec)
    types = ("string",) if name in RESERVED_PARAMS else _types(spec.keys.params[name])
    return name, _value(value, types)


def _code_version(text: str, value: str, spec: DagSpec) -> str:
    """A version in its normal form, or a channel, as a file's `code_version` would be read."""
    try:
        version = parse_code_version(value)
    except PydanticCustomError as error:
        told = error.context or {}
        raise JobkitError(f"--param {text}: {told.get('message')}; {told.get('remedy')}") from None
    if is_channel(version) and not takes_channels(spec):
        issue = no_channel_issue(())
        raise JobkitError(f"--param {text}: {issue.message}; {issue.remedy}")
    return version


def _types(declared: Any) -> tuple[str, ...]:
    """The JSON Schema types of a param; none for one that is a plain default."""
    types = declared.get("type") if isinstance(declared, Mapping) else None
    return (types,) if isinstance(types, str) else tuple(types or ())


def _value(text: str, types: tuple[str, ...]) -> Any:
    if "string" in types and not ("null" in types and text == "null"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text

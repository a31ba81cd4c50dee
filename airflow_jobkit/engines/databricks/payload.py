"""What is sent to Databricks, as pure functions: the runs/submit request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from airflow_jobkit.engines.databricks.options import LARGEST_PARAMETERS, Options
from airflow_jobkit.engines.invocation import RUN_KEY, Invocation, RunNames
from airflow_jobkit.errors import EngineError

TASK_KEY = "job"
ENVIRONMENT_KEY = "jobkit"
WHEELS = "--jobkit_wheels"

TOKEN_SHOWN = "<token>"  # noqa: S105 - it stands for the token that a run is submitted with


def token_of(submission: str) -> str:
    """The idempotency token of a submission: 64 characters, which is all that Databricks takes."""
    return hashlib.sha256(submission.encode()).hexdigest()


def submit(options: Options, invocation: Invocation, names: RunNames) -> dict[str, Any]:
    """The runs/submit request of a run.

    It has the form with `tasks`, of which there is one: the reference of the Jobs API 2.1 and 2.2 has no
    other, serverless compute works in no other, and each argument stands in it under its own name.

    Args:
        options: Complete options, without contradictions.
        invocation: What to execute.
        names: What the run is called, and the submission that makes its token: Databricks starts one run per
            token, however often the request is sent.

    Raises:
        EngineError: The arguments are too large, or the options name no compute.
    """
    request: dict[str, Any] = {
        "run_name": options.run_name or f"{names.dag_id}.{names.task_id}",
        "tasks": [_task(options, invocation, names)],
    }
    if options.serverless is not None:
        request["environments"] = [_environment(options.serverless.environment_version, invocation)]
    if options.access_control_list:
        permissions = (entry.model_dump(exclude_none=True) for entry in options.access_control_list)
        request["access_control_list"] = list(permissions)
    if options.timeout is not None:
        request["timeout_seconds"] = int(options.timeout.total_seconds())
    return {**request, **_plain(options.submit), "idempotency_token": token_of(names.submission)}


def preview(options: Options, invocation: Invocation, names: RunNames) -> dict[str, Any]:
    """The requests that a run comes to, by API call; each submission has a token of its own."""
    return {"runs/submit": {**submit(options, invocation, names), "idempotency_token": TOKEN_SHOWN}}


def _task(options: Options, invocation: Invocation, names: RunNames) -> dict[str, Any]:
    script: dict[str, Any] = {
        "python_file": invocation.script,
        "parameters": _parameters(options, invocation, names),
    }
    if "git_source" in options.submit:
        # Databricks would look for the script in that repository.
        script["source"] = "WORKSPACE"
    task = {"task_key": TASK_KEY, "spark_python_task": script}
    if options.new_cluster is not None:
        wheels = [{"whl": wheel} for wheel in invocation.wheels]
        return {**task, "new_cluster": _cluster(options), **({"libraries": wheels} if wheels else {})}
    if options.existing_cluster_id is not None:
        return {**task, "existing_cluster_id": options.existing_cluster_id}
    if options.serverless is not None:
        return {**task, "environment_key": ENVIRONMENT_KEY}
    raise EngineError(
        "the Databricks options name no compute; set new_cluster, existing_cluster_id or serverless"
    )


def _parameters(options: Options, invocation: Invocation, names: RunNames) -> list[str]:
    parameters = [*invocation.argv, f"--{RUN_KEY}", names.submission]
    if options.existing_cluster_id is not None and invocation.wheels:
        # As libraries they would stay on the cluster, for everybody's jobs, until it ends.
        parameters += [WHEELS, ",".join(invocation.wheels)]
    size = len(json.dumps(parameters))
    if size > LARGEST_PARAMETERS:
        raise EngineError(
            f"the job's arguments are {size:,} bytes long as JSON, and Databricks takes "
            f"{LARGEST_PARAMETERS:,}; put large values into a dataset, and pass its name"
        )
    return parameters


def _cluster(options: Options) -> dict[str, Any]:
    """The new cluster as it is written, with what our own keys say of it."""
    cluster: dict[str, Any] = _plain(options.new_cluster or {})
    if options.instance_profile_arn is not None:
        attributes = {"instance_profile_arn": options.instance_profile_arn}
        cluster["aws_attributes"] = {**cluster.get("aws_attributes", {}), **attributes}
    for name, values in (("spark_env_vars", options.environment), ("custom_tags", options.tags)):
        if values:
            cluster[name] = {**cluster.get(name, {}), **values}
    return cluster


def _environment(version: str, invocation: Invocation) -> dict[str, Any]:
    spec = {"environment_version": version, "dependencies": list(invocation.wheels)}
    return {"environment_key": ENVIRONMENT_KEY, "spec": spec}


def _plain(value: Any) -> Any:
    """A copy of JSON-able data in plain dictionaries and lists."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value

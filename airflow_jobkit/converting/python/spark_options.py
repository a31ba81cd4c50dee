"""What the stock operators' arguments are among our options of Glue and Databricks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final

from airflow_jobkit.converting.python import to_yaml
from airflow_jobkit.converting.python.times import NotCarriedError
from airflow_jobkit.converting.python.values import Value
from airflow_jobkit.engines.arguments import plain_name
from airflow_jobkit.engines.glue.vocabulary import OPTIONS_OF, RESERVED_ARGUMENTS
from airflow_jobkit.fields import duration_text

Take = Callable[[Value], tuple[str | None, Any]]

# Arguments that Glue reads itself, whatever the script is.
_GLUES_OWN: Final = frozenset(
    {
        *("TempDir", "conf", "job_language", "class", "extra_jars", "extra_files", "extra_py_files"),
        *("user_jars_first", "additional_python_modules", "python_modules_installer_option"),
        *("enable_metrics", "enable_observability_metrics", "enable_glue_datacatalog", "enable_auto_scaling"),
        *("enable_continuous_cloudwatch_log", "enable_continuous_log_filter", "continuous_log_logGroup"),
        *("continuous_log_logStreamPrefix", "continuous_log_conversionPattern", "enable_job_insights"),
        *("enable_spark_ui", "spark_event_logs_path", "enable_s3_parquet_optimized_committer"),
        *("enable_rename_algorithm_v2", "enable_lakeformation_fine_grained_access", "datalake_formats"),
        *("job_bookmark_option", "job_bookmark_from", "job_bookmark_to", "write_shuffle_files_to_s3"),
        *("write_shuffle_spills_to_s3", "customer_driver_env_vars", "customer_executor_env_vars"),
        *OPTIONS_OF,
        *RESERVED_ARGUMENTS,
    }
)


SET_BY_ITSELF: Final = frozenset(
    {"JOB_NAME", "JOB_ID", "JOB_RUN_ID", "scriptLocation", "extra_py_files", "job_language"}
)
"""Those that Glue, or the code version, sets in any case."""


def is_glues_own(name: str) -> bool:
    """Whether an argument of a run is for Glue, and not for the script."""
    return plain_name(name) in _GLUES_OWN


def _same(key: str) -> Take:
    return lambda value: (key, to_yaml.value(value))


def _if_true(what: str) -> Take:
    """An argument that has one value here."""

    def take(value: Value) -> tuple[str | None, Any]:
        if value is not True:
            raise NotCarriedError(what, "a task of ours waits for its run; give the task a time-out")
        return None, None

    return take


def _none_or(what: str, remedy: str) -> Take:
    """An argument that may only say nothing."""

    def take(value: Value) -> tuple[str | None, Any]:
        if value not in (None, 0, "", False):
            raise NotCarriedError(what, remedy)
        return None, None

    return take


def _seconds(key: str) -> Take:
    def take(value: Value) -> tuple[str | None, Any]:
        if value in (None, 0):
            return None, None
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise NotCarriedError(f"a `{key}` that is no number", "write it like 30m")
        return key, duration_text(dt.timedelta(seconds=value))

    return take


_RETRIES = "retries that Glue makes by itself"
_WAITING = "a run that nobody waits for"

GLUE: Final[Mapping[str, Take]] = {
    **{
        name: _same(name)
        for name in ("job_name", "iam_role_name", "iam_role_arn", "region_name", "aws_conn_id")
    },
    "concurrent_run_limit": _same("max_concurrent_runs"),
    "retry_limit": _none_or(_RETRIES, "set `retries` in the task"),
    "num_of_dpus": _none_or("a number of DPUs", "set `worker_type` and `number_of_workers`"),
    "wait_for_completion": _if_true(_WAITING),
    "job_poll_interval": _seconds("poll_interval"),
}
GLUE_SILENT: Final = frozenset(
    {
        *("script_location", "s3_bucket", "job_desc", "replace_script_file", "update_config", "verbose"),
        *("stop_job_run_on_kill", "sleep_before_return", "waiter_delay", "waiter_max_attempts"),
        *("resume_glue_job_on_retry", "durable", "botocore_config", "verify"),
        *("openlineage_inject_parent_job_info", "openlineage_inject_transport_info"),
    }
)
"""What the code version, or the operator of ours, settles by itself."""

DATABRICKS: Final[Mapping[str, Take]] = {
    "databricks_conn_id": _same("connection_id"),
    **{
        name: _same(name)
        for name in ("new_cluster", "existing_cluster_id", "run_name", "access_control_list")
    },
    "timeout_seconds": _seconds("timeout"),
    "polling_period_seconds": _seconds("poll_interval"),
    "wait_for_termination": _if_true(_WAITING),
}
DATABRICKS_SILENT: Final = frozenset(
    {
        *("databricks_retry_limit", "databricks_retry_delay", "databricks_retry_args", "idempotency_token"),
        *("task_key", "git_source"),
    }
)


def databricks_run(arguments: Mapping[str, Value]) -> dict[str, Value]:
    """What a run is submitted with, flat: from named arguments, from `json`, and from its one task.

    `parameters` and `python_file` are those of its Python script; there are none where it runs anything else.
    """
    given: dict[str, Value] = {name: value for name, value in arguments.items() if name != "json"}
    document = arguments.get("json")
    if isinstance(document, dict):
        given = {**document, **given}
    tasks = given.get("tasks")
    if isinstance(tasks, list) and len(tasks) == 1 and isinstance(tasks[0], dict):
        given.pop("tasks")
        given = {**tasks[0], **given}
    script = given.pop("spark_python_task", None)
    if isinstance(script, dict):
        given |= {name: script[name] for name in ("parameters", "python_file") if name in script}
    return given


_MINUTES = {"Timeout"}
_DEFINITION: Mapping[str, str] = {
    "GlueVersion": "glue_version",
    "WorkerType": "worker_type",
    "NumberOfWorkers": "number_of_workers",
    "Timeout": "timeout",
    "ExecutionClass": "execution_class",
    "SecurityConfiguration": "security_configuration",
    "JobRunQueuingEnabled": "queueing",
    "Tags": "tags",
}
_SILENT = frozenset({"Command", "Name", "Role", "Description"})


def glue_definition(given: Value) -> tuple[dict[str, Value], list[str], dict[str, Value]]:
    """What `create_job_kwargs` or `run_job_kwargs` say.

    Returns:
        Our options, the names of fields that are none of them, and arguments of Glue's own.
    """
    options: dict[str, Value] = {}
    rest: list[str] = []
    arguments: dict[str, Value] = {}
    for name, value in given.items() if isinstance(given, dict) else ():
        if name in _DEFINITION and isinstance(value, str | int | dict):
            options[_DEFINITION[name]] = f"{value}m" if name in _MINUTES else value
        elif name == "Connections" and isinstance(value, dict) and isinstance(value.get("Connections"), list):
            options["connections"] = value["Connections"]
        elif name == "ExecutionProperty" and isinstance(value, dict):
            options["max_concurrent_runs"] = value.get("MaxConcurrentRuns")
        elif name == "DefaultArguments" and isinstance(value, dict):
            arguments |= {str(key): item for key, item in value.items()}
        elif not (name in _SILENT or (name == "MaxRetries" and value == 0)):
            rest.append(str(name))
    return options, rest, arguments

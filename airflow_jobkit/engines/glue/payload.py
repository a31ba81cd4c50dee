"""What is sent to Glue, as pure functions: the CreateJob and StartJobRun requests."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from airflow_jobkit.engines.arguments import plain_name
from airflow_jobkit.engines.glue.options import LARGEST_ARGUMENTS, MARKER_TAG, PROJECT_TAG, Options
from airflow_jobkit.engines.invocation import RUN_KEY, Invocation, RunNames
from airflow_jobkit.errors import EngineError

RUN_KEY_ARGUMENT = f"--{RUN_KEY}"
MARKER = "definition"
"""The value of the marker tag: a definition that `jobkit glue prune` may remove."""

_HASH_LENGTH = 10
_NAME_LIMIT = 255


def definition(options: Options, project: str, script: str) -> dict[str, Any]:
    """The CreateJob request of the definition that a run with these options needs.

    The name ends with a hash of exactly what StartJobRun cannot override. The script is there because Glue
    wants one; every run brings its own, so it is not part of the hash, and neither is the description.

    Args:
        options: Complete options without an existing job.
        project: The project's name.
        script: The location of an entry script.
    """
    fixed = _fixed(options, project)
    return {
        "Name": definition_name(options, project),
        "Description": f"Made by airflow-jobkit for the project {project}. Every run brings its own script "
        "and wheels. Do not edit it: other options make another definition.",
        **fixed,
        "Command": {**fixed["Command"], "ScriptLocation": script},
    }


def definition_name(options: Options, project: str) -> str:
    """The name of the definition that a run with these options needs: `<job_name>-<hash>`."""
    canonical = json.dumps(_fixed(options, project), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:_HASH_LENGTH]
    name = options.job_name or project
    return f"{name[: _NAME_LIMIT - _HASH_LENGTH - 1]}-{digest}"


def is_definition_name(name: str) -> bool:
    """Whether a job's name looks like that of a definition."""
    return re.fullmatch(rf".+-[0-9a-f]{{{_HASH_LENGTH}}}", name) is not None


def job_name(options: Options, project: str) -> str:
    """The Glue job that a run is of: the existing one, or the definition made for it."""
    return options.existing_job or definition_name(options, project)


def _fixed(options: Options, project: str) -> dict[str, Any]:
    """What StartJobRun cannot override."""
    fixed: dict[str, Any] = {
        "Role": options.iam_role_arn or options.iam_role_name,
        "GlueVersion": options.glue_version,
        "Command": {"Name": "glueetl", "PythonVersion": "3"},
        # Retries are Airflow's: a run that Glue repeats by itself would be one that nobody has asked for.
        "MaxRetries": 0,
        "ExecutionProperty": {"MaxConcurrentRuns": options.max_concurrent_runs},
        # For runs that somebody starts by hand; each of ours says what holds for it.
        "JobRunQueuingEnabled": True,
        "Tags": {**options.tags, MARKER_TAG: MARKER, PROJECT_TAG: project},
    }
    if options.connections:
        fixed["Connections"] = {"Connections": list(options.connections)}
    return fixed


def start(options: Options, invocation: Invocation, names: RunNames, job: str) -> dict[str, Any]:
    """The StartJobRun request of a run.

    Args:
        options: Complete options.
        invocation: What to execute.
        names: What Glue is told about the run.
        job: The name of the Glue job.

    Raises:
        EngineError: An argument is both the job's and Glue's, or they are too large together.
    """
    arguments = _arguments(options, invocation, names)
    size = sum(len(name.encode()) + len(value.encode()) for name, value in arguments.items())
    if size > LARGEST_ARGUMENTS:
        raise EngineError(
            f"the arguments of the Glue job run are {size:,} bytes long, and Glue takes "
            f"{LARGEST_ARGUMENTS:,}; put large ones into a file or a dataset, and pass its name"
        )
    return {"JobName": job, "Arguments": arguments, **_sizes(options)}


def _arguments(options: Options, invocation: Invocation, names: RunNames) -> dict[str, str]:
    own = {plain_name(name) for name, _ in invocation.arguments}
    twice = [name for name in options.arguments if plain_name(name) in own]
    if twice:
        raise EngineError(
            f"{', '.join(twice)} stands in glue.arguments and is an argument of the job too; "
            "take it out of glue.arguments, or rename the job's parameter"
        )
    arguments = {"--scriptLocation": invocation.script}
    if invocation.wheels:
        arguments["--extra-py-files"] = ",".join(invocation.wheels)
    arguments |= {f"--{name}": value for name, value in invocation.arguments}
    arguments[RUN_KEY_ARGUMENT] = names.submission
    if options.requirements is not None:
        arguments["--additional-python-modules"] = options.requirements
        arguments["--python-modules-installer-option"] = "-r"
    return {**arguments, **options.arguments}


def _sizes(options: Options) -> dict[str, Any]:
    """What a run says beside its arguments; an existing job keeps its own where nothing is set."""
    sizes: dict[str, Any] = {
        "worker_type": ("WorkerType", options.worker_type),
        "number_of_workers": ("NumberOfWorkers", options.number_of_workers),
        "timeout": ("Timeout", int(options.timeout.total_seconds()) // 60),
        "execution_class": ("ExecutionClass", options.execution_class),
        "queueing": ("JobRunQueuingEnabled", options.queueing),
        "security_configuration": ("SecurityConfiguration", options.security_configuration),
    }
    set_here = options.model_fields_set if options.existing_job is not None else sizes.keys()
    return {key: value for name, (key, value) in sizes.items() if name in set_here and value is not None}


def preview(options: Options, invocation: Invocation, names: RunNames) -> dict[str, Any]:
    """The requests that a run comes to, by API call."""
    request = start(options, invocation, names, job_name(options, names.project))
    if options.existing_job is not None:
        return {"StartJobRun": request}
    return {
        "CreateJob": definition(options, names.project, invocation.script),
        "StartJobRun": request,
    }

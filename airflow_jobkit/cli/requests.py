"""What an Engine's service would be asked for a task, as far as it is known before the run."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

import airflow_jobkit.engines
from airflow_jobkit.engines.invocation import Invocation, RunNames, build_invocation
from airflow_jobkit.release.manifest import ENTRY_SCRIPT, release_key
from airflow_jobkit.spec.code import CodeLayout, CodeRoot
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.task import SparkTask
from airflow_jobkit.spec.versions import is_channel

ENVELOPE_SHOWN = "<envelope>"
SUBMISSION_SHOWN = "<run key>.0.<nonce>"
WHEELS_SHOWN = "<every wheel>"


def task_requests(task: SparkTask, spec: DagSpec, settings: Settings) -> dict[str, Any]:
    """The requests of a run with the defaults, by the name of the call; none where the Engine shows none.

    Templates stay as they are written.
    """
    module = f"{airflow_jobkit.engines.__name__}.{task.engine}.payload"
    if find_spec(module) is None:
        return {}
    names = RunNames(settings.project, spec.dag_id, task.task_id, SUBMISSION_SHOWN)
    payload = importlib.import_module(module)
    requests: dict[str, Any] = payload.preview(task.options, _invocation(task, spec), names)
    return requests


def _invocation(task: SparkTask, spec: DagSpec) -> Invocation:
    files = _files(task, task.keys.code_version or spec.code_version or "")
    return build_invocation(
        script=files.entry_point,
        wheels=files.wheels,
        spark_job=task.keys.spark_job,
        notification_service_type=spec.notification_service_type,
        options=task.options,
        job_args=task.keys.args,
        envelope=ENVELOPE_SHOWN,
    )


def _files(task: SparkTask, version: str) -> CodeLayout:
    """The files of a version; which wheels a Release has stands in its Manifest, which is not read here.

    Nor is what a channel names.
    """
    if isinstance(task.code, CodeRoot):
        version = f"<version of {version}>" if is_channel(version) else version
        script = release_key(version, f"scripts/{task.engine}/{ENTRY_SCRIPT}")
        wheels = release_key(version, f"wheels/{WHEELS_SHOWN}")
        return CodeLayout(f"{task.code.root}/{script}", (f"{task.code.root}/{wheels}",))
    return task.code.of_engine(task.engine).of_version(version)

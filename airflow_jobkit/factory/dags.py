"""One DAG: built from its Spec, and checked before Airflow sees it."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from airflow_jobkit._compat import DAG
from airflow_jobkit.factory.arguments import callbacks, default_arguments
from airflow_jobkit.factory.findings import BuildError, Findings, told
from airflow_jobkit.factory.groups import upstream_of
from airflow_jobkit.factory.macros import macros
from airflow_jobkit.factory.params import dag_params
from airflow_jobkit.factory.schedules import airflow_schedule
from airflow_jobkit.factory.tasks import Tasks
from airflow_jobkit.factory.together import Together
from airflow_jobkit.problems import Issue
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.dag_keys import DagKeys
from airflow_jobkit.spec.schedule import Schedule
from airflow_jobkit.spec.settings import Settings


def build_dag(
    spec: DagSpec,
    settings: Settings,
    versions: Sequence[str] = (),
    together: Together | None = None,
    documentation: str | None = None,
) -> DAG:
    """Make the DAG of a Spec, ready to be bagged.

    An exception while Airflow bags one DAG of a file takes all DAGs of that file down, so everything that
    Airflow would check then is checked here first.

    Args:
        spec: The DAG.
        settings: The Environment's Settings.
        versions: The channels and versions of the Environment's code root, for the trigger form.
        together: What is known of the DAGs that were built before; default: nothing.
        documentation: What the UI shows of it, in Markdown; default: its `doc_md`.

    Raises:
        BuildError: Operators or arguments are wrong, or Airflow would not store the DAG; all that is wrong.
    """
    with told((), "Airflow does not take this DAG", "correct what it names"):
        return _build(spec, settings, versions, together or Together(), documentation)


def _build(
    spec: DagSpec,
    settings: Settings,
    versions: Sequence[str],
    together: Together,
    documentation: str | None,
) -> DAG:
    findings = Findings()
    params = findings.attempt(dag_params, spec, settings, versions if spec.code == settings.code else ())
    arguments = findings.attempt(_arguments, spec, documentation, settings.folder)
    dag: DAG | None = None
    if params is not None and arguments is not None:
        dag = findings.attempt(_dag, spec, params, arguments, together)
    if dag is None:
        findings.add(_issues_without_dag(spec, settings))
        raise findings.error()
    tasks = Tasks(spec, settings, dag)
    tasks.build()
    members = {**tasks.by_id, **tasks.groups.by_id}
    # Airflow asks a group for its first and last tasks when something waits for it, so inner edges go first.
    upstream = upstream_of(spec) if spec.groups else spec.upstream
    for member in sorted(upstream, key=spec.depth, reverse=True) if spec.groups else upstream:
        members[member].set_upstream([members[other] for other in upstream[member]])
    together.checks.check(spec, dag, tasks.by_id, tasks.plain)
    return dag


def _dag(spec: DagSpec, params: dict[str, Any], arguments: Mapping[str, Any], together: Together) -> DAG:
    with told((), "Airflow does not take this DAG", "correct what it names"):
        dag = DAG(dag_id=spec.dag_id, params=params, **{**together.configured, **arguments})
    together.learn(dag, arguments)
    return dag


def _issues_without_dag(spec: DagSpec, settings: Settings) -> tuple[Issue, ...]:
    """What is wrong with the tasks of a DAG that cannot be made itself.

    What a constructor says may come of what the DAG lacks here, such as its defaults; so that is left out.
    """
    try:
        Tasks(spec, settings, DAG(dag_id=spec.dag_id, schedule=None)).build()
    except BuildError as error:
        return tuple(issue for issue in error.issues if issue.code != "build")
    return ()


_TAKEN_OVER = (
    "dag_display_name",
    "description",
    "doc_md",
    "start_date",
    "end_date",
    "max_active_runs",
    "max_active_tasks",
    "max_consecutive_failed_dag_runs",
    "dagrun_timeout",
    "is_paused_upon_creation",
    "render_template_as_native_obj",
    "owner_links",
    "access_control",
)
_LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_AIRFLOW_2_ONLY = ("default_view", "orientation")


def _arguments(spec: DagSpec, documentation: str | None, folder: str) -> dict[str, Any]:
    keys, findings = spec.keys, Findings()
    arguments = {name: getattr(keys, name) for name in _TAKEN_OVER if name in keys.model_fields_set}
    arguments["doc_md"] = documentation if documentation is not None else keys.doc_md
    if keys.schedule is not None and not _has_start(spec):
        # Airflow 2 asks for one, though without catchup the first run is the latest one, whatever it says.
        arguments.setdefault("start_date", _LONG_AGO)
    if keys.concurrency is not None:
        arguments.setdefault("max_active_tasks", keys.concurrency)
    if keys.fail_fast is not None:
        arguments["fail_fast" if "fail_fast" in dag_parameters() else "fail_stop"] = keys.fail_fast
    if keys.template_searchpath is not None:
        given = keys.template_searchpath
        arguments["template_searchpath"] = list(given) if isinstance(given, tuple) else given
    arguments.update(_functions(keys, folder, findings))
    for name in _AIRFLOW_2_ONLY:
        if name in dag_parameters():
            arguments[name] = getattr(keys, name)
    schedule = findings.attempt(_schedule, keys.schedule, spec.timezone)
    defaults = findings.attempt(default_arguments, spec.default_args, (), folder)
    findings.refuse()
    return {
        "schedule": schedule,
        "catchup": keys.catchup,
        "tags": list(keys.tags),
        "default_args": defaults,
        **{name: value for name, value in arguments.items() if value is not None},
    }


def _functions(keys: DagKeys, folder: str, findings: Findings) -> dict[str, Any]:
    """The callbacks of a DAG, and what its templates can use."""
    made: dict[str, Any] = {}
    for name in ("on_success_callback", "on_failure_callback"):
        if getattr(keys, name):
            made[name] = findings.attempt(callbacks, getattr(keys, name), (name,), folder)
    for name in ("user_defined_macros", "user_defined_filters"):
        if getattr(keys, name):
            made[name] = findings.attempt(macros, getattr(keys, name), (name,))
    return made


def _schedule(schedule: Schedule, timezone: str) -> Any:
    with told(("schedule",), "Airflow does not take this schedule", "correct what it names"):
        return airflow_schedule(schedule, timezone)


def _has_start(spec: DagSpec) -> bool:
    """Whether anything says from when on the DAG runs."""
    of_tasks = spec.default_args.keys.start_date or any(task.keys.start_date for task in spec.tasks)
    return bool(spec.keys.start_date or of_tasks)


@cache
def dag_parameters() -> frozenset[str]:
    """The arguments that this Airflow's DAG takes."""
    return frozenset(inspect.signature(DAG.__init__).parameters)

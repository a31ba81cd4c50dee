"""The DAG that stops orphans: runs that go on though their tasks have ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from airflow_jobkit._compat import DAG
from airflow_jobkit.engines import options_class
from airflow_jobkit.engines.options import EngineOptions, RemoteOptions
from airflow_jobkit.factory.schedules import airflow_schedule
from airflow_jobkit.loading.dags import SWEEPER_DAG_ID
from airflow_jobkit.operators.sweeper import SweepOrphansOperator
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.task import SparkTask

_TIME_LIMIT = dt.timedelta(minutes=30)

_DOCUMENT = """\
### Stops runs that nobody waits for

A task that is marked failed while it is deferred, or that loses its worker on its last try, leaves a run
behind that goes on and costs money. Each task here lists the active runs of one engine, asks Airflow for the
states of their tasks, and stops a run whose task has ended. A run whose task may still take it over is left
alone, and so is every run that is not of the project {project} in the environment {environment}. The log has
a line for each.

`sweeper: false` in `jobkit.yaml` takes this DAG away, `sweeper: {{schedule: ...}}` changes how often it
runs.
"""


def build_sweeper_dags(settings: Settings, used: Iterable[tuple[str, RemoteOptions]]) -> list[DAG]:
    """The DAG with a task per Engine whose runs outlive a worker; none where no run can be orphaned.

    Args:
        settings: The Environment's Settings.
        used: The Engines and options of the folder's tasks, as `remote_options` says: these lead to the
            connections and jobs to look at.
    """
    engines = _options(settings, used) if settings.sweeper.enabled else {}
    if not engines:
        return []
    dag = DAG(
        dag_id=SWEEPER_DAG_ID,
        description="Stops runs that go on though their tasks have ended",
        doc_md=_DOCUMENT.format(project=settings.project, environment=settings.environment),
        schedule=airflow_schedule(settings.sweeper.schedule),
        start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=_TIME_LIMIT,
        # Nobody looks for it before there is something to sweep.
        is_paused_upon_creation=False,
        tags=["jobkit"],
    )
    for engine, options in sorted(engines.items()):
        SweepOrphansOperator(
            task_id=engine,
            engine=engine,
            settings=settings,
            options=options,
            # The next run is the retry.
            retries=0,
            execution_timeout=_TIME_LIMIT,
            dag=dag,
        )
    return [dag]


def remote_options(spec: DagSpec) -> Iterator[tuple[str, RemoteOptions]]:
    """The Engine and the options of each task of a DAG whose run outlives its worker."""
    for task in spec.tasks:
        if isinstance(task, SparkTask) and isinstance(task.options, RemoteOptions):
            yield task.engine, task.options


def _options(settings: Settings, used: Iterable[tuple[str, RemoteOptions]]) -> dict[str, list[EngineOptions]]:
    """The options of all tasks by Engine; those of the Environment for an Engine that no task uses now."""
    found: dict[str, list[EngineOptions]] = {}
    for engine, options in used:
        found.setdefault(engine, []).append(options)
    for engine in settings.sweeper.engines:
        found.setdefault(engine, [settings.options.get(engine) or options_class(engine)()])
    return found

"""The process that builds DAGs for `jobkit validate --build`, and tells what that shows.

Started as `python -P -m airflow_jobkit.local.building <request>`. What the DAGs' modules do here, such as
printing or ending the process, is theirs; so what is told goes through a pipe of its own.
"""

from __future__ import annotations

import faulthandler
import sys
from pathlib import Path

import airflow.serialization.serialized_objects  # noqa: F401 - slow, and no DAG's time is to go into it

from airflow_jobkit._compat import import_from
from airflow_jobkit.factory.dags import build_dag
from airflow_jobkit.factory.defaults import default_uses
from airflow_jobkit.factory.findings import BuildError
from airflow_jobkit.factory.load import published_versions, release_index
from airflow_jobkit.factory.source import documentation
from airflow_jobkit.factory.together import Together
from airflow_jobkit.loading.dags import DagLoader, LoadedDag
from airflow_jobkit.loading.folder import load_project
from airflow_jobkit.local.build_events import (
    Building,
    BuildRequest,
    Built,
    DefaultUse,
    Finished,
    Sender,
    Started,
)
from airflow_jobkit.problems import Issue
from airflow_jobkit.spec.settings import Settings

_GRACE_SECONDS = 5.0


def build(request: BuildRequest, sender: Sender) -> None:
    """Build the DAGs that are asked for, and tell of each."""
    folder = Path(request.folder)
    import_from(request.folder)
    settings = load_project(folder, request.environment).settings
    if settings is not None:
        index = release_index(folder)
        versions = published_versions(index, settings)
        # Held against the same as in the command, so that the same file's DAG has an id that stands in two.
        jobs = index.published(complete=True) if index is not None else None
        loaded = DagLoader(settings, folder, jobs=jobs).load(map(Path, request.files))
        dags = {dag.spec.dag_id: dag for dag in loaded.dags}
        sender.send(Started())
        together = Together()
        for dag_id in request.dag_ids:
            if dag_id in dags:
                # Whoever started this process ends it in time, unless that has been killed.
                faulthandler.dump_traceback_later(request.seconds + _GRACE_SECONDS, exit=True)
                sender.send(Building(dag_id))
                sender.send(_built(dags[dag_id], settings, versions, together))
    sender.send(Finished())


def _built(dag: LoadedDag, settings: Settings, versions: tuple[str, ...], together: Together) -> Built:
    spec = dag.spec
    try:
        built = build_dag(spec, settings, versions, together, documentation(dag, settings.folder))
        found = default_uses(spec, built, settings.folder)
        uses = tuple(DefaultUse(path, is_taken) for path, is_taken in found)
    except BuildError as error:
        return Built(spec.dag_id, error.issues)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a module of the DAG's may raise
        message = f"the DAG cannot be built: {type(error).__name__}: {error}"
        return Built(spec.dag_id, (Issue((), message, "correct what it names", "build", at="key"),))
    return Built(spec.dag_id, (), uses)


if __name__ == "__main__":
    build(BuildRequest.read(Path(sys.argv[1])), Sender())

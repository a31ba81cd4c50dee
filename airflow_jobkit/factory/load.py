"""`load_dags`: the one line that a DAGs folder needs."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from airflow_jobkit._compat import DAG, get_parsing_context
from airflow_jobkit.engines.options import RemoteOptions
from airflow_jobkit.errors import ContractError
from airflow_jobkit.factory.dags import build_dag
from airflow_jobkit.factory.findings import BuildError, told
from airflow_jobkit.factory.problems_dag import build_problems_dag, build_stand_in
from airflow_jobkit.factory.source import documentation
from airflow_jobkit.factory.sweeper_dag import build_sweeper_dags, remote_options
from airflow_jobkit.factory.together import Together
from airflow_jobkit.loading.bounds import capped
from airflow_jobkit.loading.dags import PROBLEMS_DAG_ID, SWEEPER_DAG_ID, DagLoader, LoadedDag
from airflow_jobkit.loading.folder import load_project
from airflow_jobkit.loading.listing import dag_files
from airflow_jobkit.problems import Problem, ProblemsError
from airflow_jobkit.release.index import INDEX_FILE, ReleaseIndex, read_release_index
from airflow_jobkit.spec.jobs import PublishedJobs
from airflow_jobkit.spec.settings import Settings

log = logging.getLogger(__name__)

_FILES_AT_ONCE = 50


def load_dags(
    namespace: dict[str, Any], folder: str | Path | None = None, *, environment: str | None = None
) -> None:
    """Build the DAGs that the YAML files of a folder describe, and export them to Airflow.

    A DAG with a mistake is left out and shown in a DAG of its own, `jobkit_problems`; the others are not
    affected. Where runs can outlive their tasks there is also `jobkit_sweeper`, which stops them. When
    Airflow executes one task, only that task's DAG is built.

    Args:
        namespace: The loader's `globals()`.
        folder: The folder with `jobkit.yaml` and the DAG files; default: the loader's own.
        environment: The Environment's name; default: as the environment says.

    Raises:
        ProblemsError: `jobkit.yaml` is wrong, so that no DAG can be built; or a command asks for one DAG
            alone, and its file is bad.
    """
    folder = Path(folder) if folder is not None else Path(namespace["__file__"]).parent
    wanted, task_id = get_parsing_context()
    with _uncollected():
        if wanted is None or wanted == PROBLEMS_DAG_ID:
            dags = _build_all(folder, environment)
        else:
            dags = _build_wanted(wanted, task_id, folder, environment)
    # No Python name holds a colon, so nothing of the loader's own is overwritten.
    namespace.update({f"dag:{dag.dag_id}": dag for dag in dags})


@contextmanager
def _uncollected() -> Iterator[None]:
    """Leave out the search for garbage: nearly all that is made here stays, and is looked through in vain."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def release_index(folder: Path) -> ReleaseIndex | None:
    """What `.jobkit/releases.json` says; a file that cannot be read costs a warning and no DAG."""
    try:
        return read_release_index(folder / INDEX_FILE)
    except ContractError as error:
        log.warning("DAGs are not held against releases: %s; `jobkit release publish` writes it anew", error)
        return None


def published_jobs(index: ReleaseIndex | None) -> PublishedJobs | None:
    """What DAGs are held against: only what would surely fail when it runs takes a DAG down.

    What the index says of a Release holds, since a Release never changes. That it does not name one proves
    nothing here: it may have been published after the index reached this Airflow. Whether a version exists
    the task asks itself, before it submits anything.
    """
    return index.published(complete=False) if index is not None else None


def published_versions(index: ReleaseIndex | None, settings: Settings) -> tuple[str, ...]:
    """The channels and versions for the trigger form; none where the index is of another code root."""
    return index.code_versions if index is not None and index.code_root == settings.code_root else ()


def build_dags(
    dags: Iterable[LoadedDag], settings: Settings, versions: Sequence[str]
) -> tuple[list[DAG], list[Problem]]:
    """Build DAGs one by one; what only building shows becomes a Problem of that DAG."""
    together = Together()
    every = [_built(dag, settings, versions, together) for dag in dags]
    return [dag for one in every for dag in one.dags], [problem for one in every for problem in one.problems]


@dataclass(frozen=True)
class _Built:
    """What became of one DAG: itself or its Problems, and what the sweeper needs to know of its tasks."""

    dags: tuple[DAG, ...]
    problems: tuple[Problem, ...]
    used: tuple[tuple[str, RemoteOptions], ...]


def _built(dag: LoadedDag, settings: Settings, versions: Sequence[str], together: Together) -> _Built:
    used = tuple(remote_options(dag.spec))
    try:
        with told((), "this DAG cannot be built", "correct what it names"):
            text = documentation(dag, settings.folder)
            return _Built((build_dag(dag.spec, settings, versions, together, text),), (), used)
    except BuildError as error:
        return _Built((), capped(tuple(dag.problem(issue) for issue in error.issues)), used)


def _build_wanted(dag_id: str, task_id: str | None, folder: Path, environment: str | None) -> list[DAG]:
    """The one DAG that is wanted; a task whose DAG has become bad fails with the Problems in its log."""
    project = load_project(folder, environment)
    folder = project.folder
    dags: list[DAG] = []
    problems: Sequence[Problem] = project.problems
    if project.settings is not None and dag_id == SWEEPER_DAG_ID:
        loaded = DagLoader(project.settings, folder).load(dag_files(folder))
        used = (pair for dag in loaded.dags for pair in remote_options(dag.spec))
        return build_sweeper_dags(project.settings, used)
    if project.settings is not None:
        index = release_index(folder)
        loaded = DagLoader(project.settings, folder, jobs=published_jobs(index)).load_dag(dag_id, folder)
        versions = published_versions(index, project.settings)
        dags, build_problems = build_dags(loaded.dags, project.settings, versions)
        problems = (*loaded.problems, *build_problems)
    if dags or not problems:
        return dags
    if task_id is None:
        raise ProblemsError(problems)
    return [build_stand_in(dag_id, task_id, problems)]


def _build_all(folder: Path, environment: str | None) -> list[DAG]:
    """Every good DAG, and the one that shows what is wrong with the others.

    Files are read and their DAGs built some at a time. To keep what was read until all are built would cost
    as much memory as the DAGs do; to go from reading to building and back for each costs more time than that.
    """
    project = load_project(folder, environment)
    folder = project.folder
    if project.settings is None:
        raise ProblemsError(project.problems)
    index = release_index(folder)
    versions = published_versions(index, project.settings)
    loader = DagLoader(project.settings, folder, jobs=published_jobs(index))
    together = Together()
    found: set[Problem] = {*project.problems}
    built: dict[str, _Built] = {}
    files = loader.each(dag_files(folder))
    while some := [*islice(files, _FILES_AT_ONCE)]:
        for loaded in some:
            found.update(loaded.problems)
            for dag in loaded.dags:
                built[dag.spec.dag_id] = _built(dag, project.settings, versions, together)
    found.update(loader.problems, *(one.problems for one in built.values()))
    dags = [dag for one in built.values() for dag in one.dags]
    dags += build_sweeper_dags(project.settings, (pair for one in built.values() for pair in one.used))
    problems = sorted(found)
    for problem in problems:
        log.error("%s", problem.headline())
    return [*dags, build_problems_dag(problems)] if problems else dags

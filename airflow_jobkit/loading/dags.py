"""DAG files to DagSpecs: all of a folder, or the one that a task needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from airflow_jobkit.loading.folder import dag_files, read_file
from airflow_jobkit.loading.yaml_text import Document
from airflow_jobkit.problems import Issue, Problem
from airflow_jobkit.spec.dag import DagSpec, parse_dag
from airflow_jobkit.spec.settings import Settings

PROBLEMS_DAG_ID = "jobkit_problems"
SWEEPER_DAG_ID = "jobkit_sweeper"

_OUR_DAG_IDS = (PROBLEMS_DAG_ID, SWEEPER_DAG_ID)


@dataclass(frozen=True)
class LoadedDag:
    """A DAG that can be built, and the document it came from, for mistakes that only building shows."""

    spec: DagSpec
    document: Document


@dataclass(frozen=True)
class Loaded:
    """What files gave: the good DAGs, and everything that is wrong with the others."""

    dags: tuple[LoadedDag, ...]
    problems: tuple[Problem, ...]


def load_files(paths: Iterable[Path], settings: Settings) -> Loaded:
    """Read DAG files. A bad DAG is left out and reported; the good ones of the same file stay.

    A DAG id that stands in two files is a Problem of the second; the first keeps it.
    """
    dags: dict[str, LoadedDag] = {}
    problems: list[Problem] = []
    for path in paths:
        loaded = load_file(path, settings)
        problems += loaded.problems
        for dag in loaded.dags:
            first = dags.setdefault(dag.spec.dag_id, dag)
            if first is not dag:
                message = f"{first.document.file} has a DAG of this id already"
                issue = Issue((dag.spec.dag_id,), message, "rename one of them", "duplicate-dag", at="key")
                problems.append(dag.document.problem(issue))
    return Loaded(tuple(dags.values()), tuple(sorted(problems)))


def load_file(path: Path, settings: Settings) -> Loaded:
    """Read one DAG file."""
    document = read_file(path)
    specs, issues = _parse_dags(document, settings)
    # A trap or a key that stands twice changes what the file means, so none of its DAGs is trusted.
    trusted = () if document.problems else specs
    return Loaded(tuple(LoadedDag(spec, document) for spec in trusted), document.all_problems(issues))


def load_dag(dag_id: str, folder: Path, settings: Settings) -> Loaded:
    """Read only the file that defines a DAG.

    Files that do not hold the id's bytes are not parsed. Where the file that holds them is bad, its Problems
    come back; where no file does, nothing comes back.
    """
    problems: list[Problem] = []
    needle = dag_id.encode()
    for path in dag_files(folder):
        if needle not in _bytes(path):
            continue
        loaded = load_file(path, settings)
        found = tuple(dag for dag in loaded.dags if dag.spec.dag_id == dag_id)
        if found:
            return Loaded(found, ())
        problems += loaded.problems
    return Loaded((), tuple(sorted(problems)))


def _parse_dags(document: Document, settings: Settings) -> tuple[list[DagSpec], list[Issue]]:
    """The good DAGs of a document, and what is wrong with the others."""
    data = document.data
    if data is None and document.problems:
        return [], []
    if data is None:
        message, remedy = "the file is empty", "write `<dag_id>:` with `tasks:` below it, or remove the file"
        return [], [Issue((), message, remedy, "empty")]
    if not isinstance(data, Mapping):
        message, remedy = "the file holds no DAGs", "start with `<dag_id>:` and put its `tasks:` below it"
        return [], [Issue((), message, remedy, "type")]
    specs: list[DagSpec] = []
    issues: list[Issue] = []
    for key, value in data.items():
        spec, found = parse_dag(key, value, settings)
        issues += [issue.below(str(key)) for issue in found]
        if key in _OUR_DAG_IDS:
            message = "jobkit has a DAG of this id itself"
            issues.append(Issue((str(key),), message, "rename yours", "reserved-name", at="key"))
        elif spec is not None:
            specs.append(spec)
    return specs, issues


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""

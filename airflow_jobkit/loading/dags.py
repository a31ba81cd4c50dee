"""DAG files to DagSpecs: all of a folder, or the one that a task needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_jobkit.loading.folder import dag_files, read_file
from airflow_jobkit.loading.yaml_text import Document
from airflow_jobkit.problems import Issue, Problem
from airflow_jobkit.problems import Path as KeyPath
from airflow_jobkit.spec.dag import DagSpec, parse_dag
from airflow_jobkit.spec.settings import Settings


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
    if document.problems:
        # A trap or a key that stands twice changes what the file means, so none of its DAGs is trusted.
        more = _load_document(document, settings).problems if document.data is not None else ()
        seen = {(problem.line, problem.column) for problem in document.problems}
        new = (problem for problem in more if (problem.line, problem.column) not in seen)
        return Loaded((), (*document.problems, *new))
    return _load_document(document, settings)


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


def _load_document(document: Document, settings: Settings) -> Loaded:
    data = document.data
    if data is None:
        message, remedy = "the file is empty", "write `<dag_id>:` with `tasks:` below it, or remove the file"
        return Loaded((), (document.problem(Issue((), message, remedy, "empty")),))
    if not isinstance(data, Mapping):
        message, remedy = "the file holds no DAGs", "start with `<dag_id>:` and put its `tasks:` below it"
        return Loaded((), (document.problem(Issue((), message, remedy, "type")),))
    dags: list[LoadedDag] = []
    problems: list[Problem] = []
    for key, value in data.items():
        spec, issues = parse_dag(str(key), value, settings)
        issues += _trimmed_arguments(spec, document) if spec else []
        problems += [document.problem(issue.below(str(key))) for issue in issues]
        if spec is not None and not issues:
            dags.append(LoadedDag(spec, document))
    return Loaded(tuple(dags), tuple(problems))


def _trimmed_arguments(spec: DagSpec, document: Document) -> list[Issue]:
    """Arguments of jobs whose text YAML shortens: `1.10` would reach the job as `1.1`."""
    return [
        Issue(path, f"YAML reads {text} as {value}", f'put it in quotes: "{text}"', "yaml-trap")
        for task in spec.spark_tasks
        for path, value in _floats(task.keys.args, ("tasks", task.task_id, "args"))
        if (text := document.scalar((spec.dag_id, *path))) is not None and text != str(value)
    ]


def _floats(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, float]]:
    if isinstance(value, float):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _floats(item, (*path, str(key)))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _floats(item, (*path, position))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""

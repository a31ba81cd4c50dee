"""DAG files to DagSpecs: all of a folder, or the one that a task needs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_jobkit.loading.above import Above, is_keys
from airflow_jobkit.loading.asset_files import is_asset_file
from airflow_jobkit.loading.beside_dags import file_defaults_issues, outside_of_dags
from airflow_jobkit.loading.bounds import capped
from airflow_jobkit.loading.files import file_issues, may_name_files
from airflow_jobkit.loading.filling import Filling
from airflow_jobkit.loading.folder import display_name, read_inside
from airflow_jobkit.loading.layers import DEFAULTS_FILES, FILE_DEFAULTS, Layer, Layers
from airflow_jobkit.loading.listing import PROJECT_FILE, files_with_bytes, files_with_escapes
from airflow_jobkit.loading.yaml_text import Document
from airflow_jobkit.problems import Issue, Problem
from airflow_jobkit.spec.checks import dag_checks
from airflow_jobkit.spec.dag import DagSpec, parse_dag
from airflow_jobkit.spec.jobs import PublishedJobs
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.weights import MOST_VALUES, values_in

log = logging.getLogger(__name__)

PROBLEMS_DAG_ID = "jobkit_problems"
SWEEPER_DAG_ID = "jobkit_sweeper"

_MANY_DAGS = 20
_OUR_DAG_IDS = (PROBLEMS_DAG_ID, SWEEPER_DAG_ID)


@dataclass(frozen=True)
class LoadedDag:
    """A DAG that can be built, and the layers it came from, for mistakes that only building shows."""

    spec: DagSpec
    layers: Layers

    @property
    def document(self) -> Document:
        """The document that the DAG itself stands in."""
        return self.layers.layers[-1].document

    def problem(self, issue: Issue) -> Problem:
        """The Issue, whose path starts at the DAG, with its place."""
        return self.layers.problem(issue)


@dataclass(frozen=True)
class Loaded:
    """What files gave: the good DAGs, and everything that is wrong with the others."""

    dags: tuple[LoadedDag, ...]
    problems: tuple[Problem, ...]


class DagLoader:
    """Reads DAG files of one project; what is above them is read once.

    Args:
        settings: The Settings of the project in its Environment.
        top: The DAGs folder; folders from it down to a file's may have defaults.
        environment: The process's environment, for `${env:NAME}`; default: its own.
        jobs: The published jobs; None: nobody knows them, and they are not checked.
    """

    def __init__(
        self,
        settings: Settings,
        top: Path,
        environment: Mapping[str, str] | None = None,
        jobs: PublishedJobs | None = None,
    ) -> None:
        self._settings = settings
        self._jobs = jobs
        self._top = top.absolute()  # as files are spelled: either may be a link
        self._filling = Filling(settings, self._top, environment)
        self._above = Above(settings, self._top, self._filling)

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with defaults above the files that have been read so far."""
        return self._above.problems

    def load(self, paths: Iterable[Path]) -> Loaded:
        """Read DAG files. A bad DAG is left out and reported; the good ones of the same file stay."""
        dags: dict[str, LoadedDag] = {}
        problems: list[Problem] = []
        for loaded in self.each(paths):
            problems += loaded.problems
            dags.update((dag.spec.dag_id, dag) for dag in loaded.dags)
        return Loaded(tuple(dags.values()), tuple(sorted({*problems, *self.problems})))

    def each(self, paths: Iterable[Path]) -> Iterator[Loaded]:
        """Read DAG files one by one, so that what came of one need not be kept.

        A DAG id that stands in two files is a Problem of one of them. The other keeps it: a file of its name
        right in the top folder, or else the first. `load_dag` finds the same, but for ids that are spelled
        with escapes. So a DAG may come whose id came before: it takes the other's place.
        """
        owners: dict[str, Path] = {}
        for path in paths:
            loaded = self.load_file(path)
            taken = [dag for dag in loaded.dags if owners.setdefault(dag.spec.dag_id, path) is not path]
            if taken:
                loaded = self._without_taken(loaded, taken, path, owners)
            yield loaded

    def _without_taken(
        self, loaded: Loaded, taken: Iterable[LoadedDag], path: Path, owners: dict[str, Path]
    ) -> Loaded:
        """What a file gave, but for the DAGs whose ids other files keep; it keeps those of its own name."""
        left, problems = list(loaded.dags), list(loaded.problems)
        for dag in taken:
            dag_id = dag.spec.dag_id
            first = owners[dag_id]
            if self._is_named(dag):
                owners[dag_id] = path
                problems.append(_duplicate(dag_id, read_inside(first, self._top), dag.document.file))
            else:
                left.remove(dag)
                problems.append(_duplicate(dag_id, dag.document, display_name(first)))
        return Loaded(tuple(left), tuple(problems))

    def _is_named(self, dag: LoadedDag) -> bool:
        """Whether a DAG stands in the file of its name, right in the top folder."""
        return dag.document.file == display_name(self._top / f"{dag.spec.dag_id}.yaml")

    def load_file(self, path: Path) -> Loaded:
        """Read one DAG file; Problems of defaults above it are among `problems` of the loader.

        A file of a folder's defaults holds no DAGs, and is one of those defaults itself.
        """
        path = path.absolute()
        if path.name in DEFAULTS_FILES:
            self._above.layers(path)
            return Loaded((), ())
        try:
            loaded = self.load_document(read_inside(path, self._top), path)
        except Exception as error:
            # A mistake of ours; a file that shows one takes no other with it all the same.
            log.exception("%s cannot be read", path)
            return Loaded((), (_unforeseen(path, error),))
        return Loaded(loaded.dags, capped(loaded.problems))

    def load_document(self, document: Document, path: Path) -> Loaded:
        """What the text of a DAG file gives that stands, or would stand, at a path; with all its Problems."""
        if is_asset_file(document.data):
            return Loaded((), document.problems)
        data, issues = self._filling.filled(document)
        above = self._above.layers(path)
        found, dag_problems, file_issues = self._parsed(document, data, above)
        problems = document.all_problems([*issues, *file_issues])
        # A trap or a key that stands twice changes what a file means, so none of its DAGs is trusted, nor is
        # any below such defaults: without them it might run with another engine, or at another time.
        misread = self._above.is_misread(path)
        trusted = () if document.problems or issues or misread else tuple(found)
        every = tuple(dict.fromkeys((*problems, *_beside(dag_problems, problems))))
        return Loaded(trusted, every)

    def load_dag(self, dag_id: str, folder: Path) -> Loaded:
        """Read only the file that defines a DAG.

        Files that do not hold the id's bytes are not parsed, and one of its name goes first. Only where none
        of them has the DAG, those follow that may spell its id with escapes.
        Where the file that holds them is bad, its Problems come back; where no file does, nothing comes back.
        """
        problems: list[Problem] = []
        for path in files_with_bytes(dag_id, folder):
            loaded = self.load_file(path)
            found = tuple(dag for dag in loaded.dags if dag.spec.dag_id == dag_id)
            if found:
                return Loaded(found, ())
            problems += loaded.problems
        for path in files_with_escapes(dag_id, folder):
            loaded = self.load_file(path)
            found = tuple(dag for dag in loaded.dags if dag.spec.dag_id == dag_id)
            if found:
                return Loaded(found, ())
            # Most of these files have nothing to do with the DAG.
            problems += (one for one in loaded.problems if f"{one.where}.".startswith(f"{dag_id}."))
        return Loaded(
            (), tuple(sorted({*problems, *(self.problems if problems or self._above.is_any_misread else ())}))
        )

    def _parsed(
        self, document: Document, data: Any, above: tuple[Layer, ...]
    ) -> tuple[list[LoadedDag], list[Problem], list[Issue]]:
        """The good DAGs of a document, what is wrong with the others, and with the document itself."""
        issue = _form_issue(data, above)
        if issue is not None:
            is_told = data is None and document.problems
            return [], [], [] if is_told else [issue]
        dags: list[LoadedDag] = []
        problems: list[Problem] = []
        issues: list[Issue] = []
        if FILE_DEFAULTS in data:
            above = (*above, Layer(document, (FILE_DEFAULTS,), data[FILE_DEFAULTS]))
            issues += file_defaults_issues(data)
        for key, value in data.items():
            outside = outside_of_dags(key, value)
            issues += [outside] if outside is not None else []
            if key == FILE_DEFAULTS or outside is not None:
                continue
            layers = Layers((*above, Layer(document, (str(key),), value)))
            spec, found = parse_dag(key, layers.merged() if above else value, self._settings)
            if spec is not None:
                found = self._checked(spec, layers)
                spec = spec if not found else None
            problems += [layers.problem(issue) for issue in found]
            if key in _OUR_DAG_IDS:
                message = "jobkit has a DAG of this id itself"
                issues.append(Issue((str(key),), message, "rename yours", "reserved-name", at="key"))
            elif spec is not None:
                dags.append(LoadedDag(spec, layers))
        return dags if is_keys(data.get(FILE_DEFAULTS)) else [], problems, issues

    def _checked(self, spec: DagSpec, layers: Layers) -> list[Issue]:
        """What is wrong with a DAG as a whole, and with the files that it names."""
        found = dag_checks(spec, self._settings, self._jobs)
        if any(may_name_files(layer.document.text) for layer in layers.layers):
            found += file_issues(spec, self._top)
        return found


def _form_issue(data: Any, above: Iterable[Layer]) -> Issue | None:
    """What is wrong with the form of a file, whatever DAGs it holds."""
    if data is None:
        remedy = "write `<dag_id>:` with `tasks:` below it, or remove the file"
        return Issue((), "the file is empty", remedy, "empty")
    if not isinstance(data, dict):
        remedy = "start with `<dag_id>:` and put its `tasks:` below it"
        return Issue((), "the file holds no DAGs", remedy, "type")
    if len(data) > _MANY_DAGS:
        defaults = values_in(data.get(FILE_DEFAULTS)) + sum(values_in(layer.data) for layer in above)
        if len(data) * defaults > MOST_VALUES:
            message = "the defaults are too large for as many DAGs"
            return Issue((), message, "split the file, or make them simpler", "too-large")
    return None


def _unforeseen(path: Path, error: Exception) -> Problem:
    """The Problem of a file in which something stands that nobody has thought of."""
    message = f"cannot be read: {type(error).__name__}: {error}"
    remedy = "report it to those who maintain airflow-jobkit, with the file"
    return Problem(display_name(path), 1, 1, "", message, remedy, "unforeseen")


def _duplicate(dag_id: str, document: Document, keeps: str) -> Problem:
    """The Problem of a DAG in a document, whose id another file keeps."""
    message = f"{keeps} has a DAG of this id already"
    issue = Issue((dag_id,), message, "rename one of them", "duplicate-dag", at="key")
    return document.problem(issue)


def _beside(found: Iterable[Problem], told: Iterable[Problem]) -> Iterator[Problem]:
    """Those Problems of DAGs that do not follow from a mistake at the same place, told already, each once.

    What an alias or a layer repeats has one place.
    """
    places = {(problem.file, problem.line, problem.column) for problem in told}
    once = {(one.file, one.line, one.column, one.message): one for one in reversed([*found])}
    return (one for one in reversed(once.values()) if (one.file, one.line, one.column) not in places)


def load_files(paths: Iterable[Path], settings: Settings, top: Path | None = None) -> Loaded:
    """Read DAG files, as `DagLoader.load` does."""
    paths = list(paths)
    return DagLoader(settings, top or _top(paths, settings)).load(paths)


def load_file(path: Path, settings: Settings, top: Path | None = None) -> Loaded:
    """Read one DAG file, with the Problems of the defaults above it."""
    return load_files([path], settings, top)


def load_dag(dag_id: str, folder: Path, settings: Settings) -> Loaded:
    """Read only the file that defines a DAG, as `DagLoader.load_dag` does."""
    return DagLoader(settings, folder).load_dag(dag_id, folder)


def _top(paths: list[Path], settings: Settings) -> Path:
    """The DAGs folder of some files: the nearest above them with a project file."""
    base = Path(settings.base)
    for path in paths[:1]:
        for folder in path.absolute().parents:
            if (folder / PROJECT_FILE).is_file():
                return folder
    return base

"""DAG ids that some files of a folder share with others of it, which are not read for anything else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from airflow_jobkit.loading.dags import DagLoader, Loaded
from airflow_jobkit.loading.folder import display_name
from airflow_jobkit.loading.layers import DEFAULTS_FILES
from airflow_jobkit.loading.listing import bytes_of, dag_files

# What a key looks like that can be a DAG's id; taken whole, so that a long text costs its length alone.
_KEYS = re.compile(rb"(?<![A-Za-z0-9_.-])[A-Za-z0-9_.-]+(?=[\"']?\s*:)")


class OtherFiles:
    """The DAG files of a folder beside some of them.

    Args:
        folder: The DAGs folder.
        chosen: Those of its files that are asked for.
    """

    def __init__(self, folder: Path, chosen: Iterable[Path]) -> None:
        self._folder = folder
        self._chosen = tuple(chosen)

    def held_against(self, loader: DagLoader) -> Loaded:
        """What the chosen files give, without the DAGs whose id another file keeps, and with their Problems.

        It is what a load of the whole folder gives for these files. Only other files with such an id as a
        key are parsed; one that spells it with escapes, in several lines or by an alias is not found. A
        chosen file that the folder ignores keeps no id from others, nor others from it.

        Args:
            loader: Reads the files.
        """
        alone = [loader.load([path]) for path in self._chosen if path in self._ignored]
        chosen = [path for path in self._chosen if path not in self._ignored]
        loaded = loader.load(chosen)
        ids = frozenset(dag.spec.dag_id.encode() for dag in loaded.dags)
        sharing = [path for path, keys in self._keys.items() if not ids.isdisjoint(keys)] if ids else []
        if sharing:
            every = loader.load(sorted({*chosen, *sharing}))
            asked = {display_name(path) for path in chosen}
            told = {*loaded.problems}
            loaded = Loaded(
                tuple(dag for dag in every.dags if dag.document.file in asked),
                tuple(problem for problem in every.problems if problem.file in asked or problem in told),
            )
        parts = (loaded, *alone)
        problems = {problem for part in parts for problem in part.problems}
        return Loaded(tuple(dag for part in parts for dag in part.dags), tuple(sorted(problems)))

    @cached_property
    def _ignored(self) -> frozenset[Path]:
        """The chosen files that are no DAG files of the folder, for its `.airflowignore`."""
        files = (path for path in self._chosen if path.name not in DEFAULTS_FILES)
        return frozenset(files).difference(self._listed)

    @cached_property
    def _listed(self) -> frozenset[Path]:
        return frozenset(dag_files(self._folder))

    @cached_property
    def _keys(self) -> dict[Path, frozenset[bytes]]:
        """For each other file, what may be a DAG's id in it."""
        others = self._listed.difference(self._chosen)
        return {path: frozenset(_KEYS.findall(bytes_of(str(path)))) for path in others}

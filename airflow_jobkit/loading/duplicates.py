"""DAG ids that some files of a folder share with others of it, which are not read for anything else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from airflow_jobkit.loading.dags import DagLoader, Loaded
from airflow_jobkit.loading.folder import display_name
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

    def held_against(self, loaded: Loaded, loader: DagLoader) -> Loaded:
        """What the chosen files gave, without the DAGs whose id another file keeps, and with their Problems.

        It is what a load of the whole folder gives for these files. Only files with such an
        id as a key are parsed; one that spells it with escapes is not found.

        Args:
            loaded: What they gave by themselves.
            loader: The loader that read them.
        """
        ids = frozenset(dag.spec.dag_id.encode() for dag in loaded.dags)
        sharing = [path for path, keys in self._keys.items() if not ids.isdisjoint(keys)] if ids else []
        if not sharing:
            return loaded
        every = loader.load(sorted({*self._chosen, *sharing}))
        asked = {display_name(path) for path in self._chosen}
        told = {*loaded.problems}
        return Loaded(
            tuple(dag for dag in every.dags if dag.document.file in asked),
            tuple(problem for problem in every.problems if problem.file in asked or problem in told),
        )

    @cached_property
    def _keys(self) -> dict[Path, frozenset[bytes]]:
        """For each other file, what may be a DAG's id in it."""
        others = set(dag_files(self._folder)).difference(self._chosen)
        return {path: frozenset(_KEYS.findall(bytes_of(str(path)))) for path in others}

"""The YAML that a DAG came from, for its documentation in Airflow's UI."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path as FilePath

from airflow_jobkit.factory.findings import BuildError
from airflow_jobkit.loading.dags import LoadedDag
from airflow_jobkit.loading.files import DOCUMENTATION, FileOfDag
from airflow_jobkit.problems import Issue

MOST_CHARACTERS = 20_000
"""Airflow stores and sends the documentation with the DAG."""

_TOP_LEVEL = re.compile(r"^(?![ \t#\-\r\n]).", re.MULTILINE)
_FENCE = re.compile(r"`{3,}")


def documentation(dag: LoadedDag, folder: str) -> str:
    """The DAG's own documentation, and below it the YAML that it came from with its defaults' places.

    Args:
        dag: The DAG.
        folder: The DAGs folder.

    Raises:
        BuildError: The file with its documentation cannot be read.
    """
    own = _own(dag, folder)
    document = dag.document
    text = own_text(document.text, document.data, dag.spec.dag_id)
    if len(text) > MOST_CHARACTERS:
        text = text[:MOST_CHARACTERS] + "\n# ... (cut off here)"
    fences = _FENCE.findall(text) if "```" in text else ()
    fence = max(("`" * (len(found) + 1) for found in fences), default="```", key=len)
    above = dict.fromkeys(layer.document.file for layer in dag.layers.layers[:-1])
    defaults = f", with defaults of {', '.join(above)}" if above else ""
    section = f"#### From {document.file}{defaults}\n\n{fence}yaml\n{text.rstrip()}\n{fence}\n"
    return f"{own.rstrip()}\n\n{section}" if own else section


def _own(dag: LoadedDag, folder: str) -> str | None:
    named = dag.spec.keys.doc_md_file_path
    if named is None:
        return dag.spec.keys.doc_md
    file = FileOfDag(named, FilePath(folder))
    mistake = file.mistake()
    if mistake is not None:  # it was there when the YAML was read
        raise BuildError(Issue((DOCUMENTATION,), *mistake))
    return file.text()


def own_text(text: str, data: object, dag_id: str) -> str:
    """The lines of one DAG; the whole text where it is the only one, or its lines cannot be told apart."""
    if isinstance(data, dict) and len(data) <= 1:
        return text
    named = re.compile(rf"""["']?{re.escape(dag_id)}["']?\s*:""")
    return next((text[start:end] for start, end in _parts(text) if named.match(text, start)), text)


@lru_cache(maxsize=4)
def _parts(text: str) -> Sequence[tuple[int, int]]:
    """Where each key of a file begins and the next one does; all DAGs of a file ask for the same."""
    return [*pairwise([*(found.start() for found in _TOP_LEVEL.finditer(text)), len(text)])]

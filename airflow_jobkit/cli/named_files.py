"""What is in the files that a DAG names, so that a change of a file is one of each task that names it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from airflow_jobkit.cli.differences import CONTENTS, MEMBERS
from airflow_jobkit.loading.dags import LoadedDag
from airflow_jobkit.loading.files import FileOfDag, may_name_files
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.file_functions import file_functions

_DIGITS = 12
"""Of a checksum, which tells two versions of a file apart."""


def with_contents(document: Mapping[str, Any], dag: LoadedDag, folder: Path) -> dict[str, Any]:
    """A rendered DAG with a checksum of each Python or Markdown file, in whatever names it: DAG, group, task.

    Args:
        document: The DAG as `render` shows it.
        dag: The DAG.
        folder: The DAGs folder.
    """
    if not any(may_name_files(layer.document.text) for layer in dag.layers.layers):
        return dict(document)
    sums: dict[str, str] = {}
    own: dict[str, Any] = {}
    members = {part: {**document.get(part, {})} for part in MEMBERS}
    for place, file in _named(dag.spec):
        if file not in sums:
            # Line ends are the working tree's own, not the file's.
            text = FileOfDag(file, folder).text()
            sums[file] = f"sha256 {hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}"
        contents = {f"{CONTENTS}{file}": sums[file]}
        if place is None:
            own |= contents
        else:
            part, name = place
            members[part][name] = {**members[part][name], **contents}
    return {**own, **document, **members}


def _named(spec: DagSpec) -> Iterator[tuple[tuple[str, str] | None, str]]:
    """Each file, with the part and the id of the group or the task that names it; None: the DAG does."""
    if spec.keys.doc_md_file_path is not None:
        yield None, spec.keys.doc_md_file_path
    holders: list[tuple[tuple[str, str] | None, Any]] = [(None, (spec.keys, spec.default_args))]
    holders += [(("task_groups", group.group_id), group.default_args) for group in spec.groups]
    holders += [(("tasks", task.task_id), (task.keys, getattr(task, "arguments", {}))) for task in spec.tasks]
    for place, holder in holders:
        for _, function in file_functions(holder):
            yield place, function.file

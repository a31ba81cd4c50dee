"""What `jobkit validate --build` asks of the process that builds DAGs, and what that tells, line by line."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path as FilePath
from typing import Any

from airflow_jobkit.problems import Issue, Path

BUILD_FD = "JOBKIT_BUILD_FD"
"""The variable that names the file descriptor which events are written to."""


@dataclass(frozen=True)
class BuildRequest:
    """The DAGs to build, in this order, the files that they are in, and the seconds that each may take."""

    folder: str
    environment: str
    files: tuple[str, ...]
    dag_ids: tuple[str, ...]
    seconds: float

    def write(self, file: FilePath) -> None:
        """Write it down for the process."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, file: FilePath) -> BuildRequest:
        """Read what was written down."""
        fields = json.loads(file.read_text(encoding="utf-8"))
        files, dag_ids = tuple(fields.pop("files")), tuple(fields.pop("dag_ids"))
        return cls(files=files, dag_ids=dag_ids, **fields)


@dataclass(frozen=True)
class DefaultUse:
    """One of `default_args` that not every operator has: its path in the DAG, and whether a task takes it."""

    path: Path
    is_taken: bool


@dataclass(frozen=True)
class Started:
    """Airflow is imported, and the files are read."""


@dataclass(frozen=True)
class Building:
    """A DAG is about to be built."""

    dag_id: str


@dataclass(frozen=True)
class Built:
    """A DAG is built, or what is wrong with it; paths start at the DAG."""

    dag_id: str
    issues: tuple[Issue, ...] = ()
    defaults: tuple[DefaultUse, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Finished:
    """Nothing is left to build."""


BuildEvent = Started | Building | Built | Finished


class Sender:
    """Tells events to whoever started this process."""

    def __init__(self) -> None:
        # Nothing that the DAGs start is to hold the other side's reading open.
        self._descriptor = int(os.environ.pop(BUILD_FD))
        os.set_inheritable(self._descriptor, False)

    def send(self, event: BuildEvent) -> None:
        """Write one event."""
        left = (json.dumps({"kind": type(event).__name__, **asdict(event)}) + "\n").encode()
        while left:
            left = left[os.write(self._descriptor, left) :]


def parse_event(line: bytes) -> BuildEvent:
    """Read one event.

    Raises:
        ValueError, KeyError, TypeError: It is none.
    """
    fields = json.loads(line)
    match fields["kind"]:
        case "Building":
            return Building(fields["dag_id"])
        case "Built":
            defaults = tuple(DefaultUse(tuple(use["path"]), use["is_taken"]) for use in fields["defaults"])
            return Built(fields["dag_id"], tuple(map(_issue, fields["issues"])), defaults)
        case "Started":
            return Started()
    return Finished()


def _issue(fields: Mapping[str, Any]) -> Issue:
    return Issue(tuple(fields["path"]), fields["message"], fields["remedy"], fields["code"], fields["at"])

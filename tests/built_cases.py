"""The mistakes of `tests/cases/build`, which only building the DAGs shows; all are built once."""

from __future__ import annotations

import json
import os
import sys
from functools import cache
from pathlib import Path

from processes import finished

from airflow_jobkit.problems import Problem

CASES = Path(__file__).parent / "cases"
BUILD = CASES / "build"

_ELSEWHERE = ("JOBKIT_", "AIRFLOW", "_AIRFLOW")


@cache
def built_problems() -> tuple[Problem, ...]:
    """What `jobkit validate --build` says of the files of the folder, called beside it."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(_ELSEWHERE)}
    command = ["validate", BUILD.name, "--build", "--format", "json"]
    ended = finished(
        [sys.executable, "-m", "airflow_jobkit.cli", *command],
        cwd=CASES,
        env={**variables, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert (ended.returncode, ended.stderr) == (1, "")
    return tuple(Problem(**problem) for problem in json.loads(ended.stdout)["problems"])


def problems_of(file: Path) -> list[Problem]:
    """Those of one file."""
    return [one for one in built_problems() if one.file == f"{BUILD.name}/{file.name}"]

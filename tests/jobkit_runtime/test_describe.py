from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from jobkit_runtime.describe import describe

JOB_CODE = Path(__file__).resolve().parents[2] / "job_code"

SOURCES = {
    "jobs": """
import enum
from dataclasses import dataclass, field
from datetime import date
from jobkit_runtime import AbstractJob
print("a module may print")

class Color(enum.Enum):
    RED = "red"

@dataclass(frozen=True)
class Params:
    day: date
    month: int | None = None
    color: Color = Color.RED
    tags: list[str] = field(default_factory=list)

class Job(AbstractJob[Params]):
    def execute(self, ctx): return None
""",
    "script": "def main(rows: int, **kwargs): return None",
    "empty": "VALUE = 1",
    "broken": "import nowhere_to_be_found",
    "wrong": """
from jobkit_runtime import AbstractJob

class Job(AbstractJob[int]):
    def execute(self, ctx): return None
""",
    "__main__": "raise SystemExit('never imported')",
}
JOBS = [
    {
        "module_name": "team.jobs",
        "parameters": [
            {"name": "day", "type": "date", "required": True, "default": None},
            {"name": "month", "type": "int | None", "required": False, "default": None},
            {"name": "color", "type": "Color", "required": False, "default": "red"},
            {"name": "tags", "type": "list[str]", "required": False, "default": []},
        ],
        "accepts_others": False,
    },
    {
        "module_name": "team.script",
        "parameters": [{"name": "rows", "type": "int", "required": True, "default": None}],
        "accepts_others": True,
    },
]
PROBLEMS = ["team.broken", "team.wrong"]


def test_jobs_and_problems_of_a_package_are_listed_in_order(team_package):
    team_package(**SOURCES)
    found = describe(["team", "team.jobs"])
    assert found["jobs"] == JOBS
    assert [problem["module"] for problem in found["problems"]] == PROBLEMS
    assert found["problems"][0]["error"] == "ModuleNotFoundError: No module named 'nowhere_to_be_found'"
    assert found["envelope_versions"] == [1]


def test_a_package_that_is_not_there_is_a_problem():
    assert describe(["teem"])["problems"] == [
        {"module": "teem", "error": "ModuleNotFoundError: No module named 'teem'"}
    ]


@pytest.mark.parametrize("packages", [["team"]], ids=["in a zip on sys.path"])
def test_a_package_is_described_as_plain_json(packages, team_package, tmp_path):
    folder = team_package(**SOURCES)
    archive = tmp_path / "team-1.0-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in folder.rglob("*.py"):
            packed.write(path, path.relative_to(folder))
    done = subprocess.run(
        [sys.executable, "-m", "jobkit_runtime.describe", *packages],
        env={"PYTHONPATH": f"{JOB_CODE}:{archive}"},
        capture_output=True,
        text=True,
    )
    document = json.loads(done.stdout)
    assert document["jobs"] == JOBS
    assert [problem["module"] for problem in document["problems"]] == PROBLEMS
    assert "a module may print" in done.stderr

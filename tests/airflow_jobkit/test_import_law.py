"""What a process really imports; who may import whom stands in pyproject.toml, `[tool.importlinter]`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "airflow_jobkit"

_REPORT = """
import json, sys
try:
    {statement}
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})), file=sys.stderr)
"""


def modules_after(statement: str) -> set[str]:
    """The top-level modules of a new process after one statement."""
    hidden = ("JOBKIT_", "AIRFLOW", "PYTHONPATH", "COV")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    ended = subprocess.run(
        [sys.executable, "-c", _REPORT.format(statement=statement)],
        cwd=ROOT,
        env={**variables, "AIRFLOW_HOME": str(ROOT / "nowhere")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stderr.splitlines()[-1]))


def jobkit(*argv: str) -> str:
    return f"from airflow_jobkit.cli import main; sys.exit(main({list(argv)!r}))"


HEAVY = {"airflow", "boto3", "botocore", "pyspark", "sqlalchemy", "jobkit_runtime", "dwh"}


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        pytest.param(jobkit("validate", "dags"), HEAVY | {"rich"}, id="validating"),
        pytest.param(
            jobkit("validate", "dags/flights.yaml", "--build", "--env", "local"),
            HEAVY | {"rich"},
            id="validating with a build, which another process does",
        ),
        pytest.param(jobkit("render", "dags/flights.yaml"), HEAVY | {"rich"}, id="rendering"),
        pytest.param(jobkit("--help"), HEAVY | {"pydantic", "yaml", "rich"}, id="showing the help"),
        pytest.param(
            "import airflow_jobkit", HEAVY | {"pydantic", "yaml", "rich"}, id="importing the package"
        ),
    ],
)
def test_what_is_not_needed_is_not_imported_when(statement: str, absent: set[str]) -> None:
    assert modules_after(statement) & absent == set()


def test_modules_after_sees_what_was_imported() -> None:
    assert {"airflow_jobkit", "pydantic", "yaml"} <= modules_after(jobkit("validate", "dags"))


def test_vendor_providers_are_imported_by_engines_and_operators_alone() -> None:
    # import-linter sees `airflow` as one package.
    provider = re.compile(r"^\s*(?:from|import)\s+airflow\.providers\.(?:amazon|databricks)\b", re.MULTILINE)
    importing = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if provider.search(path.read_text(encoding="utf-8"))
    }
    assert importing <= {"engines", "operators"}

"""The rules of the job side: what it imports, how large it is, what it exports."""

from __future__ import annotations

import ast
import sys
import zipfile
from pathlib import Path

import pytest

import jobkit_runtime
from jobkit_runtime import errors

JOB_CODE = Path(__file__).resolve().parents[2] / "job_code"
RUNTIME = sorted((JOB_CODE / "jobkit_runtime").glob("*.py"))
EVERYTHING = sorted(JOB_CODE.rglob("*.py"))
OWN = {"jobkit_runtime", "dwh"}
LAZY = {"boto3", "botocore", "pyspark", "awsglue"}


def imports(path: Path) -> list[tuple[str, bool]]:
    """Each imported top-level package, and whether it is imported only inside a function or for types."""
    found: list[tuple[str, bool]] = []

    def visit(node: ast.AST, lazy: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend((alias.name.partition(".")[0], lazy) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            found.append(((node.module or "").partition(".")[0], lazy))
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.iter_child_nodes(node):
            visit(child, lazy or for_types or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))

    visit(ast.parse(path.read_text()), lazy=False)
    return found


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: str(path.relative_to(JOB_CODE)))
def test_modules_import_the_standard_library_and_vendors_only_lazily(path):
    foreign = [
        (name, lazy)
        for name, lazy in imports(path)
        if name not in sys.stdlib_module_names and name not in OWN
    ]
    assert [name for name, lazy in foreign if not lazy or name not in LAZY] == []


@pytest.mark.parametrize("path", RUNTIME, ids=lambda path: path.name)
def test_the_runtime_never_imports_the_team_and_keeps_modules_short(path):
    assert "dwh" not in {name for name, _ in imports(path)}
    assert len(path.read_text().splitlines()) <= 250


def test_the_runtime_packed_is_smaller_than_100_kilobytes(tmp_path):
    with zipfile.ZipFile(tmp_path / "runtime.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for path in RUNTIME:
            packed.write(path, path.name)
    assert (tmp_path / "runtime.zip").stat().st_size < 100_000


def test_exports_are_sorted_and_exist():
    assert jobkit_runtime.__all__ == sorted(jobkit_runtime.__all__)
    assert all(hasattr(jobkit_runtime, name) for name in jobkit_runtime.__all__)


def test_every_error_has_the_root_and_a_builtin_and_stands_in_the_tree():
    classes = [item for item in vars(errors).values() if isinstance(item, type)]
    for error in classes:
        assert issubclass(error, errors.JobkitRuntimeError)
        assert error.__name__ in (errors.__doc__ or "")
        assert error is errors.JobkitRuntimeError or len(error.__bases__) == 2

"""The package's table of contents."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from airflow_jobkit import release


def test_the_table_of_contents_is_sorted() -> None:
    assert release.__all__ == sorted(release.__all__)
    assert dir(release) == release.__all__


def test_the_types_that_mypy_sees_are_the_ones_that_are_imported() -> None:
    """The imports under TYPE_CHECKING and what `__getattr__` gives are the same, from the same modules."""
    assert release.__file__ is not None
    tree = ast.parse(Path(release.__file__).read_text(encoding="utf-8"))
    seen = {
        name.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("airflow_jobkit.")
        for name in node.names
    }
    assert seen == {name: getattr(release, name).__module__ for name in release.__all__}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        release.nothing  # noqa: B018 - reading it is the test

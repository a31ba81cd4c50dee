"""Files of dag-factory load as they do there, or say what to write instead.

The oracle is dag-factory 1.1.0 itself, in an environment of its own, on the same Airflow and providers.
`make test-slow ARGS="--update-golden -k dag_factory"` writes the golden files anew; read what changed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dialects import corpus
from dialects.corpus import Case

CASES = corpus.cases()


def named(case: Case) -> str:
    return Path(case.name).stem.replace("_", " ")


pytestmark = corpus.needs_its_airflow


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return corpus.with_jobkit(corpus.copied(tmp_path_factory.mktemp("jobkit")))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if not corpus.DAG_FACTORY.exists():
        pytest.skip("there is no environment with dag-factory; `make test-slow` creates it in .venv-bench")
    return corpus.with_dag_factory(corpus.copied(tmp_path_factory.mktemp("dag-factory")))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_file_becomes_what_dag_factory_makes_of_it(
    case: Case, theirs: dict[str, Any], ours: dict[str, Any], golden: Callable[[Path, str], None]
) -> None:
    golden(case.golden, corpus.verdict(theirs[case.name], ours[case.name]))


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_file_has_the_problems_that_are_written_down(case: Case, ours: dict[str, Any]) -> None:
    """Without dag-factory, what is the same cannot be told from what differs; Problems can."""
    _, said, *lines = case.golden.read_text(encoding="utf-8").splitlines()
    assert ours[case.name]["problems"] == (lines if said == "jobkit: problems" else [])


def test_no_file_is_passed_over_in_silence(ours: dict[str, Any]) -> None:
    assert [n for n, seen in ours.items() if not seen["dags"] and not seen["problems"]] == []

"""Definitions of MWAA Serverless load as they are documented: what each is stands beside them, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from dialects import corpus

FOLDER = corpus.TESTS / "dialects" / "mwaa_serverless"
EXPECTED: dict[str, Any] = yaml.safe_load((FOLDER / "_expected.yaml").read_text(encoding="utf-8"))
LOADING = {name: expected for name, expected in EXPECTED.items() if "tasks" in expected}

pytestmark = corpus.needs_its_airflow


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return corpus.with_jobkit(corpus.copied(tmp_path_factory.mktemp("serverless"), FOLDER))


def only_dag(seen: dict[str, Any], name: str) -> Any:
    """The DAG of a file, which has its name."""
    assert seen[name]["problems"] == []
    return seen[name]["dags"][Path(name).stem]


def test_every_definition_has_an_expectation() -> None:
    assert {path.name for path in FOLDER.glob("[a-z]*.yaml")} - {"jobkit.yaml"} == set(EXPECTED)


@pytest.mark.parametrize("name", LOADING)
def test_ids_edges_and_operator_classes_are_those_of_the_definition(name: str, seen: dict[str, Any]) -> None:
    tasks = only_dag(seen, name)["tasks"]
    expected = {task: (one["class"], one.get("upstream", [])) for task, one in LOADING[name]["tasks"].items()}
    assert {task: (one["class"], one["upstream"]) for task, one in tasks.items()} == expected


@pytest.mark.parametrize("name", LOADING)
def test_arguments_and_template_fields_are_those_of_the_definition(name: str, seen: dict[str, Any]) -> None:
    tasks = only_dag(seen, name)["tasks"]
    for task, one in LOADING[name]["tasks"].items():
        found = tasks[task]["arguments"]
        assert {argument: found.get(argument) for argument in one["arguments"]} == one["arguments"]


@pytest.mark.parametrize("name", LOADING)
def test_keys_of_the_dag_are_those_of_the_definition(name: str, seen: dict[str, Any]) -> None:
    expected = {key: value for key, value in LOADING[name].items() if key != "tasks"}
    assert {key: only_dag(seen, name)[key] for key in expected} == expected


@pytest.mark.parametrize("name", sorted(EXPECTED.keys() - LOADING.keys()))
def test_what_is_not_taken_over_is_a_problem_with_a_remedy(name: str, seen: dict[str, Any]) -> None:
    assert seen[name]["problems"] == [f"{name}:{said}" for said in EXPECTED[name]["problems"]]

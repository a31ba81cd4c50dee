"""SARIF that code hosts take: each rule described, each result at a file that they know."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import airflow_jobkit
from airflow_jobkit.cli.rules import RULES
from airflow_jobkit.cli.sarif import sarif
from airflow_jobkit.problems import Problem

PACKAGE = Path(airflow_jobkit.__file__).parent
# Where the code stands among the arguments of what makes a mistake.
CODE_AT = {"Issue": 3, "Problem": 6, "mistake": 2, "Slip": 3}


def problem(file: str = "dags/flights.yaml", code: str = "unknown-key") -> Problem:
    return Problem(file, 3, 5, "flights.colour", "unknown key", "take it out", code, "    colour: blue")


def codes_in(source: str) -> Iterator[str]:
    """The kinds of mistakes that a module makes, where it names them in place."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CODE_AT:
            given = [*node.args[CODE_AT[node.func.id] :][:1]]
            given += [one.value for one in node.keywords if one.arg == "code"]
            yield from (str(one.value) for one in given if isinstance(one, ast.Constant))


def test_every_kind_of_mistake_has_a_rule_that_describes_it() -> None:
    used = {code for path in PACKAGE.rglob("*.py") for code in codes_in(path.read_text(encoding="utf-8"))}
    assert "unknown-key" in used
    assert used - RULES.keys() == set()


def test_a_run_has_what_the_schema_requires() -> None:
    document = sarif([problem(), problem(code="too-large"), problem()])
    assert (document["version"], len(document["runs"])) == ("2.1.0", 1)
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "jobkit"
    assert [rule["id"] for rule in driver["rules"]] == ["too-large", "unknown-key"]
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"].endswith(".")
        assert rule["help"]["text"]
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"] == "flights.colour: unknown key; take it out"
        region = result["locations"][0]["physicalLocation"]["region"]
        assert (region["startLine"], region["startColumn"]) == (3, 5)


def test_what_costs_no_dag_is_a_warning() -> None:
    (run,) = sarif([problem()], warnings=[problem(code="unused-default")])["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["defaultConfiguration"]["level"]) for rule in rules] == [
        ("unknown-key", "error"),
        ("unused-default", "warning"),
    ]
    assert [(result["ruleIndex"], result["level"]) for result in run["results"]] == [
        (0, "error"),
        (1, "warning"),
    ]


@pytest.mark.parametrize(
    ("file", "location"),
    [
        pytest.param(
            "dags/a b#1.yaml",
            {"uri": "dags/a%20b%231.yaml", "uriBaseId": "%SRCROOT%"},
            id="one below the working directory, with characters that a URI escapes",
        ),
        pytest.param(
            "dags/\udcff.yaml",
            {"uri": "dags/%FF.yaml", "uriBaseId": "%SRCROOT%"},
            id="one whose name is no UTF-8",
        ),
        pytest.param("/srv/dags/a.yaml", {"uri": "file:///srv/dags/a.yaml"}, id="one elsewhere"),
    ],
)
def test_a_file_is_named_by_a_uri(file: str, location: dict[str, str]) -> None:
    (result,) = sarif([problem(file)])["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == location


def test_no_problems_are_a_run_without_results_that_says_what_was_left_out() -> None:
    (run,) = sarif([], ["not checked: jobs"])["runs"]
    assert run["results"] == []
    assert run["invocations"] == [
        {
            "executionSuccessful": True,
            "toolExecutionNotifications": [{"level": "note", "message": {"text": "not checked: jobs"}}],
        }
    ]


def test_a_kind_without_a_rule_is_described_by_its_code() -> None:
    (run,) = sarif([problem(code="brand-new")])["runs"]
    assert run["tool"]["driver"]["rules"][0]["shortDescription"] == {"text": "Brand new."}


def test_what_is_wrong_with_a_file_that_a_dag_names_has_a_rule() -> None:
    """Their kinds come out of tables, which the search above does not see."""
    assert RULES.keys() >= {
        "outside",
        "no-file",
        "no-python",
        "no-function",
        "too-large",
        "encoding",
        "unreadable",
    }

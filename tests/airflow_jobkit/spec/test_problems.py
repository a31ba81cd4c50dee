"""Problems read as sentences with a place."""

from __future__ import annotations

import pytest

from airflow_jobkit.problems import (
    Issue,
    Path,
    Problem,
    ProblemsError,
    choices_remedy,
    did_you_mean,
    dotted,
)


def problem(line: int = 3, column: int = 5, source: str = "    x: 1", **words: str) -> Problem:
    said = {"where": "a.x", "message": "wrong", "remedy": "mend it", **words}
    return Problem("f.yaml", line, column, code="x", source=source, **said)


def test_a_headline_holds_place_path_mistake_and_remedy() -> None:
    assert problem().headline() == "f.yaml:3:5 a.x: wrong; mend it"
    assert problem(where="", remedy="").headline() == "f.yaml:3:5 wrong"


def test_the_caret_stands_below_the_mistake_also_after_a_tab_and_in_a_late_line() -> None:
    assert problem(line=12345, column=3, source="\t\tx").text().splitlines()[1:] == [
        "12345 |   x",
        "      |   ^",
    ]


def test_a_problem_without_a_line_to_show_is_its_headline() -> None:
    assert problem(source="  ").text() == problem().headline()


def test_an_error_holds_all_problems_in_order() -> None:
    late, early = problem(line=9), problem(line=1)
    error = ProblemsError([late, early])
    assert error.problems == (early, late)
    assert str(error).count("wrong") == 2
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("a",), "a"),
        (("a", "b", 0, "c"), "a.b[0].c"),
        ((0,), "[0]"),
        (("spark.driver.memory",), "spark.driver.memory"),
    ],
)
def test_a_path_is_written_with_dots_and_brackets(path: Path, text: str) -> None:
    assert dotted(path) == text


def test_an_issue_can_be_placed_below_a_prefix() -> None:
    issue = Issue(("b", 0), "wrong", "", "x", at="key")
    assert issue.below("a") == Issue(("a", "b", 0), "wrong", "", "x", at="key")


@pytest.mark.parametrize(
    ("word", "known", "remedy"),
    [
        ("clean_fligths", ["clean_flights", "weather"], "did you mean clean_flights?"),
        ("x", ["b", "a"], "choose one of a, b"),
        ("x", [], "there is none to choose from"),
        (12, ["a"], "choose one of a"),
    ],
)
def test_a_remedy_names_a_likely_word_or_all(word: object, known: list[str], remedy: str) -> None:
    assert choices_remedy(word, known) == remedy


def test_did_you_mean_is_none_where_nothing_is_alike() -> None:
    assert did_you_mean("engine", ["tasks", "params"]) is None


def test_nothing_that_a_terminal_would_obey_is_printed() -> None:
    problem = Problem("a.yaml", 1, 4, "x", "no task '\x1b[2J'", "take it out\n", "code", "a: '\x1b[2J'")
    assert problem.text().split("\n") == [
        "a.yaml:1:4 x: no task '\\x1b[2J'; take it out\\n",
        "    1 | a: '\N{REPLACEMENT CHARACTER}[2J'",
        "      |    ^",
    ]

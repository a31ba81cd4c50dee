"""What a call takes is known from its signature, before it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_jobkit.factory.signatures import (
    Given,
    argument_issues,
    signature_of_class,
    signature_of_function,
)


class Root:
    def __init__(self, *, task_id: str, retries: int = 0, **rest: Any) -> None: ...


class Query(Root):
    def __init__(self, *, sql: str, database: str | None = None, **kwargs: Any) -> None: ...


class Report(Query):
    """Gives its base the `sql` by itself."""

    def __init__(self, month: int, **kwargs: Any) -> None: ...


class Closed(Root):
    def __init__(self, *, month: int) -> None: ...


class Silent(Query):
    """Has no constructor of its own."""


def said_of(called: type, *names: str, defaults: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    signature = signature_of_class(called, Root, ("task_id",))
    issues = argument_issues(signature, [Given(("t",), names)], [defaults], ("t",))
    return sorted((issue.message, issue.remedy) for issue in issues)


@pytest.mark.parametrize(
    ("called", "names"),
    [
        pytest.param(Query, ("sql", "database", "retries"), id="its own and its base's"),
        pytest.param(Report, ("month", "database"), id="without what it gives its base by itself"),
        pytest.param(Report, ("month", "sql"), id="with what its base requires"),
        pytest.param(Silent, ("sql",), id="those of the constructor that it inherits"),
    ],
)
def test_a_class_takes_its_own_arguments_and_those_it_hands_on(called: type, names: tuple[str, ...]) -> None:
    assert said_of(called, *names) == []


def test_a_class_that_hands_nothing_on_takes_nothing_of_its_bases() -> None:
    assert said_of(Closed, "month", "retries") == [
        ("Closed has no argument 'retries'", "correct its name, or take it out")
    ]


def test_every_argument_that_is_not_taken_or_is_missing_is_said() -> None:
    assert said_of(Query, "retires", "colour") == [
        ("Query cannot do without 'sql'", "add `sql: ...`"),
        ("Query has no argument 'colour'", "correct its name, or take it out"),
        ("Query has no argument 'retires'", "did you mean retries?"),
    ]


def test_a_misspelt_argument_is_not_said_to_be_missing_too() -> None:
    assert said_of(Report, "mont") == [("Report has no argument 'mont'", "did you mean month?")]


def test_what_defaults_give_is_not_missing() -> None:
    assert said_of(Query, defaults=("sql",)) == []
    assert said_of(Silent) == [("Silent cannot do without 'sql'", "add `sql: ...`")]


def double(number: int, factor: int = 2, *, ti: Any) -> int:
    return number * factor


def takes_any(number: int, **others: Any) -> int:
    return number


@pytest.mark.parametrize(
    ("called", "names", "said"),
    [
        pytest.param(double, ["number"], [], id="what others fill in is not missing"),
        pytest.param(double, ["number", "ti"], [], id="it may be given"),
        pytest.param(
            double,
            ["numbr"],
            ["double has no argument 'numbr'; did you mean number?"],
            id="a misspelt one",
        ),
        pytest.param(
            double, [], ["double cannot do without 'number'; add `number: ...`"], id="a missing one"
        ),
        pytest.param(takes_any, ["number", "colour"], [], id="a function that takes any"),
        pytest.param(print, ["sep"], [], id="one that is not written in Python"),
    ],
)
def test_a_function_takes_what_its_signature_says(
    called: Callable[..., Any], names: list[str], said: list[str]
) -> None:
    signature = signature_of_function(called, ("ti",))
    issues = argument_issues(signature, [Given((), names)], [], ())
    assert [f"{issue.message}; {issue.remedy}" for issue in issues] == said


def test_each_issue_stands_where_the_argument_does() -> None:
    signature = signature_of_class(Query, Root)
    given = [Given(("t",), ["colour"]), Given(("t", "expand"), ["size"])]
    issues = argument_issues(signature, given, [("sql", "task_id")], ("t",))
    assert [issue.path for issue in issues] == [("t", "colour"), ("t", "expand", "size")]

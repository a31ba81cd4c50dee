"""YAML text to data, with every key and value found again in the text."""

from __future__ import annotations

from typing import Literal

import pytest

from airflow_jobkit.loading.yaml_text import Document, read_document
from airflow_jobkit.problems import Issue, Path

TEXT = """\
flights:
  tags: [a, b,
         c]
  tasks:
    clean: {spark_job: dwh.a, args: {month: 1}}
"""


def place(document: Document, path: Path, at: Literal["key", "value"] = "value") -> tuple[int, int]:
    problem = document.problem(Issue(path, "wrong", "mend it", "x", at))
    return problem.line, problem.column


@pytest.mark.parametrize(
    ("path", "at", "expected"),
    [
        pytest.param((), "value", (1, 1), id="the whole document"),
        pytest.param(("flights",), "key", (1, 1), id="a key at the top"),
        pytest.param(("flights",), "value", (2, 3), id="a mapping starts at its first key"),
        pytest.param(("flights", "tags"), "key", (2, 3), id="a nested key"),
        pytest.param(("flights", "tags"), "value", (2, 9), id="a list starts at its bracket"),
        pytest.param(("flights", "tags", 2), "value", (3, 10), id="an item in a later line"),
        pytest.param(("flights", "tasks", "clean", "args", "month"), "key", (5, 38), id="a key in braces"),
        pytest.param(("flights", "tasks", "clean", "args", "month"), "value", (5, 45), id="its value"),
        pytest.param(
            ("flights", "tasks", "clean", "engine"), "value", (5, 5), id="a missing key: the one above it"
        ),
        pytest.param(("flights", "tags", 9), "value", (2, 3), id="a missing item: the key of its list"),
        pytest.param(("weather",), "value", (1, 1), id="nothing of it: the document"),
    ],
)
def test_a_path_is_found_in_the_text(
    path: Path, at: Literal["key", "value"], expected: tuple[int, int]
) -> None:
    document = read_document("flights.yaml", TEXT)
    assert document.problems == ()
    assert place(document, path, at) == expected


def test_a_problem_names_the_path_and_quotes_the_line() -> None:
    issue = Issue(("flights", "tags", 2), "wrong", "mend it", "x")
    problem = read_document("flights.yaml", TEXT).problem(issue)
    assert (problem.where, problem.source) == ("flights.tags[2]", "         c]")
    assert problem.text() == (
        "flights.yaml:3:10 flights.tags[2]: wrong; mend it\n    3 |          c]\n      |          ^"
    )


def test_what_an_alias_repeats_is_found_at_its_anchor() -> None:
    text = "a: &x {k: 1}\nb: *x\nc: {<<: *x, l: 2}\n"
    document = read_document("f.yaml", text)
    assert document.data == {"a": {"k": 1}, "b": {"k": 1}, "c": {"k": 1, "l": 2}}
    assert place(document, ("a", "k"), "key") == (1, 8)
    assert place(document, ("b",), "value") == (1, 4)
    assert place(document, ("b", "k"), "key") == (2, 1)
    assert place(document, ("c", "k"), "key") == (1, 8)
    assert place(document, ("c", "l"), "key") == (3, 13)


def test_a_key_goes_before_what_it_merges_and_so_does_its_place() -> None:
    document = read_document("f.yaml", "a: &x {k: 1}\nb: &y {k: 2}\nc: {k: 3, <<: [*x, *y]}\n")
    assert document.data["c"] == {"k": 3}
    assert place(document, ("c", "k")) == (3, 8)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: &x [*x]\n", id="a list"),
        pytest.param("a: &x {b: *x}\n", id="a mapping"),
        pytest.param("a: &x {<<: *x}\n", id="a merge"),
        pytest.param("a: &x {b: [1, {c: *x}]}\n", id="deep below"),
        pytest.param("&x a: {b: &y [*y]}\n", id="beside another anchor"),
    ],
)
def test_a_value_that_holds_itself_ends_as_a_problem(text: str) -> None:
    document = read_document("f.yaml", text)
    assert document.data is None
    assert [problem.code for problem in document.problems] == ["yaml-syntax"]
    assert "holds itself" in document.problems[0].message


def aliases_of_aliases(levels: int) -> str:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, yes]" for n in range(1, levels))]
    return "\n".join(lines)


def test_aliases_of_aliases_are_read_with_a_place_for_each_mistake() -> None:
    document = read_document("f.yaml", aliases_of_aliases(10))
    assert len(document.problems) == 9
    assert place(document, ("a9", 2)) == (10, 20)


def test_many_aliases_of_aliases_cost_no_time_and_are_refused() -> None:
    (problem,) = read_document("f.yaml", aliases_of_aliases(40)).problems
    assert (problem.line, problem.code) == (17, "too-large")


@pytest.mark.parametrize(
    ("text", "read", "remedy"),
    [
        ("on", "true", 'write true, or "on"'),
        ("Yes", "true", 'write true, or "Yes"'),
        ("off", "false", 'write false, or "off"'),
        ("NO", "false", 'write false, or "NO"'),
        ("010", "8", 'put it in quotes, "010", or write 8'),
        ("-017", "-15", 'put it in quotes, "-017", or write -15'),
        ("12:30", "750", 'put it in quotes, "12:30", or write 750'),
        ("1:30:15", "5415", 'put it in quotes, "1:30:15", or write 5415'),
        ("1:30.5", "90.5", 'put it in quotes, "1:30.5", or write 90.5'),
        ("1.10", "1.1", 'put it in quotes, "1.10", or write 1.1'),
        ("-2.00", "-2.0", 'put it in quotes, "-2.00", or write -2.0'),
    ],
)
def test_a_trap_is_a_problem_with_its_path(text: str, read: str, remedy: str) -> None:
    (problem,) = read_document("f.yaml", f"a: [1, {{b: {text}}}]\n").problems
    assert (problem.line, problem.column, problem.where) == (1, 12, "a[1].b")
    assert (problem.message, problem.remedy) == (f"YAML reads {text} as {read}", remedy)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("0", 0),
        ("00", 0),
        ("10", 10),
        ("0x1F", 31),
        ("1_000", 1000),
        ("1.0", 1.0),
        (".5", 0.5),
        ("1.5e+3", 1500.0),
        ("1.2.30", "1.2.30"),
        ("08", "08"),
        ('"on"', "on"),
        ("'010'", "010"),
        ("on time", "on time"),
    ],
)
def test_what_means_what_it_says_is_no_trap(text: str, value: object) -> None:
    document = read_document("f.yaml", f"a: {text}\n")
    assert document.problems == ()
    assert document.data == {"a": value}


def test_a_key_that_stands_twice_is_found_in_every_mapping_and_the_second_has_the_place() -> None:
    text = "a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\na: 2\n"
    document = read_document("f.yaml", text)
    assert [(p.line, p.where, p.code) for p in document.problems] == [
        (5, "b.c", "duplicate-key"),
        (6, "a", "duplicate-key"),
    ]
    assert "first in line 1" in document.problems[1].message
    assert place(document, ("b", "c")) == (5, 6)


def test_issues_at_the_place_of_a_trap_are_left_out_and_repeated_ones_are_said_once() -> None:
    document = read_document("f.yaml", "a: &x {k: on, l: 1}\nb: {<<: *x}\n")
    wrong = [Issue((key, name), "not text", "", "type") for key in "ab" for name in "kl"]
    problems = document.all_problems(wrong)
    assert [(p.where, p.message) for p in problems] == [("a.k", "YAML reads on as true"), ("a.l", "not text")]


@pytest.mark.parametrize("text", ["", "# a comment\n", "---\n", "null\n"])
def test_a_text_without_data_has_none_and_no_problem(text: str) -> None:
    document = read_document("f.yaml", text)
    assert (document.data, document.problems) == (None, ())


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        pytest.param("a: \x00", 1, 4, id="a null"),
        pytest.param("a: 1\nb: x\x1by", 2, 5, id="an escape"),
        pytest.param("\x07", 1, 1, id="a bell alone"),
    ],
)
def test_a_character_that_yaml_does_not_allow_is_found(text: str, line: int, column: int) -> None:
    (problem,) = read_document("f.yaml", text).problems
    assert (problem.line, problem.column) == (line, column)
    assert problem.source.isprintable()


def test_windows_line_ends_do_not_move_places() -> None:
    document = read_document("f.yaml", "a: 1\r\nb:\r\n  c: 2\r\n")
    assert place(document, ("b", "c")) == (3, 6)
    assert document.problem(Issue(("b", "c"), "wrong", "", "x")).source == "  c: 2"


def test_nothing_that_a_yaml_names_is_executed() -> None:
    (problem,) = read_document("f.yaml", "a: !!python/object/apply:sys.exit [3]\n").problems
    assert "!!python/object/apply:sys.exit" in problem.message

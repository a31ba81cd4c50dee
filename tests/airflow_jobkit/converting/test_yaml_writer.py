"""The text that plain data is written as means the data again, and reads as a person would write it."""

from __future__ import annotations

import datetime as dt
from textwrap import dedent
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from airflow_jobkit.converting.yaml_writer import TooLargeError, write_yaml
from airflow_jobkit.loading.yaml_text import read_document

TRAPS = (
    *("on", "off", "yes", "no", "y", "n", "null", "~", "true", "010", "1.10", "12:30", "1e3", "0o14", "0x1F"),
    *("2026-01-31", "@daily", "*a", "- a", "a: b", "a #b", "a:", "{{ ds }}", "[a]", "---", "...", "=", "<<"),
    *(
        "",
        " a",
        "a ",
        "a\tb",
        "a\nb",
        "a\n",
        "\na",
        "  a\nb",
        "a\n\n",
        "é",
        "\u2028",
        "\x85",
        "\ufeff",
        "\x07",
    ),
    *(
        "%a",
        "`a",
        "!a",
        "&a",
        "?",
        "-",
        "0.1",
        ".5",
        "+1",
        "1_000",
        "1:2",
        "'a'",
        '"a"',
        "a, b",
        "G.1X",
        "5m",
    ),
)

texts = st.one_of(st.sampled_from(TRAPS), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    texts,
    st.dates(min_value=dt.date(1000, 1, 1)),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(texts, values, min_size=1, max_size=4))
def test_what_is_written_is_read_again(data: dict[str, Any]) -> None:
    assert yaml.safe_load(write_yaml(data)) == data


# U+0000 no database takes, and so our loader does not either.
loadable = texts.filter(lambda text: "\0" not in text)


@given(st.dictionaries(loadable, st.one_of(loadable, st.lists(loadable)), min_size=1, max_size=4))
def test_no_text_is_a_trap_for_our_loader(data: dict[str, Any]) -> None:
    document = read_document("a.yaml", write_yaml(data))
    assert (document.data, document.problems) == (data, ())


def test_it_reads_as_a_person_would_write_it() -> None:
    data = {
        "flights": {
            "schedule": "0 6 * * *",
            "start_date": dt.date(2026, 1, 1),
            "tags": ["a", "b"],
            "tasks": {
                "clean": {
                    "operator": "a.B",
                    "env": {"VERSION": "1.10", "ON": "on"},
                    "sql": "select 1\nfrom a\n",
                    "delta": {"__type__": "datetime.timedelta", "minutes": 5},
                    "steps": [{"name": "a", "args": ["u", "v"]}, {"name": "b"}, {}],
                    "empty": {},
                }
            },
        },
        "others": {"tasks": {}},
    }
    comments = {
        (): ("from a file",),
        ("flights", "tasks", "clean"): ("It cleans.", "Twice."),
        ("flights", "tasks", "clean", "steps", 1): ("the second",),
    }
    assert write_yaml(data, comments) == dedent("""\
        # from a file
        flights:
          schedule: "0 6 * * *"
          start_date: 2026-01-01
          tags: [a, b]
          tasks:
            # It cleans.
            # Twice.
            clean:
              operator: a.B
              env:
                VERSION: "1.10"
                "ON": "on"
              sql: |
                select 1
                from a
              delta: {__type__: datetime.timedelta, minutes: 5}
              steps:
                - name: a
                  args: [u, v]
                # the second
                - name: b
                - {}
              empty: {}

        others:
          tasks: {}
        """)


@given(st.text(max_size=20))
def test_a_comment_is_a_comment_whatever_it_holds(comment: str) -> None:
    written = write_yaml({"a": 1}, {("a",): (comment,)})
    assert (len(written.split("\n")), yaml.safe_load(written)) == (3, {"a": 1})


def test_a_long_list_has_an_item_in_each_line() -> None:
    names = [f"s3://bucket/a-rather-long-name-{number}" for number in range(4)]
    assert write_yaml({"a": names}).splitlines() == ["a:", *(f"  - {name}" for name in names)]


def test_what_repeats_in_memory_is_not_written_without_end() -> None:
    data: Any = ["a"]
    for _ in range(30):
        data = [data, data]
    with pytest.raises(TooLargeError):
        write_yaml({"a": data})

"""What of a text is taken for an environment variable of another factory, and what is left alone."""

from __future__ import annotations

import pytest

from airflow_jobkit.spec.variables import Variables

NOTHING_ALLOWED = Variables((), {}, {})


@pytest.mark.parametrize(
    "text",
    [
        "$HOME",
        "${HOME}/data",
        "$HOME and more",
        "file:///$HOME/data.csv",
        "s3://bucket-${HOME}/raw",
        "s3://{{ var.value.bucket }}/$HOME/{{ ds }}.csv",
    ],
)
def test_a_variable_that_is_not_expanded_here_is_told(text: str) -> None:
    data, issues = NOTHING_ALLOWED.substituted({"place": [text]})
    assert [(issue.path, issue.message) for issue in issues] == [
        (("place", 0), "$HOME is not expanded here"),
    ]
    assert data == {"place": [text]}


@pytest.mark.parametrize(
    "text",
    [
        "costs 5$USD",
        "costs $USD a/b",
        "^/raw/.*$",
        "$.store/book",
        "x/$lower",
        "ls -l | grep a > $HOME/b",
        "{{ ds }} $HOME",
    ],
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert NOTHING_ALLOWED.substituted({"text": text}) == ({"text": text}, [])


def test_commands_are_left_to_the_shell() -> None:
    data = {"bash_command": "$HOME/run.sh", "env": {"A": "$HOME/x"}, "arguments": ["s3://$HOME/x"]}
    assert NOTHING_ALLOWED.substituted(data) == (data, [])

"""What a person sees of a Problem."""

from __future__ import annotations

import pytest

from airflow_jobkit.problems import Problem

LINE = "".join(f"{number:09}," for number in range(100))


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(1, id="at its beginning"),
        pytest.param(501, id="in its middle"),
        pytest.param(1000, id="at its end"),
    ],
)
def test_a_long_line_is_shown_around_the_mistake_with_a_caret_below_it(column: int) -> None:
    _, quoted, caret = Problem("a.yaml", 7, column, "", "wrong", "", "type", LINE).text().splitlines()
    assert len(quoted) < 140
    shown, place = quoted.removeprefix("    7 | "), caret.index("^") - len("    7 | ")
    part = shown.removeprefix("...").removesuffix("...")
    assert part in LINE
    assert LINE.index(part) + place - 3 * shown.startswith("...") == column - 1
    assert shown.startswith("...") is not LINE.startswith(part)
    assert shown.endswith("...") is not LINE.endswith(part)


def test_a_mistake_beyond_what_is_kept_of_a_line_has_no_caret() -> None:
    text = Problem("a.yaml", 7, 5000, "", "wrong", "", "type", LINE[:300]).text()
    assert text == f"a.yaml:7:5000 wrong\n    7 | {LINE[:300]}"

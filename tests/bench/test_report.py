"""The figures of the benchmark: medians of ratios, and targets."""

from __future__ import annotations

from bench.report import Row, Sample, markdown, memory_ratio, milliseconds, ratio, text


def samples(*seconds: float) -> list[Sample]:
    return [Sample(second, int(second * 100)) for second in seconds]


def test_a_ratio_is_the_median_of_the_rounds_so_that_one_disturbed_round_does_not_count() -> None:
    assert ratio(samples(2, 3, 40), samples(1, 2, 2)) == 2
    assert memory_ratio(samples(2, 3, 40), samples(1, 2, 2)) == 2


def test_milliseconds_are_those_of_the_middle_round() -> None:
    assert milliseconds(samples(1, 2, 9), 100) == 20


def test_a_target_is_met_from_its_own_side() -> None:
    assert [Row("a", "", 1.75, most=1.75).met, Row("a", "", 1.76, most=1.75).met] == [True, False]
    assert [Row("a", "", 4.0, least=4).met, Row("a", "", 3.9, least=4).met] == [True, False]
    assert Row("a", "", 1.0).met is None


def test_a_missed_target_is_seen_in_both_forms() -> None:
    rows = [Row("one", "2 times", 2, most=1.75), Row("two", "5 times", 5, least=4)]
    assert text(rows).splitlines()[2:] == [
        "one   2 times  at most 1.75  MISSED",
        "two   5 times  at least 4    met",
    ]
    assert markdown(rows).splitlines()[2] == "| one | 2 times | at most 1.75 | MISSED |"

"""A cron expression that is wrong, or that never comes, is told from one that is fine."""

from __future__ import annotations

import pytest

from airflow_jobkit.spec.cron import cron_mistake
from airflow_jobkit.spec.schedule import parse_schedule


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0 6 * * *", id="every day"),
        pytest.param("0 0 29 2 *", id="a leap day"),
        pytest.param("0 0 31 1,2 *", id="a day that one of its months has"),
        pytest.param("0 0 30 2 1", id="a day that no month has, or a weekday"),
        pytest.param("0 0 L * *", id="the last day of a month"),
    ],
)
def test_what_comes_is_fine(text: str) -> None:
    assert cron_mistake(text) is None


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        pytest.param("0 0 30 2 *", "never comes", 'write a day that exists, or "L"', id="a day of no year"),
        pytest.param("0 0 31 4,6 *", "never comes", 'write a day that exists, or "L"', id="of no such month"),
        pytest.param(
            "0 24 * * *",
            "24 is no hour",
            "write 0 to 23; the order is minute, hour, day, month, weekday",
            id="an hour that no day has",
        ),
        pytest.param(
            "0 0 6 * * *",
            "a cron expression has five fields, and this one 6",
            'take the seconds out: "0 6 * * *"',
            id="seconds in front",
        ),
        pytest.param(
            "0 6 * * ? *",
            "a cron expression of AWS, with ? and a year",
            'write "0 6 * * *"',
            id="as AWS writes it",
        ),
        pytest.param(
            "cron(0 6 ? * 2-6 *)",
            "a cron expression of AWS, with ? and a year",
            'write "0 6 * * 1-5"',
            id="as AWS writes it, where Sunday is 1",
        ),
        pytest.param("cron(0 6 * * *)", "a cron expression of AWS", 'write "0 6 * * *"', id="in AWS's words"),
        pytest.param(
            "0 30 6 ? * SUN",
            "a cron expression of Quartz, with seconds and ?",
            'write "30 6 * * SUN"',
            id="as Quartz writes it",
        ),
        pytest.param(
            "0 30 6 L * ? *",
            "a cron expression of Quartz, with seconds and ?",
            'write "30 6 L * *"',
            id="as Quartz writes it, with a year",
        ),
        pytest.param("@dialy", "no preset '@dialy'", "did you mean @daily?", id="a misspelt preset"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write(text: str, message: str, remedy: str) -> None:
    found = cron_mistake(text)
    assert found is not None
    assert message in found[0]
    assert found[1] == remedy


def test_the_cron_of_a_timetable_is_looked_at_too() -> None:
    timetable = "airflow.timetables.interval.CronDataIntervalTimetable"
    with pytest.raises(ValueError, match="never comes"):
        parse_schedule({"__type__": timetable, "cron": "0 0 30 2 *", "timezone": "UTC"})

"""What the corpus names by import path."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseNotifier
from airflow.timetables.trigger import CronTriggerTimetable


def extract(**context: Any) -> list[int]:
    """A function of a PythonOperator."""
    return [1, 2, 3]


def numbers(count: int = 3) -> list[int]:
    """A TaskFlow function that others take from."""
    return list(range(count))


def add(x: int, y: int = 0) -> int:
    """A TaskFlow function that is mapped."""
    return x + y


def pair() -> dict[str, int]:
    """A TaskFlow function with several outputs."""
    return {"first": 1, "second": 2}


def choose(**context: Any) -> str:
    """A branching function."""
    return "left"


def is_there(**context: Any) -> bool:
    """What a sensor asks."""
    return True


def is_ok(response: Any) -> bool:
    """What an HttpSensor asks."""
    return True


def day_before(moment: Any, **context: Any) -> Any:
    """The date that an ExternalTaskSensor waits for."""
    return moment


def tell(context: Any) -> None:
    """A callback."""


def tell_channel(context: Any, channel: str, mention: bool = False) -> None:
    """A callback with arguments of its own."""


def double(value: int) -> int:
    """A macro."""
    return 2 * value


class Pager(BaseNotifier):
    """A notifier."""

    template_fields = ("channel",)

    def __init__(self, channel: str = "night", level: int = 1) -> None:
        super().__init__()
        self.channel = channel
        self.level = level

    def notify(self, context: Any) -> None:
        """Tell somebody."""


class Workdays(CronTriggerTimetable):
    """A timetable of a team's own."""

    def __init__(self, hour: int) -> None:
        super().__init__(f"0 {hour} * * 1-5", timezone="UTC")

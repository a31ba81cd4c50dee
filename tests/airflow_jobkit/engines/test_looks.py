"""A run is looked at again and again, and a service that is away for a while ends no run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat

import pytest

from airflow_jobkit.engines.looks import LONGEST_OUTAGE, looks
from airflow_jobkit.errors import EngineError, EngineUnavailableError

MINUTE = 60.0
OUTAGE = LONGEST_OUTAGE.total_seconds()
AWAY = EngineUnavailableError("Rate exceeded")


@dataclass
class Service:
    """What each look finds, one after the other: how late it is then, and a state or an error."""

    script: list[tuple[float, str | Exception]]
    now: float = 0.0
    warnings: list[str] = field(default_factory=list)

    def look(self) -> str:
        self.now, found = self.script.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def warn(self, text: str, *parts: object) -> None:
        self.warnings.append(text % parts)

    def seen(self) -> Iterator[str]:
        return looks(self.look, repeat(0.0), "job run jr_1", self.warn, lambda: self.now)


def test_looks_that_fail_for_less_than_the_longest_outage_are_bridged_with_two_warnings() -> None:
    service = Service([(0, "RUNNING"), (MINUTE, AWAY), (2 * MINUTE, AWAY), (OUTAGE, "RUNNING")])
    seen = service.seen()
    assert [next(seen), next(seen)] == ["RUNNING", "RUNNING"]
    assert service.warnings == [
        "job run jr_1 cannot be looked at now, and is looked at again for 10m: Rate exceeded",
        "job run jr_1 can be looked at again",
    ]


def test_after_the_longest_outage_the_run_is_named_as_one_that_may_still_be_running() -> None:
    seen = Service([(0, "RUNNING"), (OUTAGE, AWAY), (OUTAGE + 1, AWAY)]).seen()
    assert next(seen) == "RUNNING"
    with pytest.raises(EngineUnavailableError) as raised:
        next(seen)
    assert str(raised.value) == (
        "job run jr_1 could not be looked at for 10m, and may still be running: Rate exceeded"
    )


def test_each_good_look_begins_the_time_anew() -> None:
    moments = [(0.9 * OUTAGE, AWAY), (0.95 * OUTAGE, "RUNNING"), (1.8 * OUTAGE, AWAY), (1.9 * OUTAGE, "DONE")]
    service = Service([*moments])
    seen = service.seen()
    assert [next(seen), next(seen)] == ["RUNNING", "DONE"]
    assert len(service.warnings) == 4


def test_a_lone_failure_ends_no_run_though_the_pause_before_it_was_longer_than_any_outage() -> None:
    seen = Service([(0, "RUNNING"), (2 * OUTAGE, AWAY), (2 * OUTAGE + 1, "DONE")]).seen()
    assert [next(seen), next(seen)] == ["RUNNING", "DONE"]


def test_what_will_not_pass_comes_through_at_once() -> None:
    service = Service([(0, EngineError("no such run"))])
    with pytest.raises(EngineError, match=r"^no such run$"):
        next(service.seen())
    assert service.warnings == []

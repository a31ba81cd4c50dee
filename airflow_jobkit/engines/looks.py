"""Looks at a run, again and again; a service that does not answer for a while ends no run."""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from airflow_jobkit.errors import EngineUnavailableError
from airflow_jobkit.fields import duration_text

T = TypeVar("T")

SHORTEST_PAUSE = 2.0
"""The seconds before the second look at a run."""

LONGEST_PAUSE = 15.0
"""The seconds between two tries of a call that was not answered, at most."""

LONGEST_OUTAGE = dt.timedelta(minutes=10)
"""How long a run is believed to go on unseen: throttling and failovers take minutes, and a run that is given
up has been paid for; after this a person should know."""


def looks(
    look: Callable[[], T],
    pauses: Iterator[float],
    run: str,
    warn: Callable[..., object],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[T]:
    """What each look at a run sees, without end; the first is taken at once.

    Args:
        look: Looks once.
        pauses: The seconds between one look and the next.
        run: What is looked at, such as `Glue job run jr_1`.
        warn: A logger's `warning`; told when the service stops answering, and when it answers again.
        clock: The time in seconds.

    Raises:
        EngineError: A look failed for a reason that will not pass; an EngineUnavailableError where no look
            has succeeded for too long.
    """
    longest = duration_text(LONGEST_OUTAGE)
    last_good, bridging = clock(), False
    while True:
        try:
            seen = look()
        except EngineUnavailableError as error:
            # A lone failure never ends the run, however long the pause before it was.
            if bridging and clock() - last_good > LONGEST_OUTAGE.total_seconds():
                text = f"{run} could not be looked at for {longest}, and may still be running: {error}"
                raise EngineUnavailableError(text) from error
            if not bridging:
                warn("%s cannot be looked at now, and is looked at again for %s: %s", run, longest, error)
            bridging = True
        else:
            if bridging:
                warn("%s can be looked at again", run)
            last_good, bridging = clock(), False
            yield seen
        time.sleep(next(pauses))


def bridged(look: Callable[[], T], run: str, warn: Callable[..., object]) -> T:
    """What one look sees, once the service answers; arguments and errors are those of `looks`."""
    return next(looks(look, growing_pauses(), run, warn))


def growing_pauses(longest: float = LONGEST_PAUSE) -> Iterator[float]:
    """The seconds between looks: short ones first, for a run that ends at once."""
    seconds = min(SHORTEST_PAUSE, longest)
    while True:
        yield seconds
        seconds = min(seconds * 2, longest)


def backoff(repeats: int) -> Iterator[float]:
    """Seconds between requests that are sent again: they grow, and differ from task to task."""
    for repeat in range(repeats):
        jitter = random.uniform(0.5, 1)  # noqa: S311 - nothing secret depends on it
        yield min(jitter * 2**repeat, LONGEST_PAUSE)

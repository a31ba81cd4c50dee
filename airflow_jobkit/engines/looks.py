"""Looks at a run, again and again; a service that does not answer for a while ends no run."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from airflow_jobkit.errors import EngineError, EngineUnavailableError
from airflow_jobkit.fields import duration_text

T = TypeVar("T")

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
        EngineError: A look failed for a reason that will not pass, or no look has succeeded for too long.
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
                raise EngineError(text) from error
            if not bridging:
                warn("%s cannot be looked at now, and is looked at again for %s: %s", run, longest, error)
            bridging = True
        else:
            if bridging:
                warn("%s can be looked at again", run)
            last_good, bridging = clock(), False
            yield seen
        time.sleep(next(pauses))

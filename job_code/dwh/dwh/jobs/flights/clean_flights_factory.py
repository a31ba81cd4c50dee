"""Creates the cleaning job; run it as `dwh.jobs.flights.clean_flights_factory`."""

from __future__ import annotations

from dwh.jobs.flights.clean_flights import CleanFlights, CleanFlightsParams
from jobkit_runtime import AbstractJobFactory


class CleanFlightsFactory(AbstractJobFactory[CleanFlightsParams]):
    """From `--month` and `--min_rows` to the job."""

    def create(self, params: CleanFlightsParams) -> CleanFlights:  # noqa: ARG002 -- the job finds them in ctx
        """The job; it holds nothing of its own."""
        return CleanFlights()

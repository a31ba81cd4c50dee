"""Creates the summary job; run it as `dwh.jobs.flights.carrier_delays_factory`."""

from __future__ import annotations

from dwh.jobs.flights.carrier_delays import CarrierDelays
from jobkit_runtime import AbstractJobFactory


class CarrierDelaysFactory(AbstractJobFactory[None]):
    """The job takes no parameters."""

    def create(self, params: None) -> CarrierDelays:  # noqa: ARG002 -- there are none
        """The job; it holds nothing of its own."""
        return CarrierDelays()

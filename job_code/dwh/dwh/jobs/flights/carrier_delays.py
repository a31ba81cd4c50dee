"""How late each carrier is, over all its flights and day by day."""

from __future__ import annotations

from collections.abc import Mapping

from dwh.jobs.flights.transformations import delays_by, worst_mean_delay
from jobkit_runtime import AbstractJob, JobContext, not_null, row_count

WORST = 10
"""How many carriers the Result names, those with the worst mean arrival delay first."""


class CarrierDelays(AbstractJob[None]):
    """Reads `clean_flights` and `dropped_flights`; writes `carrier_delays` and `carrier_delays_daily`."""

    def execute(self, ctx: JobContext[None]) -> Mapping[str, object]:
        """Sum up by carrier, and by carrier and day; each dataset is small, and one sorted file."""
        clean, dropped = ctx.read("clean_flights"), ctx.read("dropped_flights")
        carriers = ctx.write(
            "carrier_delays",
            delays_by(["carrier"], clean, dropped).coalesce(1),
            checks=[row_count(at_least=1), not_null("carrier")],
        )
        daily = ctx.write(
            "carrier_delays_daily",
            delays_by(["carrier", "flight_date"], clean, dropped).coalesce(1),
            checks=[row_count(at_least=1), not_null("carrier", "flight_date")],
        )
        worst = worst_mean_delay(ctx.read("carrier_delays"), WORST)
        return {
            "carriers": carriers.rows,
            "carrier_days": daily.rows,
            "worst_carriers": [row.asDict() for row in worst.collect()],
        }

"""What a simulated run leaves behind when it ends by itself."""

from __future__ import annotations

from airflow_jobkit.local.emulators.simulation.envelopes import Places
from airflow_jobkit.local.emulators.simulation.simulation import PlannedRun


def leave_result(run: PlannedRun, places: Places, outcome: str) -> str:
    """Write the Result of a run that ends, if it writes one.

    Args:
        run: The run.
        places: Where Results are written.
        outcome: What fits its last state: `succeeded`, `failed` or `none`.

    Returns:
        What was written, of the same words.
    """
    wanted = run.course.result if run.course is not None else None
    written = outcome if outcome == "none" or wanted is None else wanted
    if written != "none":
        places.write_result(run.submission, str(run.run_id), run.started, succeeded=written == "succeeded")
    return written

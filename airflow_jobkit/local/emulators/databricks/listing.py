"""Which runs a page of `runs/list` has."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from airflow_jobkit.local.emulators.databricks.fields import Document, flag, text, whole
from airflow_jobkit.local.emulators.databricks.refused import invalid
from airflow_jobkit.local.emulators.databricks.runs import Run

LARGEST_PAGE = 25
USUAL_PAGE = 20


@dataclass(frozen=True)
class Page:
    """Some runs, and the token by which the next ones are asked for; empty on the last page."""

    runs: tuple[Run, ...]
    next_token: str


def page(runs: list[Run], request: Document) -> Page:
    """The page that is asked for.

    Args:
        runs: All runs, newest first.
        request: The parameters of the call.

    Raises:
        RefusedError: They contradict each other.
    """
    if flag(request, "active_only") and flag(request, "completed_only"):
        raise invalid("active_only and completed_only cannot both be true.")
    before = _place_of_token(text(request, "page_token"))
    chosen = [run for run in runs if _is_asked_for(run, request) and (not before or _place(run) < before)]
    size = _page_size(request)
    last = chosen[size - 1 : size] if len(chosen) > size else []
    return Page(tuple(chosen[:size]), _token(_place(last[0])) if last else "")


def _is_asked_for(run: Run, request: Document) -> bool:
    first, last = whole(request, "start_time_from"), whole(request, "start_time_to")
    return (
        not (flag(request, "active_only") and run.ending)
        and not (flag(request, "completed_only") and not run.ending)
        and run.start_time >= first
        and (not last or run.start_time <= last)
        and whole(request, "job_id") in (0, run.job_id)
        and text(request, "run_type") in ("", "SUBMIT_RUN")
    )


def _page_size(request: Document) -> int:
    if request.get("limit") is None:
        return USUAL_PAGE
    limit = whole(request, "limit")
    if not 0 <= limit <= LARGEST_PAGE:
        raise invalid(f"limit must be between 1 and {LARGEST_PAGE}; it is {limit}.")
    return limit or LARGEST_PAGE


def _place(run: Run) -> tuple[int, int]:
    """What runs are sorted by; it stays the same while newer ones come."""
    return run.start_time, run.run_id


def _token(place: tuple[int, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _place_of_token(token: str) -> tuple[int, int] | None:
    if not token:
        return None
    try:
        start_time, run_id = json.loads(base64.urlsafe_b64decode(token))
        return int(start_time), int(run_id)
    except (binascii.Error, TypeError, ValueError):
        raise invalid(f"Invalid page token: {token}") from None

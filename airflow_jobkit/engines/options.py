"""What all Engines' options have in common: they are frozen, partial, and merge layer by layer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict

from airflow_jobkit.fields import Duration
from airflow_jobkit.problems import Issue


class EngineOptions(BaseModel):
    """Options of one Engine, as one layer of the YAML sets them; every field has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    elsewhere: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Keys that people know from other tools: what is wrong with them here, and what to write."""

    waiting: ClassVar[frozenset[str]] = frozenset()
    """The fields that only say how a run is waited for; changing one makes no other run."""

    def overlaid_by(self, upper: EngineOptions) -> Self:
        """These options with those of a later layer on top: mappings merge, everything else is replaced."""
        merged = _merge(self.model_dump(exclude_unset=True), upper.model_dump(exclude_unset=True))
        return type(self).model_validate(merged)

    def issues(self) -> list[Issue]:
        """What is missing or contradictory once all layers are together; paths start at the options."""
        return []

    def argument_issues(self, arguments: Mapping[str, Any]) -> list[Issue]:  # noqa: ARG002 - Engines' own use it
        """What is wrong with a job's own arguments on this Engine; paths start at the arguments.

        Args:
            arguments: Those whose values are known before the run.
        """
        return []

    def run_fields(self) -> dict[str, Any]:
        """What a run depends on, as JSON-able data: all fields but those about waiting."""
        return self.model_dump(mode="json", exclude=set(self.waiting))

    def entry_arguments(self) -> tuple[tuple[str, str], ...]:
        """Arguments of the entry script itself that follow from these options: names and values, in order."""
        return ()


class RemoteOptions(EngineOptions):
    """What the options of all Engines share whose runs outlive the worker.

    Attributes:
        when_changed: What a retry does about a run of its own generation that was started with other code,
            arguments or options: `restart` stops it and starts anew, `wait` takes it as it is, `fail` fails.
        deferrable: Whether to wait in the triggerer and free the worker; null follows Airflow's
            `[operators] default_deferrable`. A task's own `deferrable` goes before.
        poll_interval: The longest time between two looks at a run.
    """

    waiting: ClassVar[frozenset[str]] = frozenset({"when_changed", "deferrable", "poll_interval"})

    when_changed: Literal["restart", "wait", "fail"] = "restart"
    deferrable: bool | None = None
    poll_interval: Duration = dt.timedelta(seconds=10)

    def longest_run_seconds(self) -> float | None:
        """How long a run may take by its own time-out; None: it has none."""
        return None


def _merge(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _merge(below, value) if both else value  # type: ignore[arg-type]
    return merged

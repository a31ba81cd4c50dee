"""What all Engines' options have in common: they are frozen, partial, and merge layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from airflow_jobkit.problems import Issue


class EngineOptions(BaseModel):
    """Options of one Engine, as one layer of the YAML sets them; every field has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def overlaid_by(self, upper: EngineOptions) -> Self:
        """These options with those of a later layer on top: mappings merge, everything else is replaced."""
        merged = _merge(self.model_dump(exclude_unset=True), upper.model_dump(exclude_unset=True))
        return type(self).model_validate(merged)

    def issues(self) -> list[Issue]:
        """What is missing or contradictory once all layers are together; paths start at the options."""
        return []

    def entry_arguments(self) -> tuple[tuple[str, str], ...]:
        """Arguments of the entry script itself that follow from these options: names and values, in order."""
        return ()


def _merge(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = _merge(below, value) if both else value  # type: ignore[arg-type]
    return merged

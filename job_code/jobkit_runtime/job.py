"""A Job: the class that a data engineer writes, and the order in which its parts run."""

from __future__ import annotations

import abc
import functools
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar, final

from jobkit_runtime.context import JobContext
from jobkit_runtime.errors import JobDefinitionError
from jobkit_runtime.jsonsafe import json_safe
from jobkit_runtime.outcome import Outcome

P = TypeVar("P")

# How long to wait for the row counts of what was read. After a failure they matter less.
_COUNT_SECONDS = {"success": 2.0, "failed": 0.2}


class AbstractJob(abc.ABC, Generic[P]):
    """A Spark job with typed parameters `P`, a frozen dataclass; `AbstractJob[None]` has none.

    Only `execute` is required. The order is setup, execute, check, commit, then on_success or on_failure,
    then teardown. Before the commit an exception fails the job and nothing is published. The commit publishes
    one dataset after the other, each as a whole; where it fails, those before stay published. After it the
    outcome stands: an exception in on_success, on_failure or teardown becomes a warning in the Result.
    """

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "run" in cls.__dict__:
            raise JobDefinitionError(
                f"{cls.__qualname__} overrides run(), which is final: override execute, setup, on_success, "
                "on_failure or teardown instead"
            )

    @abc.abstractmethod
    def execute(self, ctx: JobContext[P]) -> Mapping[str, object] | None:
        """Do the work. What is returned becomes the metrics in the Result."""

    def setup(self, ctx: JobContext[P]) -> None:
        """Called before `execute`."""

    def on_success(self, ctx: JobContext[P], outcome: Outcome) -> None:
        """Called once everything is published."""

    def on_failure(self, ctx: JobContext[P], outcome: Outcome) -> None:
        """Called when setup, execute, a check or the commit failed; `outcome.exception` is the failure."""

    def teardown(self, ctx: JobContext[P], outcome: Outcome) -> None:
        """Called last, whatever happened; release here what `setup` acquired."""

    @final
    def run(self, ctx: JobContext[P]) -> Outcome:
        """Run the whole job. Does not raise: a failure, even an interrupt, is in the Outcome."""
        journal, datasets = ctx.journal, ctx.datasets
        metrics: dict[str, object] = {}
        try:
            with journal.stage("setup"):
                self.setup(ctx)
            with journal.stage("execute"):
                metrics = self._metrics(ctx)
            with journal.stage("check"):
                datasets.check()
            with journal.stage("commit"):
                datasets.commit()
        except BaseException:  # noqa: BLE001 -- the journal has it; whoever started the run raises it again
            hook, name = self.on_failure, "on_failure"
        else:
            hook, name = self.on_success, "on_success"
        reports = datasets.reports(_COUNT_SECONDS["failed" if journal.error else "success"])
        account = functools.partial(journal.outcome, metrics, reports, datasets.check_reports())
        journal.attempt(name, lambda: hook(ctx, account()))
        journal.attempt("teardown", lambda: self.teardown(ctx, account()))
        return account()

    def _metrics(self, ctx: JobContext[P]) -> dict[str, object]:
        try:
            return _as_metrics(self.execute(ctx), ctx.warn)
        except SystemExit as leaving:
            if leaving.code in (None, 0):
                return {}
            raise


def _as_metrics(returned: object, warn: Callable[[str], None]) -> dict[str, object]:
    if returned is None:
        return {}
    if not isinstance(returned, Mapping):
        warn(f"execute returned a {type(returned).__name__}, not a mapping: no metrics")
        return {}
    return {str(name): json_safe(value, f"metric {name}", warn) for name, value in returned.items()}

"""Why a task failed, in one form: for the log, for callbacks, in a worker and after a deferral."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, TypeVar

from airflow_jobkit._compat import AirflowFailException
from airflow_jobkit.engines.states import Stage
from airflow_jobkit.errors import JobkitError

E = TypeVar("E", bound=JobkitError)

_TRACE_LINES = 20
_INDENT = "    "


@dataclass(frozen=True)
class Failure:
    """What is known of a failure; text that nobody knows is empty.

    `str(failure)` is the text of the exception and of the task's log.

    Attributes:
        headline: The essence.
        stage: Where it went wrong.
        error_type: The exception: the job's own where the job failed.
        message: The exception's message.
        spark_job: The job.
        try_number: Airflow's try.
        retried: Whether trying again may mend it, so that Airflow retries where the task has retries.
        what_next: What Airflow and the next try do about it.
        code_version: The Release's version.
        code_digest: The Release's digest.
        trace: The end of the job's trace.
        state: The run's state, as its service names it.
        detail: The service's words about the run.
        link: The run's page.
        result: The Result's place.
    """

    headline: str
    stage: Stage
    error_type: str
    message: str
    spark_job: str
    try_number: int
    retried: bool
    what_next: str
    code_version: str = ""
    code_digest: str = ""
    trace: str = ""
    state: str = ""
    detail: str = ""
    link: str = ""
    result: str = ""

    def document(self) -> dict[str, Any]:
        """The failure as JSON."""
        return {**asdict(self), "stage": self.stage.value}

    @property
    def label(self) -> str:
        """The job, its code version and the try, as far as they are known."""
        version = f" at code version {self.code_version}" if self.code_version else ""
        return f"{self.spark_job}{version}, try {self.try_number}"

    def __str__(self) -> str:
        """The headline, a line for each thing that is known, and the end of the trace."""
        known = {
            "job": "" if self.label in self.headline else self.label,
            "stage": self.stage.value,
            "run": "" if self.detail in self.headline else self.detail,
            "page": self.link,
            "result": self.result,
            "next": self.what_next,
        }
        lines = [self.headline, *(f"{_INDENT}{name}: {value}" for name, value in known.items() if value)]
        if self.trace:
            lines += [f"{_INDENT}trace:", *(f"{_INDENT}{_INDENT}{line}" for line in self.trace.splitlines())]
        return "\n".join(lines)


def what_next(*, retried: bool, is_last_try: bool, resumes: bool = False) -> str:
    """What Airflow and the next try do.

    Args:
        retried: Whether trying again may mend it.
        is_last_try: Whether the task has no retry left.
        resumes: Whether the run may go on, so that the next try takes it over.
    """
    if not retried:
        return "not retried, since trying the same again cannot mend it; put it right, then clear the task"
    if is_last_try:
        return "no retry is left; a clear starts a new run"
    return "a retry takes the run over, if it has started" if resumes else "a retry starts a new run"


def trace_end(trace: str) -> str:
    """The end of a trace, where the error is."""
    lines = trace.rstrip().splitlines()
    if len(lines) <= _TRACE_LINES:
        return "\n".join(lines)
    return "\n".join(["...", *lines[-_TRACE_LINES:]])


def raised(error: E, failure: Failure) -> E:
    """The error to raise: it bears the failure and its text, and is Airflow's own where no retry can mend it.

    Args:
        error: The error.
        failure: What is known of it.
    """
    if not failure.retried and not isinstance(error, AirflowFailException):
        kind: Any = type(error)
        final: E = _unretried(kind)()
        final.__cause__, final.__traceback__ = error.__cause__, error.__traceback__
        error = final
    error.args = (str(failure),)
    error.failure = failure
    return error


@cache
def _unretried(kind: Any) -> Any:
    """The same kind of error, and one after which Airflow does not retry."""
    meaning = {"__doc__": kind.__doc__, "__module__": kind.__module__}
    return type(kind.__name__, (kind, AirflowFailException), meaning)

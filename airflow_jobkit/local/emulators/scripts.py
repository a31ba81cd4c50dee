"""Scripts out of the emulated S3, really run: each in a folder and a process session of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psutil

from airflow_jobkit.engines.local.processes import MARK, await_end, end_all
from airflow_jobkit.local.emulators import launcher
from airflow_jobkit.local.emulators.spark import java_variables, spark_defaults, write_defaults

GRACE_SECONDS = 5.0
"""How long a stopped script may take to end by itself."""

_NOT_THE_JOBS = re.compile(r"_?AIRFLOW_|AWS_|JOBKIT_|SPARK_|PYSPARK_|PYTHON|VIRTUAL_ENV$|DATABRICKS_")
"""Variables of whoever started the emulators that no real service would show to a job."""


@dataclass(frozen=True)
class Script:
    """A Python script to run.

    Attributes:
        location: An `s3://` URL or the absolute path of the Python file.
        arguments: The script's argv without its own name.
        wheels: `s3://` URLs or absolute paths.
        unpack_wheels: Whether wheels are installed, as Databricks does, or stand on `sys.path` as zip files,
            as on Glue.
        variables: Further environment variables.
    """

    location: str
    arguments: tuple[str, ...]
    wheels: tuple[str, ...] = ()
    unpack_wheels: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ScriptError:
    """The exception that ended a script: its class name, text, and the script's line that led to it.

    `exit_code` is set for a `sys.exit` with a number.
    """

    type: str
    message: str
    line: int | None
    exit_code: int | None


@dataclass(frozen=True)
class ScriptEnd:
    """How a script ended.

    Attributes:
        exit_code: Negative: the signal that ended it.
        stopped: Whether `stop` was called before it ended.
        output: All of its stdout.
        errors: All of its stderr.
        error: The exception that ended it, if one did.
    """

    exit_code: int
    stopped: bool
    output: str
    errors: str
    error: ScriptError | None = None


class ObjectMissingError(Exception):
    """A script or wheel that is not there; `location` says where it was looked for."""

    def __init__(self, location: str) -> None:
        super().__init__(f"there is nothing at {location}")
        self.location = location


class RunningScript:
    """A script that was started."""

    def __init__(
        self, process: subprocess.Popen[bytes], mark: str, folder: Path, on_end: Callable[[ScriptEnd], None]
    ) -> None:
        self.folder = folder
        self._process = process
        self._mark = mark
        self._on_end = on_end
        self._lock = threading.Lock()
        self._ended = False
        self._stopped = False
        self._watcher = threading.Thread(target=self._watch, name="jobkit-script", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """End the process and everything it started: at first by SIGTERM, later by force.

        Comes back at once; `on_end` tells of the end.
        """
        with self._lock:
            if self._ended or self._stopped:
                return
            self._stopped = True
            self._process.terminate()
        threading.Thread(target=self._kill_after_grace, name="jobkit-stop", daemon=True).start()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until `on_end` has been called; False if it was not in that time."""
        self._watcher.join(seconds)
        return not self._watcher.is_alive()

    def written(self) -> tuple[str, str]:
        """What the script has written to stdout and stderr so far."""
        return _text(self.folder / "stdout"), _text(self.folder / "stderr")

    def _kill_after_grace(self) -> None:
        with suppress(psutil.NoSuchProcess):
            await_end([psutil.Process(self._process.pid)], GRACE_SECONDS)
        end_all(self._process.pid, self._mark)

    def _watch(self) -> None:
        exit_code = self._process.wait()
        with self._lock:
            self._ended = True
        end_all(self._process.pid, self._mark)
        assert self._process.stdin is not None  # noqa: S101 - it was opened as a pipe
        self._process.stdin.close()
        output, errors = self.written()
        self._on_end(ScriptEnd(exit_code, self._stopped, output, errors, _error(self.folder)))


class ScriptRunner:
    """Starts scripts, and knows which are running.

    Args:
        folder: Where each run gets a folder.
        read_object: The bytes of an `s3://` URL, or None where there is no such object.
        python: The jobs' interpreter; default: `JOBKIT_SPARK_PYTHON`, else this one.
        variables: Environment variables of all jobs.
        buckets: The folder of each bucket that Spark reaches; asked whenever a script starts.
        master: Spark's master URL.
    """

    def __init__(
        self,
        folder: Path,
        read_object: Callable[[str], bytes | None],
        *,
        python: str | None = None,
        variables: Mapping[str, str] | None = None,
        buckets: Callable[[], Mapping[str, Path]] = dict,
        master: str = "local[*]",
    ) -> None:
        self._folder = folder.resolve()
        self._read_object = read_object
        self._python = python or os.environ.get("JOBKIT_SPARK_PYTHON") or sys.executable
        self._variables = dict(variables or {})
        self._buckets = buckets
        self._master = master
        self._lock = threading.Lock()
        self._running: set[RunningScript] = set()
        self._closed = False

    def start(self, name: str, script: Script, on_end: Callable[[ScriptEnd], None]) -> RunningScript:
        """Start a script.

        Args:
            name: The run's name, for its folder.
            script: What to run.
            on_end: Called once, in a thread, when the script and all it started have ended.

        Raises:
            ObjectMissingError: The script or a wheel is not there.
            OSError: The interpreter cannot be started.
        """
        content = self.read(script.location)
        wheels = {_file_name(wheel): self.read(wheel) for wheel in script.wheels}
        folder = self._new_folder(name)
        file = folder / "script" / _file_name(script.location)
        _write(file, content)
        path = _place_wheels(folder / "wheels", wheels, script.unpack_wheels)
        mark = uuid4().hex
        variables = {**self._environment(folder, path, script), MARK: mark}
        # As a file: Linux lets no word of a command be longer than 128 KiB, and everybody see them all.
        argv = folder / "argv.json"
        argv.write_text(json.dumps([str(file), *script.arguments]), encoding="utf-8")
        command = [self._python, launcher.__file__, str(argv)]
        with self._lock:
            if self._closed:
                raise OSError("the emulators are being stopped")
            running = RunningScript(_popen(command, folder, variables), mark, folder, on_end)
            self._running = {other for other in self._running if not other.wait(0)} | {running}
        return running

    def read(self, location: str) -> bytes:
        """The bytes of an `s3://` URL or a path.

        Raises:
            ObjectMissingError: There is nothing.
        """
        if "://" in location:
            content = self._read_object(location)
        else:
            content = Path(location).read_bytes() if Path(location).is_file() else None
        if content is None:
            raise ObjectMissingError(location)
        return content

    def close(self) -> None:
        """Stop all scripts and wait for their ends; none can be started afterwards."""
        with self._lock:
            self._closed = True
        for running in self._running:
            running.stop()
        for running in self._running:
            running.wait(2 * GRACE_SECONDS)

    def _new_folder(self, name: str) -> Path:
        plain = re.sub(r"[^\w.=+-]+", "_", name)[:150]
        folder = self._folder / plain
        if folder.exists():
            folder = self._folder / f"{plain}-{uuid4().hex[:8]}"
        (folder / "work").mkdir(parents=True)
        return folder

    def _environment(self, folder: Path, path: list[Path], script: Script) -> dict[str, str]:
        settings = spark_defaults(self._buckets(), folder / "warehouse", self._master)
        write_defaults(folder / "conf", settings)
        kept = {name: value for name, value in os.environ.items() if not _NOT_THE_JOBS.match(name)}
        return {
            **kept,
            **java_variables(self._python),
            **self._variables,
            **script.variables,
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "PYTHONUNBUFFERED": "1",
            # Also where a job names another one, which is not on this machine.
            "PYSPARK_PYTHON": self._python,
            "PYSPARK_DRIVER_PYTHON": self._python,
            "SPARK_CONF_DIR": str(folder / "conf"),
            "SPARK_LOCAL_IP": "127.0.0.1",
            launcher.ERROR_FILE: str(folder / "error.json"),
        }


def _popen(command: list[str], folder: Path, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with (folder / "stdout").open("wb") as output, (folder / "stderr").open("wb") as errors:
        return subprocess.Popen(  # noqa: S603 - running what it is given is the emulators' purpose
            command,
            cwd=folder / "work",
            env=dict(variables),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )


def _place_wheels(folder: Path, wheels: Mapping[str, bytes], unpack: bool) -> list[Path]:
    """Write the wheels, or what they hold; the entries of `sys.path` that reach them."""
    path: list[Path] = []
    for name, content in wheels.items():
        file = folder / name
        _write(file, content)
        if unpack and file.suffix == ".whl":
            installed = folder / "installed"
            with zipfile.ZipFile(file) as archive:
                archive.extractall(installed)
            path.append(installed)
        else:
            path.append(folder if file.suffix == ".py" else file)
    return list(dict.fromkeys(path))


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _file_name(location: str) -> str:
    return Path(urlsplit(location).path if "://" in location else location).name


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def _error(folder: Path) -> ScriptError | None:
    with suppress(FileNotFoundError, ValueError):
        return ScriptError(**json.loads((folder / "error.json").read_text(encoding="utf-8")))
    return None

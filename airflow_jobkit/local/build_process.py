"""Building the DAGs of an Environment in a process of its own, which may hang or end as it likes."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory

from airflow_jobkit.errors import JobkitError
from airflow_jobkit.loading.bounds import capped
from airflow_jobkit.loading.dags import LoadedDag
from airflow_jobkit.local.airflow_home import airflow_variables
from airflow_jobkit.local.build_events import (
    BUILD_FD,
    BuildEvent,
    Building,
    BuildRequest,
    Built,
    Finished,
    parse_event,
)
from airflow_jobkit.problems import Issue, Problem, counted

BUILD_SECONDS = 60.0
"""How long one DAG may take, unless told otherwise; Airflow gives a whole file half of that."""

_TAIL_LINES = 20
_START_SECONDS = 300.0
"""How long Airflow may take to be imported, on a machine that has much else to do."""
_MOST_ENDS = 10
"""How many DAGs may take their process down before the others are left."""

Progress = Callable[[int, int], None]
"""What is told how many DAGs of how many are built."""


@dataclass
class BuildOutcome:
    """What building the DAGs of an Environment showed.

    Attributes:
        good: The ids of the DAGs that Airflow takes.
        problems: What is wrong with the others.
        defaults: For the place of each default that not every operator has, as a warning that nothing takes
            it: whether a task does.
    """

    good: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    defaults: dict[Problem, bool] = field(default_factory=dict)


def airflow_version() -> str:
    """The version of Airflow that DAGs are built with here.

    Raises:
        JobkitError: There is none.
    """
    try:
        return version("apache-airflow")
    except PackageNotFoundError:
        raise JobkitError(
            f"--build needs Airflow, and {sys.executable} has none; install apache-airflow there, or leave "
            "--build out"
        ) from None


def build_dags(
    folder: Path,
    environment: str,
    files: Sequence[Path],
    dags: Sequence[LoadedDag],
    seconds: float = BUILD_SECONDS,
    progress: Progress | None = None,
) -> BuildOutcome:
    """Build good DAGs; each that takes its process down costs that process, and not the other DAGs.

    Args:
        folder: The DAGs folder.
        environment: The Environment's name.
        files: The files that the DAGs are in.
        dags: The DAGs.
        seconds: How long each may take.
        progress: Told after each DAG.

    Raises:
        JobkitError: Airflow does not start.
    """
    outcome = BuildOutcome()
    pending = {dag.spec.dag_id: dag for dag in dags}
    for _ in range(_MOST_ENDS):
        if not pending:
            return outcome
        request = BuildRequest(str(folder), environment, tuple(map(str, files)), tuple(pending), seconds)
        with _process(request) as process:
            for dag in _followed(process, pending, outcome, seconds):
                del pending[dag.spec.dag_id]
                if progress is not None:
                    progress(len(dags) - len(pending), len(dags))
    if pending:
        outcome.problems.append(_left_out(list(pending.values())))
    return outcome


def _followed(
    process: _Process, pending: Mapping[str, LoadedDag], outcome: BuildOutcome, seconds: float
) -> Iterator[LoadedDag]:
    """Each DAG that is told of, until the process has built all, or does not end well."""
    current: LoadedDag | None = None
    is_started = False
    try:
        while not isinstance(event := process.event(seconds if is_started else _START_SECONDS), Finished):
            is_started = True
            if isinstance(event, Building):
                current = pending[event.dag_id]
            elif isinstance(event, Built):
                current = None
                dag = pending[event.dag_id]
                _take(event, dag, outcome)
                yield dag
    except _EndedError as error:
        if not is_started:
            raise JobkitError(f"Airflow does not start: {error.message}\n{process.tail()}") from None
        # What a DAG has started may end the process when the next one's turn comes.
        dag = current or next(iter(pending.values()))
        outcome.problems.append(dag.problem(error.issue))
        yield dag
        return
    if pending:
        raise JobkitError("the files have changed while their DAGs were built; start again")


def _take(event: Built, dag: LoadedDag, outcome: BuildOutcome) -> None:
    outcome.problems += capped(tuple(dag.problem(issue) for issue in event.issues))
    if not event.issues:
        outcome.good.add(event.dag_id)
    for use in event.defaults:
        message, remedy = "no task takes this default", "correct its name, or take it out"
        warning = dag.problem(Issue(use.path, message, remedy, "unused-default", at="key"))
        outcome.defaults[warning] = outcome.defaults.get(warning, False) or use.is_taken


def _left_out(dags: Sequence[LoadedDag]) -> Problem:
    """The Problem of DAGs that were not tried, at the first of them."""
    message = f"{counted(len(dags), 'DAG')} not built, after {_MOST_ENDS} that ended their process"
    return dags[0].problem(Issue((), message, "mend those first", "build-ended", at="key"))


class _EndedError(Exception):
    """The process has ended, or takes too long; `issue` says so of the DAG that it was building."""

    def __init__(self, message: str, remedy: str, code: str) -> None:
        self.message = message
        self.issue = Issue((), f"while this DAG was built, {message}", remedy, code, at="key")
        super().__init__(message)


class _Process:
    """A process that builds DAGs."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int, output: Path) -> None:
        self._process = process
        self._descriptor = descriptor
        self._output = output
        self._read = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(descriptor, selectors.EVENT_READ)

    def event(self, seconds: float) -> BuildEvent:
        """The next event.

        Raises:
            _EndedError: None has come within these seconds, or none will.
        """
        deadline = time.monotonic() + seconds
        while b"\n" not in self._read:
            if not self._selector.select(max(0.0, deadline - time.monotonic())):
                message = f"nothing happened for {seconds:g} seconds"
                remedy = (
                    "correct what its operators wait for where they are imported or made, or raise --timeout"
                )
                raise _EndedError(message, remedy, "build-timeout")
            found = os.read(self._descriptor, 65_536)
            if not found:
                remedy = "correct what its operators do when they are imported or made"
                raise _EndedError(f"its process ended with {self.end()}", remedy, "build-ended")
            self._read += found
        line, _, self._read = self._read.partition(b"\n")
        try:
            return parse_event(line)
        except (ValueError, KeyError, TypeError):
            remedy = "correct what its operators write into files that they did not open"
            raise _EndedError("what its process told was disturbed", remedy, "build-ended") from None

    def tail(self) -> str:
        """The end of what it printed."""
        lines = self._output.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def end(self) -> str:
        """End the process, and what it has started, where it has not ended; how it ended, in words."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        if code >= 0:
            return f"exit code {code}"
        return f"signal {-code}, {signal.Signals(-code).name}"


@contextmanager
def _process(request: BuildRequest) -> Iterator[_Process]:
    """Start a process, with an Airflow home that lives as long; leaving the block ends it."""
    reading, writing = os.pipe()
    with TemporaryDirectory(prefix="jobkit-build-") as name, os.fdopen(reading, "rb", buffering=0):
        home = Path(name)
        output, asked = home / "output", home / "request.json"
        request.write(asked)
        with output.open("wb") as printed:
            started = subprocess.Popen(  # noqa: S603 - our own command, without a shell
                [sys.executable, "-P", "-m", "airflow_jobkit.local.building", str(asked)],
                env={
                    **airflow_variables(home, Path(request.folder), request.environment),
                    BUILD_FD: str(writing),
                },
                pass_fds=(writing,),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        os.close(writing)
        process = _Process(started, reading, output)
        try:
            yield process
        finally:
            process.end()

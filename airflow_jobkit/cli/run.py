"""`jobkit run`: a DAG run on this machine, with progress and what came of it."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from airflow_jobkit.cli.params import run_conf
from airflow_jobkit.cli.project import dag_file_of, dags_folder_of, settings_of
from airflow_jobkit.cli.run_view import RunView, data_console, show_failures, show_tables, show_tasks
from airflow_jobkit.errors import JobkitError
from airflow_jobkit.loading.dags import load_file
from airflow_jobkit.local.airflow_home import (
    airflow_variables,
    ensure_migrated,
    needs_migration,
    new_log,
    start_lock,
)
from airflow_jobkit.local.events import (
    EVENTS_FD,
    CannotRun,
    Event,
    Loading,
    RunFinished,
    TaskFinished,
    receive,
)
from airflow_jobkit.problems import ProblemsError, choices_remedy
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.settings import Settings

_GRACE_SECONDS = 15.0
"""How long a process that executes a DAG run may take to end: a task that runs is stopped first."""


def run(arguments: argparse.Namespace) -> int:
    """Run a DAG and show what came of it; 1 if it failed.

    Raises:
        ProblemsError: The file or its project is wrong.
        JobkitError: There is no such DAG or task, or Airflow cannot run it.
    """
    folder = dags_folder_of(arguments.file)
    settings = settings_of(folder, arguments.env)
    spec = _chosen_dag(arguments, settings)
    conf = run_conf(arguments.param, spec)
    home = folder.parent / ".jobkit" / "airflow"
    variables = airflow_variables(home, folder, settings.environment)
    console = data_console()
    if needs_migration(home):
        with console.status("making Airflow's database (once, about 20 seconds)"):
            ensure_migrated(home, variables)
    log = new_log(home, spec.dag_id)
    tasks = [arguments.task] if arguments.task else [task.task_id for task in spec.tasks]
    command = [spec.dag_id, json.dumps(conf), *([arguments.task] if arguments.task else [])]
    view = RunView(console, spec.dag_id, settings.environment, tasks, log)
    with view, start_lock(home) as release_lock, _execution(command, variables, log) as events:
        ended = _follow(_releasing(events, release_lock), view)
    if ended is None:
        raise JobkitError(f"Airflow ended before the DAG run did; its output is in {log}:\n{_tail(log)}")
    return _report(*ended, settings, console, log)


def _chosen_dag(arguments: argparse.Namespace, settings: Settings) -> DagSpec:
    """The DAG that the command line means."""
    loaded = load_file(dag_file_of(arguments.file), settings)
    specs = {dag.spec.dag_id: dag.spec for dag in loaded.dags}
    if loaded.problems and arguments.dag not in specs:
        raise ProblemsError(loaded.problems)
    if arguments.dag is None and len(specs) > 1:
        raise JobkitError(f"{arguments.file} describes several DAGs; add --dag {' or --dag '.join(specs)}")
    dag_id = arguments.dag or next(iter(specs))
    if dag_id not in specs:
        raise JobkitError(f"no DAG {dag_id!r} in {arguments.file}; {choices_remedy(dag_id, specs)}")
    spec = specs[dag_id]
    known = [task.task_id for task in spec.tasks]
    if arguments.task is not None and arguments.task not in known:
        raise JobkitError(f"no task {arguments.task!r} in {dag_id}; {choices_remedy(arguments.task, known)}")
    return spec


@contextmanager
def _execution(command: Sequence[str], variables: dict[str, str], log: Path) -> Iterator[Iterator[Event]]:
    """The events of a process that executes a DAG run; leaving the block ends the process."""
    reading, writing = os.pipe()
    with log.open("w", encoding="utf-8") as output, os.fdopen(reading, encoding="utf-8") as lines:
        process = subprocess.Popen(  # noqa: S603 - our own command, without a shell
            [sys.executable, "-m", "airflow_jobkit.local.execute", *command],
            env={**variables, EVENTS_FD: str(writing)},
            pass_fds=(writing,),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        os.close(writing)
        try:
            yield receive(lines)
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that has nothing left to say; Airflow's own exit may take long, or never come."""
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _releasing(events: Iterator[Event], release_lock: Callable[[], None]) -> Iterator[Event]:
    """The same events; gives the lock back at the first that shows that Airflow has started, or could not."""
    for event in events:
        if not isinstance(event, Loading):
            release_lock()
        yield event


def _follow(events: Iterator[Event], view: RunView) -> tuple[RunFinished, Mapping[str, str]] | None:
    """Show events until the run is over; its end, and by task why its latest try failed.

    None if it never ended.
    """
    errors: dict[str, str] = {}
    for event in events:
        if isinstance(event, CannotRun):
            raise JobkitError(event.message)
        if isinstance(event, RunFinished):
            return event, errors
        if isinstance(event, TaskFinished) and event.error is not None:
            errors[event.task_id] = event.error
        view.show(event)
    return None


def _report(
    finished: RunFinished, errors: Mapping[str, str], settings: Settings, console: Console, log: Path
) -> int:
    """Show the tasks, their tables and their errors; 1 unless the run succeeded."""
    show_tasks(finished, console)
    show_tables(finished, console)
    if finished.state == "success":
        return 0
    show_failures(finished, errors, settings.runs_root, console)
    ending = f"\nThe DAG run {finished.run_id} ended as {finished.state}. Airflow's full log: {log}"
    console.print(ending, markup=False, soft_wrap=True)
    return 1


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:])

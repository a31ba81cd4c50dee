"""What a person sees of a DAG run: its progress, its tasks, the tables that jobs return, and errors."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from airflow_jobkit.contracts.result import parse_result
from airflow_jobkit.local.events import Event, Loading, RunFinished, TaskFinished, TaskOutcome, TaskRunning
from airflow_jobkit.release import open_store

# A line that the job itself logged, inside Airflow's; Airflow 3 adds its logger and place at the end.
_JOB_LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?:INFO|WARNING|ERROR) \S+: (.*?)(?:\s+\[[\w.]+\] loc=\S+)?\s*$"
)
PLAIN_WIDTH = 120
"""Columns where the output is no terminal: a log, a file."""

_STATE_STYLE = {"success": "green", "failed": "red", "running": "yellow"}


def data_console() -> Console:
    """The console on stdout; it leaves data as it is, without colours for numbers or pictures for `:100:`."""
    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    return Console(highlight=False, emoji=False, width=width)


class RunView:
    """The live part: one line per task, with what its job said last.

    On a terminal the lines move; elsewhere each change is printed once.
    """

    def __init__(
        self, console: Console, dag_id: str, environment: str, tasks: Sequence[str], log: Path
    ) -> None:
        self._console = console
        self._log = log
        self._ended = Flag()
        self._running: str | None = None
        self._started: dict[str, float] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[said]}", table_column=None),
            console=console,
            disable=not console.is_terminal,
        )
        console.print(f"[bold]{escape(dag_id)}[/bold] in the environment [bold]{escape(environment)}[/bold]")
        self._airflow = self._progress.add_task("starting Airflow", said="", total=1)
        self._bars = {
            task: self._progress.add_task(escape(task), said="waiting", total=1, start=False)
            for task in tasks
        }

    def __enter__(self) -> Self:
        self._progress.start()
        self._reader = Thread(target=self._read_log, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._reader.join(timeout=2)
        self._progress.stop()

    def show(self, event: Event) -> None:
        """Show what happened."""
        match event:
            case Loading():
                self._progress.update(self._airflow, description="loading the DAG")
            case TaskRunning(task_id) if task_id in self._bars:
                self._progress.update(self._airflow, visible=False)
                self._progress.start_task(self._bars[task_id])
                self._progress.update(self._bars[task_id], said="")
                self._running = task_id
                self._started[task_id] = time.monotonic()
                self._plain(f"{task_id}: running")
            case TaskFinished(task_id, state) if task_id in self._bars:
                self._running = None
                style = _STATE_STYLE.get(state, "yellow")
                self._progress.update(self._bars[task_id], completed=1, said=f"[{style}]{escape(state)}")
                seconds = time.monotonic() - self._started.get(task_id, time.monotonic())
                self._plain(f"{task_id}: {state} after {seconds:.1f} s")

    def _plain(self, text: str) -> None:
        if self._progress.disable:
            self._console.print(f"  {text}", markup=False, soft_wrap=True)

    def _read_log(self) -> None:
        """Show the job's own lines as they come into the log."""
        with self._log.open(encoding="utf-8", errors="replace") as lines:
            while not self._ended.is_set():
                line = lines.readline()
                if not line:
                    self._ended.wait(0.2)
                    continue
                said = _JOB_LINE.search(line)
                running = self._running
                if said and running is not None:
                    self._progress.update(self._bars[running], said=escape(said[1][:100]))
                    self._plain(f"{running}: {said[1]}")


def show_tasks(finished: RunFinished, console: Console) -> None:
    """The tasks of a finished run: state, duration, rows in and out, code version and digest."""
    table = Table(
        title=escape(f"{finished.run_id}: {finished.state}"), title_justify="left", title_style="bold"
    )
    table.add_column("Task")
    table.add_column("State", no_wrap=True)
    for name in ("Duration", "Rows in", "Rows out"):
        table.add_column(name, justify="right")
    for name in ("Code version", "Digest"):
        table.add_column(name)
    for task in finished.tasks:
        summary = task.summary or {}
        style = _STATE_STYLE.get(task.state, "yellow")
        table.add_row(
            escape(task.task_id),
            f"[{style}]{escape(task.state)}[/{style}]",
            f"{task.seconds:.1f} s" if task.seconds is not None else "",
            _cell(summary.get("rows_in")),
            _cell(summary.get("rows_out")),
            _cell(summary.get("code_version")),
            escape(str(summary.get("code_digest") or "")[:12]),
        )
    console.print(table)


def show_tables(finished: RunFinished, console: Console) -> None:
    """Every metric of a job that is a list of mappings, as a table."""
    for task in finished.tasks:
        metrics: Mapping[str, Any] = (task.summary or {}).get("metrics") or {}
        for name, rows in metrics.items():
            if isinstance(rows, list) and rows and all(isinstance(row, Mapping) for row in rows):
                console.print(_table(f"{task.task_id}: {name.replace('_', ' ')}", rows))


def show_failures(finished: RunFinished, errors: Mapping[str, str], runs_root: str, console: Console) -> None:
    """The error of every failed task, in the job's own words where it left any.

    Args:
        finished: The run.
        errors: By task id, the exception that failed a task's latest try, as text.
        runs_root: Where the jobs' Results are.
        console: Where to print.
    """
    for task in finished.tasks:
        if task.state == "failed":
            console.print(f"\n[bold red]{escape(task.task_id)} failed[/bold red]")
            failure = _failure(task, errors.get(task.task_id), runs_root)
            console.print(failure, markup=False, soft_wrap=True)


def _failure(task: TaskOutcome, error: str | None, runs_root: str) -> str:
    data = open_store(runs_root).read(task.result_key) if task.result_key else None
    if data is None:
        return error or "it left no Result; see Airflow's log"
    result = parse_result(data, str(task.result_key))
    if result.error is None:
        return error or "its Result names no error; see Airflow's log"
    head = f"{result.error.type}: {result.error.message} (in {result.error.stage})"
    return f"{head}\n{result.module_name} at code version {result.code_version}\n{result.error.trace}"


def _table(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    for name, value in rows[0].items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        table.add_column(escape(str(name).replace("_", " ")), justify="right" if is_number else "left")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in rows[0]))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else escape(str(value))

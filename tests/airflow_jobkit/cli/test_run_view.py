"""What `jobkit run` shows of a finished run is the run's own data, whatever characters it holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from airflow_jobkit.cli.run_view import data_console, show_failures, show_tables, show_tasks
from airflow_jobkit.local.events import RunFinished, TaskOutcome


def finished(
    task_id: str = "counts", state: str = "success", run_id: str = "manual", **summary: Any
) -> RunFinished:
    return RunFinished(run_id, state, [TaskOutcome(task_id, state, 1.5, summary, None)])


def test_markup_and_emoji_codes_in_metrics_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"km[/h]": "[/red]", "[bold]": ":100:"}]
    show_tables(finished(metrics={"top[/x]": rows}), data_console())
    output = capsys.readouterr().out
    assert [
        text for text in ("counts: top[/x]", "km[/h]", "[/red]", "[bold]", ":100:") if text not in output
    ] == []


def test_markup_in_what_tasks_report_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    run = finished(run_id="run[/a]", code_version="1.0[/b]", code_digest="[/c]", rows_in="[/d]")
    show_tasks(run, data_console())
    output = capsys.readouterr().out
    assert [text for text in ("run[/a]", "1.0[/b]", "[/c]", "[/d]") if text not in output] == []


def test_a_state_is_shown_whole_in_a_terminal_of_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    show_tasks(finished(state="upstream_failed", code_version="1.0.0"), Console(width=80))
    assert "upstream_failed │" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "true"),
        (False, "false"),
        (None, ""),
        (1234567, "1,234,567"),
        (1234.567, "1,234.57"),
        ("1234", "1234"),
    ],
)
def test_a_cell_reads_as_a_person_writes_it(
    value: object, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show_tables(finished(metrics={"top": [{"value": value}]}), data_console())
    row = capsys.readouterr().out.splitlines()[-2]
    assert row.strip("│ ") == shown


def test_a_task_that_left_no_result_shows_the_error_that_was_heard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = "no [/bold] version at " + "/a/long/path" * 20
    show_failures(finished(state="failed"), {"counts": error}, str(tmp_path), data_console())
    assert capsys.readouterr().out == f"\ncounts failed\n{error}\n"


def test_a_task_that_left_neither_names_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_failures(finished(state="failed"), {"another": "its error"}, str(tmp_path), data_console())
    assert capsys.readouterr().out == "\ncounts failed\nit left no Result; see Airflow's log\n"

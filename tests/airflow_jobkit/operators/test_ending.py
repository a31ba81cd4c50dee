"""A job never outlives whoever wanted it: not a kill, not the end of its parent, not its own script."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from executing import SLEEPS, Executing, TimedOut, eventually, pids, runs, timing_out
from task_context import ProbeProject, TaskContext

from airflow_jobkit.engines.invocation import Invocation
from airflow_jobkit.engines.local import client
from airflow_jobkit.engines.local.client import LocalRun
from airflow_jobkit.engines.local.options import Options
from airflow_jobkit.errors import EngineError, JobFailedError
from airflow_jobkit.operators.local import LocalSparkJobOperator
from airflow_jobkit.operators.outcome import RunEnd
from airflow_jobkit.operators.task_run import TaskRun

DEAF = "    import signal\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder that the job writes its process ids to; what still runs at the end of the test is ended."""
    yield tmp_path
    if (tmp_path / "pids").exists():
        for pid in pids(tmp_path):
            if runs(pid):
                os.kill(pid, signal.SIGKILL)


class Careless(LocalSparkJobOperator):
    """An Engine that never asks whether the task was killed."""

    def run_job(self, invocation: Invocation, run: TaskRun, context: Any) -> RunEnd:
        return RunEnd(True, "it ran")


@contextmanager
def started_processes(meanwhile: Callable[[], None] = lambda: None) -> Iterator[list[object]]:
    """The commands that Python starts; `meanwhile` is called while it does, as a signal handler may be."""
    commands: list[object] = []
    looking = [True]

    def look(event: str, arguments: tuple[object, ...]) -> None:
        if looking and event == "subprocess.Popen":
            commands.append(arguments[1])
            meanwhile()

    sys.addaudithook(look)  # there is no way to take one out again
    try:
        yield commands
    finally:
        looking.clear()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short grace period, so that the test is short."""
    monkeypatch.setattr(client, "GRACE_SECONDS", 0.5)


class TestKill:
    def test_it_ends_the_script_and_what_the_script_started(
        self, project: ProbeProject, place: Path, task_log: Any
    ) -> None:
        project.publish("1.0.0", sleeps=SLEEPS)
        executing = Executing(TaskContext(project.task("sleeps", job_args={"place": str(place)})))
        script, child = pids(place)
        started = time.monotonic()
        executing.task.on_kill()
        assert time.monotonic() - started < 3
        assert [runs(script), runs(child)] == [False, False]
        outcome = executing.ended()
        assert isinstance(outcome, JobFailedError)
        assert "SystemExit: 143 (in execute of probe.sleeps at code version 1.0.0" in str(outcome)
        assert f"stopped process {script} and its children" in task_log()

    def test_a_script_that_does_not_listen_is_killed_and_its_end_is_not_taken_for_a_success(
        self, project: ProbeProject, place: Path, impatient: None
    ) -> None:
        project.publish("1.0.0", deaf=SLEEPS.replace("    def main", f"{DEAF}\n    def main", 1))
        executing = Executing(TaskContext(project.task("deaf", job_args={"place": str(place)})))
        script, child = pids(place)
        executing.task.on_kill()
        assert not runs(script)
        assert not runs(child)
        outcome = executing.ended()
        assert isinstance(outcome, EngineError)
        assert str(outcome).startswith("killed by SIGKILL")

    def test_it_ends_children_whose_script_has_ended_before_them(
        self, project: ProbeProject, place: Path
    ) -> None:
        source = SLEEPS.replace("time.sleep(600)", "os._exit(0)")
        project.publish("1.0.0", leaves=source)
        summary = TaskContext(project.task("leaves", job_args={"place": str(place)})).run()
        assert summary["status"] == "unknown"
        assert [runs(pid) for pid in pids(place)] == [False, False]

    def test_it_ends_children_that_left_for_a_session_of_their_own(
        self, project: ProbeProject, place: Path
    ) -> None:
        project.publish("1.0.0", sleeps=SLEEPS.replace('"600"]', '"600"], start_new_session=True'))
        executing = Executing(TaskContext(project.task("sleeps", job_args={"place": str(place)})))
        script, child = pids(place)
        executing.task.on_kill()
        assert [runs(script), runs(child)] == [False, False]
        assert isinstance(executing.ended(), JobFailedError)

    def test_after_the_end_it_does_nothing(self, project: ProbeProject, task_log: Any) -> None:
        project.publish("1.0.0", quick="def main(): pass\n")
        task = project.task("quick")
        assert TaskContext(task).execute()["status"] == "success"
        task.on_kill()
        assert "stopped process" not in task_log()

    def test_before_the_start_it_lets_nothing_start(self, project: ProbeProject, task_log: Any) -> None:
        """Airflow 3 lets a killed task run on for some seconds; its next try is another operator."""
        project.publish("1.0.0", quick="def main(): pass\n")
        task = project.task("quick")
        killed = task.prepare_for_execution()
        killed.on_kill()
        with pytest.raises(EngineError, match="Airflow killed the task"), started_processes() as started:
            TaskContext(killed).execute()
        assert started == []
        assert TaskContext(task).run()["status"] == "success"

    def test_not_even_an_engine_that_never_asks_runs_a_job_of_a_killed_task(
        self, project: ProbeProject
    ) -> None:
        project.publish("1.0.0", quick="def main(): pass\n")
        dag = project.task("quick").dag
        task = Careless(task_id="careless", dag=dag, spark_job="probe.quick", settings=project.settings())
        task.on_kill()
        with pytest.raises(EngineError, match="Airflow killed the task"):
            TaskContext(task).execute()

    def test_while_the_process_starts_it_ends_the_process_as_soon_as_that_is_known(
        self, project: ProbeProject, task_log: Any
    ) -> None:
        project.publish("1.0.0", quick="import time\ndef main(): time.sleep(1)\n")
        task = project.task("quick")
        with (
            pytest.raises(EngineError, match="or is stopped now"),
            started_processes(task.on_kill) as started,
        ):
            TaskContext(task).execute()
        assert len(started) == 1
        assert re.search(r"stopped process \d+ and its children", task_log())

    def test_an_exception_while_execute_waits_ends_the_script(
        self, project: ProbeProject, place: Path
    ) -> None:
        project.publish("1.0.0", sleeps=SLEEPS)
        with timing_out(place), pytest.raises(TimedOut):
            TaskContext(project.task("sleeps", job_args={"place": str(place)})).run()
        assert [runs(pid) for pid in pids(place)] == [False, False]


def test_a_process_that_the_job_leaves_behind_is_ended_and_does_not_hold_the_task(
    project: ProbeProject, place: Path
) -> None:
    project.publish("1.0.0", leaves=SLEEPS.replace("time.sleep(600)", "return {}"))
    started = time.monotonic()
    assert TaskContext(project.task("leaves", job_args={"place": str(place)})).run()["status"] == "success"
    assert time.monotonic() - started < 10
    _, child = pids(place)
    assert not runs(child)


def test_a_process_that_left_for_a_session_of_its_own_and_outlived_its_parent_is_ended_too(
    project: ProbeProject, place: Path
) -> None:
    source = SLEEPS.replace('"600"]', '"600"], start_new_session=True')
    project.publish("1.0.0", leaves=source.replace("time.sleep(600)", "return {}"))
    started = time.monotonic()
    assert TaskContext(project.task("leaves", job_args={"place": str(place)})).run()["status"] == "success"
    assert time.monotonic() - started < 10
    assert not runs(pids(place)[1])


def test_a_process_that_lost_its_mark_is_ended_too(project: ProbeProject, place: Path) -> None:
    source = SLEEPS.replace('"600"]', '"600"], env={}')
    project.publish("1.0.0", leaves=source.replace("time.sleep(600)", "return {}"))
    assert TaskContext(project.task("leaves", job_args={"place": str(place)})).run()["status"] == "success"
    assert not runs(pids(place)[1])


def test_a_process_that_nothing_leads_to_does_not_hold_the_task(project: ProbeProject, place: Path) -> None:
    """It lost its mark, left for a session of its own, and outlived its parent."""
    source = SLEEPS.replace('"600"]', '"600"], env={}, start_new_session=True')
    project.publish("1.0.0", leaves=source.replace("time.sleep(600)", "return {}"))
    started = time.monotonic()
    assert TaskContext(project.task("leaves", job_args={"place": str(place)})).run()["status"] == "success"
    assert time.monotonic() - started < 10
    os.kill(pids(place)[1], signal.SIGKILL)


def test_a_parent_that_is_killed_takes_the_script_with_it(
    project: ProbeProject, place: Path, tmp_path: Path
) -> None:
    project.publish("1.0.0", sleeps=SLEEPS)
    release = project.code_root / "releases" / "1.0.0"
    parent_source = f"""
        from airflow_jobkit.engines.invocation import Invocation
        from airflow_jobkit.engines.local.client import LocalRun
        from airflow_jobkit.engines.local.options import Options

        arguments = (("module_name", "probe.sleeps"), ("place", {str(place)!r}))
        script = {str(release / "scripts/local/generic_entry.py")!r}
        wheels = {tuple(map(str, release.glob("wheels/*.whl")))!r}
        for line in LocalRun.start(Invocation(script, wheels, arguments), Options()).lines():
            print(line)
    """
    parent = subprocess.Popen([sys.executable, "-c", dedent(parent_source)], stdout=subprocess.DEVNULL)
    script = pids(place)[0]
    assert runs(script)
    parent.kill()
    parent.wait(timeout=10)
    assert eventually(lambda: not runs(script))


def test_a_location_may_be_a_file_url(tmp_path: Path) -> None:
    script = tmp_path / "a script.py"
    script.write_text("import sys; print(sys.argv[1:])")
    run = LocalRun.start(Invocation(script.as_uri(), (), (("key", "a value"),)), Options())
    assert list(run.lines()) == ["['--key', 'a value']"]
    assert run.wait() == 0
    assert run.stop() is False

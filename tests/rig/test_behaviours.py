"""What every Engine does alike. The jobs need no Spark: what counts is how runs start, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from executing import SLEEPS, Executing, TimedOut, eventually, pids, runs, timing_out
from rig.engines import EngineUnderTest
from task_context import TaskContext

from airflow_jobkit.errors import EngineError, JobFailedError, ReleaseNotFoundError
from airflow_jobkit.operators.task_run import task_run_of
from airflow_jobkit.release import open_store

pytestmark = [pytest.mark.engines]

SAYS = """
    from probe import VERSION

    def main(**kwargs):
        return {"said": VERSION, **kwargs}
"""
MEETS = """
    import os, pathlib, time
    from probe import VERSION

    def main(place, others, **kwargs):
        folder = pathlib.Path(place)
        folder.mkdir(exist_ok=True)
        (folder / str(os.getpid())).touch()
        deadline = time.monotonic() + 60
        while len(list(folder.iterdir())) < int(others):
            if time.monotonic() > deadline:
                raise TimeoutError(f"alone with {len(list(folder.iterdir()))} of {others}")
            time.sleep(0.05)
        return {"said": VERSION}
"""
"""A job that ends only when as many as it is told run at the same time."""
FAILS = """
    def main(**kwargs):
        raise ValueError("the moon is in the wrong house")
"""
DIES = """
    import os

    def main(**kwargs):
        os._exit(3)
"""
SILENT = """
    import os

    def main(**kwargs):
        os._exit(0)
"""
LARGE = """
    def main(**kwargs):
        return {"few": 1, "many": ["x" * 100] * 5000}
"""
TEAM = """
    class Team:
        def __init__(self, password):
            self.password = password

        def notify(self, notification):
            pass
"""


def result_of(engine: EngineUnderTest, context: TaskContext) -> dict | None:
    """The Result that the job wrote."""
    data = open_store(f"{engine.root}/runs").read(task_run_of(context.context()).identity.result_key)
    return json.loads(data) if data is not None else None


def test_a_job_that_succeeds_brings_its_result_back(engine: EngineUnderTest) -> None:
    published = engine.publish("1.0.0", says=SAYS)
    context = TaskContext(engine.task("says", job_args={"month": 7}))
    summary = context.run()
    assert summary["status"] == "success"
    assert (summary["code_version"], summary["code_digest"]) == ("1.0.0", published.digest)
    assert summary["metrics"] == {"said": "1.0.0", "month": "7"}
    result = result_of(engine, context)
    assert result is not None
    assert (result["status"], result["engine"], result["try_number"]) == ("success", engine.name, 1)


def test_a_job_that_fails_fails_the_task_with_its_own_message(
    engine: EngineUnderTest, task_log: Callable[[], str]
) -> None:
    engine.publish("1.0.0", fails=FAILS)
    with pytest.raises(JobFailedError, match=r"^ValueError: the moon is in the wrong house \(in execute of"):
        TaskContext(engine.task("fails")).run()
    assert 'raise ValueError("the moon is in the wrong house")' in task_log()


def test_a_run_that_ends_without_a_word_fails_with_what_the_engine_says(engine: EngineUnderTest) -> None:
    engine.publish("1.0.0", dies=DIES)
    with pytest.raises(EngineError, match=r"exit code 3.*probe\.dies at code version 1\.0\.0"):
        TaskContext(engine.task("dies")).run()


def test_a_run_that_reports_nothing_is_unknown_and_has_no_counts(engine: EngineUnderTest) -> None:
    engine.publish("1.0.0", silent=SILENT)
    summary = TaskContext(engine.task("silent")).run()
    assert summary["status"] == "unknown"
    assert not {"rows_in", "rows_out", "metrics"} & set(summary)


def test_a_large_result_is_whole_in_its_place_and_cut_for_xcom(engine: EngineUnderTest) -> None:
    engine.publish("1.0.0", large=LARGE)
    context = TaskContext(engine.task("large"))
    summary = context.run()
    assert (summary["status"], summary["left_out"]) == ("success", ["metrics"])
    assert len(json.dumps(summary)) < 40_000
    result = result_of(engine, context)
    assert result is not None
    assert len(result["metrics"]["many"]) == 5000


def test_a_version_that_is_missing_fails_before_anything_starts(
    engine: EngineUnderTest, tmp_path: Path
) -> None:
    engine.publish("1.0.0", sleeps=SLEEPS)
    context = TaskContext(engine.task("sleeps", version="9.9.9", job_args={"place": str(tmp_path)}))
    with pytest.raises(ReleaseNotFoundError, match=r"'9\.9\.9' is not at .* There are: 1\.0\.0"):
        context.run()
    assert context.xcoms == {}
    assert not (tmp_path / "pids").exists()


def test_two_versions_at_once_run_each_its_own_code(engine: EngineUnderTest, tmp_path: Path) -> None:
    versions = ["1.0.0", "2.0.0"]
    for version in versions:
        engine.publish(version, meets=MEETS)
    tasks = [
        engine.task(
            "meets", task_id=f"at_{v[0]}", version=v, job_args={"place": str(tmp_path / "met"), "others": 2}
        )
        for v in versions
    ]
    executing = [Executing(TaskContext(task)) for task in tasks]
    assert [each.ended()["metrics"]["said"] for each in executing] == versions


def test_a_kill_stops_the_run_and_all_that_it_started(engine: EngineUnderTest, tmp_path: Path) -> None:
    engine.publish("1.0.0", sleeps=SLEEPS)
    context = TaskContext(engine.task("sleeps", job_args={"place": str(tmp_path)}))
    executing = Executing(context)
    family = pids(tmp_path)
    context.task.on_kill()
    assert eventually(lambda: not any(map(runs, family)))
    assert isinstance(executing.ended(), (EngineError, JobFailedError))
    assert eventually(lambda: engine.state(context.xcoms) == engine.stopped)


def test_airflows_time_out_stops_the_run(engine: EngineUnderTest, tmp_path: Path) -> None:
    engine.publish("1.0.0", sleeps=SLEEPS)
    context = TaskContext(engine.task("sleeps", job_args={"place": str(tmp_path)}))
    with timing_out(tmp_path), pytest.raises(TimedOut):
        context.run()
    assert eventually(lambda: not any(map(runs, pids(tmp_path))))
    assert eventually(lambda: engine.state(context.xcoms) == engine.stopped)


def test_the_engines_own_time_out_fails_the_task_and_says_so(engine: EngineUnderTest, tmp_path: Path) -> None:
    if engine.timed_out is None:
        pytest.skip("embedded Spark has no time-out of its own: the task's holds")
    engine.publish("1.0.0", sleeps=SLEEPS)
    task = engine.task("sleeps", options=engine.timed_out, job_args={"place": str(tmp_path)})
    with pytest.raises(EngineError, match=r"TIMEOUT|TIMEDOUT"):
        TaskContext(task).run()
    assert eventually(lambda: not any(map(runs, pids(tmp_path))))


def test_secrets_of_arguments_and_notifiers_are_in_no_log(
    engine: EngineUnderTest, task_log: Callable[[], str]
) -> None:
    engine.publish("1.0.0", says=SAYS, team=TEAM, fails=FAILS)
    settings = engine.settings(notifiers={"TEAM": {"class": "probe.team:Team", "password": "hunter2-secret"}})
    context = TaskContext(
        engine.task(
            "fails",
            settings=settings,
            notification_service_type="TEAM",
            job_args={"token": "tok-4711-secret"},
        )
    )
    with pytest.raises(JobFailedError):
        context.run()
    logs = task_log() + engine.printed(context.xcoms)
    assert "the moon is in the wrong house" in logs
    assert "hunter2-secret" not in logs
    assert "tok-4711-secret" not in logs

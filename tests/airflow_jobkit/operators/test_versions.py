"""A task runs the version that was chosen for its DAG run, and no other, whatever happens meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from published_versions import VERSION, replace_release, version_of
from task_context import ProbeProject, TaskContext

from airflow_jobkit.contracts.version_record import Source, VersionRecord
from airflow_jobkit.errors import (
    ContractError,
    ReleaseConflictError,
    ReleaseDamagedError,
    ReleaseNotFoundError,
)

MEETING = """
    import pathlib, time, probe

    def main(place, **kwargs):
        # Ends only once the run of the other version is there too.
        pathlib.Path(place, probe.VERSION).touch()
        deadline = time.monotonic() + 20
        while len(list(pathlib.Path(place).iterdir())) < 2:
            assert time.monotonic() < deadline, "the other run did not come"
            time.sleep(0.02)
        return {"version": probe.VERSION}
"""


def test_a_default_that_changes_in_the_middle_of_a_dag_run_counts_for_the_next_run_only(
    published: ProbeProject,
) -> None:
    first = published.task("version", task_id="first", default="1.0.0")
    changed = published.task("version", task_id="second", default="2.0.0")
    assert version_of(TaskContext(first, run_id="monday").run()) == "1.0.0"
    assert version_of(TaskContext(changed, run_id="monday").run()) == "1.0.0"
    assert version_of(TaskContext(changed, run_id="tuesday").run()) == "2.0.0"


def test_the_log_says_which_version_runs_and_who_chose_it(published: ProbeProject, task_log: Any) -> None:
    task = published.task("version")
    TaskContext(task, conf={"code_version": "2.0.0"}).run()
    assert "code version 2.0.0 (digest " in (log := task_log())
    assert "chosen by: trigger form" in log


@pytest.mark.parametrize(
    ("conf", "pin", "expected"),
    [
        pytest.param({"code_version": "3.0.0"}, "2.0.0", "3.0.0", id="the trigger form goes before a pin"),
        pytest.param({"code_version": "3.0.0"}, None, "3.0.0", id="the trigger form goes before the default"),
        pytest.param({}, "2.0.0", "2.0.0", id="a pin goes before the default"),
        pytest.param({"code_version": "1.0.0"}, "2.0.0", "2.0.0", id="an untouched form is no choice"),
        pytest.param({"unrelated": "3.0.0"}, None, "1.0.0", id="without a choice it is the default"),
    ],
)
def test_the_trigger_form_goes_before_the_task_which_goes_before_the_default(
    published: ProbeProject, conf: dict[str, str], pin: str | None, expected: str
) -> None:
    task = published.task("version", code_version=pin)
    assert version_of(TaskContext(task, conf=conf).run()) == expected


def test_the_default_of_the_project_holds_where_the_dag_names_none(published: ProbeProject) -> None:
    task = published.task("version", default=None, settings=published.settings(code_version="2.0.0"))
    assert version_of(TaskContext(task).run()) == "2.0.0"


def test_a_pinned_task_keeps_a_record_of_its_own_and_leaves_the_others_alone(published: ProbeProject) -> None:
    pinned = published.task("version", task_id="pinned", code_version="2.0.0")
    other = published.task("version", task_id="other")
    assert version_of(TaskContext(pinned).run()) == "2.0.0"
    assert version_of(TaskContext(other).run()) == "1.0.0"
    pinned_anew = published.task("version", task_id="pinned", code_version="3.0.0")
    assert version_of(TaskContext(pinned_anew).cleared().run()) == "2.0.0"


def test_a_default_that_changes_is_no_choice_for_a_pinned_task_of_a_run_with_an_untouched_form(
    published: ProbeProject,
) -> None:
    """The form sends every param, so the old default stands in the run's conf."""
    untouched = {"code_version": "1.0.0"}
    first = published.task("version", task_id="first", default="1.0.0")
    assert version_of(TaskContext(first, conf=untouched).run()) == "1.0.0"
    pinned = published.task("version", task_id="pinned", default="3.0.0", code_version="2.0.0")
    assert version_of(TaskContext(pinned, conf=untouched).run()) == "2.0.0"


def test_a_pinned_task_that_comes_first_settles_the_version_of_the_others(published: ProbeProject) -> None:
    pinned = published.task("version", task_id="pinned", default="1.0.0", code_version="2.0.0")
    assert version_of(TaskContext(pinned).run()) == "2.0.0"
    changed = published.task("version", task_id="other", default="3.0.0")
    assert version_of(TaskContext(changed).run()) == "1.0.0"


def test_a_default_that_is_not_published_is_not_the_matter_of_a_pinned_task(published: ProbeProject) -> None:
    pinned = published.task("version", default="9.9.9", code_version="2.0.0")
    assert version_of(TaskContext(pinned).run()) == "2.0.0"


def test_the_log_says_that_a_default_has_changed_since_the_run_began(
    published: ProbeProject, task_log: Any
) -> None:
    TaskContext(published.task("version", task_id="first", default="1.0.0")).run()
    TaskContext(published.task("version", task_id="second", default="2.0.0")).run()
    assert "this DAG run began with it; the default has become 2.0.0 since" in task_log()


@pytest.mark.parametrize(
    "pin", [pytest.param(None, id="of the default"), pytest.param("1.0.0", id="of a pin")]
)
def test_a_retry_and_a_clear_keep_the_version(published: ProbeProject, pin: str | None) -> None:
    first = TaskContext(published.task("version", code_version=pin))
    assert version_of(first.run()) == "1.0.0"
    changed = published.task("version", default="2.0.0", code_version=pin and "2.0.0")
    again = TaskContext(changed)
    assert version_of(again.retried().run()) == "1.0.0"
    assert version_of(again.cleared().run()) == "1.0.0"


def test_two_dag_runs_of_different_versions_at_once_do_not_mix(project: ProbeProject, tmp_path: Path) -> None:
    place = tmp_path / "meeting"
    place.mkdir()
    for version in ("1.0.0", "2.0.0"):
        project.publish(version, meeting=MEETING)

    def run(version: str) -> str:
        task = project.task("meeting", default=version, job_args={"place": str(place)})
        return version_of(TaskContext(task, run_id=f"run of {version}").run())

    with ThreadPoolExecutor() as threads:
        assert list(threads.map(run, ("1.0.0", "2.0.0"))) == ["1.0.0", "2.0.0"]


def test_tasks_of_one_dag_run_that_start_at_once_agree_on_one_version(published: ProbeProject) -> None:
    """The default changes while several tasks start: whoever is first decides for all of them."""
    start = threading.Barrier(4)

    def run(number: int) -> str:
        task = published.task("version", task_id=f"task_{number}", default=f"{number % 2 + 1}.0.0")
        start.wait()
        return version_of(TaskContext(task).run())

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(run, range(4)))) == 1


def test_a_version_that_is_published_after_all_runs_at_the_next_try(project: ProbeProject) -> None:
    first = TaskContext(project.task("version"))
    with pytest.raises(ReleaseNotFoundError, match="No release is published there yet"):
        first.run()
    project.publish("1.0.0", version=VERSION)
    assert version_of(first.retried().run()) == "1.0.0"


class TestBeforeAnythingStarts:
    """What is wrong with a version is said before a process is started."""

    @pytest.fixture(autouse=True)
    def _nothing_was_started(self, task_log: Any) -> Any:
        yield
        assert "running as process" not in task_log()

    def test_a_version_that_is_not_published_is_an_error_with_those_that_are(
        self, published: ProbeProject
    ) -> None:
        context = TaskContext(published.task("version"), conf={"code_version": "9.9.9"})
        with pytest.raises(ReleaseNotFoundError, match=r"'9\.9\.9' .* There are: 3\.0\.0, 2\.0\.0, 1\.0\.0"):
            context.run()
        assert not published.runs_root.exists()

    def test_a_run_that_asks_for_another_version_than_an_earlier_run_of_its_id_is_refused(
        self, published: ProbeProject
    ) -> None:
        """The earlier one was deleted in Airflow; what it recorded is still there."""
        record = published.runs_root / "probe_dag" / "again" / "code.json"
        record.parent.mkdir(parents=True)
        record.write_bytes(VersionRecord("1.0.0", "aa", Source.DEFAULT).to_bytes())
        context = TaskContext(published.task("version"), run_id="again", conf={"code_version": "2.0.0"})
        with pytest.raises(ReleaseConflictError, match="trigger it under another run id"):
            context.run()

    def test_nobody_names_a_version(self, published: ProbeProject) -> None:
        task = published.task("version", default=None, settings=published.settings(code_version=None))
        with pytest.raises(ReleaseNotFoundError, match=r"set code\.version in dags/jobkit\.yaml"):
            TaskContext(task).run()

    def test_a_release_with_a_changed_file_does_not_run(self, published: ProbeProject) -> None:
        (wheel,) = published.code_root.glob("releases/1.0.0/wheels/probe-*.whl")
        wheel.write_bytes(wheel.read_bytes() + b"more")
        with pytest.raises(ReleaseDamagedError, match=r"probe-1\.0\.0-py3-none-any\.whl is changed"):
            TaskContext(published.task("version")).run()

    def test_a_release_without_one_of_its_files_does_not_run(self, published: ProbeProject) -> None:
        (published.code_root / "releases/1.0.0/scripts/local/generic_entry.py").unlink()
        with pytest.raises(ReleaseDamagedError, match=r"local/generic_entry\.py is missing"):
            TaskContext(published.task("version")).run()

    def test_a_record_that_somebody_overwrote_is_named(self, published: ProbeProject) -> None:
        record = published.runs_root / "probe_dag" / "monday" / "code.json"
        record.parent.mkdir(parents=True)
        record.write_text("2.0.0")
        with pytest.raises(ContractError, match=r"monday/code\.json: not a record of a code version"):
            TaskContext(published.task("version"), run_id="monday").run()


def test_a_release_that_was_replaced_behind_our_back_does_not_run_in_a_dag_run_that_began_with_the_old_one(
    published: ProbeProject, task_log: Any
) -> None:
    TaskContext(published.task("version", task_id="first")).run()
    task_log()
    replace_release(published.code_root / "releases" / "1.0.0")
    with pytest.raises(
        ReleaseDamagedError, match=r"this DAG run began with .* publish changed code as a new"
    ):
        TaskContext(published.task("version", task_id="second")).run()
    assert "running as process" not in task_log()
    assert version_of(TaskContext(published.task("version"), run_id="another").run()) == "1.0.0"

"""A DAG run that asks for a channel runs what the channel named when the run began, and nothing else."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
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
from airflow_jobkit.release import open_store, promote_release


def _promote(project: ProbeProject, version: str, channel: str = "stable") -> None:
    promote_release(open_store(str(project.code_root)), version, channel)


class TestChannels:
    """A channel is looked up once per DAG run; what it named then is what the whole run executes."""

    @pytest.mark.parametrize(
        ("conf", "pin", "default"),
        [
            pytest.param({}, None, "stable", id="the default"),
            pytest.param({"code_version": "stable"}, None, "stable", id="the default of an untouched form"),
            pytest.param({"code_version": "stable"}, None, "1.0.0", id="the trigger form"),
            pytest.param({"code_version": "stable"}, "1.0.0", "1.0.0", id="the trigger form, before a pin"),
            pytest.param({}, "stable", "1.0.0", id="a pin"),
        ],
    )
    def test_every_task_retry_and_clear_keeps_what_it_named_when_the_run_began(
        self, published: ProbeProject, conf: dict[str, str], pin: str | None, default: str
    ) -> None:
        """A conf that names the channel is no conflict when the channel names another version by then."""
        first = published.task("version", task_id="first", default=default, code_version=pin)
        later = published.task("version", task_id="later", default=default, code_version=pin)
        _promote(published, "2.0.0")
        context = TaskContext(first, run_id="monday", conf=conf)
        assert version_of(context.run()) == "2.0.0"
        _promote(published, "3.0.0")
        assert version_of(context.retried().run()) == "2.0.0"
        assert version_of(context.cleared().run()) == "2.0.0"
        assert version_of(TaskContext(later, run_id="monday", conf=conf).run()) == "2.0.0"
        assert version_of(TaskContext(later, run_id="tuesday", conf=conf).run()) == "3.0.0"

    def test_a_pinned_task_gets_what_the_channel_named_for_the_others(self, published: ProbeProject) -> None:
        _promote(published, "2.0.0")
        other = published.task("version", task_id="other", default="stable")
        assert version_of(TaskContext(other).run()) == "2.0.0"
        _promote(published, "3.0.0")
        pinned = published.task("version", task_id="pinned", default="stable", code_version="stable")
        assert version_of(TaskContext(pinned).run()) == "2.0.0"
        _promote(published, "3.0.0", "canary")
        another = published.task("version", task_id="another", default="stable", code_version="canary")
        assert version_of(TaskContext(another).run()) == "3.0.0"

    def test_the_record_and_the_log_say_the_version_and_the_channel(
        self, published: ProbeProject, task_log: Any
    ) -> None:
        _promote(published, "2.0.0")
        TaskContext(published.task("version", default="stable"), run_id="monday").run()
        file = published.runs_root / "probe_dag" / "monday" / "code.json"
        record = VersionRecord.from_bytes(file.read_bytes(), str(file))
        assert (record.version, record.channel, record.source) == ("2.0.0", "stable", Source.DEFAULT)
        log = task_log()
        assert "code version 2.0.0, which channel stable names for this DAG run (digest " in log
        assert "the default has become" not in log
        _promote(published, "3.0.0")
        TaskContext(published.task("version", default="stable", task_id="later"), run_id="monday").run()
        log = task_log()
        assert "code version 2.0.0, which channel stable names for this DAG run (digest " in log
        assert "the default has become" not in log

    def test_a_default_that_has_become_a_channel_counts_for_the_next_run_only(
        self, published: ProbeProject, task_log: Any
    ) -> None:
        _promote(published, "3.0.0")
        TaskContext(published.task("version", task_id="first", default="1.0.0")).run()
        changed = published.task("version", task_id="second", default="stable")
        assert version_of(TaskContext(changed).run()) == "1.0.0"
        assert "this DAG run began with it; the default has become stable since" in task_log()

    def test_tasks_that_start_at_once_agree_while_the_channel_changes(self, published: ProbeProject) -> None:
        _promote(published, "1.0.0")
        start = threading.Barrier(5)

        def promote() -> None:
            start.wait()
            for version in ("2.0.0", "3.0.0", "1.0.0", "2.0.0"):
                _promote(published, version)

        def run(number: int) -> str:
            pin = "stable" if number % 2 else None
            task = published.task("version", task_id=f"task_{number}", default="stable", code_version=pin)
            start.wait()
            return version_of(TaskContext(task).run())

        with ThreadPoolExecutor(5) as threads:
            promoting = threads.submit(promote)
            assert len(set(threads.map(run, range(4)))) == 1
            promoting.result()

    def test_a_channel_that_is_made_after_all_runs_at_the_next_try(self, published: ProbeProject) -> None:
        first = TaskContext(published.task("version", default="stable"))
        with pytest.raises(ReleaseNotFoundError, match="Channels: none"):
            first.run()
        _promote(published, "2.0.0")
        assert version_of(first.retried().run()) == "2.0.0"

    def test_a_default_channel_that_there_is_not_is_not_the_matter_of_a_pinned_task(
        self, published: ProbeProject
    ) -> None:
        pinned = published.task("version", default="stable", code_version="2.0.0")
        assert version_of(TaskContext(pinned).run()) == "2.0.0"

    def test_a_default_channel_of_a_replaced_release_is_not_the_matter_of_a_pinned_task(
        self, published: ProbeProject
    ) -> None:
        _promote(published, "1.0.0")
        replace_release(published.code_root / "releases" / "1.0.0")
        pinned = published.task("version", default="stable", code_version="2.0.0")
        assert version_of(TaskContext(pinned).run()) == "2.0.0"

    def test_a_default_channel_that_cannot_be_read_is_not_the_matter_of_a_pinned_task(
        self, published: ProbeProject, caplog: pytest.LogCaptureFixture
    ) -> None:
        open_store(str(published.code_root)).create("channels/stable.json", b"garbage")
        pinned = published.task("version", default="stable", code_version="2.0.0")
        assert version_of(TaskContext(pinned).run()) == "2.0.0"
        assert "the default of this DAG run, stable, cannot be run: " in caplog.text
        with pytest.raises(ContractError, match=r"stable\.json is not a ChannelPointer"):
            TaskContext(published.task("version", task_id="other", default="stable")).run()

    def test_a_record_of_before_there_were_channels_is_followed(self, published: ProbeProject) -> None:
        digest = published.publish("1.0.0", version=VERSION).digest
        record = published.runs_root / "probe_dag" / "monday" / "code.json"
        record.parent.mkdir(parents=True)
        old = {"schema": 1, "version": "1.0.0", "digest": digest, "source": "default"}
        record.write_text(json.dumps(old))
        _promote(published, "3.0.0")
        task = published.task("version", default="stable")
        assert version_of(TaskContext(task, run_id="monday").run()) == "1.0.0"


class TestChannelsBeforeAnythingStarts:
    """What is wrong with a channel is said before a process is started, and nothing is recorded."""

    @pytest.fixture(autouse=True)
    def _nothing_was_started(self, published: ProbeProject, task_log: Any) -> Any:
        yield
        assert "running as process" not in task_log()
        assert not published.runs_root.exists()

    def test_a_channel_that_there_is_not_is_an_error_with_channels_and_versions(
        self, published: ProbeProject
    ) -> None:
        _promote(published, "2.0.0", "canary")
        context = TaskContext(published.task("version"), conf={"code_version": "stable"})
        said = r"no channel 'stable' .* Channels: canary \(2\.0\.0\); versions: 3\.0\.0, 2\.0\.0, 1\.0\.0"
        with pytest.raises(ReleaseNotFoundError, match=said):
            context.run()

    def test_a_release_that_was_replaced_after_it_was_promoted(self, published: ProbeProject) -> None:
        _promote(published, "1.0.0")
        replace_release(published.code_root / "releases" / "1.0.0")
        with pytest.raises(ReleaseDamagedError, match="it was replaced after it was promoted"):
            TaskContext(published.task("version", default="stable")).run()


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(VersionRecord("1.0.0", "aa", Source.DEFAULT), id="at a version"),
        pytest.param(VersionRecord("1.0.0", "aa", Source.DEFAULT, channel="canary"), id="at another channel"),
    ],
)
def test_a_run_that_asks_for_a_channel_is_refused_where_an_earlier_one_of_its_id_ran_something_else(
    published: ProbeProject, record: VersionRecord
) -> None:
    _promote(published, "1.0.0")
    file = published.runs_root / "probe_dag" / "again" / "code.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(record.to_bytes())
    context = TaskContext(published.task("version"), run_id="again", conf={"code_version": "stable"})
    with pytest.raises(ReleaseConflictError, match="asks for code version stable, but an earlier one"):
        context.run()

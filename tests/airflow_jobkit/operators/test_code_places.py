"""A task runs code from wherever it is: Releases or single files, in a folder or on S3, its own or not."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from releases import publish_release_of
from task_context import ProbeProject, TaskContext

import jobkit_runtime
from airflow_jobkit.errors import ReleaseDamagedError, ReleaseError, ReleaseNotFoundError
from airflow_jobkit.release import open_store, promote_release
from airflow_jobkit.spec.code import CodeLayout, CodeRoot

PLACES = """
    import jobkit_runtime, probe, sys

    def main(**kwargs):
        return {"version": probe.VERSION, "probe": probe.__file__, "script": sys.argv[0]}
"""


def layout_in(root: str) -> CodeLayout:
    """The files of the Releases below a root, named one by one."""
    release = f"{root}/releases/{{code_version}}"
    runtime = f"jobkit_runtime-{jobkit_runtime.__version__}-py3-none-any.whl"
    return CodeLayout(
        f"{release}/scripts/{{engine}}/generic_entry.py",
        (f"{release}/wheels/probe-{{code_version}}-py3-none-any.whl", f"{release}/wheels/{runtime}"),
    )


class TestOnS3:
    @pytest.fixture
    def root(self, bucket: str, monkeypatch: pytest.MonkeyPatch) -> str:
        """A place on S3 with the version 1.0.0, which Airflow's connection leads to as boto3's chain does."""
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")
        root = f"s3://{bucket}/code"
        publish_release_of({"places": PLACES}, "1.0.0", root)
        return root

    @pytest.mark.parametrize(
        "code",
        [pytest.param(CodeRoot, id="a release"), pytest.param(layout_in, id="files named one by one")],
    )
    def test_the_local_engine_runs_code_from_s3_and_its_result_comes_back_from_there(
        self, project: ProbeProject, root: str, code: Callable[[str], CodeRoot | CodeLayout]
    ) -> None:
        settings = project.settings(code=code(root), runs_root=f"{root}/runs")
        summary = TaskContext(project.task("places", settings=settings)).run()
        assert summary["status"] == "success"
        assert summary["metrics"]["version"] == "1.0.0"
        assert summary["result"].startswith(f"{root}/runs/probe_dag/")
        assert Path(summary["metrics"]["script"]).name == "generic_entry.py"
        assert not Path(summary["metrics"]["script"]).parent.exists()

    def test_a_channel_on_s3_is_looked_up_with_airflows_connection(
        self, project: ProbeProject, root: str
    ) -> None:
        promote_release(open_store(root), "1.0.0", "canary")
        settings = project.settings(code=CodeRoot(root), runs_root=f"{root}/runs")
        task = project.task("places", settings=settings, default="canary")
        assert TaskContext(task).run()["code_version"] == "1.0.0"

    def test_a_version_that_is_not_there_is_named_with_those_that_are(
        self, project: ProbeProject, root: str
    ) -> None:
        settings = project.settings(code=CodeRoot(root), runs_root=f"{root}/runs")
        context = TaskContext(project.task("places", settings=settings), conf={"code_version": "9.9.9"})
        with pytest.raises(ReleaseNotFoundError, match=r"There are: 1\.0\.0"):
            context.run()

    def test_without_the_amazon_provider_the_error_says_what_to_install(
        self, project: ProbeProject, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "airflow.providers.amazon.aws.hooks.base_aws", None)
        settings = project.settings(code=CodeRoot("s3://bucket/code"))
        with pytest.raises(ReleaseError, match="pip install apache-airflow-providers-amazon"):
            TaskContext(project.task("places", settings=settings)).run()

    def test_a_connection_that_is_named_is_the_one_that_is_used(
        self, project: ProbeProject, root: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        elsewhere = {"conn_type": "aws", "extra": {"endpoint_url": "http://127.0.0.1:9"}}
        monkeypatch.setenv("AIRFLOW_CONN_ELSEWHERE", json.dumps(elsewhere))
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        settings = project.settings(code=CodeRoot(root), aws_conn_id="elsewhere")
        with pytest.raises(ReleaseError, match=r"http://127\.0\.0\.1:9 does not answer"):
            TaskContext(project.task("places", settings=settings)).run()


class TestFilesNamedOneByOne:
    @pytest.fixture(autouse=True)
    def _published(self, project: ProbeProject) -> None:
        for version in ("1.0.0", "2.0.0"):
            project.publish(version, places=PLACES)

    def test_the_version_that_was_chosen_runs(self, project: ProbeProject) -> None:
        settings = project.settings(code=layout_in(str(project.code_root)))
        context = TaskContext(project.task("places", settings=settings), conf={"code_version": "2.0.0"})
        summary = context.run()
        assert summary["metrics"]["version"] == summary["code_version"] == "2.0.0"
        assert len(summary["code_digest"]) == 64

    def test_a_version_without_one_of_its_files_does_not_run(
        self, project: ProbeProject, task_log: Callable[[], str]
    ) -> None:
        settings = project.settings(code=layout_in(str(project.code_root)))
        context = TaskContext(project.task("places", settings=settings), conf={"code_version": "3.0.0"})
        with pytest.raises(
            ReleaseNotFoundError, match=r"there is no .*/3\.0\.0/scripts/local/generic_entry\.py"
        ):
            context.run()
        assert "running as process" not in task_log()

    def test_a_file_that_is_replaced_while_a_dag_run_goes_on_does_not_run_in_it(
        self, project: ProbeProject
    ) -> None:
        settings = project.settings(code=layout_in(str(project.code_root)))
        TaskContext(project.task("places", task_id="first", settings=settings)).run()
        script = project.code_root / "releases/1.0.0/scripts/local/generic_entry.py"
        script.write_text(script.read_text() + "# changed\n")
        second = project.task("places", task_id="second", settings=settings)
        with pytest.raises(ReleaseDamagedError, match="this DAG run began with"):
            TaskContext(second).run()
        assert TaskContext(second, run_id="another").run()["status"] == "success"


class TestCodeOfATaskAlone:
    """Its files are elsewhere, so their digest is another; the version of the DAG run holds for it too."""

    @pytest.fixture
    def other(self, project: ProbeProject, tmp_path: Path) -> CodeRoot:
        """A second code root with versions of the same names."""
        for version in ("1.0.0", "2.0.0"):
            project.publish(version, places=PLACES)
            publish_release_of({"places": PLACES, "more": PLACES}, version, tmp_path / "other")
        return CodeRoot(str(tmp_path / "other"))

    @pytest.mark.parametrize(
        "order", [pytest.param(1, id="the others first"), pytest.param(-1, id="that task first")]
    )
    def test_all_tasks_run_the_version_that_the_first_one_settled(
        self, project: ProbeProject, other: CodeRoot, order: int
    ) -> None:
        own = project.settings(code=other)
        first, second = [("plain", project.settings()), ("own", own)][::order]
        before = TaskContext(
            project.task("places", task_id=first[0], settings=first[1], default="1.0.0")
        ).run()
        after = TaskContext(
            project.task("places", task_id=second[0], settings=second[1], default="2.0.0")
        ).run()
        assert (before["metrics"]["version"], after["metrics"]["version"]) == ("1.0.0", "1.0.0")
        assert before["code_digest"] != after["code_digest"]

    def test_its_retry_keeps_to_what_it_began_with(self, project: ProbeProject, other: CodeRoot) -> None:
        TaskContext(project.task("places", task_id="plain")).run()
        context = TaskContext(project.task("places", task_id="own", settings=project.settings(code=other)))
        digest = context.run()["code_digest"]
        assert context.retried().run()["code_digest"] == digest
        manifest = Path(other.root, "releases/1.0.0/manifest.json")
        manifest.write_text(manifest.read_text() + "\n")
        with pytest.raises(ReleaseDamagedError, match="this DAG run began with"):
            context.cleared().run()

    @pytest.mark.parametrize(
        "order", [pytest.param(1, id="the others first"), pytest.param(-1, id="that task first")]
    )
    @pytest.mark.parametrize(
        "asked", [pytest.param("default", id="the default"), pytest.param("form", id="the form")]
    )
    @pytest.mark.parametrize(
        "own", [pytest.param("other", id="a code root"), pytest.param("files", id="single files")]
    )
    def test_all_tasks_run_what_the_channel_names_at_the_dags_code_root(
        self, project: ProbeProject, other: CodeRoot, own: str, asked: str, order: int
    ) -> None:
        """Whatever a channel of that name means at the other code root."""
        promote_release(open_store(str(project.code_root)), "1.0.0")
        promote_release(open_store(other.root), "2.0.0")
        code = other if own == "other" else layout_in(other.root)
        of_dag = project.settings()
        places = {"plain": of_dag, "own": replace(of_dag, code=code, dag_code=of_dag.code)}
        default, conf = ("stable", {}) if asked == "default" else ("2.0.0", {"code_version": "stable"})
        for task_id, settings in [*places.items()][::order]:
            task = project.task("places", task_id=task_id, settings=settings, default=default)
            assert TaskContext(task, conf=conf).run()["metrics"]["version"] == "1.0.0"

    def test_a_channel_that_it_pins_is_one_of_its_own_code_root(
        self, project: ProbeProject, other: CodeRoot
    ) -> None:
        promote_release(open_store(str(project.code_root)), "1.0.0")
        promote_release(open_store(other.root), "2.0.0")
        TaskContext(project.task("places", task_id="plain", default="stable")).run()
        settings = project.settings(code=other, dag_code=project.settings().code)
        pinned = project.task("places", settings=settings, default="stable", code_version="stable")
        assert TaskContext(pinned).run()["metrics"]["version"] == "2.0.0"

    def test_a_version_that_it_pins_may_be_one_that_the_others_do_not_have(
        self, project: ProbeProject, other: CodeRoot
    ) -> None:
        publish_release_of({"places": PLACES}, "7.0.0", other.root)
        pinned = project.task("places", settings=project.settings(code=other), code_version="7.0.0")
        assert TaskContext(pinned).run()["metrics"]["version"] == "7.0.0"
        plain = project.task("places", task_id="plain")
        assert TaskContext(plain).run()["metrics"]["version"] == "1.0.0"


def test_the_record_of_a_dag_run_says_where_its_code_was(project: ProbeProject) -> None:
    project.publish("1.0.0", places=PLACES)
    TaskContext(project.task("places"), run_id="monday").run()
    record = json.loads(open_store(str(project.runs_root)).read("probe_dag/monday/code.json") or b"")
    assert (record["version"], record["place"]) == ("1.0.0", str(project.code_root))

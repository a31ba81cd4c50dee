"""A DAG as a whole: its time-outs with each other, its jobs against what is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from airflow_jobkit.problems import dotted
from airflow_jobkit.release.index import IndexedRelease, ReleaseIndex
from airflow_jobkit.release.manifest import ManifestJob, ManifestParameter
from airflow_jobkit.spec.checks import dag_checks, is_covered
from airflow_jobkit.spec.dag import DagSpec, parse_dag
from airflow_jobkit.spec.jobs import PublishedJobs
from airflow_jobkit.spec.project import parse_project
from airflow_jobkit.spec.settings import Settings, resolve_settings

ROOT = "s3://code-bucket/code"
MONTH = ManifestParameter(name="month", type="int", required=True)
ROWS = ManifestParameter(name="min_rows", type="int", required=False)
CLEAN = ManifestJob(module_name="dwh.clean", parameters=(MONTH, ROWS))
EXPORT = ManifestJob(module_name="dwh.export", accepts_others=True)
RELEASES = {"1.0.0": (CLEAN,), "1.1.0": (CLEAN, EXPORT)}


CHANNELS = {"stable": "1.0.0", "canary": "1.1.0", "gone": "0.9.0"}


def jobs(*, complete: bool = True, root: str = ROOT) -> PublishedJobs:
    releases = {version: IndexedRelease(digest="0", jobs=found) for version, found in RELEASES.items()}
    index = ReleaseIndex(code_root=root, releases=releases, channels=CHANNELS)
    return index.published(complete=complete)


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    text = f"""
        project: dwh
        code: {{root: "{ROOT}", version: 1.1.0}}
        environments: {{local: {{glue: {{iam_role_name: r, timeout: 8h}}}}}}
    """
    project, issues = parse_project(yaml.safe_load(text))
    assert project is not None
    assert issues == []
    return resolve_settings(project, "local", tmp_path)


def spec_of(text: str, settings: Settings) -> DagSpec:
    spec, issues = parse_dag("flights", yaml.safe_load(text), settings)
    assert issues == []
    assert spec is not None
    return spec


def said(text: str, settings: Settings, published: PublishedJobs | None) -> Mapping[str, str]:
    found = dag_checks(spec_of(text, settings), settings, published)
    return {dotted(issue.path): issue.message for issue in found}


class TestTimeouts:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("dagrun_timeout: 1h, tasks: {a: {spark_job: dwh.a}}", id="nobody says how long"),
            pytest.param("dagrun_timeout: 1h, tasks: {a: {spark_job: dwh.a, timeout: 1h}}", id="as long"),
            pytest.param("tasks: {a: {spark_job: dwh.a, timeout: 9h}}", id="a run without a time-out"),
            pytest.param(
                "dagrun_timeout: 1h, engine: glue, tasks: {a: {spark_job: dwh.a}}",
                id="the project's own, which is meant for every DAG",
            ),
            pytest.param(
                "dagrun_timeout: 1h, engine: glue, tasks: {a: {spark_job: dwh.a, timeout: 30m, "
                "glue: {timeout: 2h}}}",
                id="a long run of a task that ends before",
            ),
            pytest.param(
                "dagrun_timeout: 1h, default_args: {timeout: 2h}, "
                "tasks: {a: {spark_job: dwh.a, timeout: 30m}}",
                id="a default that the task overrides",
            ),
        ],
    )
    def test_those_that_go_together_are_fine(self, text: str, settings: Settings) -> None:
        assert said(f"{{{text}}}", settings, None) == {}

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("tasks: {a: {spark_job: dwh.a, timeout: 2h}}", id="the task's"),
            pytest.param("tasks: {a: {spark_job: dwh.a, execution_timeout: 2h}}", id="in Airflow's word"),
            pytest.param("default_args: {timeout: 2h}, tasks: {a: {spark_job: dwh.a}}", id="the DAG's"),
            pytest.param(
                "tasks: {b: {spark_job: dwh.b}}, task_groups: {g: {prefix_group_id: false, "
                "default_args: {timeout: 2h}, tasks: {a: {spark_job: dwh.a}}}}",
                id="a group's",
            ),
            pytest.param("engine: glue, glue: {timeout: 2h}, tasks: {a: {spark_job: dwh.a}}", id="the run's"),
        ],
    )
    def test_a_run_that_ends_before_its_task_may_is_told(self, text: str, settings: Settings) -> None:
        found = said(f"{{dagrun_timeout: 1h, {text}}}", settings, None)
        assert found == {"dagrun_timeout": "a run may take 1h, and its task a 2h"}


class TestPublishedJobs:
    def test_what_fits_is_fine(self, settings: Settings) -> None:
        text = "tasks: {a: {spark_job: dwh.clean, args: {month: '{{ ds }}', min-rows: 7}}}"
        assert said(text, settings, jobs()) == {}

    @pytest.mark.parametrize(
        ("task", "path", "message"),
        [
            pytest.param(
                "spark_job: dwh.claen, args: {month: 1}",
                "spark_job",
                "version 1.1.0 has no job dwh.claen",
                id="a job that there is not",
            ),
            pytest.param(
                "spark_job: dwh.clean, args: {month: 1, rows: 2}",
                "args.rows",
                "dwh.clean has no argument rows",
                id="an argument that it does not take",
            ),
            pytest.param(
                "spark_job: dwh.clean",
                "args",
                "dwh.clean needs the argument month (int)",
                id="an argument that it needs",
            ),
            pytest.param(
                "spark_job: dwh.clean, args: {month: null}",
                "args.month",
                "dwh.clean needs the argument month (int)",
                id="an argument that null leaves out",
            ),
            pytest.param(
                "spark_job: dwh.clean, args: {month: 1.5}",
                "args.month",
                "dwh.clean takes int here, got the number 1.5",
                id="a value that it does not take",
            ),
            pytest.param(
                "spark_job: dwh.clean, expand: {job_args: [{month: 1}, {min_rows: 1}]}",
                "expand.job_args[1]",
                "dwh.clean needs the argument month (int)",
                id="an argument that one of its mapped runs needs",
            ),
            pytest.param(
                "spark_job: dwh.clean, args: {month: 1}, code_version: 1.2.0",
                "code_version",
                "version 1.2.0 is not published",
                id="a version that there is not",
            ),
        ],
    )
    def test_what_does_not_fit_is_told_at_its_place(
        self, task: str, path: str, message: str, settings: Settings
    ) -> None:
        assert said(f"tasks: {{a: {{{task}}}}}", settings, jobs()) == {f"tasks.a.{path}": message}

    @pytest.mark.parametrize(
        "task",
        [
            pytest.param("spark_job: dwh.export, args: {anything: 1}", id="a job that takes anything"),
            pytest.param("spark_job: 'dwh.several:One'", id="a job of a module with several"),
            pytest.param("spark_job: other.report", id="a job of another package"),
            pytest.param("spark_job: dwh.clean, expand: {job_args: +months}", id="what only a run knows"),
            pytest.param("spark_job: dwh.x, code: {root: 's3://other/root'}", id="code of another root"),
        ],
    )
    def test_what_cannot_be_known_is_left_alone(self, task: str, settings: Settings) -> None:
        text = f"tasks: {{months: {{operator: airflow.providers.x.Y}}, a: {{{task}}}}}"
        assert said(text, settings, jobs()) == {}

    def test_a_version_of_the_dag_is_told_once(self, settings: Settings) -> None:
        text = "{code_version: 2.0.0, tasks: {a: {spark_job: dwh.x}, b: {spark_job: dwh.y}}}"
        issues = dag_checks(spec_of(text, settings), settings, jobs())
        assert [(issue.path, issue.remedy) for issue in issues] == [
            (
                ("code_version",),
                "publish it with `jobkit release publish`, or write one that is: 1.1.0, 1.0.0",
            )
        ]

    def test_where_the_index_may_be_stale_only_what_it_knows_is_told(self, settings: Settings) -> None:
        known = jobs(complete=False)
        assert said("{code_version: 2.0.0, tasks: {a: {spark_job: dwh.x}}}", settings, known) == {}
        assert said("tasks: {a: {spark_job: dwh.x}}", settings, known) == {
            "tasks.a.spark_job": "version 1.1.0 has no job dwh.x"
        }

    def test_a_job_of_another_version_is_pointed_to(self, settings: Settings) -> None:
        text = "{code_version: 1.0.0, tasks: {a: {spark_job: dwh.export}}}"
        (issue,) = dag_checks(spec_of(text, settings), settings, jobs())
        assert issue.remedy == 'version 1.1.0 has it: write `code_version: "1.1.0"`'

    def test_jobs_are_covered_by_an_index_of_their_own_code_root(self, settings: Settings) -> None:
        (task,) = spec_of("tasks: {a: {spark_job: dwh.x}}", settings).spark_tasks
        assert is_covered(task, jobs())
        assert not is_covered(task, jobs(root="s3://elsewhere"))


class TestChannels:
    @pytest.mark.parametrize(
        ("task", "path", "message", "remedy"),
        [
            pytest.param(
                "spark_job: dwh.export, args: {month: 1}, code_version: stable",
                "spark_job",
                "version 1.0.0, which channel stable names, has no job dwh.export",
                'version 1.1.0 has it: write `code_version: "1.1.0"`',
                id="a job that its version has not",
            ),
            pytest.param(
                "spark_job: dwh.clean, args: {months: 1}, code_version: stable",
                "args.months",
                "dwh.clean has no argument months",
                "did you mean month?",
                id="an argument that the job of its version does not take",
            ),
            pytest.param(
                "spark_job: dwh.clean, args: {month: 1}, code_version: stabel",
                "code_version",
                "there is no channel stabel",
                "did you mean stable?",
                id="a channel that is misspelt",
            ),
            pytest.param(
                "spark_job: dwh.clean, args: {month: 1}, code_version: latest",
                "code_version",
                "there is no channel latest",
                "make it with `jobkit release promote VERSION --channel latest`, or write what there is: "
                "canary, gone, stable, 1.1.0, 1.0.0",
                id="a channel that there is not",
            ),
            pytest.param(
                "spark_job: dwh.clean, args: {month: 1}, code_version: gone",
                "code_version",
                "channel gone names version 0.9.0, which is not published",
                "promote another with `jobkit release promote VERSION --channel gone`",
                id="a channel of a version that is gone",
            ),
        ],
    )
    def test_what_does_not_fit_a_channel_is_told_at_its_place(
        self, task: str, path: str, message: str, remedy: str, settings: Settings
    ) -> None:
        found = dag_checks(spec_of(f"tasks: {{a: {{{task}}}}}", settings), settings, jobs())
        told = [(dotted(issue.path), issue.message, issue.remedy) for issue in found]
        assert told == [(f"tasks.a.{path}", message, remedy)]

    def test_what_fits_is_fine(self, settings: Settings) -> None:
        text = "{code_version: canary, tasks: {a: {spark_job: dwh.export}}}"
        assert said(text, settings, jobs()) == {}

    def test_a_channel_of_the_dag_is_told_once(self, settings: Settings) -> None:
        text = "{code_version: latest, tasks: {a: {spark_job: dwh.x}, b: {spark_job: dwh.y}}}"
        assert said(text, settings, jobs()) == {"code_version": "there is no channel latest"}
        assert len(dag_checks(spec_of(text, settings), settings, jobs())) == 1

    @pytest.mark.parametrize("channel", ["stable", "gone", "latest"])
    def test_where_the_index_may_be_stale_nothing_is_held_against_a_channel(
        self, channel: str, settings: Settings
    ) -> None:
        """The channel may name another version by now, which may have the job."""
        text = f"{{code_version: {channel}, tasks: {{a: {{spark_job: dwh.x}}}}}}"
        assert said(text, settings, jobs(complete=False)) == {}

    def test_a_channel_of_another_code_root_is_left_alone(self, settings: Settings) -> None:
        text = "tasks: {a: {spark_job: dwh.x, code_version: latest, code: {root: 's3://other/root'}}}"
        assert said(text, settings, jobs()) == {}

    def test_the_channel_of_a_dag_is_one_of_the_dags_code_root(self, settings: Settings) -> None:
        """What it names at the indexed code root, where a task of it has its code, is another matter."""
        task = f"{{spark_job: dwh.export, code: {{root: '{ROOT}'}}}}"
        text = f"{{code: {{root: 's3://other'}}, code_version: stable, tasks: {{a: {task}}}}}"
        assert said(text, settings, jobs()) == {}
        pinned = text.replace("{spark_job", "{code_version: stable, spark_job")
        assert [*said(pinned, settings, jobs())] == ["tasks.a.spark_job"]


class TestLayouts:
    LAYOUT = "{entry_point: 's3://b/{code_version}.py'}"

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            pytest.param(
                "{code: LAYOUT, tasks: {a: {spark_job: dwh.a, code_version: stable}}}",
                "tasks.a.code_version",
                id="the task's channel",
            ),
            pytest.param(
                "{code_version: stable, tasks: {a: {spark_job: dwh.a, code: LAYOUT}, b: {spark_job: dwh.b}}}",
                "tasks.a.code",
                id="the DAG's, which is right for other tasks",
            ),
            pytest.param(
                "{code: LAYOUT, code_version: stable, tasks: {a: {spark_job: dwh.a}, b: {spark_job: dwh.b}}}",
                "code_version",
                id="the DAG's",
            ),
            pytest.param(
                "{code: LAYOUT, tasks: {a: {spark_job: dwh.a}, b: {spark_job: dwh.b}}}",
                "code",
                id="the project's, which is right for other DAGs",
            ),
            pytest.param(
                "{code: LAYOUT, tasks: {a: {spark_job: dwh.a, code: {root: 's3://team/code'}}}}",
                "code",
                id="that of a DAG without channels, though the task's code has some",
            ),
        ],
    )
    def test_files_that_are_named_one_by_one_need_an_exact_version(
        self, text: str, path: str, settings: Settings
    ) -> None:
        settings = replace(settings, code_version="stable")
        spec = spec_of(text.replace("LAYOUT", self.LAYOUT), settings)
        found = [(dotted(issue.path), issue.code) for issue in dag_checks(spec, settings, None)]
        assert found == [(path, "exact-version")]

    def test_with_an_exact_version_they_are_fine(self, settings: Settings) -> None:
        text = "{code: LAYOUT, code_version: 1.0.0, tasks: {a: {spark_job: dwh.a}}}"
        assert said(text.replace("LAYOUT", self.LAYOUT), settings, None) == {}

"""What a DAGs folder becomes in Airflow: its good DAGs, its Problems, and for one task only its own DAG."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from task_context import TaskContext

from airflow_jobkit import load_dags
from airflow_jobkit.problems import ProblemsError

Load = Callable[[], dict[str, Any]]
Write = Callable[[str, str], Path]
Want = Callable[..., None]

GOOD = """
    good:
      tasks:
        report: {spark_job: probe.report}
"""
BAD = """
    bad:
      tasks:
        report: {spark_jbo: probe.report}
"""
COUNTED = """
    counted_one:
      tasks: {first: {operator: team_operators.CountedOperator}}
    counted_two:
      tasks: {second: {operator: team_operators.CountedOperator}}
"""


class TestGoodAndBad:
    def test_good_dags_are_exported_and_there_is_no_problems_dag(self, write: Write, load: Load) -> None:
        write("one.yaml", GOOD)
        write("two.yml", GOOD.replace("good", "also_good"))
        assert load().keys() == {"good", "also_good"}

    def test_an_empty_folder_gives_nothing(self, load: Load) -> None:
        assert load() == {}

    def test_a_bad_file_leaves_the_others_alone_and_is_shown_with_line_and_column(
        self, write: Write, load: Load
    ) -> None:
        write("one.yaml", GOOD)
        write("two.yaml", BAD)
        loaded = load()
        assert loaded.keys() == {"good", "jobkit_problems"}
        shown = loaded["jobkit_problems"]
        assert "dags/two.yaml:4:14 bad.tasks.report.spark_jbo: unknown key; did you mean spark_job?" in (
            shown.doc_md
        )
        assert "report: {spark_jbo: probe.report}" in shown.doc_md
        assert shown.dag_display_name == "⚠ jobkit: 1 problem in 1 YAML file"

    def test_a_good_dag_beside_a_bad_one_in_the_same_file_stays(self, write: Write, load: Load) -> None:
        write("both.yaml", GOOD + BAD)
        assert load().keys() == {"good", "jobkit_problems"}

    def test_the_problems_dag_goes_when_the_problems_do(self, write: Write, load: Load) -> None:
        write("one.yaml", BAD)
        assert load().keys() == {"jobkit_problems"}
        write("one.yaml", GOOD)
        assert load().keys() == {"good"}

    def test_problems_of_the_project_file_are_shown_beside_the_dags_they_leave_alone(
        self, dags: Path, write: Write, load: Load
    ) -> None:
        write("one.yaml", GOOD)
        (dags / "jobkit.yaml").write_text(
            'project: probe\ncode: {version: "1.0.0"}\nenvironments: {local: {}, prod: {engin: local}}\n'
        )
        loaded = load()
        assert loaded.keys() == {"good", "jobkit_problems"}
        assert "dags/jobkit.yaml:3:34 environments.prod.engin: unknown" in loaded["jobkit_problems"].doc_md

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("project: [", id="not YAML"),
            pytest.param("code: {}\nenvironments: {local: {}}\n", id="without a project"),
            pytest.param("project: probe\nenvironments: {prod: {}}\n", id="without the environment"),
        ],
    )
    def test_a_broken_project_file_raises_its_problems(
        self, dags: Path, write: Write, load: Load, text: str
    ) -> None:
        write("one.yaml", GOOD)
        (dags / "jobkit.yaml").write_text(text)
        with pytest.raises(ProblemsError, match=r"dags/jobkit\.yaml:\d+:\d+ "):
            load()

    def test_very_many_problems_are_counted_and_not_all_listed(self, write: Write, load: Load) -> None:
        for number in range(210):
            write(f"bad_{number:03}.yaml", BAD.replace("bad", f"bad_{number}"))
        shown = load()["jobkit_problems"]
        assert shown.dag_display_name == "⚠ jobkit: 210 problems in 210 YAML files"
        assert shown.doc_md.count("did you mean spark_job?") == 200
        assert shown.doc_md.endswith("... and 10 more")

    def test_the_task_of_the_problems_dag_fails_with_the_text_of_the_problems(
        self, write: Write, load: Load
    ) -> None:
        write("one.yaml", BAD)
        (task,) = load()["jobkit_problems"].tasks
        with pytest.raises(ProblemsError, match=r"dags/one\.yaml:4:14 bad\.tasks\.report\.spark_jbo: "):
            task.execute({})


class TestReleasesIndex:
    @pytest.mark.parametrize(
        ("versions", "shown"),
        [
            pytest.param(["0.9.0"], {"good"}, id="a version that may have been published since stays"),
            pytest.param(["1.0.0"], {"jobkit_problems"}, id="a job that its version surely lacks does not"),
        ],
    )
    def test_only_what_would_surely_fail_takes_a_dag_down(
        self, versions: list[str], shown: set[str], dags: Path, write: Write, load: Load
    ) -> None:
        write("one.yaml", GOOD)
        job = {"module_name": "probe.other", "parameters": [], "accepts_others": False}
        releases = {version: {"digest": "0", "jobs": [job]} for version in versions}
        root = str(dags.parent / ".jobkit" / "code")
        (dags / ".jobkit").mkdir()
        (dags / ".jobkit" / "releases.json").write_text(
            json.dumps({"schema": 1, "code_root": root, "releases": releases})
        )
        assert load().keys() == shown

    def test_an_index_that_cannot_be_read_costs_a_warning_and_no_dag(
        self, dags: Path, write: Write, load: Load, caplog: pytest.LogCaptureFixture
    ) -> None:
        write("one.yaml", GOOD)
        (dags / ".jobkit").mkdir()
        (dags / ".jobkit" / "releases.json").write_text("{")
        assert load().keys() == {"good"}
        assert "releases.json is not a ReleaseIndex" in caplog.text
        assert "`jobkit release publish` writes it anew" in caplog.text

    def test_nor_does_one_that_may_not_be_opened(
        self, dags: Path, write: Write, load: Load, caplog: pytest.LogCaptureFixture
    ) -> None:
        write("one.yaml", GOOD)
        (dags / ".jobkit").mkdir()
        (dags / ".jobkit" / "releases.json").symlink_to(
            "releases.json"
        )  # as root, permissions hold nobody back
        assert load().keys() == {"good"}
        assert "releases.json cannot be read: Too many levels of symbolic links" in caplog.text


class TestLinkedFolder:
    """git-sync, for one, puts the DAGs folder behind a link that it moves at every commit."""

    @pytest.fixture
    def load_linked(self, dags: Path, tmp_path: Path) -> Load:
        (tmp_path / "linked").symlink_to(dags)

        def load_folder() -> dict[str, Any]:
            namespace: dict[str, Any] = {"__file__": str(tmp_path / "linked" / "jobkit_dags.py")}
            load_dags(namespace)
            return {dag.dag_id: dag for name, dag in namespace.items() if name != "__file__"}

        return load_folder

    def test_has_the_defaults_of_all_its_folders(self, dags: Path, write: Write, load_linked: Load) -> None:
        (dags / "team").mkdir()
        write("defaults.yaml", "tags: [ours]\n")
        write("team/one.yaml", GOOD)
        assert set(load_linked()["good"].tags) == {"ours"}

    def test_lets_no_file_be_a_link_out_of_it(
        self, dags: Path, tmp_path: Path, write: Write, load_linked: Load
    ) -> None:
        (tmp_path / "outside.yaml").write_text("outside: {tasks: {a: {spark_job: probe.a}}}\n")
        write("one.yaml", GOOD)
        (dags / "out.yaml").symlink_to(tmp_path / "outside.yaml")
        shown = load_linked()
        assert shown.keys() == {"good", "jobkit_problems"}
        assert "outside the DAGs folder" in shown["jobkit_problems"].doc_md


class TestNamespace:
    def test_a_dag_does_not_overwrite_a_name_of_the_loader(self, dags: Path, write: Write) -> None:
        write("one.yaml", GOOD.replace("good", "load_dags") + GOOD.replace("good", "__file__"))
        namespace: dict[str, Any] = {"__file__": str(dags / "jobkit_dags.py"), "load_dags": load_dags}
        load_dags(namespace)
        assert namespace["load_dags"] is load_dags
        assert namespace["__file__"] == str(dags / "jobkit_dags.py")
        exported = [value for name, value in namespace.items() if name not in ("load_dags", "__file__")]
        assert {dag.dag_id for dag in exported} == {"load_dags", "__file__"}

    def test_a_folder_and_an_environment_may_be_given(self, dags: Path, write: Write) -> None:
        write("one.yaml", GOOD)
        (dags / "jobkit.yaml").write_text(
            "project: probe\nenvironments: {local: {}, dev: {code: {version: '2.0.0'}}}\n"
        )
        namespace: dict[str, Any] = {}
        load_dags(namespace, dags, environment="dev")
        (dag,) = namespace.values()
        assert dag.params["code_version"] == "2.0.0"

    @pytest.mark.parametrize("folder", ["linked", "dags/../dags", "."], ids=["a link", "with ..", "relative"])
    def test_a_folder_may_be_named_in_any_way(
        self, folder: str, dags: Path, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What stands in folders above a file holds for it, however the way to them is written."""
        (dags / "team").mkdir()
        (dags.parent / "linked").symlink_to(dags)
        write("defaults.yaml", "tags: [ours]\n")
        write("team/one.yaml", GOOD)
        monkeypatch.chdir(dags if folder == "." else dags.parent)
        namespace: dict[str, Any] = {}
        load_dags(namespace, folder)
        assert list(namespace["dag:good"].tags) == ["ours"]


class TestOneWantedDag:
    """When Airflow executes a task, only the DAG of that task is built."""

    @pytest.fixture
    def want(self, monkeypatch: pytest.MonkeyPatch) -> Want:
        """Set what Airflow sets when it runs a task, or a command that is about one DAG."""

        def set_variables(dag_id: str, task_id: str | None = None) -> None:
            monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)
            if task_id is not None:
                monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", task_id)

        return set_variables

    def test_operators_of_other_dags_are_not_made(
        self, write: Write, load: Load, want: Want, team_operators: Any
    ) -> None:
        write("counted.yaml", COUNTED)
        want("counted_two")
        assert load().keys() == {"counted_two"}
        assert team_operators.made == [("counted_two", "second")]

    def test_other_files_are_not_parsed_so_their_mistakes_do_not_matter(
        self, write: Write, load: Load, want: Want
    ) -> None:
        write("one.yaml", GOOD)
        write("two.yaml", "a: [")
        write("three.yaml", BAD)
        want("good")
        assert load().keys() == {"good"}

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            pytest.param(BAD, r"dags/two\.yaml:4:14 bad\.tasks\.report\.spark_jbo: ", id="a bad file"),
            pytest.param("bad: [", r"dags/two\.yaml:\d+:\d+ ", id="a file that is no YAML"),
            pytest.param(
                "bad:\n  tasks: {one: {operator: airflow.no_such.Operator}}\n",
                r"dags/two\.yaml:2:27 bad\.tasks\.one\.operator: no airflow\.no_such\.Operator",
                id="a DAG that can no longer be built",
            ),
        ],
    )
    class TestThatHasBecomeBad:
        def test_a_command_about_the_dag_raises_its_problems(
            self, write: Write, load: Load, want: Want, text: str, said: str
        ) -> None:
            write("one.yaml", GOOD)
            write("two.yaml", text)
            want("bad")
            with pytest.raises(ProblemsError, match=said):
                load()

        def test_a_task_that_is_about_to_run_fails_with_its_problems(
            self, write: Write, load: Load, want: Want, text: str, said: str
        ) -> None:
            write("one.yaml", GOOD)
            write("two.yaml", text)
            want("bad", "report")
            loaded = load()
            assert loaded.keys() == {"bad"}
            assert loaded["bad"].partial  # so that Airflow 2 does not take the run's other tasks for removed
            with pytest.raises(ProblemsError, match=said):
                TaskContext(loaded["bad"].get_task("report")).run()

    def test_a_task_fails_with_the_problems_of_a_broken_project_file(
        self, dags: Path, write: Write, load: Load, want: Want
    ) -> None:
        write("one.yaml", GOOD)
        (dags / "jobkit.yaml").write_text("project: [")
        want("good", "report")
        with pytest.raises(ProblemsError, match=r"dags/jobkit\.yaml:"):
            TaskContext(load()["good"].get_task("report")).run()

    def test_an_unknown_dag_gives_nothing(self, write: Write, load: Load, want: Want) -> None:
        write("one.yaml", GOOD)
        want("of_another_loader")
        assert load() == {}

    def test_the_problems_dag_can_be_wanted_too(self, write: Write, load: Load, want: Want) -> None:
        write("one.yaml", BAD)
        want("jobkit_problems")
        assert "jobkit_problems" in load()

"""What a DAG in YAML becomes: params, timetable, tasks and edges, the same on every Airflow."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from releases import publish_release_of

from airflow_jobkit._compat import CronDataIntervalTimetable, serialize_dag
from airflow_jobkit.release import open_store, promote_release, write_release_index

Load = Callable[[], dict[str, Any]]
Write = Callable[[str, str], Path]

try:
    import airflow.providers.standard.operators.empty  # noqa: F401 - only whether it is there

    EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
except ImportError:  # Airflow 2
    EMPTY = "airflow.operators.empty.EmptyOperator"

CHANNEL_BESIDE_FILES = Path(__file__).parents[2] / "cases" / "good" / "channel-beside-files.yaml"
SPARK = """
    spark:
      tasks:
        report: {spark_job: probe.report}
"""
SCHEDULED = """
    scheduled:
      schedule: "SCHEDULE"
      start_date: 2026-01-01
      tasks:
        report: {spark_job: probe.report}
"""


def restored(dag: Any) -> Any:
    """The DAG as the scheduler sees it: stored and read again by this very Airflow."""
    from airflow.serialization import serialized_objects

    name = "DagSerialization" if hasattr(serialized_objects, "DagSerialization") else "SerializedDAG"
    document = json.loads(json.dumps(serialize_dag(dag)))
    return getattr(serialized_objects, name).from_dict(document)


def schema(dag: Any, param: str) -> dict[str, Any]:
    """The JSON Schema of a param, with its default."""
    found = dag.params.get_param(param)
    return {**found.schema, "default": found.value}


class TestParams:
    def test_a_dag_with_a_spark_job_asks_for_a_version_and_a_notifier(self, write: Write, load: Load) -> None:
        write("one.yaml", SPARK)
        dag = load()["spark"]
        version, notifier = schema(dag, "code_version"), schema(dag, "notification_service_type")
        assert (version["type"], version["default"], version["title"]) == ("string", "1.0.0", "Code version")
        assert "examples" not in version
        assert (notifier["default"], notifier["enum"]) == ("NOOP", ["NOOP", "LOG", "SNS"])

    def test_the_published_versions_are_suggested_newest_first(
        self, dags: Path, write: Write, load: Load
    ) -> None:
        write("one.yaml", SPARK)
        code_root = dags.parent / ".jobkit" / "code"
        for version in ("1.0.0", "1.10.0", "1.9.0"):
            publish_release_of({"report": "def main(): pass\n"}, version, code_root)
        index = dags / ".jobkit" / "releases.json"
        write_release_index(open_store(str(code_root)), str(code_root), index)
        assert schema(load()["spark"], "code_version")["examples"] == ["1.10.0", "1.9.0", "1.0.0"]

    def test_channels_are_suggested_before_versions_and_accepted(
        self, dags: Path, write: Write, load: Load
    ) -> None:
        write("one.yaml", SPARK.replace("spark:", "spark:\n      code_version: stable", 1))
        code_root = dags.parent / ".jobkit" / "code"
        for version in ("1.0.0", "1.1.0"):
            publish_release_of({"report": "def main(): pass\n"}, version, code_root)
        store = open_store(str(code_root))
        promote_release(store, "1.0.0")
        promote_release(store, "1.1.0", "canary")
        write_release_index(store, str(code_root), dags / ".jobkit" / "releases.json")
        param = schema(load()["spark"], "code_version")
        assert param["examples"] == ["canary", "stable", "1.1.0", "1.0.0"]
        assert param["default"] == "stable"
        assert re.search(param["pattern"], "canary")

    def test_a_dag_with_files_that_are_named_one_by_one_offers_exact_versions_only(
        self, dags: Path, write: Write, load: Load
    ) -> None:
        own = "{spark_job: probe.own, code: {entry_point: '/srv/{code_version}.py'}}"
        write("one.yaml", f"spark: {{tasks: {{report: {{spark_job: probe.report}}, own: {own}}}}}")
        code_root = dags.parent / ".jobkit" / "code"
        publish_release_of({"report": "def main(): pass\n"}, "1.0.0", code_root)
        store = open_store(str(code_root))
        promote_release(store, "1.0.0")
        write_release_index(store, str(code_root), dags / ".jobkit" / "releases.json")
        param = schema(load()["spark"], "code_version")
        assert param["examples"] == ["1.0.0"]
        assert not re.search(param["pattern"], "stable")

    def test_files_that_are_named_one_by_one_with_a_version_of_their_own_stand_beside_a_channel(
        self, dags: Path, write: Write, load: Load
    ) -> None:
        write("one.yaml", CHANNEL_BESIDE_FILES.read_text())
        code_root = dags.parent / ".jobkit" / "code"
        publish_release_of({"report": "def main(): pass\n"}, "1.0.0", code_root)
        store = open_store(str(code_root))
        promote_release(store, "1.0.0")
        write_release_index(store, str(code_root), dags / ".jobkit" / "releases.json")
        dag = load()["flights"]
        assert dag.params.get_param("code_version").resolve() == "stable"
        assert schema(dag, "code_version")["examples"] == ["stable", "1.0.0"]
        assert dag.get_task("rain").code_version == "3.1.0"

    def test_the_versions_of_another_code_root_are_not_suggested(
        self, dags: Path, write: Write, load: Load
    ) -> None:
        write("one.yaml", SPARK)
        elsewhere = dags.parent / "elsewhere"
        publish_release_of({"report": "def main(): pass\n"}, "1.0.0", elsewhere)
        write_release_index(open_store(str(elsewhere)), str(elsewhere), dags / ".jobkit" / "releases.json")
        assert "examples" not in schema(load()["spark"], "code_version")

    def test_configured_notifiers_can_be_chosen(self, dags: Path, write: Write, load: Load) -> None:
        write("one.yaml", SPARK)
        (dags / "jobkit.yaml").write_text(
            'project: probe\ncode: {version: "1.0.0"}\nenvironments: {local: {}}\n'
            "notification: {service_type: FILE, services: {FILE: {class: 'probe.notifiers:ToFile'}}}\n"
        )
        notifier = schema(load()["spark"], "notification_service_type")
        assert (notifier["default"], notifier["enum"]) == ("FILE", ["NOOP", "LOG", "SNS", "FILE"])

    @pytest.mark.parametrize(
        ("version", "accepted"),
        [
            pytest.param("2.0.0", True, id="a version"),
            pytest.param("stable", True, id="a channel"),
            pytest.param("Stable", False, id="what no channel can be called"),
            pytest.param("1!2.0", False, id="an epoch, which no release has"),
            pytest.param("2.0.0rc1", True, id="a candidate"),
            pytest.param("", False, id="nothing"),
            pytest.param("../1.0.0", False, id="a path"),
        ],
    )
    def test_the_form_takes_versions_and_channels_only(
        self, write: Write, load: Load, version: str, accepted: bool
    ) -> None:
        write("one.yaml", SPARK)
        param = load()["spark"].params.get_param("code_version")
        if accepted:
            assert param.resolve(version) == version
        else:
            with pytest.raises(Exception, match="does not match"):
                param.resolve(version)

    def test_a_dag_without_a_spark_job_has_its_own_params_only(self, write: Write, load: Load) -> None:
        write(
            "one.yaml",
            f"""
            plain:
              params: {{month: 3, year: {{type: integer, default: 2013, minimum: 2000}}, flat: {{a: 1}}}}
              tasks: {{one: {{operator: {EMPTY}}}}}
            """,
        )
        dag = load()["plain"]
        assert dict(dag.params) == {"month": 3, "year": 2013, "flat": {"a": 1}}
        assert schema(dag, "year") == {"type": "integer", "minimum": 2000, "default": 2013}

    @pytest.mark.parametrize(
        ("param", "said"),
        [
            pytest.param(
                "{type: integer, default: thirteen}",
                "'thirteen' is not of type 'integer'",
                id="of another type",
            ),
            pytest.param(
                "{default: 13, enum: [1, 2], type: integer}",
                "13 is not one of [1, 2]",
                id="not among the choices",
            ),
            pytest.param("{minimum: low, default: 13}", "'low'", id="with a schema that is none"),
            pytest.param("{type: integer, 1: 2}", "keywords must be strings", id="with a number for a key"),
        ],
    )
    def test_a_default_that_its_own_schema_refuses_is_a_problem_at_the_param(
        self, write: Write, load: Load, param: str, said: str
    ) -> None:
        write(
            "one.yaml", SPARK.replace("spark:", "good:") + SPARK + f"      params:\n        month: {param}\n"
        )
        loaded = load()
        assert loaded.keys() == {"good", "jobkit_problems"}
        shown = loaded["jobkit_problems"].doc_md
        assert re.search(rf"one\.yaml:10:12 spark\.params\.month: .*{re.escape(said)}", shown)

    def test_a_param_may_be_without_a_default(self, write: Write, load: Load) -> None:
        params = "{asked: {type: integer}, empty: {type: [integer, 'null'], default: null}}"
        write("one.yaml", SPARK + f"      params: {params}\n")
        assert {"asked", "empty"} <= load()["spark"].params.keys()


class TestSchedule:
    @pytest.mark.parametrize(
        ("schedule", "start", "end"),
        [
            pytest.param("0 6 * * *", "2026-01-01T06:00", "2026-01-02T06:00", id="cron"),
            pytest.param("@hourly", "2026-01-01T00:00", "2026-01-01T01:00", id="a preset"),
            pytest.param("@monthly", "2026-01-01T00:00", "2026-02-01T00:00", id="a long preset"),
        ],
    )
    def test_a_schedule_has_a_data_interval_that_is_not_empty_and_no_catchup(
        self, write: Write, load: Load, schedule: str, start: str, end: str
    ) -> None:
        import pendulum
        from airflow.timetables.base import TimeRestriction

        write("one.yaml", SCHEDULED.replace("SCHEDULE", schedule))
        dag = load()["scheduled"]
        assert isinstance(dag.timetable, CronDataIntervalTimetable)
        assert dag.catchup is False
        stored = restored(dag)
        assert stored.catchup is False
        restriction = TimeRestriction(pendulum.datetime(2026, 1, 1), None, True)
        info = stored.timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
        interval = info.data_interval
        assert (interval.start.isoformat()[:16], interval.end.isoformat()[:16]) == (start, end)

    def test_catchup_is_there_for_those_who_ask_for_it(self, write: Write, load: Load) -> None:
        write("one.yaml", SCHEDULED.replace("SCHEDULE", "@daily") + "      catchup: true\n")
        assert load()["scheduled"].catchup is True

    @pytest.mark.parametrize(
        ("schedule", "timetable"), [("@once", "OnceTimetable"), ("@continuous", "ContinuousTimetable")]
    )
    def test_presets_without_an_interval_are_airflows_own(
        self, write: Write, load: Load, schedule: str, timetable: str
    ) -> None:
        text = SCHEDULED.replace("SCHEDULE", schedule) + "      max_active_runs: 1\n"
        write("one.yaml", text)
        assert type(load()["scheduled"].timetable).__name__ == timetable

    def test_a_continuous_dag_with_more_runs_at_once_is_a_problem_and_no_broken_dag(
        self, write: Write, load: Load
    ) -> None:
        text = SCHEDULED.replace("SCHEDULE", "@continuous") + "      max_active_runs: 2\n"
        write("one.yaml", text + SPARK)
        loaded = load()
        assert loaded.keys() == {"spark", "jobkit_problems"}
        assert "scheduled: Airflow does not take this DAG" in loaded["jobkit_problems"].doc_md

    def test_a_dag_without_a_schedule_is_run_by_hand(self, write: Write, load: Load) -> None:
        write("one.yaml", SPARK)
        assert type(load()["spark"].timetable).__name__ == "NullTimetable"


class TestTasks:
    def test_edges_follow_the_dependencies(self, write: Write, load: Load) -> None:
        write(
            "one.yaml",
            f"""
            diamond:
              tasks:
                last: {{operator: {EMPTY}, dependencies: [left, right]}}
                left: {{operator: {EMPTY}, dependencies: [first]}}
                right: {{operator: {EMPTY}, dependencies: [first]}}
                first: {{spark_job: probe.report}}
            """,
        )
        dag = load()["diamond"]
        upstream = {task.task_id: task.upstream_task_ids for task in dag.tasks}
        assert upstream == {"first": set(), "left": {"first"}, "right": {"first"}, "last": {"left", "right"}}

    def test_defaults_and_limits_reach_dag_and_tasks(self, write: Write, load: Load) -> None:
        write(
            "one.yaml",
            f"""
            limited:
              description: Limits
              doc_md: "# Limits"
              tags: [a, b]
              max_active_runs: 2
              max_active_tasks: 3
              dagrun_timeout: 2h
              start_date: 2026-01-01
              end_date: 2026-12-31
              default_args: {{owner: data, retries: 2, retry_delay: 30s, timeout: 1h}}
              tasks:
                own: {{operator: {EMPTY}, retries: 0, timeout: 5m, trigger_rule: all_done, pool: spark}}
                default: {{spark_job: probe.report}}
            """,
        )
        dag = load()["limited"]
        assert (dag.description, dag.doc_md[:9], set(dag.tags)) == ("Limits", "# Limits\n", {"a", "b"})
        assert (dag.max_active_runs, dag.max_active_tasks) == (2, 3)
        assert dag.dagrun_timeout == dt.timedelta(hours=2)
        assert (dag.start_date.isoformat()[:10], dag.end_date.isoformat()[:10]) == (
            "2026-01-01",
            "2026-12-31",
        )
        own, default = dag.get_task("own"), dag.get_task("default")
        assert (own.retries, own.execution_timeout) == (0, dt.timedelta(minutes=5))
        assert (own.trigger_rule, own.pool) == ("all_done", "spark")
        assert (default.retries, default.execution_timeout) == (2, dt.timedelta(hours=1))
        assert (default.retry_delay, default.owner) == (dt.timedelta(seconds=30), "data")

    def test_a_spark_task_gets_its_job_arguments_version_options_and_settings(
        self, dags: Path, write: Write, load: Load
    ) -> None:
        write(
            "one.yaml",
            """
            spark:
              local: {master: "local[2]"}
              tasks:
                report:
                  spark_job: probe.report
                  args: {month: "{{ params.month }}", names: [a, b]}
                  code_version: "2.0.0"
                  local: {conf: {spark.driver.memory: 2g}}
            """,
        )
        task = load()["spark"].get_task("report")
        assert type(task).__name__ == "LocalSparkJobOperator"
        assert (task.spark_job, task.code_version) == ("probe.report", "2.0.0")
        assert task.job_args == {"month": "{{ params.month }}", "names": ["a", "b"]}
        assert (task.options.master, dict(task.options.conf)) == ("local[2]", {"spark.driver.memory": "2g"})
        assert task.settings.code_root == str(dags.parent / ".jobkit" / "code")


class TestOperators:
    def problem(self, write: Write, load: Load, task: str) -> str:
        """The one Problem of a DAG with this task in line 6, while a good DAG stays."""
        write("one.yaml", SPARK)
        write("two.yaml", f"\nbad:\n  tasks:\n    first: {{operator: {EMPTY}}}\n    one:\n      {task}\n")
        loaded = load()
        assert loaded.keys() == {"spark", "jobkit_problems"}
        shown = str(loaded["jobkit_problems"].doc_md)
        assert shown.count("dags/two.yaml:") == 1
        return shown

    def test_any_airflow_operator_gets_its_arguments(
        self, write: Write, load: Load, team_operators: Any
    ) -> None:
        write(
            "one.yaml",
            f"plain:\n  tasks: {{one: {{operator: {EMPTY}, doc_md: text, weight_rule: upstream}}}}\n",
        )
        task = load()["plain"].get_task("one")
        assert type(task).__name__ == "EmptyOperator"
        assert task.doc_md == "text"

    def test_an_argument_that_the_operator_does_not_take_is_a_problem_at_the_task(
        self, write: Write, load: Load
    ) -> None:
        shown = self.problem(write, load, f"{{operator: {EMPTY}, colour: red}}")
        assert "dags/two.yaml:6:" in shown
        assert "bad.tasks.one.colour: EmptyOperator has no argument 'colour'; correct its name" in shown
        assert "colour" in shown

    def test_an_operator_that_raises_when_it_is_made_is_a_problem(
        self, write: Write, load: Load, team_operators: Any
    ) -> None:
        shown = self.problem(write, load, "{operator: team_operators.FailingOperator, bucket: red}")
        assert "dags/two.yaml:5:5 bad.tasks.one: FailingOperator cannot be made: " in shown
        assert "no bucket red" in shown

    @pytest.mark.parametrize(
        ("class_path", "said"),
        [
            pytest.param("airflow.no_such_module.Operator", "No module named", id="a missing module"),
            pytest.param(f"{EMPTY}s", "has no attribute 'EmptyOperators'", id="a missing class"),
        ],
    )
    def test_what_is_not_there_is_a_problem_at_its_name(
        self, write: Write, load: Load, class_path: str, said: str
    ) -> None:
        shown = self.problem(write, load, f"operator: {class_path}")
        assert f"dags/two.yaml:6:17 bad.tasks.one.operator: no {class_path}: " in shown
        assert said in shown

    @pytest.mark.parametrize(
        "class_path",
        [
            pytest.param("airflow.settings.dispose_orm", id="a function of Airflow's"),
            pytest.param("airflow.exceptions.AirflowException", id="another class of Airflow's"),
            pytest.param("team_operators.a_function", id="a function of the team's"),
            pytest.param("team_operators.NotAnOperator", id="another class of the team's"),
            pytest.param("team_operators.made", id="a value"),
        ],
    )
    def test_what_is_no_operator_is_refused_and_not_called(
        self, write: Write, load: Load, team_operators: Any, class_path: str
    ) -> None:
        shown = self.problem(write, load, f"{{operator: {class_path}, dotted_path: os.system}}")
        assert f"bad.tasks.one.operator: {class_path} is no operator; name a class derived from" in shown
        assert team_operators.made == []

    def test_a_module_that_fails_while_it_is_imported_is_a_problem(
        self, write: Write, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "broken_operators.py").write_text("1 / 0\n")
        monkeypatch.syspath_prepend(tmp_path)
        shown = self.problem(write, load, "operator: broken_operators.Operator")
        assert "dags/two.yaml:6:17 bad.tasks.one.operator: broken_operators cannot be imported: " in shown
        assert "ZeroDivisionError: division by zero" in shown

    def test_a_dag_that_airflow_would_not_store_is_a_problem(
        self, write: Write, load: Load, team_operators: Any
    ) -> None:
        shown = self.problem(write, load, "operator: team_operators.UnstorableOperator")
        assert "the sql cannot be had" in shown


def test_every_dag_is_stored_and_read_again_by_this_airflow(write: Write, load: Load) -> None:
    write("one.yaml", SPARK)
    write("two.yaml", SCHEDULED.replace("SCHEDULE", "0 6 * * *"))
    write("three.yaml", "bad: {}\n")
    loaded = load()
    assert loaded.keys() == {"spark", "scheduled", "jobkit_problems"}
    for dag in loaded.values():
        stored = restored(dag)
        assert stored.dag_id == dag.dag_id
        assert [task.task_id for task in stored.tasks] == [task.task_id for task in dag.tasks]
        assert dict(stored.params) == dict(dag.params)
    task = restored(loaded["spark"]).get_task("report")
    assert set(task.template_fields) == {"job_args", "code_version", "notification_service_type"}

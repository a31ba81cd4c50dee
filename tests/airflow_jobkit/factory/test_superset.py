"""What files of dag-factory and MWAA Serverless say in words of their own, and what it becomes in Airflow.

`tests/dialects` holds whole files to dag-factory itself.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_jobkit._compat import Param, asset_class

Load = Callable[[], dict[str, Any]]
Write = Callable[[str, str], Path]

try:
    import airflow.providers.standard.operators.bash  # noqa: F401 - only whether it is there

    PROVIDER = "airflow.providers.standard"
    EXTERNAL = f"{PROVIDER}.sensors.external_task.ExternalTaskSensor"
except ImportError:  # Airflow 2
    PROVIDER = "airflow"
    EXTERNAL = "airflow.sensors.external_task.ExternalTaskSensor"
BASH = f"{PROVIDER}.operators.bash.BashOperator"
PYTHON = f"{PROVIDER}.operators.python.PythonOperator"


@pytest.fixture
def dag(write: Write, load: Load) -> Callable[[str], Any]:
    """The DAG `one` of a file with this text; a Problem fails the test with its text."""

    def build(text: str) -> Any:
        for word, path in (("BASH", BASH), ("PYTHON", PYTHON), ("EXTERNAL", EXTERNAL)):
            text = text.replace(word, path)
        write("one.yaml", text)
        loaded = load()
        assert "jobkit_problems" not in loaded, loaded["jobkit_problems"].doc_md
        return loaded["one"]

    return build


Dag = Callable[[str], Any]


def zone(dag: Any) -> str:
    """The time zone of a DAG's cron; each Airflow keeps it elsewhere."""
    timetable = dag.timetable
    return str(timetable.timezone if hasattr(timetable, "timezone") else timetable._timezone)  # noqa: SLF001


class TestWhenItRuns:
    def test_dates_and_cron_are_in_the_time_zone_of_the_dag(self, dag: Dag) -> None:
        one = dag("""
            one:
              timezone: Europe/Berlin
              start_date: 2026-01-01
              end_date: 2026-07-01T00:00:00+00:00
              schedule: "0 6 * * *"
              tasks: {a: {spark_job: probe.a}}
            """)
        assert one.start_date.astimezone(dt.timezone.utc) == dt.datetime(
            2025, 12, 31, 23, tzinfo=dt.timezone.utc
        )
        assert one.end_date.astimezone(dt.timezone.utc) == dt.datetime(2026, 7, 1, tzinfo=dt.timezone.utc)
        assert "Europe/Berlin" in zone(one)

    def test_the_time_zone_of_default_args_is_that_of_their_dates(self, dag: Dag) -> None:
        one = dag("""
            one:
              schedule: "@daily"
              default_args: {start_date: 2026-01-01, timezone: America/New_York}
              tasks: {a: {operator: BASH, bash_command: x}}
            """)
        start = one.get_task("a").start_date.astimezone(dt.timezone.utc)
        assert start == dt.datetime(2026, 1, 1, 5, tzinfo=dt.timezone.utc)
        assert "timezone" not in one.default_args
        assert "America/New_York" in zone(one)

    def test_dates_below_a_dag_are_in_its_time_zone(self, dag: Dag) -> None:
        one = dag("""
            one:
              timezone: Europe/Berlin
              schedule: "@daily"
              default_args: {start_date: 2026-01-01}
              task_groups:
                group:
                  default_args: {start_date: 2026-02-01}
                  tasks:
                    in_group: {operator: BASH, bash_command: x}
                own_zone:
                  default_args: {start_date: 2026-02-01, timezone: America/New_York}
                  tasks:
                    in_zone: {operator: BASH, bash_command: x}
              tasks:
                by_default: {operator: BASH, bash_command: x}
                own: {operator: BASH, bash_command: x, start_date: 2026-03-01, end_date: 2026-07-01T12:00:00}
                offset: {operator: BASH, bash_command: x, start_date: 2026-03-01T00:00:00Z}
                each: {for_each: [3, 7], operator: BASH, bash_command: x, start_date: "2026-0${item}-31"}
            """)
        starts = {task.task_id: task.start_date.astimezone(dt.timezone.utc) for task in one.tasks}
        assert {task: f"{start:%m-%d %H:%M}" for task, start in starts.items()} == {
            "by_default": "12-31 23:00",
            "group.in_group": "01-31 23:00",
            "own_zone.in_zone": "02-01 05:00",
            "own": "02-28 23:00",
            "offset": "03-01 00:00",
            "each.3": "03-30 22:00",
            "each.7": "07-30 22:00",
        }
        end = one.get_task("own").end_date
        assert end.astimezone(dt.timezone.utc) == dt.datetime(2026, 7, 1, 10, tzinfo=dt.timezone.utc)
        assert "Europe/Berlin" in str(one.timezone)

    def test_a_schedule_needs_no_start_date_without_catchup(self, dag: Dag) -> None:
        one = dag("""
            one:
              schedule: "0 6 * * *"
              tasks: {a: {operator: BASH, bash_command: x}}
            """)
        assert one.start_date == dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)

    def test_a_start_date_of_the_tasks_is_enough(self, dag: Dag) -> None:
        one = dag("""
            one:
              schedule: "0 6 * * *"
              catchup: true
              default_args: {start_date: 2026-03-01}
              tasks: {a: {operator: BASH, bash_command: x}}
            """)
        assert one.get_task("a").start_date == dt.datetime(2026, 3, 1, tzinfo=dt.timezone.utc)

    @pytest.mark.parametrize(
        ("schedule", "shown"),
        [
            ('{__type__: airflow.sdk.AssetAny, __args__: ["s3://a/a", "s3://b/b"]}', "AssetAny"),
            ('{__type__: airflow.sdk.AssetAll, __args__: ["s3://a/a", {__or__: ["s3://b/b"]}]}', "AssetAll"),
        ],
    )
    def test_conditions_on_assets_may_be_types(self, schedule: str, shown: str, dag: Dag) -> None:
        one = dag(f"one:\n  schedule: {schedule}\n  tasks: {{a: {{spark_job: probe.a}}}}\n")
        condition = getattr(one.timetable, "asset_condition", None) or one.timetable.dataset_condition
        assert type(condition).__name__ == asset_class(shown).__name__

    @pytest.mark.skipif(PROVIDER == "airflow", reason="Airflow 2 asks its database to store an alias")
    def test_an_alias_of_assets_stays_one(self, dag: Dag) -> None:
        one = dag("""
            one:
              tasks:
                a:
                  operator: BASH
                  bash_command: x
                  outlets:
                    - {__type__: airflow.sdk.AssetAlias, name: any}
                    - {__type__: airflow.sdk.Asset, __args__: ["s3://a/b"]}
            """)
        alias, asset = one.get_task("a").outlets
        assert (alias, asset) == (asset_class("AssetAlias")("any"), asset_class("Asset")("s3://a/b"))


class TestValues:
    def test_a_retry_may_follow_at_once(self, dag: Dag) -> None:
        one = dag("""
            one:
              default_args: {retries: 1, retry_delay: 0}
              tasks: {a: {operator: BASH, bash_command: x}, b: {spark_job: probe.b, retry_delay: 0s}}
            """)
        assert [task.retry_delay for task in one.tasks] == [dt.timedelta(), dt.timedelta()]

    def test_params_may_be_types(self, dag: Dag) -> None:
        one = dag("""
            one:
              params: {month: {__type__: airflow.models.param.Param, __args__: [3], type: integer}}
              tasks:
                a:
                  operator: BASH
                  bash_command: x
                  params: {day: {__type__: airflow.models.param.Param, default: 1, maximum: 31}}
            """)
        month = one.params.get_param("month")
        assert (type(month), month.value, month.schema) == (Param, 3, {"type": "integer"})
        assert one.get_task("a").params.get_param("day").schema == {"maximum": 31}

    def test_what_an_executor_is_told_may_hold_types(self, dag: Dag) -> None:
        one = dag("""
            one:
              tasks:
                a:
                  operator: BASH
                  bash_command: x
                  executor_config: {wait: {__type__: datetime.timedelta, minutes: 5}}
            """)
        assert one.get_task("a").executor_config == {"wait": dt.timedelta(minutes=5)}

    @pytest.mark.parametrize(
        ("value", "made"),
        [
            ("{__type__: builtins.set, __args__: [[a, b]]}", {"a", "b"}),
            ("{__type__: builtins.set, items: [a]}", {"a"}),
            ("{__type__: builtins.tuple, __args__: [[a, b]]}", ("a", "b")),
            (
                "{__type__: builtins.list, items: [a, {__type__: datetime.timedelta, days: 1}]}",
                ["a", dt.timedelta(1)],
            ),
        ],
    )
    def test_lists_sets_and_tuples_are_made_as_python_makes_them(
        self, value: str, made: object, dag: Dag, team_operators: Any
    ) -> None:
        one = dag(f"""
            one:
              tasks:
                a:
                  operator: PYTHON
                  python_callable: team_operators.a_function
                  op_kwargs: {{x: {value}}}
            """)
        assert one.get_task("a").op_kwargs == {"x": made}

    def test_a_set_of_what_cannot_be_in_one_is_a_problem(self, write: Write, load: Load) -> None:
        write(
            "one.yaml",
            f"one:\n  tasks: {{a: {{operator: {BASH}, bash_command: x, "
            "env: {y: {__type__: builtins.set, items: [[a]]}}}}\n",
        )
        assert "builtins.set cannot be made: TypeError" in load()["jobkit_problems"].doc_md

    @pytest.mark.parametrize(
        ("said", "hours"), [("1 hours", 1), ("2 days", 48), ("90 minutes", 1.5), ("1h", 1), (7200, 2)]
    )
    def test_spans_of_sensors_are_read_in_words(self, said: object, hours: float, dag: Dag) -> None:
        one = dag(f"""
            one:
              tasks:
                a: {{operator: EXTERNAL, external_dag_id: other, execution_delta: {said}}}
            """)
        assert one.get_task("a").execution_delta == dt.timedelta(hours=hours)

    def test_spans_of_all_instances_of_a_sensor_are_read_in_words(self, dag: Dag) -> None:
        one = dag("""
            one:
              tasks:
                a:
                  operator: EXTERNAL
                  partial: {external_dag_id: other, execution_delta: 90 minutes}
                  expand: {external_task_id: [x, y]}
            """)
        assert one.get_task("a").partial_kwargs["execution_delta"] == dt.timedelta(minutes=90)

    def test_texts_are_joined(self, dag: Dag) -> None:
        one = dag("""
            one:
              description: {__join__: [all the, " ", flights]}
              tasks: {a: {operator: BASH, bash_command: {__join__: ["echo ", 1, {__join__: [b, c]}]}}}
            """)
        assert (one.description, one.get_task("a").bash_command) == ("all the flights", "echo 1bc")

    def test_lists_may_be_types_where_a_key_asks_for_one(self, dag: Dag) -> None:
        one = dag("""
            one:
              tags: {__type__: builtins.list, items: [a, b]}
              tasks:
                a: {operator: BASH, bash_command: x}
                b: {operator: BASH, bash_command: x, dependencies: {__type__: builtins.list, items: [a]}}
            """)
        assert (set(one.tags), one.get_task("b").upstream_task_ids) == ({"a", "b"}, {"a"})

    def test_a_condition_on_texts_is_a_text(self, dag: Dag) -> None:
        one = dag("""
            one:
              tasks: {a: {operator: BASH, bash_command: {__and__: [a, {__or__: [b, c]}]}}}
            """)
        assert one.get_task("a").bash_command == "(a & (b | c))"

    def test_a_condition_on_anything_else_is_a_problem(self, write: Write, load: Load) -> None:
        write("one.yaml", f"one:\n  tasks: {{a: {{operator: {BASH}, bash_command: {{__and__: [1, 2]}}}}}}\n")
        write("good.yaml", "good:\n  tasks: {a: {spark_job: probe.a}}\n")
        loaded = load()
        assert "`__and__` cannot be made: TypeError" in loaded["jobkit_problems"].doc_md
        assert "good" in loaded

    def test_ids_may_stand_in_what_they_name(self, dag: Dag) -> None:
        one = dag("""
            one:
              dag_id: one
              task_groups: {g: {group_name: g}}
              tasks: {a: {task_id: a, spark_job: probe.a, task_group_name: g}}
            """)
        assert one.task_ids == ["g.a"]

    def test_a_key_without_a_value_is_left_as_it_is(self, dag: Dag) -> None:
        one = dag("""
            one:
              params:
              task_groups:
              on_failure_callback:
              user_defined_macros:
              default_args: {on_retry_callback: null}
              tasks:
                a: {operator: BASH, bash_command: x, outlets: null, inlets: null, params: null}
                b: {operator: BASH, bash_command: x, on_success_callback: null}
            """)
        assert (dict(one.params), one.get_task("a").outlets) == ({}, [])

    @pytest.mark.parametrize("rule", ["all_done", "all_done_min_one_success"])
    def test_a_trigger_rule_is_one_of_this_airflow_s(self, rule: str, write: Write, load: Load) -> None:
        write(
            "one.yaml", f"one:\n  tasks: {{a: {{operator: {BASH}, bash_command: x, trigger_rule: {rule}}}}}\n"
        )
        loaded = load()
        assert ("one" in loaded) != ("jobkit_problems" in loaded)


class TestTimeouts:
    """What `timeout` is to a sensor, and what to any other task."""

    @pytest.fixture
    def sensor(self, dag: Dag) -> Callable[[str, str], tuple[object, object]]:
        """The time-out and the limit of each try of a sensor in a group, with these keys of both."""

        def build(of_task: str, of_group: str) -> tuple[object, object]:
            one = dag(f"""
                one:
                  default_args: {{timeout: 15m}}
                  task_groups:
                    g:
                      default_args: {{{of_group}}}
                      tasks:
                        a:
                          operator: {PROVIDER}.sensors.bash.BashSensor
                          bash_command: x
                          {of_task}
                  tasks: {{b: {{operator: BASH, bash_command: x}}}}
                """)
            assert one.get_task("b").execution_timeout == dt.timedelta(minutes=15)
            task = one.get_task("g.a")
            return task.timeout, task.execution_timeout

        return build

    @pytest.mark.parametrize(
        ("of_task", "of_group", "expected"),
        [
            ("timeout: 60", "", (60, None)),
            ("timeout: 60.0", "", (60, None)),
            ("retries: 1", "", (900, None)),
            ("retries: 1", "timeout: 5m", (300, None)),
            ("retries: 1", "execution_timeout: 5m", (900, dt.timedelta(minutes=5))),
            ("execution_timeout: 2m", "timeout: 5m", (300, dt.timedelta(minutes=2))),
        ],
    )
    def test_a_sensor_takes_the_nearest_of_each_kind(
        self,
        of_task: str,
        of_group: str,
        expected: tuple[object, object],
        sensor: Callable[[str, str], tuple[object, object]],
    ) -> None:
        assert sensor(of_task, of_group) == expected

    def test_a_sensor_by_decorator_takes_it_too(self, dag: Dag, team_operators: Any) -> None:
        one = dag("""
            one:
              default_args: {timeout: 15m}
              tasks:
                a:
                  decorator: airflow.sdk.task.sensor
                  python_callable: team_operators.a_function
                  timeout: 60
            """)
        task = one.get_task("a")
        assert (task.timeout, task.execution_timeout) == (60, None)


class TestReferences:
    def test_a_file_s_name_is_no_reference(self, dag: Dag, team_operators: Any) -> None:
        one = dag("""
            one:
              tasks:
                a: {decorator: airflow.sdk.task, python_callable: team_operators.say, word: report.output}
                b: {operator: BASH, expand: {bash_command: ["report.output", ls]}}
            """)
        assert one.get_task("a").op_kwargs == {"word": "report.output"}
        assert one.get_task("b").upstream_task_ids == set()

    @pytest.mark.parametrize("written", ["first.output", "XcomArg(first)", "+first"])
    def test_what_a_task_is_expanded_over_may_be_one(self, written: str, dag: Dag) -> None:
        one = dag(f"""
            one:
              tasks:
                first: {{operator: BASH, bash_command: x}}
                second: {{operator: BASH, expand: {{bash_command: {written}}}}}
            """)
        assert one.get_task("second").upstream_task_ids == {"first"}

    def test_a_decorator_may_be_named_by_its_module(self, dag: Dag, team_operators: Any) -> None:
        one = dag("""
            one:
              tasks:
                a:
                  decorator: airflow.providers.standard.decorators.branch_python.branch_task
                  python_callable: team_operators.a_function
            """)
        assert type(one.get_task("a")).__name__ == "_BranchPythonDecoratedOperator"


class TestTemplates:
    def test_macros_and_filters_come_from_allowed_packages(self, dag: Dag, team_operators: Any) -> None:
        one = dag("""
            one:
              user_defined_macros:
                run: team_operators.a_function
                more: {run: team_operators.a_function, limit: 3}
              user_defined_filters: {run: team_operators.a_function}
              tasks: {a: {operator: BASH, bash_command: "{{ run() }}"}}
            """)
        run = team_operators.a_function
        assert one.user_defined_macros == {"run": run, "more": {"run": run, "limit": 3}}
        assert one.user_defined_filters == {"run": run}
        assert team_operators.made == []

    @pytest.mark.parametrize(
        ("kind", "data"),
        [
            pytest.param("application/json", '{"day": "{{ ds }}"}', id="JSON"),
            pytest.param("text/plain", {"day": "{{ ds }}"}, id="anything else"),
        ],
    )
    def test_the_body_of_a_request_is_what_its_headers_say(self, kind: str, data: object, dag: Dag) -> None:
        pytest.importorskip("airflow.providers.http")
        one = dag(f"""
            one:
              tasks:
                a:
                  operator: airflow.providers.http.operators.http.HttpOperator
                  headers: {{Content-Type: {kind}}}
                  data: {{day: "{{{{ ds }}}}"}}
            """)
        assert one.get_task("a").data == data
        assert not isinstance(data, str) or json.loads(data)


@pytest.mark.skipif(PROVIDER == "airflow", reason="Airflow 2 still has the old paths")
@pytest.mark.parametrize(
    ("old", "now"),
    [
        ("airflow.operators.bash_operator.BashOperator", f"{PROVIDER}.operators.bash.BashOperator"),
        ("airflow.operators.python_operator.PythonOperator", f"{PROVIDER}.operators.python.PythonOperator"),
        ("airflow.operators.dummy_operator.DummyOperator", f"{PROVIDER}.operators.empty.EmptyOperator"),
        (
            "airflow.operators.dagrun_operator.TriggerDagRunOperator",
            f"{PROVIDER}.operators.trigger_dagrun.TriggerDagRunOperator",
        ),
        (
            "airflow.sensors.external_task_sensor.ExternalTaskSensor",
            f"{PROVIDER}.sensors.external_task.ExternalTaskSensor",
        ),
    ],
)
def test_an_operator_of_an_older_airflow_is_told_where_it_is_now(
    old: str, now: str, write: Write, load: Load
) -> None:
    write("one.yaml", f"one:\n  tasks: {{a: {{operator: {old}}}}}\n")
    assert f"; write {now}" in load()["jobkit_problems"].doc_md


def test_an_operator_that_never_was_stays_without_a_guess(write: Write, load: Load) -> None:
    write("one.yaml", "one:\n  tasks: {a: {operator: airflow.operators.nothing_operator.NoOperator}}\n")
    assert "correct the path, or install the provider it comes from" in load()["jobkit_problems"].doc_md

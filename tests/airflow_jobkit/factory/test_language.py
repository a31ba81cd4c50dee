"""What the language becomes in Airflow: groups, mapping, fan-outs, templates, layers, functions."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from airflow_jobkit._compat import asset_class

Load = Callable[[], dict[str, Any]]
Write = Callable[[str, str], Path]

try:
    import airflow.providers.standard.operators.bash  # noqa: F401 - only whether it is there

    BASH = "airflow.providers.standard.operators.bash.BashOperator"
    PYTHON = "airflow.providers.standard.operators.python.PythonOperator"
    SENSOR = "airflow.providers.standard.sensors.time_delta.TimeDeltaSensor"
except ImportError:  # Airflow 2
    BASH = "airflow.operators.bash.BashOperator"
    PYTHON = "airflow.operators.python.PythonOperator"
    SENSOR = "airflow.sensors.time_delta.TimeDeltaSensor"

TEAM = """
    from airflow_jobkit._compat import BaseNotifier

    def numbers():
        return [1, 2, 3]

    def double(number, factor=2):
        return number * factor

    def tell(context, channel=None):
        return channel

    class Pager(BaseNotifier):
        def __init__(self, *, channel):
            super().__init__()
            self.channel = channel

        def notify(self, context):
            pass
"""

PROJECT = """
    project: probe
    code: {version: "1.0.0"}
    operators: {allow: [team_functions.]}
    variables: {env: [REGION]}
    defaults: {tags: [ours], default_args: {owner: platform, retries: 1}}
    environments:
      local: {defaults: {default_args: {retries: 2}}}
"""


@pytest.fixture(autouse=True)
def team_functions(dags: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The module `team_functions`, which the project allows."""
    (dags / "jobkit.yaml").write_text(dedent(PROJECT))
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "team_functions.py").write_text(dedent(TEAM))
    monkeypatch.syspath_prepend(tmp_path / "team")
    yield
    sys.modules.pop("team_functions", None)


@pytest.fixture
def dag(write: Write, load: Load) -> Callable[[str], Any]:
    """The DAG `one` of a file with this text; a Problem fails the test with its text."""

    def build(text: str) -> Any:
        write("one.yaml", text.replace("BASH", BASH).replace("PYTHON", PYTHON).replace("SENSOR", SENSOR))
        loaded = load()
        assert "jobkit_problems" not in loaded, loaded["jobkit_problems"].doc_md
        return loaded["one"]

    return build


@pytest.fixture
def problems(write: Write, load: Load) -> Callable[[str], str]:
    """What is wrong with a file with this text."""

    def build(text: str) -> str:
        write("one.yaml", text.replace("BASH", BASH).replace("PYTHON", PYTHON))
        return str(load()["jobkit_problems"].doc_md)

    return build


Dag = Callable[[str], Any]
Problems = Callable[[str], str]


def edges(dag: Any) -> set[tuple[str, str]]:
    return {(up, task.task_id) for task in dag.tasks for up in task.upstream_task_ids}


def is_mapped(node: Any) -> bool:
    return "Mapped" in type(node).__name__


class TestGroups:
    def test_groups_nest_and_put_their_ids_in_front(self, dag: Dag) -> None:
        one = dag("""
            one:
              task_groups:
                outer:
                  tooltip: the whole
                  tasks:
                    first: {operator: BASH, bash_command: "true"}
                  task_groups:
                    inner:
                      dependencies: [first]
                      tasks:
                        second: {operator: BASH, bash_command: "true"}
              tasks:
                last: {operator: BASH, bash_command: "true", dependencies: [outer]}
            """)
        assert {task.task_id for task in one.tasks} == {"outer.first", "outer.inner.second", "last"}
        assert ("outer.first", "outer.inner.second") in edges(one)
        assert one.get_task("last").upstream_task_ids == {"outer.inner.second"}
        assert one.task_group.children["outer"].tooltip == "the whole"

    def test_other_factories_name_a_tasks_group_and_a_groups_parent(self, dag: Dag) -> None:
        one = dag("""
            one:
              task_groups:
                inner: {parent_group_name: outer}
                outer: {}
              tasks:
                a: {operator: BASH, bash_command: "true", task_group_name: inner}
                b: {operator: BASH, bash_command: "true", dependencies: [a], task_group_name: outer}
            """)
        assert edges(one) == {("outer.inner.a", "outer.b")}

    def test_tasks_and_groups_may_be_lists(self, dag: Dag) -> None:
        one = dag("""
            one:
              task_groups: [{group_name: g}]
              tasks:
                - {task_id: a, operator: BASH, bash_command: "true", task_group_name: g}
                - {task_id: b, operator: BASH, bash_command: "true", dependencies: [g]}
            """)
        assert edges(one) == {("g.a", "b")}

    def test_a_group_has_defaults_of_its_tasks(self, dag: Dag) -> None:
        one = dag("""
            one:
              task_groups:
                g:
                  default_args: {retries: 7}
                  tasks: {a: {operator: BASH, bash_command: "true"}}
            """)
        assert one.get_task("g.a").retries == 7

    def test_a_mapped_group_gives_its_value_to_its_tasks(self, dag: Dag) -> None:
        one = dag("""
            one:
              task_groups:
                months:
                  expand: {month: [1, 2, 3]}
                  tasks:
                    count: {operator: BASH, bash_command: "echo", env: {MONTH: "+months.month"}}
                    tell: {operator: BASH, bash_command: "true", dependencies: [count]}
            """)
        assert edges(one) == {("months.count", "months.tell")}
        assert is_mapped(one.task_group.children["months"])
        assert type(one.get_task("months.count").env["MONTH"]).__name__ == "MappedArgument"

    def test_a_mapped_group_leaves_other_texts_of_operators_as_they_are(self, dag: Dag) -> None:
        one = dag("""
            one:
              task_groups:
                months:
                  expand: {month: [1, 2, 3]}
                  tasks: {count: {operator: BASH, bash_command: "+tell", env: {MONTH: "+months.month"}}}
              tasks:
                tell: {operator: BASH, bash_command: "+x", env: {A: "+count"}}
            """)
        assert one.get_task("months.count").bash_command == "+tell"
        assert (one.get_task("tell").bash_command, one.get_task("tell").env) == ("+x", {"A": "+count"})
        assert edges(one) == set()

    def test_a_value_that_a_mapped_group_does_not_give_is_told(self, problems: Problems) -> None:
        said = problems("""
            one:
              task_groups:
                months:
                  expand: {month: [1, 2, 3]}
                  tasks:
                    count: {operator: BASH, bash_command: "+months.mnth"}
            """)
        assert "one.task_groups.months.tasks.count.bash_command: no task 'months.mnth' in this DAG" in said

    def test_a_mapped_group_gives_what_a_task_returns_to_all_its_instances(self, dag: Dag) -> None:
        one = dag("""
            one:
              task_groups:
                months:
                  expand: {month: [1, 2, 3]}
                  partial: {year: +year}
                  tasks: {count: {operator: BASH, bash_command: "+months.year"}}
              tasks:
                year: {operator: PYTHON, python_callable: team_functions.numbers}
            """)
        assert edges(one) == {("year", "months.count")}

    def test_a_cycle_through_a_group_is_named(self, problems: Problems) -> None:
        said = problems("""
            one:
              task_groups:
                g:
                  dependencies: [last]
                  tasks: {a: {operator: BASH, bash_command: "true"}}
              tasks:
                last: {operator: BASH, bash_command: "true", dependencies: [g]}
            """)
        assert "the tasks wait for each other: " in said

    @pytest.mark.parametrize(
        ("outer", "inner", "group", "task"),
        [
            pytest.param("true", "true", "outer.inner", "outer.inner.one", id="both put their ids in front"),
            pytest.param("true", "false", "outer.inner", "one", id="the inner one does not"),
            pytest.param("false", "true", "inner", "inner.one", id="the outer one does not"),
            pytest.param("false", "false", "inner", "one", id="neither does"),
        ],
    )
    def test_the_group_around_it_decides_whether_its_id_stands_in_front(
        self, write: Write, load: Load, outer: str, inner: str, group: str, task: str
    ) -> None:
        """As Airflow has it, whose ids these must be: dependencies and references find them by these."""
        write(
            "probe.yaml",
            f"""
            probe:
              task_groups:
                outer:
                  prefix_group_id: {outer}
                  task_groups:
                    inner:
                      prefix_group_id: {inner}
                      tasks: {{one: {{operator: {BASH}, bash_command: "1"}}}}
              tasks:
                last: {{operator: {BASH}, bash_command: "1", dependencies: [{group}, {task}]}}
            """,
        )
        dag = load()["probe"]
        assert set(dag.task_group.get_task_group_dict()) == {None, "outer", group}
        assert set(dag.task_dict) == {task, "last"}
        assert dag.task_dict["last"].upstream_task_ids == {task}


class TestMapping:
    def test_a_task_is_mapped_over_a_list(self, dag: Dag) -> None:
        one = dag("""
            one:
              tasks:
                a: {operator: BASH, partial: {env: {A: "1"}}, expand: {bash_command: [ls, pwd]}}
            """)
        mapped = one.get_task("a")
        assert is_mapped(mapped)
        assert mapped.partial_kwargs["env"] == {"A": "1"}

    def test_what_is_the_same_for_all_instances_may_be_what_another_task_returns(self, dag: Dag) -> None:
        one = dag("""
            one:
              tasks:
                numbers: {operator: PYTHON, python_callable: team_functions.numbers}
                a: {operator: BASH, partial: {env: {A: +numbers}}, expand: {bash_command: [ls, pwd]}}
            """)
        assert edges(one) == {("numbers", "a")}

    def test_what_is_the_same_for_all_instances_may_be_a_function(self, dag: Dag) -> None:
        one = dag("""
            one:
              tasks:
                a:
                  operator: PYTHON
                  partial: {python_callable: team_functions.double}
                  expand: {op_args: [[1], [2]]}
            """)
        assert one.get_task("a").partial_kwargs["python_callable"].__name__ == "double"

    def test_a_function_for_all_instances_is_held_to_the_allowed_packages(self, problems: Problems) -> None:
        said = problems("""
            one:
              tasks:
                a: {operator: PYTHON, partial: {python_callable: os.system}, expand: {op_args: [[1]]}}
            """)
        assert "one.tasks.a.partial.python_callable: os.system is not allowed" in said

    def test_what_is_the_same_for_all_calls_of_a_function_may_have_a_type(self, dag: Dag) -> None:
        one = dag("""
            one:
              tasks:
                a:
                  decorator: airflow.decorators.task
                  python_callable: team_functions.double
                  expand: {factor: [1, 2]}
                  partial: {number: {__type__: datetime.timedelta, days: 1}}
            """)
        assert one.get_task("a").partial_kwargs["op_kwargs"]["number"] == dt.timedelta(days=1)

    @pytest.mark.parametrize("reference", ['"+numbers"', "numbers.output", "XcomArg(numbers)"])
    def test_a_task_is_mapped_over_what_another_returns(self, dag: Dag, reference: str) -> None:
        one = dag(f"""
            one:
              tasks:
                double: {{operator: BASH, expand: {{bash_command: {reference}}}}}
                numbers: {{operator: PYTHON, python_callable: team_functions.numbers}}
            """)
        assert edges(one) == {("numbers", "double")}

    def test_a_spark_job_is_mapped_over_its_arguments(self, dag: Dag) -> None:
        one = dag("""
            one:
              tasks:
                clean: {spark_job: probe.clean, expand: {job_args: [{month: 1}, {month: 2}]}}
            """)
        assert is_mapped(one.get_task("clean"))

    def test_a_static_fan_out_is_a_group_with_a_task_for_each_item(self, dag: Dag) -> None:
        one = dag("""
            one:
              tasks:
                start: {operator: BASH, bash_command: "true"}
                load:
                  for_each: {jfk: {runways: 4}, lga: {runways: 2}}
                  operator: BASH
                  bash_command: "load ${key} ${item.runways} $${key} ${HOME}"
                  env: {RUNWAYS: "${item.runways}"}
                  dependencies: [start]
                done: {operator: BASH, bash_command: "true", dependencies: [load]}
            """)
        assert edges(one) == {
            *(("start", f"load.{airport}") for airport in ("jfk", "lga")),
            *((f"load.{airport}", "done") for airport in ("jfk", "lga")),
        }
        assert one.get_task("load.jfk").bash_command == "load jfk 4 ${key} ${HOME}"
        assert one.get_task("load.lga").env == {"RUNWAYS": 2}


class TestFunctions:
    def test_a_decorator_calls_a_function_with_the_results_of_others(self, dag: Dag) -> None:
        one = dag("""
            one:
              tasks:
                numbers: {decorator: airflow.sdk.task, python_callable: team_functions.numbers}
                double:
                  decorator: airflow.decorators.task
                  python_callable: team_functions.double
                  number: +numbers
                  retries: 5
                each:
                  decorator: airflow.sdk.task
                  python_callable: team_functions.double
                  partial: {factor: 3}
                  expand: {number: +numbers}
            """)
        assert edges(one) == {("numbers", "double"), ("numbers", "each")}
        assert one.get_task("double").retries == 5
        assert is_mapped(one.get_task("each"))

    def test_callbacks_are_functions_or_notifiers(self, dag: Dag) -> None:
        one = dag("""
            one:
              on_failure_callback: {callback: team_functions.Pager, channel: night}
              tasks:
                a:
                  operator: BASH
                  bash_command: "true"
                  on_failure_callback:
                    - team_functions.tell
                    - {callback: team_functions.tell, channel: day}
            """)
        assert one.on_failure_callback.channel == "night"
        plain, given = one.get_task("a").on_failure_callback
        assert (plain({}), given({})) == (None, "day")

    @pytest.mark.parametrize(
        ("task", "said"),
        [
            ("{operator: PYTHON, python_callable: os.system}", "os.system is not allowed"),
            (
                "{operator: PYTHON, python_callable: airflow.utils.module_loading.import_string}",
                "airflow.utils.module_loading.import_string is no function to call here|no airflow.utils",
            ),
            ("{operator: BASH, bash_command: x, on_success_callback: os.system}", "os.system is not allowed"),
            (
                "{operator: BASH, bash_command: x, env: {__type__: os.system, command: ls}}",
                "no safe type: 'os.system'",
            ),
            ("{operator: BASH, bash_comand: x}", "did you mean bash_command?"),
            ("{operator: BASH, expand: {bash_comand: [x]}}", "BashOperator has no argument 'bash_comand'"),
            ("{decorator: os.task, python_callable: team_functions.double}", "not one of Airflow's task dec"),
            (
                "{decorator: airflow.sdk.task, python_callable: team_functions.nobody}",
                "no team_functions.nobody",
            ),
        ],
    )
    def test_what_is_not_safe_or_not_there_is_a_problem(
        self, problems: Problems, task: str, said: str
    ) -> None:
        shown = problems(f"one:\n  tasks:\n    a: {task}\n")
        assert any(part in shown for part in said.split("|"))


class TestValues:
    def test_typed_values_are_made(self, dag: Dag) -> None:
        one = dag("""
            one:
              tasks:
                wait:
                  operator: SENSOR
                  delta: {__type__: datetime.timedelta, minutes: 5}
                  timeout: 600
                  retry_delay: {__type__: datetime.timedelta, __args__: [0, 90]}
            """)
        task = one.get_task("wait")
        assert (task.delta, task.timeout, task.execution_timeout) == (dt.timedelta(minutes=5), 600, None)
        assert task.retry_delay == dt.timedelta(seconds=90)

    def test_assets_are_read_written_and_waited_for(self, dag: Dag) -> None:
        one = dag("""
            one:
              schedule: ["s3://bucket/raw"]
              tasks:
                a: {operator: BASH, bash_command: "true", outlets: ["s3://bucket/clean"]}
                b: {spark_job: probe.b, inlets: [{uri: "s3://bucket/clean"}], outlets: ["s3://bucket/b"]}
            """)
        made = asset_class("Asset")
        assert [type(asset) for asset in one.get_task("a").outlets] == [made]
        assert [asset.uri for asset in one.get_task("b").outlets] == ["s3://bucket/b"]

    @pytest.mark.parametrize(
        ("schedule", "timetable"),
        [
            ("30m", "DeltaDataIntervalTimetable|DeltaTriggerTimetable"),
            (
                "{__type__: airflow.timetables.trigger.CronTriggerTimetable, cron: '@daily', timezone: UTC}",
                "CronTriggerTimetable",
            ),
            ("{__or__: ['s3://b/a', 's3://b/c']}", "AssetTriggeredTimetable|DatasetTriggeredTimetable"),
            (
                "{assets: ['s3://b/a'], timetable: '0 6 * * *'}",
                "AssetOrTimeSchedule|DatasetOrTimeSchedule",
            ),
        ],
    )
    def test_a_schedule_in_each_form(self, dag: Dag, schedule: str, timetable: str) -> None:
        one = dag(f"""
            one:
              schedule: {schedule}
              start_date: 2026-01-01
              tasks: {{a: {{operator: BASH, bash_command: "true"}}}}
            """)
        assert type(one.timetable).__name__ in timetable.split("|")


class TestLayers:
    def test_each_layer_goes_over_the_one_before(self, dags: Path, dag: Dag) -> None:
        (dags / "defaults.yaml").write_text("default_args: {queue: folder, retries: 3}\n")
        one = dag("""
            default:
              default_args: {retries: 4, pool: file}
            one:
              default_args: {pool: dag}
              tasks: {a: {operator: BASH, bash_command: "true", queue: task}}
            """)
        task = one.get_task("a")
        assert (task.owner, task.retries, task.pool, task.queue) == ("platform", 4, "dag", "task")
        assert set(one.tags) == {"ours"}

    def test_defaults_of_folders_are_inherited_down_the_tree(self, dags: Path, load: Load) -> None:
        (dags / "team").mkdir()
        (dags / "defaults.yaml").write_text("default_args: {retries: 3, owner: all}\n")
        (dags / "team" / "defaults.yml").write_text("default_args: {owner: team}\n")
        (dags / "team" / "one.yaml").write_text(
            f"one:\n  tasks: {{a: {{operator: {BASH}, bash_command: ls}}}}\n"
        )
        task = load()["one"].get_task("a")
        assert (task.owner, task.retries) == ("team", 3)

    def test_a_mistake_is_told_in_the_layer_that_has_it(self, dags: Path, problems: Problems) -> None:
        (dags / "defaults.yaml").write_text("default_args:\n  retires: 3\n")
        said = problems('one:\n  tasks: {a: {operator: BASH, bash_command: "true"}}\n')
        assert "dags/defaults.yaml:2:3 default_args.retires: unknown key; did you mean retries?" in said
        assert said.count("retires:") == 2  # the headline, and the line that it quotes

    def test_templates_are_extended_and_their_mistakes_told_there(self, dag: Dag, problems: Problems) -> None:
        text = """
            one:
              task_templates:
                base: {operator: BASH, retries: 9, env: {A: "1", B: "1"}}
                more: {extends: base, env: {B: "2"}}
              tasks:
                a: {extends: more, bash_command: ls, env: {C: "3"}}
            """
        task = dag(text).get_task("a")
        assert (task.retries, task.env) == (9, {"A": "1", "B": "2", "C": "3"})
        said = problems(text.replace("retries: 9", "retries: nine"))
        assert re.search(r"dags/one\.yaml:4:\d+ one\.task_templates\.base\.retries: ", said)

    def test_variables_are_filled_in_where_the_project_allows_them(
        self, dag: Dag, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REGION", "eu-west-1")
        one = dag("""
            one:
              description: "${jobkit:project} in ${jobkit:environment}, $${env:REGION}"
              tasks: {a: {operator: BASH, bash_command: "echo ${env:REGION} ${REGION} {{ ds }}"}}
            """)
        assert one.description == "probe in local, ${env:REGION}"
        assert one.get_task("a").bash_command == "echo eu-west-1 ${REGION} {{ ds }}"

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            ("${env:HOME}", "the environment variable HOME is not allowed"),
            ("${env:REGION}", "the environment variable REGION is not set"),
            ("${jobkit:projct}", "did you mean project?"),
            ("$HOME/x", "$HOME is not expanded here; write ${env:HOME}"),
        ],
    )
    def test_a_variable_that_cannot_be_had_is_a_problem(
        self, problems: Problems, monkeypatch: pytest.MonkeyPatch, value: str, said: str
    ) -> None:
        monkeypatch.delenv("REGION", raising=False)
        text = f'one:\n  description: "{value}"\n  tasks: {{a: {{operator: BASH, bash_command: ls}}}}\n'
        shown = problems(text)
        assert "dags/one.yaml:2:16 one.description: " in shown
        assert said in shown

"""Files of dag-factory and MWAA Serverless: what loads stays, what changes keeps its layout and comments."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_jobkit.converting.carried import Conversion
from airflow_jobkit.converting.files import convert_file
from airflow_jobkit.converting.yaml.edits import Text
from airflow_jobkit.converting.yaml.nodes import owners, root_of
from airflow_jobkit.converting.yaml.task_rules import edits_of_task
from airflow_jobkit.converting.yaml.told import Told
from airflow_jobkit.converting.yaml_source import convert_yaml
from airflow_jobkit.problems import Problem

CASES = Path(__file__).parents[2] / "cases"
YAML = CASES / "convert" / "yaml"
GOOD = [
    path
    for path in sorted((CASES / "good").glob("*.yaml"))
    if path.name != "jobkit.yaml" and ".render" not in path.name
]
TIMETABLE = "{callable: airflow.timetables.trigger.CronTriggerTimetable, params: {cron: 0 3 * * *}}"
BASH = "airflow.providers.standard.operators.bash.BashOperator"


def convert(text: str) -> Conversion:
    return convert_yaml("dags/a.yaml", dedent(text).replace("BASH", BASH), Path("dags/a.yaml"))


def task(keys: str) -> Conversion:
    """A DAG with one task that has these keys."""
    return convert(f"a:\n  tasks:\n    t:\n      operator: BASH\n      bash_command: ls\n{keys}")


@pytest.mark.parametrize("file", GOOD, ids=lambda path: path.stem)
def test_a_file_that_loads_stays_byte_for_byte(file: Path) -> None:
    conversion = convert_file(file)
    assert conversion.unchanged
    assert conversion.text is not None
    assert conversion.text.encode() == file.read_bytes()
    assert conversion.left == ()


@pytest.mark.parametrize("file", sorted(YAML.glob("*.y*ml")), ids=lambda path: path.name)
def test_what_was_converted_stays_as_it_is(file: Path) -> None:
    once = convert_file(file).text
    assert once is not None
    again = convert_yaml(file.name, once, file)
    assert again.text == once
    assert again.unchanged


@pytest.mark.parametrize("name", ["dag_factory.yml", "mwaa_serverless.yaml", "tags_and_joins.yml"])
def test_no_comment_is_lost(name: str) -> None:
    before = (YAML / name).read_text()
    after = convert_file(YAML / name).text
    assert after is not None
    comments = [line.partition("#")[2].strip() for line in before.splitlines() if "#" in line]
    assert [comment for comment in comments if comment not in after] == []


def test_a_comment_of_a_key_that_goes_stays() -> None:
    conversion = convert("""\
        a:
          dag_id: a  # as the team calls it
          tasks: {t: {operator: BASH, bash_command: ls}}
        """)
    assert conversion.text is not None
    assert conversion.text.splitlines()[1] == "  # as the team calls it"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("retry_delay_sec: 300", "retry_delay: 300", id="a time in seconds"),
        pytest.param("execution_timeout_secs: 60", "execution_timeout: 60", id="a time-out"),
        pytest.param("dependencies: u", "dependencies: [u]", id="one dependency"),
        pytest.param("trigger_rule: dummy", "trigger_rule: always", id="a rule of Airflow 1"),
        pytest.param("depends_on_past: no", "depends_on_past: false", id="an old boolean"),
        pytest.param("cwd: $HOME/$SUB", "cwd: ${env:HOME}/${env:SUB}", id="variables"),
        pytest.param("cwd: [$A, s3://$B/a]", 'cwd: ["${env:A}", "s3://${env:B}/a"]', id="in brackets"),
        pytest.param("bash_command2: $HOME", "bash_command2: ${env:HOME}", id="a variable elsewhere"),
        pytest.param("sql: select $ONE", "sql: select $ONE", id="what is for another program"),
        pytest.param(
            "execution_delta: 2 days",
            "execution_delta: {__type__: datetime.timedelta, days: 2}",
            id="a delta in words",
        ),
        pytest.param(
            "execution_delta_secs: 60",
            "execution_delta: {__type__: datetime.timedelta, seconds: 60}",
            id="a delta in seconds",
        ),
        pytest.param("on_failure_callback: a.b", "on_failure_callback: a.b", id="what loads"),
    ],
)
def test_a_key_of_a_task_becomes_ours(before: str, after: str) -> None:
    conversion = task(f"      {before}\n    u: {{operator: {BASH}, bash_command: ls}}\n")
    assert conversion.text is not None
    assert conversion.text.splitlines()[5] == f"      {after}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param('schedule_interval: "@daily"', 'schedule: "@daily"', id="schedule"),
        pytest.param("dagrun_timeout_sec: 60", "dagrun_timeout: 60", id="time-out"),
        pytest.param(
            f"timetable: {TIMETABLE}",
            f"schedule:\n    timetable: {TIMETABLE}",
            id="timetable",
        ),
        pytest.param("retries: 2", "default_args:\n    retries: 2", id="a key of tasks"),
    ],
)
def test_a_key_of_a_dag_becomes_ours(before: str, after: str) -> None:
    text = f"a:\n  start_date: 2026-01-01\n  {before}\n  tasks: {{t: {{operator: BASH, bash_command: ls}}}}\n"
    conversion = convert(text)
    assert conversion.left == ()
    assert f"\n  {after}\n" in (conversion.text or "")


def test_what_may_be_a_variable_stays_in_a_file_that_loads_and_is_noted() -> None:
    conversion = task("      skip_on_exit_code: costs $USD a day\n      env: {A: about $B}\n")
    assert conversion.unchanged
    assert [note.partition(" stays")[0] for note in conversion.notes] == ["$USD", "$B"]


@pytest.mark.parametrize(
    "place", [pytest.param((4, 29), id="of the file"), pytest.param((5, 7), id="of the name")]
)
@pytest.mark.parametrize(
    ("file", "path"),
    [
        pytest.param("/usr/local/airflow/dags/team/clean.py", "team.clean.clean", id="in dags"),
        pytest.param("$AIRFLOW_HOME/plugins/clean.py", "clean.clean", id="in plugins"),
        pytest.param("/usr/local/airflow/include/clean.py", "include.clean.clean", id="in include"),
        pytest.param("$CONFIG_ROOT_DIR/clean.py", None, id="nobody knows where"),
        pytest.param("/dags/a-b/clean.py", None, id="in what is no package"),
    ],
)
def test_a_function_of_a_file_that_is_not_taken_is_named_by_its_import_path(
    file: str, path: str | None, place: tuple[int, int]
) -> None:
    """Whether our loader takes such files itself is its own business."""
    text = f"a:\n  tasks:\n    t:\n      python_callable_file: {file}\n      python_callable_name: clean\n"
    (owner,) = (one for one in owners(text, root_of(text)) if one.kind == "task")
    told = Told({place: Problem("a.yaml", *place, "", "not known here", "", "elsewhere")}, loads=False)
    edited = Text.first(text).edited(edits_of_task(owner, told)).text
    own = "".join(text.splitlines(keepends=True)[3:]) if path is None else f"      python_callable: {path}\n"
    assert edited == f"a:\n  tasks:\n    t:\n{own}"
    assert bool(told.notes) is (path is not None)


def test_more_is_mended_than_is_ever_shown_and_soon() -> None:
    keys = "retry_delay_sec: 60, sla_secs: 5, cwd: $HOME, dependencies: []"
    tasks = "".join(f"    t{n}: {{operator: {BASH}, bash_command: ls, {keys}}}\n" for n in range(1500))
    start = time.process_time()
    conversion = convert(f"a:\n  tasks:\n{tasks}")
    assert time.process_time() - start < 20
    assert {problem.message for problem in conversion.left} == {"an SLA"}
    assert len(conversion.left) == 1500
    assert (conversion.text or "").count('cwd: "${env:HOME}"') == 1500


def test_problems_have_the_places_of_the_file_that_was_read() -> None:
    conversion = convert("""\
        a:
          dag_id: a
          tasks:
            t:
              task_id: t
              operator: BASH
              bash_command: ls
              dependencies: [nobody]
        """)
    (problem,) = conversion.left
    assert (problem.line, problem.column) == (8, 22)
    assert problem.source == "      dependencies: [nobody]"


def test_lines_that_end_as_in_windows_do_so_afterwards() -> None:
    text = """\
        a:
          schedule_interval: "@daily"
          sla_miss_callback: team.tell
          email_on_retry: false
          tasks:
            t: {operator: BASH, bash_command: ls}
        """
    made = convert(text.replace("\n", "\r\n")).text
    assert made is not None
    assert made.replace("\r\n", "\n") == convert(text).text
    assert made.count("\n") == made.count("\r\n")


def test_the_line_behind_one_that_goes_keeps_its_place() -> None:
    conversion = convert("""\
        a:
          dag_id: a
          schedule: every day
          tasks:
            t: {operator: BASH, bash_command: ls}
        """)
    (problem,) = conversion.left
    assert (problem.line, problem.column) == (3, 13)
    assert problem.source == "  schedule: every day"


def test_a_converted_file_builds(
    yaml_dags: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAW_BUCKET", "s3-bucket")
    text = convert_file(YAML / "mwaa_serverless.yaml").text
    assert text is not None
    (dag,) = yaml_dags(text).values()
    assert {task.task_id: task.upstream_task_ids for task in dag.tasks} == {
        "list_objects": set(),
        "wait": {"list_objects"},
        "clean": {"wait"},
        "delete": {"list_objects", "clean"},
    }
    assert dag.get_task("list_objects").bucket == "s3-bucket"
    assert type(dag.get_task("clean")).__name__ == "GlueJobOperator"
    assert dag.get_task("clean").retry_delay.total_seconds() == 60
    assert dag.get_task("wait").timeout == 604800


TOKENS = st.sampled_from(
    [
        *(
            "[",
            "]",
            "{",
            "}",
            ": ",
            "- ",
            "&a ",
            "*a",
            "<<: *a",
            "!and ",
            "!join [a, b]",
            "#",
            "'",
            '"',
            "\t",
        ),
        *(
            "$HOME",
            "${X}",
            "$",
            "${env:",
            "no",
            "\n",
            "\n  ",
            "retries: 1",
            "dag_id: x",
            "task_id: y",
            "\u2028",
        ),
        *("schedule_interval: x", "timetable: {}", "__join__: [a]", "default_args:", "sla: 1", "é", "\r\n"),
    ]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(st.data())
def test_any_text_becomes_a_conversion_that_is_settled(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([path.read_text() for path in YAML.glob("*.yml")]))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text)))
        end = min(len(text), place + data.draw(st.integers(0, 10)))
        text = text[:place] + data.draw(TOKENS) + text[end:]
    conversion = convert_yaml("a.yaml", text, Path("dags/a.yaml"))
    assert conversion.text is not None
    lines = text.splitlines() or [""]
    assert all(1 <= problem.line <= len(lines) + 1 for problem in conversion.left)

"""Everything that is wrong with a DAG is said at once, each at its line, and once."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

Load = Callable[[], dict[str, Any]]
Write = Callable[[str, str], Path]

TEAM = """
    from airflow_jobkit._compat import BaseOperator

    class Copy(BaseOperator):
        def __init__(self, *, source, target, mode="all", **kwargs):
            super().__init__(**kwargs)
            if mode == "explode":
                raise LookupError("no such mode")

    class Plain(BaseOperator):
        pass

    def double(number, factor=2):
        return number * factor
"""


ABSENT = "module 'team_operators' has no attribute"
MEANT = "did you mean team_operators.Copy?"
CALLBACK = "one.tasks.function.on_failure_callback"
CYCLE = "first -> first.copy -> second -> second.copy -> first"
CHOOSE = "choose one of copy, first, second"
OUT = "take one of these dependencies out"
CORRECT = "correct the path, or install the provider it comes from"


@pytest.fixture(autouse=True)
def team_operators(dags: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "team_operators.py").write_text(dedent(TEAM))
    monkeypatch.syspath_prepend(tmp_path / "team")
    yield
    sys.modules.pop("team_operators", None)


@pytest.fixture
def said(write: Write, load: Load) -> Callable[[str], list[str]]:
    """What is said of a file with this text: `line place: message; remedy`, sorted by line."""

    def build(text: str) -> list[str]:
        write("one.yaml", text)
        shown = str(load()["jobkit_problems"].doc_md)
        return [
            " ".join(found) for found in re.findall(r"^dags/one.yaml:(\d+):\d+ (.*)$", shown, re.MULTILINE)
        ]

    return build


def test_every_mistake_of_every_task_is_said_at_once(said: Callable[[str], list[str]]) -> None:
    assert said("""\
one:
  tasks:
    missing_class:
      operator: team_operators.Cpy
      python_callable: team_operators.nobody
    arguments:
      operator: team_operators.Copy
      sorce: a
      colour: red
    raises:
      operator: team_operators.Copy
      source: a
      target: b
      mode: explode
    function:
      decorator: airflow.sdk.task
      python_callable: team_operators.double
      faktor: 3
      on_failure_callback: [team_operators.nobody, team_operators.double]
    good: {operator: team_operators.Plain}
""") == [
        f"4 one.tasks.missing_class.operator: no team_operators.Cpy: {ABSENT} 'Cpy'; {MEANT}",
        f"5 one.tasks.missing_class.python_callable: no team_operators.nobody: {ABSENT} 'nobody'; {CORRECT}",
        "6 one.tasks.arguments: Copy cannot do without 'target'; add `target: ...`",
        "8 one.tasks.arguments.sorce: Copy has no argument 'sorce'; did you mean source?",
        "9 one.tasks.arguments.colour: Copy has no argument 'colour'; correct its name, or take it out",
        "10 one.tasks.raises: Copy cannot be made: LookupError: no such mode; correct the task's arguments",
        "15 one.tasks.function: double cannot do without 'number'; add `number: ...`",
        "18 one.tasks.function.faktor: double has no argument 'faktor'; did you mean factor?",
        f"19 {CALLBACK}[0]: no team_operators.nobody: {ABSENT} 'nobody'; {CORRECT}",
    ]


def test_mistakes_of_the_dag_do_not_hide_those_of_its_tasks(said: Callable[[str], list[str]]) -> None:
    assert [
        line.partition(":")[0]
        for line in said("""\
one:
  params:
    month: {type: integer, default: March}
    rows: {type: integer, default: many}
  default_args:
    mode: all
    on_retry_callback: team_operators.nobody
  on_failure_callback: team_operators.nobody
  tasks:
    copy: {operator: team_operators.Copy, source: a, colour: red}
    lacks_the_defaults: {operator: team_operators.Copy, source: a, target: b}
""")
    ] == [
        "3 one.params.month",
        "4 one.params.rows",
        "7 one.default_args.on_retry_callback",
        "8 one.on_failure_callback",
        "10 one.tasks.copy",
        "10 one.tasks.copy.colour",
    ]


def test_a_task_or_group_that_fails_is_told_once_and_not_by_those_that_take_its_result(
    said: Callable[[str], list[str]],
) -> None:
    assert [
        line.partition(":")[0]
        for line in said("""\
one:
  task_groups:
    broken:
      default_args: {on_failure_callback: team_operators.nobody}
      tasks:
        inside: {operator: team_operators.Plain, colour: red}
    months:
      expand: {month: +numbers}
      tasks:
        each: {operator: team_operators.Copy, source: +months.month, target: b}
  tasks:
    numbers: {decorator: airflow.sdk.task, python_callable: team_operators.double}
    twice: {decorator: airflow.sdk.task, python_callable: team_operators.double, number: +numbers}
""")
    ] == [
        "4 one.task_groups.broken.default_args.on_failure_callback",
        "6 one.task_groups.broken.tasks.inside.colour",
        "12 one.tasks.numbers",
    ]


def test_a_group_that_is_mapped_over_its_own_task_is_a_cycle(said: Callable[[str], list[str]]) -> None:
    assert said("""\
one:
  task_groups:
    first:
      expand: {source: +second.copy}
      tasks:
        copy: {operator: team_operators.Copy, source: +first.source, target: b}
    second:
      expand: {source: +first.copy}
      tasks:
        copy: {operator: team_operators.Copy, source: +second.source, target: b}
    third:
      expand: {source: +nobody}
      tasks:
        copy: {operator: team_operators.Copy, source: +third.source, target: b}
""") == [
        f"4 one.task_groups.first.expand.source: the tasks wait for each other: {CYCLE}; {OUT}",
        f"12 one.task_groups.third.expand.source: no task 'nobody' in this DAG; {CHOOSE}",
    ]


@pytest.mark.parametrize("source", ["+second.list", "+list"], ids=["of a later group", "of the DAG"])
def test_every_task_of_a_group_that_is_mapped_over_a_tasks_result_waits_for_that(
    write: Write, load: Load, source: str
) -> None:
    """Also one that takes no value: it can only be expanded when the result is there."""
    write(
        "one.yaml",
        f"""\
one:
  task_groups:
    first:
      expand: {{source: {source}}}
      tasks:
        copy: {{operator: team_operators.Copy, source: +first.source, target: b}}
        plain: {{operator: team_operators.Plain}}
        after: {{operator: team_operators.Plain, dependencies: [plain]}}
    second:
      tasks:
        list: {{operator: team_operators.Plain}}
  tasks:
    list: {{operator: team_operators.Plain}}
""",
    )
    loaded = load()
    assert "jobkit_problems" not in loaded, loaded["jobkit_problems"].doc_md
    upstream = {task.task_id: task.upstream_task_ids for task in loaded["one"].tasks}
    assert upstream["first.copy"] == upstream["first.plain"] == {source.removeprefix("+")}
    assert upstream["first.after"] == {"first.plain"}


def test_what_default_args_give_is_not_missing(write: Write, load: Load) -> None:
    write(
        "one.yaml",
        """\
one:
  default_args: {source: a, number: 3}
  task_groups:
    outer:
      default_args: {target: b}
      task_groups:
        inner:
          tasks: {copy: {operator: team_operators.Copy}}
  tasks:
    double: {decorator: airflow.sdk.task, python_callable: team_operators.double}
    copy: {operator: team_operators.Copy, expand: {target: [a, b]}}
    own: {operator: team_operators.Copy, default_args: {target: b}}
""",
    )
    loaded = load()
    assert "jobkit_problems" not in loaded, loaded["jobkit_problems"].doc_md
    assert set(loaded["one"].task_ids) == {"outer.inner.copy", "double", "copy", "own"}


def test_a_mapped_task_that_lacks_an_argument_is_a_problem_before_it_runs(
    said: Callable[[str], list[str]],
) -> None:
    assert said("one: {tasks: {copy: {operator: team_operators.Copy, expand: {target: [a, b]}}}}\n") == [
        "1 one.tasks.copy: Copy cannot do without 'source'; add `source: ...`"
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("import sys\nsys.exit(3)\n", id="SystemExit"),
        pytest.param("1 / 0\n", id="ZeroDivisionError"),
        pytest.param("raise ValueError('first line\\nsecond line')\n", id="an error of two lines"),
    ],
)
def test_a_module_that_ends_while_it_is_imported_takes_no_other_dag_down(
    write: Write, load: Load, tmp_path: Path, text: str
) -> None:
    (tmp_path / "team" / "broken_operators.py").write_text(text)
    write("two.yaml", "two: {tasks: {a: {operator: team_operators.Plain}}}\n")
    write("one.yaml", "one: {tasks: {a: {operator: broken_operators.Operator}}}\n")
    loaded = load()
    assert loaded.keys() == {"two", "jobkit_problems"}
    assert "one.tasks.a.operator: broken_operators cannot be imported: " in loaded["jobkit_problems"].doc_md


def test_a_dag_of_many_mistakes_shows_the_first_and_counts_the_others(
    said: Callable[[str], list[str]],
) -> None:
    tasks = "".join(f"    t{number}: {{operator: team_operators.Nobody}}\n" for number in range(150))
    shown = said(f"one:\n  tasks:\n{tasks}")
    assert "102 and 50 more in this file; mend these first" in shown
    assert len(shown) == 101

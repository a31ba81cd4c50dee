"""Nothing but operators, notifiers and the listed types is ever called while DAGs are built."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_jobkit.factory.building import value_of
from airflow_jobkit.factory.findings import BuildError

Load = Callable[[], dict[str, Any]]
Write = Callable[[str, str], Path]

OPERATOR = "team_operators.CountedOperator"
# Of a package that the project allows, and yet no type that may be made.
MADE = "{__type__: team_operators.a_function, x: 1}"
PLACES = {
    "an argument": f"tasks: {{a: {{operator: {OPERATOR}, x: {MADE}}}}}",
    "what a task is mapped over": f"tasks: {{a: {{operator: {OPERATOR}, expand: {{x: [{MADE}]}}}}}}",
    "what all its instances have": (
        f"tasks: {{a: {{operator: {OPERATOR}, expand: {{x: [1]}}, partial: {{y: {MADE}}}}}}}"
    ),
    "an argument of a callback": (
        f"tasks: {{a: {{operator: {OPERATOR}, on_failure_callback: "
        f"{{callback: team_operators.tell, channel: {MADE}}}}}}}"
    ),
    "what an executor is told": f"tasks: {{a: {{operator: {OPERATOR}, executor_config: {{x: {MADE}}}}}}}",
    "a param of a DAG": f"params: {{x: {MADE}}}\n  tasks: {{a: {{operator: {OPERATOR}}}}}",
    "a param of a task": f"tasks: {{a: {{operator: {OPERATOR}, params: {{x: {MADE}}}}}}}",
    "an argument of a timetable": (
        "schedule: {__type__: airflow.timetables.events.EventsTimetable, event_dates: "
        f"[{MADE}]}}\n  tasks: {{a: {{operator: {OPERATOR}}}}}"
    ),
    "a default": f"default_args: {{x: {MADE}}}\n  tasks: {{a: {{operator: {OPERATOR}}}}}",
    "a group's default": (
        f"task_groups: {{g: {{default_args: {{x: {MADE}}}, tasks: {{a: {{operator: {OPERATOR}}}}}}}}}"
    ),
    "what a group is mapped over": (
        f"task_groups: {{g: {{expand: {{x: [{MADE}]}}, tasks: {{a: {{operator: {OPERATOR}}}}}}}}}"
    ),
    "a job's argument": f"tasks: {{a: {{spark_job: team.a, args: {{x: {MADE}}}}}}}",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=list(PLACES))
def test_a_type_that_is_not_listed_is_a_problem_in_every_place(
    place: str, write: Write, load: Load, team_operators: Any
) -> None:
    write("one.yaml", f"one:\n  start_date: 2026-01-01\n  {place}\n")
    loaded = load()
    assert "no safe type: 'team_operators.a_function'" in loaded["jobkit_problems"].doc_md
    assert "one" not in loaded
    assert team_operators.made == []


def test_a_type_that_is_not_listed_is_refused_where_it_would_be_made(team_operators: Any) -> None:
    with pytest.raises(BuildError, match=r"no safe type: 'team_operators\.a_function'"):
        value_of([{"__type__": "team_operators.a_function"}], ("tasks", "a"))
    assert team_operators.made == []


@pytest.mark.parametrize(
    "owner", ["default_args", "task_groups: {g: {tasks: {b: {spark_job: x.b}}, default_args"]
)
def test_a_callback_of_a_package_that_is_not_allowed_is_a_problem(
    owner: str, write: Write, load: Load
) -> None:
    end = "}}" if "task_groups" in owner else ""
    write(
        "one.yaml",
        f"one:\n  tasks: {{a: {{spark_job: x.a}}}}\n  {owner}: {{on_failure_callback: os.system}}{end}\n",
    )
    assert "os.system is not allowed" in load()["jobkit_problems"].doc_md


@pytest.mark.parametrize(
    "keys",
    [
        "on_failure_callback: {callback: airflow_jobkit.cli.sides.display_name, path: x}",
        "default_args: {on_failure_callback: airflow_jobkit.cli.main}",
        "user_defined_macros: {git: airflow_jobkit.cli.sides.subprocess}",
        "user_defined_filters: {main: airflow_jobkit.cli.main}",
    ],
)
def test_our_own_functions_are_none_of_a_dag(keys: str, write: Write, load: Load) -> None:
    """Some run whatever they are told; our operators and notifiers alone are for everybody."""
    write("one.yaml", f"one:\n  tasks: {{a: {{operator: {OPERATOR}}}}}\n  {keys}\n")
    loaded = load()
    assert "one" not in loaded
    assert "name a function of your own package" in loaded["jobkit_problems"].doc_md


def test_a_macro_is_no_module(write: Write, load: Load, team_operators: Any) -> None:
    """It would give templates all that it imports itself."""
    team_operators.shutil = shutil
    macros = "{run: team_operators.shutil}"
    write("one.yaml", f"one:\n  tasks: {{a: {{operator: {OPERATOR}}}}}\n  user_defined_macros: {macros}\n")
    loaded = load()
    assert "one" not in loaded
    assert "team_operators.shutil is a module; name a function or a value in it" in (
        loaded["jobkit_problems"].doc_md
    )


def test_an_error_that_nobody_has_thought_of_takes_no_other_dag_down(
    write: Write, load: Load, team_operators: Any
) -> None:
    write(
        "bad.yaml",
        """
        bad:
          tasks:
            a: {operator: team_operators.CountedOperator}
            b: {operator: team_operators.SurprisingOperator, dependencies: [a]}
        """,
    )
    write("good.yaml", "good:\n  tasks: {a: {operator: team_operators.CountedOperator}}\n")
    loaded = load()
    assert "Airflow does not take this DAG: LookupError: there is none" in loaded["jobkit_problems"].doc_md
    assert "good" in loaded

"""What people see of bad files in a running Airflow, through its REST API, and that the good DAGs stay.

The story goes on from test to test, as it does for the people who mend the files.
"""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from airflow_rest import AirflowRest
from releases import publish_release_of
from running_airflow import AIRFLOW_3, RunningAirflow, running_airflow, wait_for

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("airflow")]

EMPTY = f"airflow.{'providers.standard.' if AIRFLOW_3 else ''}operators.empty.EmptyOperator"

PROJECT = """\
project: probe
code: {root: code, version: "0.1.0"}
operators: {allow: [team_operators.]}
environments:
  local: {data: {root: data}}
"""

TEAM_OPERATORS = """\
from airflow_jobkit._compat import BaseOperator


class Refusing(BaseOperator):
    def __init__(self, *, bucket, **kwargs):
        super().__init__(**kwargs)
        raise LookupError(f"no bucket {bucket}")


class Unprepared(BaseOperator):
    def prepare_template(self):
        raise ValueError("the template has no end")


class Unstorable(BaseOperator):
    @property
    def ui_color(self):
        return {"noon": "#fff"}[self.task_id]
"""

# Airflow shows a change within seconds then, and not after half a minute, or two.
QUICKLY = {
    "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "1",
    "AIRFLOW__CORE__MIN_SERIALIZED_DAG_FETCH_INTERVAL": "1",
    "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "2",
    "AIRFLOW__SCHEDULER__STALE_DAG_THRESHOLD": "2",
    "AIRFLOW__SCHEDULER__PARSING_CLEANUP_INTERVAL": "2",
}

GOOD = {
    "jobkit.yaml": PROJECT,
    "team/defaults.yaml": "tags: [team]\ndefault_args: {retries: 1}\n",
    "team/shapes.yaml": f"""\
shapes:
  params: {{who: nobody}}
  task_groups:
    outer:
      task_groups:
        inner:
          tasks:
            greet:
              spark_job: probe.greets
              args: {{who: "{{{{ params.who }}}}"}}
              outlets: ["probe://greeted"]
        months:
          dependencies: [inner]
          expand: {{month: [1, 2]}}
          tasks:
            count: {{operator: {EMPTY}}}
  tasks:
    each: {{for_each: [jfk, lga], operator: {EMPTY}, dependencies: [outer]}}
    many:
      spark_job: probe.greets
      expand: {{job_args: [{{who: first}}, {{who: "second {{{{ params.who }}}}"}}]}}
      dependencies: [each]
""",
    "follower.yaml": f"follower: {{schedule: ['probe://greeted'], tasks: {{a: {{operator: {EMPTY}}}}}}}\n",
    "fragile.yaml": f"fragile: {{tasks: {{a: {{operator: {EMPTY}}}}}}}\n",
    "mixed.yaml": f"mixed: {{tasks: {{a: {{operator: {EMPTY}}}}}}}\n",
}
GOOD_DAGS = {"shapes", "follower", "fragile", "mixed"}

BAD = {
    "two_mistakes.yaml": (
        "two_mistakes:\n  schedul: '@daily'\n  tasks:\n    a: {spark_job: probe.greets, engine: locl}\n",
        [
            "two_mistakes.yaml:2:3 two_mistakes.schedul: unknown key; did you mean schedule?",
            "two_mistakes.yaml:4:42 two_mistakes.tasks.a.engine: no engine 'locl'; did you mean local?",
        ],
    ),
    # Beside a good DAG in its file.
    "mixed.yaml": (
        GOOD["mixed.yaml"] + "no_class:\n  tasks:\n    a: {operator: team_operators.Refused}\n",
        ["mixed.yaml:4:19 no_class.tasks.a.operator: no team_operators.Refused: module 'team_operators' has"],
    ),
    "raises.yaml": (
        "raises:\n  tasks:\n    a: {operator: team_operators.Refusing, bucket: moon}\n",
        ["raises.yaml:3:5 raises.tasks.a: Refusing cannot be made: LookupError: no bucket moon; correct"],
    ),
    "argument.yaml": (
        f"argument:\n  tasks:\n    a: {{operator: {EMPTY}, bash_command: ls}}\n",
        ["argument.tasks.a.bash_command: EmptyOperator has no argument 'bash_command'"],
    ),
    "bagging.yaml": (
        "bagging:\n  tasks:\n    a: {operator: team_operators.Unprepared}\n",
        ["bagging.yaml:3:5 bagging.tasks.a: Unprepared cannot prepare its templates: ValueError: the templ"],
    ),
    "storing.yaml": (
        "storing:\n  tasks:\n    a: {operator: team_operators.Unstorable}\n",
        ["storing.yaml:3:5 storing.tasks.a: Airflow cannot store Unstorable: KeyError: 'a'; correct"],
    ),
    "executor.yaml": (
        "executor:\n  tasks:\n    a: {spark_job: probe.greets, executor: MoonExecutor}\n",
        ["executor.yaml:3:44 executor.tasks.a.executor: this Airflow has no executor 'MoonExecutor'"],
    ),
    "asset.yaml": (
        "asset:\n  tasks:\n    a: {spark_job: probe.greets, outlets: ['airflow://a']}\n",
        ["asset.yaml:3:34 asset.tasks.a.outlets: no asset 'airflow://a': ValueError: "],
    ),
    "text.yaml": ("These are my DAGs:\n- one\nAnd more.\n", ["text.yaml:3:10 not YAML: "]),
    "binary.yaml": (b"PK\x03\x04\xff\xfe\x00", ["binary.yaml:1:5 "]),
    "broken/defaults.yaml": (
        "tags: [all\n",
        ["broken/defaults.yaml:1:7 not YAML: the bracket that opens here is not closed; close it; no DAG of"],
    ),
}
BELOW_BROKEN = f"below: {{tasks: {{a: {{operator: {EMPTY}}}}}}}\n"


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DAGs folder with good files alone."""
    folder = tmp_path_factory.mktemp("project")
    dags = folder / "dags"
    for name, text in GOOD.items():
        (dags / name).parent.mkdir(parents=True, exist_ok=True)
        (dags / name).write_text(text)
    (dags / "jobkit_dags.py").write_text("from airflow_jobkit import load_dags\n\nload_dags(globals())\n")
    (dags / "team_operators.py").write_text(TEAM_OPERATORS)
    job = "def main(who: str):\n    return {'greeted': who}\n"
    publish_release_of({"greets": job}, "0.1.0", folder / "code")
    return dags


@pytest.fixture(scope="module")
def airflow(dags: Path) -> Iterator[RunningAirflow]:
    with running_airflow(dags.parent, dags, QUICKLY, rest=True) as running:
        yield running


@pytest.fixture(scope="module")
def rest(airflow: RunningAirflow) -> AirflowRest:
    """The REST API, once it lists the good DAGs."""
    rest = AirflowRest(airflow.variables["AIRFLOW__API__BASE_URL"])
    wait_for(lambda: answered(rest.listed) == GOOD_DAGS, "the good DAGs", 120, airflow.tail)
    assert rest.import_errors() == {}
    return rest


def answered(ask: Callable[[], set[str]]) -> set[str] | None:
    """An answer; None while the server does not answer yet."""
    try:
        return ask()
    except (urllib.error.URLError, ConnectionError):
        return None


def wait_for_parse(rest: AirflowRest, airflow: RunningAirflow) -> None:
    """Wait until the loader has been parsed from start to end after now: the second time that it is done."""
    for _ in range(2):
        before = rest.dags()["shapes"].marker
        wait_for(lambda: rest.dags()["shapes"].marker != before, "the next parse", 60, airflow.tail)  # noqa: B023


def assert_unharmed(rest: AirflowRest, dag_ids: set[str]) -> None:
    """Those DAGs are in the list, and no import error is anywhere."""
    dags = rest.dags()
    assert {name: (dags[name].is_stale, dags[name].has_import_errors) for name in dag_ids} == dict.fromkeys(
        dag_ids, (False, False)
    )
    assert rest.import_errors() == {}


@pytest.fixture(scope="module")
def told(rest: AirflowRest, airflow: RunningAirflow, dags: Path) -> str:
    """What the DAG of problems tells after all bad files have been put beside the good ones."""
    (dags / "broken").mkdir()
    (dags / "broken" / "below.yaml").write_text(BELOW_BROKEN)
    for name, (content, _) in BAD.items():
        data = content if isinstance(content, bytes) else content.encode()
        (dags / name).write_bytes(data)
    wait_for(lambda: "jobkit_problems" in rest.listed(), "the DAG of problems", 60, airflow.tail)
    wait_for_parse(rest, airflow)
    return rest.documentation("jobkit_problems")


@pytest.mark.parametrize(
    ("name", "said"), [pytest.param(name, said, id=name) for name, (_, said) in BAD.items()]
)
def test_a_bad_file_is_shown_with_all_its_problems_and_their_places(
    told: str, dags: Path, name: str, said: list[str]
) -> None:
    for problem in said:
        assert problem in told
    assert f"{dags}/{name}:" in told


def test_the_good_dags_stay_in_the_list_and_no_import_error_marks_them(
    told: str, rest: AirflowRest, airflow: RunningAirflow
) -> None:
    assert rest.listed() == GOOD_DAGS | {"jobkit_problems"}
    wait_for_parse(rest, airflow)
    assert_unharmed(rest, GOOD_DAGS | {"jobkit_problems"})
    assert rest.dags()["jobkit_problems"].title == "⚠ jobkit: 12 problems in 11 YAML files"
    assert rest.dags()["shapes"].tags == {"team"}


def test_a_run_triggered_with_params_beside_bad_files_uses_them_and_starts_who_waits_for_its_asset(
    told: str, rest: AirflowRest, airflow: RunningAirflow, dags: Path
) -> None:
    rest.trigger("shapes", "by-hand", {"who": "the moon"})
    wait_for(
        lambda: rest.runs("shapes")["by-hand"] in ("success", "failed"),
        "the end of the run",
        120,
        lambda: f"{rest.tasks('shapes', 'by-hand')}\n{airflow.tail()}",
    )
    assert rest.tasks("shapes", "by-hand") == dict.fromkeys(
        [
            *(("outer.inner.greet", -1), ("outer.months.count", 0), ("outer.months.count", 1)),
            *(("each.jfk", -1), ("each.lga", -1), ("many", 0), ("many", 1)),
        ],
        "success",
    )
    results = (dags.parent / "code" / "runs" / "shapes" / "by-hand").rglob("result.json")
    greeted = {json.loads(result.read_text())["metrics"]["greeted"] for result in results}
    assert greeted == {"the moon", "first", "second the moon"}
    wait_for(lambda: "success" in rest.runs("follower").values(), "the run that the asset starts", 60)


def test_what_is_mended_is_no_problem_any_more_and_its_dags_appear(
    told: str, rest: AirflowRest, airflow: RunningAirflow, dags: Path
) -> None:
    (dags / "two_mistakes.yaml").write_text(f"two_mistakes: {{tasks: {{a: {{operator: {EMPTY}}}}}}}\n")
    (dags / "broken" / "defaults.yaml").write_text("tags: [all]\n")
    wait_for(lambda: {"two_mistakes", "below"} <= rest.listed(), "the mended DAGs", 60, airflow.tail)
    wait_for_parse(rest, airflow)
    assert rest.dags()["below"].tags == {"all"}
    left = rest.documentation("jobkit_problems")
    assert "two_mistakes" not in left
    assert "broken" not in left
    assert "raises.yaml:3:5" in left
    assert_unharmed(rest, GOOD_DAGS | {"two_mistakes", "below", "jobkit_problems"})


def test_a_good_file_that_becomes_bad_takes_its_own_dag_alone(
    told: str, rest: AirflowRest, airflow: RunningAirflow, dags: Path
) -> None:
    (dags / "fragile.yaml").write_text(GOOD["fragile.yaml"].replace("tasks", "taks"))
    wait_for(lambda: "fragile" not in rest.listed(), "the DAG to go", 60, airflow.tail)
    wait_for_parse(rest, airflow)
    assert "fragile.yaml:1:11 fragile.taks: unknown key; did you mean tasks?" in rest.documentation(
        "jobkit_problems"
    )
    assert_unharmed(rest, (GOOD_DAGS - {"fragile"}) | {"two_mistakes", "below"})


def test_without_bad_files_nothing_speaks_of_problems(
    told: str, rest: AirflowRest, airflow: RunningAirflow, dags: Path
) -> None:
    for name in (*BAD, "fragile.yaml"):
        if name in GOOD:
            (dags / name).write_text(GOOD[name])
        else:
            (dags / name).unlink()
    (dags / "broken" / "below.yaml").unlink()
    wait_for(lambda: rest.listed() == GOOD_DAGS, "the good DAGs alone", 60, airflow.tail)
    assert_unharmed(rest, GOOD_DAGS)

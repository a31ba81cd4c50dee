"""The JSON Schemas say of a file what `jobkit validate` says of it, as far as a single file shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from packaging.version import VERSION_PATTERN as ANY_VERSION
from pydantic_core import PydanticCustomError

from airflow_jobkit.loading.dags import DagLoader
from airflow_jobkit.loading.folder import load_project
from airflow_jobkit.loading.yaml_text import read_document
from airflow_jobkit.spec.common import AirflowKeys
from airflow_jobkit.spec.defaults import parse_default_args
from airflow_jobkit.spec.json_schema import (
    all_definitions,
    dag_file_schema,
    defaults_schema,
    project_schema,
)
from airflow_jobkit.spec.schedule import parse_schedule
from airflow_jobkit.spec.versions import is_channel, parse_code_version

ROOT = Path(__file__).resolve().parents[3]
CASES = ROOT / "tests" / "cases"
PROJECT = """
project: dwh
code: {version: "0.1.0"}
operators: {allow: [dwh.]}
variables: {env: [N, RULE, CRON, DAY]}
glue: {iam_role_name: role}
databricks: {serverless: true}
environments: {local: {}}
"""
VARIABLES = {"N": "5", "RULE": "all_done", "CRON": "0 6 * * *", "DAY": "2026-01-31"}
DAG_FILE, DEFAULTS, PROJECT_FILE = "dag.yaml", "defaults.yaml", "jobkit.yaml"
SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    DAG_FILE: dag_file_schema,
    DEFAULTS: defaults_schema,
    PROJECT_FILE: project_schema,
}
VALIDATORS = {name: Draft202012Validator(schema()) for name, schema in SCHEMAS.items()}

pytestmark = pytest.mark.usefixtures("no_environment")


def as_json(data: Any) -> Any:
    """YAML's data as an editor sees it: dates are text, keys too."""
    return json.loads(json.dumps(data, default=str))


def fits(name: str, text: str) -> bool:
    """Whether a file fits its schema."""
    return VALIDATORS[name].is_valid(as_json(read_document(name, text).data))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of DAGs with a project file and a DAG."""
    (tmp_path / PROJECT_FILE).write_text(PROJECT)
    (tmp_path / "smallest.yaml").write_text("smallest: {tasks: {a: {spark_job: dwh.a}}}\n")
    return tmp_path


def said(folder: Path, name: str, text: str) -> list[str]:
    """What the validation says of a file of this name in the folder."""
    (folder / name).write_text(text)
    project = load_project(folder, variables={})
    if project.settings is None or project.problems:
        return [problem.message for problem in project.problems]
    loader = DagLoader(project.settings, folder, VARIABLES)
    files = [path for path in (folder / DAG_FILE, folder / "smallest.yaml") if path.exists()]
    return [problem.message for problem in loader.load(files).problems]


def in_dag(keys: str) -> str:
    return f"x:\n  {keys}\n  tasks: {{a: {{spark_job: dwh.a}}}}\n"


def in_task(keys: str) -> str:
    return f"x: {{tasks: {{a: {{spark_job: dwh.a, {keys}}}}}}}\n"


def in_operator(keys: str) -> str:
    return f"x: {{tasks: {{a: {{operator: dwh.Op, {keys}}}}}}}\n"


def in_project(keys: str) -> str:
    return f"{PROJECT}{keys}\n"


GOOD = {
    "sweeper false": (PROJECT_FILE, in_project("sweeper: false")),
    "sweeper true": (PROJECT_FILE, in_project("sweeper: true")),
    "sweeper by keys": (PROJECT_FILE, in_project("sweeper: {schedule: null, grace: 2m}")),
    "an environment of nothing": (PROJECT_FILE, PROJECT.replace("local: {}", "local: null")),
    "serverless true": (DAG_FILE, in_task("engine: databricks, databricks: {serverless: true}")),
    "serverless by version": (DAG_FILE, in_dag('databricks: {serverless: {environment_version: "4"}}')),
    "blocks of nothing": (DAG_FILE, in_dag("glue:\n  local:\n  databricks:")),
    "no engine": (DAG_FILE, in_task("engine: null, code_version: null, trigger_rule: null, local: null")),
    "no engine of a DAG": (DAG_FILE, in_dag("engine: null\n  code_version: null\n  schedule: null")),
    "a variable for a duration": (DAG_FILE, in_task('timeout: "${env:N}m"')),
    "a variable for a rule": (DAG_FILE, in_task('trigger_rule: "${env:RULE}"')),
    "a variable for an engine": (DAG_FILE, in_task('engine: "${jobkit:engine}"')),
    "a variable for a version": (DAG_FILE, in_task('code_version: "${jobkit:code_version}"')),
    "a variable for cron": (DAG_FILE, in_dag('schedule: "${env:CRON}"\n  start_date: "${env:DAY}"')),
    "a variable in a module": (DAG_FILE, 'x: {tasks: {a: {spark_job: "${jobkit:project}.a"}}}'),
    "items for numbers": (
        DAG_FILE,
        in_task('for_each: {j: {n: 4, t: 5m}}, retries: "${item.n}", timeout: "${item.t}"'),
    ),
    "a version with a v": (DAG_FILE, in_task("code_version: v1.0")),
    "a version in long words": (DAG_FILE, in_task("code_version: 1.0alpha1")),
    "a version in capitals": (DAG_FILE, in_dag('code_version: " 1.0-RC.1.Post2+Local-3 "')),
    "tasks of the file's defaults": (DAG_FILE, "default: {tasks: {a: {spark_job: dwh.a}}}\nx: {tags: [a]}\n"),
    "parts of tasks in the defaults": (
        DAG_FILE,
        "default: {tasks: {a: {retries: 2}}}\nx: {tasks: {a: {spark_job: dwh.a}}}\n",
    ),
    "parts of tasks in the DAG": (
        DAG_FILE,
        "default: {tasks: {a: {spark_job: dwh.a}}}\nx: {tasks: {a: {retries: 2}}}\n",
    ),
    "defaults of nothing": (DAG_FILE, "default:\nx: {tasks: {a: {spark_job: dwh.a}}}\n"),
    "a group alone": (DAG_FILE, "x: {task_groups: {g: null}}\n"),
    "groups and tasks in lists": (
        DAG_FILE,
        """\
x:
  task_groups: [{group_name: g}, {group_id: h, parent_group_name: g, tasks: [{task_id: b, spark_job: dwh.b}]}]
  tasks: [{task_id: a, operator: dwh.Op, task_group_name: g}]
""",
    ),
    "a task that says its id once more": (DAG_FILE, in_operator("task_id: a")),
    "a template of a function": (
        DAG_FILE,
        """\
x:
  task_templates: {t: {decorator: airflow.sdk.task, python_callable: dwh.f}}
  tasks: {a: {extends: t}, b: {extends: [t], decorator: airflow.sdk.task.branch}}
""",
    ),
    "arguments of operators in default_args": (DAG_FILE, in_dag("default_args: {aws_conn_id: a, tool: b}")),
    "typed arguments": (
        DAG_FILE,
        in_operator(
            "delta: {__type__: datetime.timedelta, minutes: 5}, pod: {__type__: kubernetes.client.V1Pod}"
        ),
    ),
    "callbacks": (
        DAG_FILE,
        in_task(
            "on_failure_callback: [airflow.a, {callback: airflow.b.C, x: 1}], on_retry_callback: airflow.a"
        ),
    ),
    "code of two files": (
        DAG_FILE,
        in_dag(
            'code: {root: null, entry_point: "s3://b/{engine}/e.py", wheels: ["s3://b/d-{code_version}.whl"]}'
        ),
    ),
    "an empty defaults.yaml": (DEFAULTS, ""),
    "defaults.yaml": (DEFAULTS, "tags: [a]\ndefault_args: {retries: 2}\ntask_templates: {t: {retries: 1}}\n"),
    "defaults with a variable": (DEFAULTS, 'default_args: {retry_delay: "${env:N}m"}\n'),
    "defaults of a project": (PROJECT_FILE, in_project("defaults: {default_args: {retries: 2}}")),
    "a notifier": (PROJECT_FILE, in_project('notification: {services: {T: {class: "dwh.n:N", to: x}}}')),
    **{
        f"schedule {text}": (DAG_FILE, in_dag(f"schedule: {text}\n  start_date: 2026-01-01"))
        for text in (
            '"0 6 * * MON-fri"',
            '"*/5 0-6,8 L jan,FEB *"',
            '"0 0 * * 5#3"',
            '"0 6 ? * *"',
            '"@daily"',
            '" @weekly "',
            "6h",
            "PT6H",
            '"None"',
            "none",
            '["s3://a", {uri: b}, {name: c, group: null}, {__type__: airflow.sdk.Asset, uri: d}]',
            "{__or__: [a, {__and__: [b, c]}]}",
            '{assets: "(a | b) & c"}',
            '{datasets: [a], timetable: "0 6 * * *"}',
            "{__type__: datetime.timedelta, hours: 6}",
            '{__type__: airflow.timetables.trigger.CronTriggerTimetable, cron: "0 6 * * *", timezone: UTC}',
            "{timetable: {callable: airflow.timetables.trigger.DeltaTriggerTimetable, params: {delta: 1}}}",
        )
    },
    **{
        f"start_date {text}": (DAG_FILE, in_dag(f"start_date: {text}"))
        for text in (
            "2026-01-01",
            '"20260131"',
            '"2026-W05"',
            '"2026-01-31T06:00+01:00"',
            "2026-01-01 06:00:00",
            "{__type__: datetime.datetime, __args__: [2026, 1, 1]}",
            "{__type__: pendulum.datetime, year: 2026, month: 1, day: 1}",
        )
    },
    **{
        f"timeout {text}": (DAG_FILE, in_task(f"timeout: {text}"))
        for text in ("30m", "1d2h3m4s", "PT30M", "P1DT1H", "60", '" 5m "', "{__type__: datetime.timedelta}")
    },
}
BAD = {
    "serverless false": (DAG_FILE, in_dag("databricks: {serverless: false}")),
    "sweeper of nothing": (PROJECT_FILE, in_project("sweeper:")),
    "sweeper in words": (PROJECT_FILE, in_project('sweeper: "no"')),
    "a project without environments": (PROJECT_FILE, "project: dwh\n"),
    "a project with no environment": (PROJECT_FILE, "project: dwh\nenvironments: {}\n"),
    "an environment's name": (PROJECT_FILE, 'project: dwh\nenvironments: {"a b": {}}\n'),
    "an unknown key of an environment": (PROJECT_FILE, PROJECT.replace("local: {}", "local: {engin: local}")),
    "an unknown engine of a project": (PROJECT_FILE, in_project("engine: emr")),
    "a variable in the project file": (PROJECT_FILE, in_project('engine: "${env:N}"')),
    "a notifier's class": (PROJECT_FILE, in_project("notification: {services: {T: {class: dwh.n.N}}}")),
    "a cron of the sweeper": (PROJECT_FILE, in_project("sweeper: {schedule: often}")),
    "an unknown key of the project's defaults": (PROJECT_FILE, in_project("defaults: {scheduel: x}")),
    "an unknown key in defaults.yaml": (DEFAULTS, "scheduel: x\n"),
    "a misspelt default": (DEFAULTS, "default_args: {retires: 2}\n"),
    "a list as defaults": (DEFAULTS, "[a]\n"),
    "a misspelt default of a DAG": (DAG_FILE, in_dag("default_args: {retries: 2, onwer: me}")),
    "a misspelt default of a group": (
        DAG_FILE,
        "x: {task_groups: {g: {default_args: {poool: a}, tasks: {a: {spark_job: dwh.a}}}}}\n",
    ),
    "a default of another factory": (DAG_FILE, in_dag("default_args: {retry_delay_sec: 2}")),
    "a DAG without tasks": (DAG_FILE, "x: {tags: [a]}\n"),
    "a DAG of empty tasks": (DAG_FILE, "x: {tasks: {}}\n"),
    "a DAG of nothing": (DAG_FILE, "x:\n"),
    "defaults alone": (DAG_FILE, "default: {tags: [a]}\n"),
    "a listed task without an id": (DAG_FILE, "x: {tasks: [{spark_job: dwh.a}]}\n"),
    "a listed task with a strange id": (DAG_FILE, 'x: {tasks: [{task_id: "a b", spark_job: dwh.a}]}\n'),
    "a listed group without a name": (DAG_FILE, "x: {task_groups: [{tooltip: a}]}\n"),
    "a DAG's id": (DAG_FILE, '"a b": {tasks: {a: {spark_job: dwh.a}}}\n'),
    "a task's id": (DAG_FILE, 'x: {tasks: {"a/b": {spark_job: dwh.a}}}\n'),
    "a group's name": (DAG_FILE, 'x: {task_groups: {"a b": {tasks: {a: {spark_job: dwh.a}}}}}\n'),
    "a param of ours": (DAG_FILE, in_dag("params: {code_version: x}")),
    "an argument of ours": (DAG_FILE, in_task("args: {module-name: x}")),
    "code of two kinds": (DAG_FILE, in_dag("code: {root: a, entry_point: b}")),
    "code with a version": (DAG_FILE, in_dag('code: {version: "0.2.0"}')),
    "an unknown placeholder": (DAG_FILE, in_dag('code: {entry_point: "a/{version}/e.py"}')),
    "a task of nothing": (DAG_FILE, "x: {tasks: {a: {}}}\n"),
    "a task of two kinds": (DAG_FILE, in_task("operator: dwh.Op")),
    "a function that is not named": (DAG_FILE, "x: {tasks: {a: {decorator: airflow.sdk.task}}}\n"),
    "a decorator of others": (DAG_FILE, "x: {tasks: {a: {decorator: dwh.task, python_callable: dwh.f}}}\n"),
    "a class path": (DAG_FILE, "x: {tasks: {a: {operator: Op}}}\n"),
    "a module": (DAG_FILE, 'x: {tasks: {a: {spark_job: "dwh jobs"}}}\n'),
    "a function's path": (DAG_FILE, in_operator("python_callable: fun")),
    "a key of another factory": (DAG_FILE, in_operator("execution_timeout_secs: 5")),
    "an unsafe type": (DAG_FILE, in_operator("env: {a: [{__type__: os.system}]}")),
    "an unsafe type of a param": (DAG_FILE, in_dag("params: {a: {__type__: os.system}}")),
    "a callback's path": (DAG_FILE, in_task("on_failure_callback: tell")),
    "a callback without one": (DAG_FILE, in_task("on_failure_callback: {call: airflow.a}")),
    "a pool without a name": (DAG_FILE, in_task('pool: ""')),
    "nothing to do for each": (DAG_FILE, in_task("for_each: []")),
    "an argument of a mapped job": (DAG_FILE, in_task("expand: {month: [1]}")),
    "a permission for two": (
        DAG_FILE,
        in_dag(
            "databricks: {access_control_list: [{user_name: a, group_name: b, permission_level: CAN_VIEW}]}"
        ),
    ),
    "a reserved field of a run": (DAG_FILE, in_dag("databricks: {submit: {tasks: []}}")),
    "a trigger rule": (DAG_FILE, in_task("trigger_rule: all_success_or_so")),
    "a variable for a number": (DAG_FILE, in_task('retries: "${env:N}"')),
    **{
        f"schedule {text}": (DAG_FILE, in_dag(f"schedule: {text}\n  start_date: 2026-01-01"))
        for text in (
            "every day",
            '"every day at six am"',
            '"@dialy"',
            '"0 6 * *"',
            '"0 0 6 * * *"',
            "{cron: a}",
            "{__type__: airflow.sdk.NoTimetable}",
            "[{url: a}]",
            "[]",
            "3600",
            "0s",
        )
    },
    **{
        f"start_date {text}": (DAG_FILE, in_dag(f"start_date: {text}"))
        for text in (
            "yesterday",
            '"31.01.2026"',
            "days_ago(2)",
            "1026-01-01",
            "{__type__: datetime.date}",
            "5",
        )
    },
    **{
        f"timeout {text}": (DAG_FILE, in_task(f"timeout: {text}"))
        for text in ('""', "P", "PT", "0s", "PT0S", "0", "-5", "1.5h", "30 minutes", "true", "5.5")
    },
    **{
        f"code_version {text}": (DAG_FILE, in_task(f"code_version: {text}"))
        for text in ("Latest", "1.0.", '"1!2.0"', "1.5", '""', "1.0-")
    },
}


@pytest.mark.parametrize(("name", "text"), GOOD.values(), ids=GOOD)
def test_what_validate_accepts_fits_the_schema(folder: Path, name: str, text: str) -> None:
    assert said(folder, name, text) == []
    assert [
        error.message for error in VALIDATORS[name].iter_errors(as_json(read_document(name, text).data))
    ] == []


@pytest.mark.parametrize(("name", "text"), BAD.values(), ids=BAD)
def test_what_validate_refuses_for_one_file_alone_does_not_fit_the_schema(
    folder: Path, name: str, text: str
) -> None:
    assert said(folder, name, text) != []
    assert not fits(name, text)


FOLDERS = ("good", "bad", "published", "projects")
DIALECTS = ("dag_factory", "mwaa_serverless")
CORPUS = [
    path
    for folder in (
        *(CASES / name for name in FOLDERS),
        *(ROOT / "tests" / "dialects" / name for name in DIALECTS),
        ROOT / "dags",
    )
    for path in sorted(folder.rglob("*.yaml"))
    if not path.name.endswith(".render.yaml") and not path.name.startswith("_")  # which are no DAG files
]


@pytest.mark.parametrize("file", CORPUS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_file_of_the_corpus_that_validate_accepts_is_refused_by_the_schema(file: Path) -> None:
    name = file.name if file.name in SCHEMAS else DAG_FILE
    document = read_document(file.name, file.read_text())
    project = load_project(file.parent, variables={})
    problems = project.problems
    if file.name != PROJECT_FILE and project.settings is not None:
        problems = DagLoader(project.settings, file.parent, {}).load([file]).problems
    refused = not VALIDATORS[name].is_valid(as_json(document.data))
    assert problems or not refused


# Values that some key takes, and some that none does; every key meets all of them.
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2.5, "", "a", "a b", "5m", "0s", "P", "@daily", "0 6 * * *", "2026-01-31"),
    *(
        "0.1.0",
        "v1.0",
        "glue",
        "local",
        "all_done",
        "airflow.a.b",
        "${env:N}",
        "${env:N}m",
        "${jobkit:engine}",
    ),
    *(
        [],
        ["a"],
        ["s3://a"],
        [1],
        {},
        {"a": "b"},
        {"a": 1},
        {"root": "a"},
        {"uri": "s3://a"},
        {"schedule": "6h"},
    ),
    *({"__type__": "datetime.timedelta", "days": 1}, {"__type__": "os.system"}, {"callback": "airflow.a.B"}),
    *({"retries": 2}, {"timeout": "5m"}, {"serverless": True}, {"a": {"spark_job": "dwh.a"}}, {"a": None}),
    *(
        [{"task_id": "b", "spark_job": "dwh.a"}],
        {"enabled": False},
        {"version": "0.2.0"},
        {"allow": ["dwh."]},
    ),
    *({"service_type": "NOOP"}, {"flights": {"path": "a"}}, {"local": {"engine": "glue"}}, {"env": ["N"]}),
)


NESTED = {
    *("GlueOptions", "DatabricksOptions", "LocalOptions", "Serverless", "DefaultArgs", "CodeSpec"),
    *("OwnCodeSpec", "DataSpec", "NotificationSpec", "SweeperSpec", "OperatorsSpec", "VariablesSpec"),
}
"""The definitions whose keys stand right below one key."""


def keys_of(name: str) -> tuple[str, ...]:
    """The keys of a definition, but for parts of tasks, which are validated only where a task uses them."""
    parts = {"task_templates", *(("tasks",) if name == "DagDefaults" else ())}
    return tuple(sorted(all_definitions()[name]["properties"].keys() - parts))


@cache
def entries(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Some keys of a definition, each with any of the values, or with some keys of what it holds."""
    pairs = {key: values(all_definitions()[name]["properties"][key]) for key in keys_of(name)}
    some = st.lists(st.sampled_from([*pairs]), max_size=3, unique=True)
    return some.flatmap(lambda keys: st.fixed_dictionaries({key: pairs[key] for key in keys}))


def values(schema: Any) -> st.SearchStrategy[Any]:
    """Any value, often one of those that a schema names."""
    inner = {one.rpartition("/")[2] for one in re.findall(r'"#/\$defs/(\w+)"', json.dumps(schema))}
    held = [one for one in sorted(inner & NESTED) if "properties" in all_definitions()[one]]
    named = [*schema.get("examples", ()), *schema.get("enum", ()), schema.get("default")]
    return st.one_of(st.sampled_from(VALUES), st.sampled_from(named), *map(entries, held))


@st.composite
def files(draw: st.DrawFn) -> tuple[str, Any]:
    """A file of one of the three kinds: a good one, with any values below a few of its keys."""
    name = draw(st.sampled_from([*SCHEMAS]))
    if name == DEFAULTS:
        return name, draw(entries("DagDefaults"))
    if name == PROJECT_FILE:
        local = draw(entries("Environment"))
        return name, {**yaml.safe_load(PROJECT), **draw(entries("Project")), "environments": {"local": local}}
    kind, model, base = draw(
        st.sampled_from(
            [
                ("tasks", "SparkTask", {"spark_job": "dwh.a"}),
                ("tasks", "OperatorTask", {"operator": "dwh.Op"}),
                ("tasks", "DecoratorTask", {"decorator": "airflow.sdk.task", "python_callable": "dwh.f"}),
                ("task_groups", "Group", {"tasks": {"a": {"spark_job": "dwh.a"}}}),
            ]
        )
    )
    dag = {kind: {"m": {**base, **draw(entries(model))}}, **draw(entries("Dag"))}
    return name, {**({"default": draw(entries("DagDefaults"))} if draw(st.booleans()) else {}), "x": dag}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=files())
def test_no_file_that_validate_accepts_is_refused_by_the_schema(folder: Path, file: tuple[str, Any]) -> None:
    name, data = file
    for other in (DAG_FILE, DEFAULTS):
        (folder / other).unlink(missing_ok=True)
    (folder / PROJECT_FILE).write_text(PROJECT)
    refusals = [error.message for error in VALIDATORS[name].iter_errors(as_json(data))]
    problems = said(folder, name, yaml.safe_dump(data))
    assert problems or not refusals, refusals


@given(text=st.from_regex(re.compile(f"^{ANY_VERSION}$", re.VERBOSE | re.IGNORECASE | re.ASCII)))
def test_every_version_that_is_read_fits_the_schema(text: str) -> None:
    try:
        parse_code_version(text)
    except PydanticCustomError:
        return
    assert re.search(all_definitions()["Version"]["pattern"], text)


@given(text=st.from_regex(re.compile("[a-zA-Z0-9_.-]{1,66}", re.ASCII), fullmatch=True))
def test_every_channel_that_is_read_fits_the_schema_and_no_other_text_does(text: str) -> None:
    fits = re.search(all_definitions()["Version"]["pattern"], text) is not None
    if is_channel(text):
        assert fits
    elif text[0].isalpha() and not re.match("[vV][0-9]", text):
        assert not fits


FIELD = st.sampled_from(
    [*"*?LlRW059", "*/5", "1-5", "1,2", "mon", "JAN", "5#3", "L5", "sat#1", "R(1-5)", "H", "day"]
)


@given(fields=st.lists(FIELD, min_size=5, max_size=5))
def test_every_cron_that_is_read_fits_the_schema(fields: list[str]) -> None:
    text = " ".join(fields)
    try:
        parse_schedule(text)
    except PydanticCustomError:
        return
    assert re.search(all_definitions()["Cron"]["anyOf"][0]["pattern"], text)


def test_every_default_that_the_schema_takes_for_misspelt_is_one_to_validate() -> None:
    words = all_definitions()["DefaultArgs"]["propertyNames"]["not"]["enum"]
    assert len(words) > 500
    assert [word for word in words if not parse_default_args({word: 1}, None)[1]] == []
    assert not {*words}.intersection(AirflowKeys.model_fields)

"""A Spec written as YAML and loaded again is the same Spec, whatever it was made from."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from airflow_jobkit.loading.dags import DagLoader, Loaded
from airflow_jobkit.loading.folder import load_project
from airflow_jobkit.spec.dag import DagSpec
from airflow_jobkit.spec.settings import Settings
from airflow_jobkit.spec.values import TRIGGER_RULES
from airflow_jobkit.spec.writing import dag_data

ROOT = Path(__file__).resolve().parents[3]
PROJECT = """\
project: dwh
code: {root: s3://code/prefix, version: 1.0.0}
operators: {allow: [dwh.]}
defaults: {tags: [from the project], default_args: {owner: dwh}}
glue: {iam_role_name: role, tags: {team: dwh}, number_of_workers: 3}
databricks: {new_cluster: {spark_version: 15.4.x-scala2.12, node_type_id: m5.large, num_workers: 1}}
environments: {local: {engine: local}}
"""

names = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
# What YAML would take for something else, and what it has to escape; a `$` or a `+` may mean something here.
texts = st.sampled_from(
    [
        "",
        "on",
        "010",
        "1.10",
        "12:30",
        "null",
        "~",
        "- a",
        "# b",
        "a: b",
        "{{ ds }}",
        "2026-01-01",
        " x ",
        "1\n 2\n",
    ]
) | st.text(st.characters(codec="utf-8", exclude_characters="$+\0"), max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
days = st.dates(dt.date(1950, 1, 1), dt.date(2900, 1, 1))
values = st.recursive(
    scalars | days,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
durations: st.SearchStrategy[Any] = (
    st.integers(1, 10**7)
    | st.sampled_from(["30m", "1h30m", "2d", "PT30M", "P1DT2H"])
    | st.builds(lambda n: {"__type__": "datetime.timedelta", "milliseconds": n}, st.integers(1, 10**6))
)
moments = (
    st.sampled_from(["2026-01-01", "2026-01-01T12:30:00+02:00"])
    | days
    | st.builds(
        lambda day, hour: dt.datetime(day.year, day.month, day.day, hour, tzinfo=dt.UTC),
        days,
        st.integers(0, 23),
    )
)
asset_maps = st.fixed_dictionaries(
    {"uri": st.sampled_from(["s3://b/a", "s3://b/with space", "x & y"])},
    optional={
        "name": names,
        "group": names,
        "extra": st.dictionaries(names, scalars, min_size=1, max_size=2),
    },
)
aliases = st.fixed_dictionaries({"__type__": st.just("airflow.sdk.AssetAlias"), "name": names})
assets = (
    st.sampled_from(["s3://b/c", "s3://b/d"]) | asset_maps | st.fixed_dictionaries({"name": names}) | aliases
)
conditions = st.recursive(
    assets,
    lambda inner: (
        st.fixed_dictionaries({"__and__": st.lists(inner, min_size=1, max_size=3)})
        | st.fixed_dictionaries({"__or__": st.lists(inner, min_size=1, max_size=3)})
    ),
    max_leaves=5,
)
timetables = st.builds(
    lambda cron: {
        "__type__": "airflow.timetables.trigger.CronTriggerTimetable",
        "cron": cron,
        "timezone": "UTC",
    },
    st.sampled_from(["0 6 * * *", "@daily"]),
)
schedules = (
    st.sampled_from(
        [None, "@once", "@daily", "0 6 * * *", "*/10 * * * 1-5", {"assets": "(s3://a & s3://b) | s3://c"}]
    )
    | st.sampled_from(["30m", "PT30M", {"__type__": "datetime.timedelta", "milliseconds": 1500}])
    | timetables
    | st.lists(assets, min_size=1, max_size=3)
    | st.fixed_dictionaries({"assets": conditions}, optional={"timetable": timetables | st.just("0 6 * * *")})
)
callbacks = st.sampled_from(["dwh.alerts.tell", "airflow.providers.slack.Notifier"]) | st.builds(
    lambda arguments: {"callback": "dwh.alerts.Tell", **arguments}, st.dictionaries(names, values, max_size=2)
)
shared: dict[str, st.SearchStrategy[Any]] = {
    "timeout": durations,
    "retries": st.integers(0, 9),
    "retry_delay": durations | st.just(0),
    "retry_exponential_backoff": st.booleans() | st.floats(1.5, 3),
    "pool": names,
    "priority_weight": st.integers(-5, 5),
    "owner": names,
    "email": texts | st.lists(texts, max_size=2),
    "depends_on_past": st.booleans(),
    "start_date": moments,
    "executor_config": st.dictionaries(names, values, max_size=2),
    "outlets": st.lists(assets, max_size=2) | assets,
    "on_failure_callback": callbacks | st.lists(callbacks, min_size=1, max_size=2),
}
of_tasks: dict[str, st.SearchStrategy[Any]] = {
    **shared,
    "trigger_rule": st.sampled_from(TRIGGER_RULES),
    "params": st.dictionaries(names, values, max_size=2),
    "doc_md": texts,
}
codes = st.sampled_from(
    [
        {"root": "s3://other/prefix"},
        {"entry_point": "s3://b/{engine}/main.py", "wheels": ["s3://b/dwh-{code_version}.whl"]},
    ]
)
arguments = st.dictionaries(names.map("arg_{}".format), values, max_size=3)
spark_tasks = st.fixed_dictionaries(
    {"spark_job": st.sampled_from(["dwh.jobs.clean", "dwh.jobs:Clean"])},
    optional={
        **of_tasks,
        "args": arguments,
        "engine": st.sampled_from(["local", "glue", "databricks"]),
        "code": codes,
        "code_version": st.sampled_from(["0.2.0", "1.0a1"]),
        "deferrable": st.booleans(),
        "glue": st.fixed_dictionaries(
            {}, optional={"worker_type": st.just("G.2X"), "timeout": st.just("2h")}
        ),
        "databricks": st.sampled_from(
            [
                {},
                {"serverless": True},
                {"existing_cluster_id": "c"},
                {"access_control_list": [{"group_name": "team", "permission_level": "CAN_VIEW"}]},
            ]
        ),
        "local": st.fixed_dictionaries({}, optional={"conf": st.dictionaries(names, texts, max_size=2)}),
    },
)
operator_tasks = st.builds(
    lambda keys, own: {"operator": "dwh.operators.Tell", **keys, **own},
    st.fixed_dictionaries({}, optional=of_tasks),
    arguments,
)
mapped_tasks = st.builds(
    lambda keys, over: {"operator": "dwh.operators.Tell", **keys, "expand": over},
    st.fixed_dictionaries({}, optional=of_tasks),
    st.dictionaries(
        names.map("arg_{}".format), st.lists(values, min_size=1, max_size=3), min_size=1, max_size=2
    ),
)
decorator_tasks = st.builds(
    lambda keys, own: {"decorator": "airflow.sdk.task", "python_callable": "dwh.steps.count", **keys, **own},
    st.fixed_dictionaries({}, optional=of_tasks),
    arguments,
)
functions_of_files = st.builds(
    lambda key, more: {
        "operator": "dwh.operators.Tell",
        f"{key}_file": "dags/a.py",
        f"{key}_name": "a",
        **more,
    },
    st.sampled_from(["python_callable", "on_failure_callback", "success_check"]),
    st.sampled_from(
        [
            {},
            {"execution_delta": "2 hours"},
            {"expand": {"x": [1]}, "partial": {"execution_delta": "2 hours"}},
        ]
    ),
)
tasks = functions_of_files | spark_tasks | operator_tasks | mapped_tasks | decorator_tasks
of_dags: dict[str, st.SearchStrategy[Any]] = {
    "schedule": schedules,
    "description": texts,
    "doc_md": texts,
    "end_date": st.just("2999-12-31"),
    "catchup": st.booleans(),
    "tags": st.lists(texts, max_size=2),
    "params": st.dictionaries(names.map("own_{}".format), values, max_size=2),
    "max_active_runs": st.integers(1, 20),
    "dagrun_timeout": st.just("300d"),
    "on_success_callback": callbacks,
    "default_args": st.fixed_dictionaries(
        {}, optional={**shared, "aws_conn_id": names, "timezone": st.just("Asia/Tokyo")}
    ),
    "engine": st.sampled_from(["local", "glue", "databricks"]),
    "glue": st.just({"number_of_workers": 5, "tags": {"dag": "x"}}),
    "code": codes,
    "code_version": st.just("0.3.0"),
    "timezone": st.just("Europe/Berlin"),
    "user_defined_macros": st.just({"twice": "dwh.macros.twice", "n": 3}),
}


@st.composite
def dags(draw: st.DrawFn) -> dict[str, Any]:
    """A DAG as somebody may write it: tasks and groups with names of their own, some waiting for others."""
    every = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    found: dict[str, Any] = {"start_date": draw(moments), **draw(st.fixed_dictionaries({}, optional=of_dags))}
    groups: list[dict[str, Any]] = [found]
    for position, name in enumerate(every):
        inside = draw(st.sampled_from(groups))
        if draw(st.booleans()) and position < len(every) - 1:
            keys = draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "tooltip": texts,
                        "prefix_group_id": st.booleans(),
                        "default_args": st.fixed_dictionaries({}, optional=shared),
                    },
                )
            )
            inside.setdefault("task_groups", {})[name] = keys
            groups.append(keys)
            continue
        task = draw(tasks)
        if "expand" not in task and draw(st.integers(0, 5)) == 0:
            task["for_each"] = draw(st.lists(names, min_size=1, max_size=3, unique=True))
        before = [other for other in inside.get("tasks", {}) if other != name]
        if before and draw(st.booleans()):
            task["dependencies"] = [draw(st.sampled_from(before))]
        inside.setdefault("tasks", {})[name] = task
    return found


def in_any_order(spec: DagSpec) -> DagSpec:
    """The DAG with its tasks by name: what a fan-out makes stands elsewhere once it is written."""
    return replace(
        spec,
        tasks=tuple(sorted(spec.tasks, key=lambda task: task.task_id)),
        groups=tuple(sorted(spec.groups, key=lambda group: group.group_id)),
    )


def written(dag: DagSpec) -> str:
    return yaml.safe_dump({dag.dag_id: dag_data(dag)}, sort_keys=False, allow_unicode=True)


def load(text: str, folder: Path) -> Loaded:
    file = folder / "dags" / "written.yaml"
    file.write_text(text, encoding="utf-8")
    found = load_project(folder / "dags", "local", {}).settings
    assert found is not None
    return DagLoader(found, folder / "dags", {}).load([file])


@pytest.fixture
def folder(tmp_path: Path, no_environment: None) -> Path:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "jobkit.yaml").write_text(PROJECT)
    (tmp_path / "dags" / "a.py").write_text("def a(): pass\n")
    return tmp_path


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(data=dags())
def test_a_spec_that_is_written_and_loaded_again_is_the_same(data: dict[str, Any], folder: Path) -> None:
    first = load(yaml.safe_dump({"made": data}, sort_keys=False, allow_unicode=True), folder)
    if first.problems:
        event("with problems: " + first.problems[0].code)
        if first.problems[0].code not in ("no-tasks", "duplicate-id"):
            raise AssertionError(first.problems[0].text())
        return
    (dag,) = first.dags
    event("a valid spec")
    second = load(written(dag.spec), folder)
    assert second.problems == ()
    assert in_any_order(second.dags[0].spec) == in_any_order(dag.spec)


@pytest.mark.parametrize("folder_of_cases", ["tests/cases/good", "dags"])
def test_every_good_example_is_the_same_when_it_is_written(folder_of_cases: str, folder: Path) -> None:
    source = ROOT / folder_of_cases
    found = load_project(source, "local", {}).settings
    assert found is not None
    loader = DagLoader(found, source, {})
    files = [f for f in sorted(source.glob("*.yaml")) if f.name != "jobkit.yaml" and ".render" not in f.name]
    dags_found = [dag for file in files for dag in loader.load([file]).dags]
    assert dags_found
    for dag in dags_found:
        again = _again(dag.spec, found, folder)
        assert again.problems == ()
        assert in_any_order(again.dags[0].spec) == in_any_order(dag.spec)


def _again(spec: DagSpec, found: Settings, folder: Path) -> Loaded:
    file = folder / "again.yaml"
    file.write_text(written(spec), encoding="utf-8")
    return DagLoader(found, folder, {}).load([file])

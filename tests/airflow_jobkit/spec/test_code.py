"""Where code is comes in layers: key by key, but one kind of source replaces the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from airflow_jobkit.problems import Issue
from airflow_jobkit.spec.code import Code, CodeLayout, CodeRoot, CodeSpec, resolve_code
from airflow_jobkit.spec.dag import parse_dag
from airflow_jobkit.spec.project import parse_project
from airflow_jobkit.spec.settings import Settings, resolve_settings

BASE = Path("/srv/project")
SCRIPT = "s3://b/{engine}/entry.py"
WHEEL = "s3://b/dwh-{code_version}.whl"
LAYOUT = {"entry_point": SCRIPT, "wheels": [WHEEL]}


def settings(project: dict[str, Any], environment: dict[str, Any] | None = None) -> Settings:
    keys = {"project": "dwh", "code": {"version": "1.0.0", **project}, "runs": "/srv/runs"}
    overlay = {"code": environment} if environment is not None else {}
    parsed, issues = parse_project({**keys, "environments": {"dev": overlay}})
    assert parsed is not None
    assert issues == []
    return resolve_settings(parsed, "dev", BASE)


def code_of_task(found: Settings, dag: dict[str, Any], task: dict[str, Any]) -> Code:
    data = {"code": dag, "tasks": {"one": {"spark_job": "dwh.a", "code": task}}}
    spec, issues = parse_dag("flights", data, found)
    assert issues == []
    assert spec is not None
    return spec.spark_tasks[0].code


@pytest.mark.parametrize(
    ("lower", "upper", "code"),
    [
        pytest.param({}, {}, CodeRoot("/srv/project/.jobkit/code"), id="nothing anywhere: the default root"),
        pytest.param({"root": "s3://a/c/"}, {}, CodeRoot("s3://a/c"), id="a root below nothing stays"),
        pytest.param({"root": "s3://a"}, {"root": "b"}, CodeRoot("/srv/project/b"), id="a root over a root"),
        pytest.param(LAYOUT, {}, CodeLayout(SCRIPT, (WHEEL,)), id="files below nothing stay"),
        pytest.param(LAYOUT, {"root": "/b"}, CodeRoot("/b"), id="a root replaces files"),
        pytest.param({"root": "/b"}, LAYOUT, CodeLayout(SCRIPT, (WHEEL,)), id="files replace a root"),
        pytest.param(
            LAYOUT,
            {"wheels": ["x-{code_version}.whl"]},
            CodeLayout(SCRIPT, ("/srv/project/x-{code_version}.whl",)),
            id="wheels over files leave the entry point",
        ),
        pytest.param(
            LAYOUT,
            {"entry_point": "/e.py"},
            CodeLayout("/e.py", (WHEEL,)),
            id="an entry point leaves the wheels",
        ),
        pytest.param(
            LAYOUT,
            {"entry_point": "/{code_version}/e.py", "wheels": []},
            CodeLayout("/{code_version}/e.py", ()),
            id="an empty list takes the wheels away",
        ),
    ],
)
def test_a_later_layer_lies_over_an_earlier_one_at_every_level(
    lower: dict[str, Any], upper: dict[str, Any], code: Code
) -> None:
    assert settings(lower, upper).code == code
    assert code_of_task(settings(lower), upper, {}) == code
    assert code_of_task(settings(lower), {}, upper) == code
    assert code_of_task(settings({}), lower, upper) == code


def test_an_environment_that_sets_only_the_version_keeps_the_files() -> None:
    found = settings(LAYOUT, {"version": "2.0.0"})
    assert (found.code, found.code_version) == (CodeLayout(SCRIPT, (WHEEL,)), "2.0.0")
    assert found.code_root is None


def test_a_layout_is_filled_in_part_by_part() -> None:
    layout = CodeLayout("s3://b/{engine}/{code_version}.py", ("s3://b/{code_version}.whl",))
    assert layout.of_engine("glue").of_version("1.0") == CodeLayout("s3://b/glue/1.0.py", ("s3://b/1.0.whl",))


def test_the_results_of_a_dag_with_files_of_its_own_are_beside_the_projects_code() -> None:
    code = {"root": "s3://a/code", "version": "1.0.0"}
    parsed, _ = parse_project({"project": "dwh", "environments": {"dev": {"code": code}}})
    assert parsed is not None
    found = resolve_settings(parsed, "dev", BASE)
    assert code_of_task(found, LAYOUT, {}) == CodeLayout(SCRIPT, (WHEEL,))
    assert found.runs_root == "s3://a/code/runs"


def test_a_mistake_of_the_merged_layers_is_an_issue() -> None:
    found = resolve_code(CodeSpec.model_validate({"wheels": [WHEEL]}), BASE)
    assert isinstance(found, Issue)
    assert found.path == ("code", "wheels")


def test_an_environment_with_such_a_mistake_is_left_out() -> None:
    data = {"project": "dwh", "environments": {"good": {}, "bad": {"code": {"wheels": [WHEEL]}}}}
    parsed, issues = parse_project(data)
    assert parsed is not None
    assert list(parsed.environments) == ["good"]
    assert [issue.path for issue in issues] == [("environments", "bad", "code", "wheels")]

"""Which Environment a process is in: the first name that somebody set, and never a silent `local`."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_jobkit.errors import EnvironmentNotFoundError
from airflow_jobkit.loading.environment import choose_environment
from airflow_jobkit.spec.project import ProjectSpec, parse_project


@pytest.fixture
def project() -> ProjectSpec:
    environments = {
        "local": {},
        "dev": {"mwaa": ["dwh-dev-mwaa", "dwh-play-mwaa"]},
        "prod": {"mwaa": ["dwh-prod-mwaa"]},
    }
    spec, issues = parse_project({"project": "dwh", "environments": environments})
    assert spec is not None
    assert issues == []
    return spec


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory whose airflow.cfg names no environment."""
    write_config(tmp_path / "airflow" / "airflow.cfg", "")
    return tmp_path


def write_config(path: Path, environment: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    line = f"environment = {environment}\n" if environment else ""
    path.write_text(f"[core]\nfernet_key = %(x\n[jobkit]\n{line}")
    return path


@pytest.mark.parametrize(
    ("asked", "variables", "configured", "chosen"),
    [
        pytest.param(None, {}, "", "local", id="nothing set: local"),
        pytest.param("dev", {}, "", "dev", id="a name on the command line"),
        pytest.param(None, {"JOBKIT_ENV": "dev"}, "", "dev", id="JOBKIT_ENV"),
        pytest.param(None, {"AIRFLOW__JOBKIT__ENVIRONMENT": "dev"}, "", "dev", id="Airflow's own variable"),
        pytest.param(None, {}, "dev", "dev", id="airflow.cfg"),
        pytest.param(
            None, {"AIRFLOW_ENV_NAME": "dwh-prod-mwaa"}, "", "prod", id="the MWAA environment's name"
        ),
        pytest.param(None, {"AIRFLOW_ENV_NAME": "dwh-play-mwaa"}, "", "dev", id="a second MWAA environment"),
        pytest.param("prod", {"JOBKIT_ENV": "dev"}, "", "prod", id="the command line goes before JOBKIT_ENV"),
        pytest.param(
            None,
            {"JOBKIT_ENV": "prod", "AIRFLOW__JOBKIT__ENVIRONMENT": "dev"},
            "",
            "prod",
            id="JOBKIT_ENV goes before Airflow's variable",
        ),
        pytest.param(
            None,
            {"AIRFLOW__JOBKIT__ENVIRONMENT": "prod"},
            "dev",
            "prod",
            id="Airflow's variable goes before airflow.cfg",
        ),
        pytest.param(
            None,
            {"AIRFLOW_ENV_NAME": "dwh-prod-mwaa"},
            "dev",
            "dev",
            id="airflow.cfg goes before the MWAA environment's name",
        ),
        pytest.param(None, {"JOBKIT_ENV": ""}, "", "local", id="an empty variable is not set"),
    ],
)
def test_choose_environment(
    asked: str | None,
    variables: dict[str, str],
    configured: str,
    chosen: str,
    project: ProjectSpec,
    home: Path,
) -> None:
    write_config(home / "airflow" / "airflow.cfg", configured)
    assert choose_environment(project, asked, {"HOME": str(home), **variables}) == chosen


@pytest.mark.parametrize(
    ("asked", "variables", "configured", "said"),
    [
        pytest.param("prd", {}, "", r"'prd'.*\(--env\); did you mean prod\?", id="the command line"),
        pytest.param(None, {"JOBKIT_ENV": "test"}, "", r"'test'.*\(JOBKIT_ENV\)", id="JOBKIT_ENV"),
        pytest.param(
            None,
            {"AIRFLOW__JOBKIT__ENVIRONMENT": "test"},
            "",
            r"'test'.*\(AIRFLOW__JOBKIT__ENVIRONMENT\)",
            id="Airflow's variable",
        ),
        pytest.param(None, {}, "test", r"'test'.*airflow\.cfg", id="airflow.cfg"),
        pytest.param(
            None, {"AIRFLOW_ENV_NAME": "other-mwaa"}, "", r"'other-mwaa'.*mwaa:", id="an unlisted MWAA name"
        ),
        pytest.param(
            None,
            {"JOBKIT_ENV": "test", "AIRFLOW_ENV_NAME": "dwh-prod-mwaa"},
            "",
            "'test'",
            id="a wrong name, although a later one would match",
        ),
    ],
)
def test_a_name_that_matches_nothing_is_an_error_that_says_who_set_it(
    asked: str | None,
    variables: dict[str, str],
    configured: str,
    said: str,
    project: ProjectSpec,
    home: Path,
) -> None:
    write_config(home / "airflow" / "airflow.cfg", configured)
    with pytest.raises(EnvironmentNotFoundError, match=said):
        choose_environment(project, asked, {"HOME": str(home), **variables})


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"AIRFLOW_HOME": "elsewhere"}, id="AIRFLOW_HOME"),
        pytest.param(
            {"AIRFLOW_HOME": "nowhere", "AIRFLOW_CONFIG": "elsewhere/airflow.cfg"}, id="AIRFLOW_CONFIG"
        ),
    ],
)
def test_airflow_cfg_is_looked_for_where_airflow_looks(
    variables: dict[str, str], project: ProjectSpec, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(home / "elsewhere" / "airflow.cfg", "prod")
    monkeypatch.chdir(home)
    assert choose_environment(project, None, {"HOME": str(home), **variables}) == "prod"


@pytest.mark.parametrize("content", [b"", b"no section\n", b"\xff\xfe", b"[jobkit]\nenvironment =\n"])
def test_an_airflow_cfg_that_names_nothing_or_cannot_be_read_is_passed_over(
    content: bytes, project: ProjectSpec, home: Path
) -> None:
    (home / "airflow" / "airflow.cfg").write_bytes(content)
    assert choose_environment(project, None, {"HOME": str(home)}) == "local"


def test_local_is_no_answer_where_the_project_has_none() -> None:
    project, _ = parse_project({"project": "dwh", "environments": {"prod": {}}})
    assert project is not None
    with pytest.raises(EnvironmentNotFoundError, match=r"no environment 'local'.*choose one of prod"):
        choose_environment(project, None, {"HOME": "/nonexistent"})

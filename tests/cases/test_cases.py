"""Golden cases: what `jobkit render` makes of good files, and what `jobkit validate` says of bad ones.

`pytest tests/cases --update-golden` writes the golden files anew; read every change as a user would.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from built_cases import BUILD, built_problems, problems_of

from airflow_jobkit.cli import main
from airflow_jobkit.loading.folder import load_project

CASES = Path(__file__).parent
GOOD, BAD, PROJECTS = CASES / "good", CASES / "bad", CASES / "projects"
PUBLISHED = CASES / "published"
"""Bad files of a project that knows what is published."""

pytestmark = pytest.mark.usefixtures("no_environment")


def dag_files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.glob("*.yaml")
        if path.name != "jobkit.yaml" and not path.name.endswith(".render.yaml")
    )


def named(path: Path) -> str:
    return path.stem.replace("-", " ")


@dataclass(frozen=True)
class ProjectCase:
    """A call of jobkit in a folder of `projects`: its arguments and the variables that are set."""

    folder: str
    argv: Sequence[str] = ("validate", ".")
    variables: Mapping[str, str] = field(default_factory=dict)


OTHER_PROJECT_CASES = {
    "unknown-environment-asked-for": ProjectCase("several-environments", ("validate", ".", "--env", "prdo")),
    "unknown-environment-in-a-variable": ProjectCase(
        "several-environments", ("render", "flights.yaml"), {"JOBKIT_ENV": "prdo"}
    ),
    "unlisted-mwaa-environment": ProjectCase(
        "several-environments", ("render", "flights.yaml"), {"AIRFLOW_ENV_NAME": "weather-mwaa"}
    ),
    "wrong-environment-asked-for": ProjectCase(
        "unknown-key-in-environment", ("validate", ".", "--env", "dev")
    ),
    "missing-project": ProjectCase("missing-project"),
}
PROJECT_CASES = {
    path.parent.name: ProjectCase(path.parent.name) for path in sorted(PROJECTS.glob("*/jobkit.yaml"))
} | OTHER_PROJECT_CASES


@pytest.mark.parametrize("file", dag_files(GOOD), ids=named)
def test_a_good_file_has_no_problems(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("jobkit.yaml", file.name):  # alone, since several of them have a DAG `flights`
        shutil.copy(GOOD / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["validate", file.name]) == 0
    assert capsys.readouterr().out.startswith("no problems: ")


@pytest.mark.parametrize("file", dag_files(GOOD), ids=named)
def test_render_shows_what_a_good_file_comes_to(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    golden: Callable[[Path, str], None],
) -> None:
    monkeypatch.chdir(GOOD)
    assert main(["render", file.name]) == 0
    golden(file.with_suffix(".render.yaml"), capsys.readouterr().out.replace(str(CASES), "<root>"))


def test_render_shows_what_an_environment_changes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    golden: Callable[[Path, str], None],
) -> None:
    monkeypatch.chdir(GOOD)
    assert main(["render", "smallest.yaml", "--env", "dev"]) == 0
    golden(GOOD / "smallest-in-dev.render.yaml", capsys.readouterr().out.replace(str(CASES), "<root>"))


@pytest.mark.parametrize("file", [*dag_files(BAD), *dag_files(PUBLISHED)], ids=named)
def test_validate_says_what_is_wrong_with_a_file_where_and_what_to_do(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    golden: Callable[[Path, str], None],
) -> None:
    monkeypatch.chdir(file.parent)
    assert main(["validate", file.name]) == 1
    golden(file.with_suffix(".txt"), capsys.readouterr().out)


@pytest.mark.xdist_group("built cases")
@pytest.mark.parametrize("file", dag_files(BUILD), ids=named)
def test_validate_with_a_build_says_what_only_building_shows(
    file: Path, golden: Callable[[Path, str], None]
) -> None:
    golden(file.with_suffix(".txt"), "".join(f"{problem.text()}\n" for problem in problems_of(file)))


@pytest.mark.parametrize("file", dag_files(BUILD), ids=named)
def test_what_only_building_shows_is_not_seen_without(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BUILD)
    assert main(["validate", file.name]) == 0


@pytest.mark.xdist_group("built cases")
def test_every_mistake_that_building_shows_is_one_of_a_case() -> None:
    assert {Path(problem.file).name for problem in built_problems()} == {one.name for one in dag_files(BUILD)}


@pytest.mark.parametrize("name", PROJECT_CASES)
def test_jobkit_says_what_is_wrong_with_a_project(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    golden: Callable[[Path, str], None],
) -> None:
    case = PROJECT_CASES[name]
    monkeypatch.chdir(PROJECTS / case.folder)
    for variable, value in case.variables.items():
        monkeypatch.setenv(variable, value)
    assert main(case.argv) == 1
    said = capsys.readouterr()
    golden(PROJECTS / f"{name}.txt", said.out + said.err)


def test_a_folder_without_a_project_file_is_a_problem_where_airflow_loads_it() -> None:
    loaded = load_project(PROJECTS / "missing-project")
    assert loaded.settings is None
    assert [problem.message for problem in loaded.problems] == ["there is no project file"]


@pytest.mark.parametrize("golden_file", sorted(CASES.rglob("*.txt")), ids=named)
def test_every_golden_file_belongs_to_a_case(golden_file: Path) -> None:
    folder = golden_file.parent
    cases = PROJECT_CASES if folder == PROJECTS else {path.stem for path in dag_files(folder)}
    assert golden_file.stem in cases


@pytest.mark.parametrize("file", [*dag_files(BAD), *dag_files(PUBLISHED)], ids=named)
def test_the_caret_stands_below_the_column_that_is_named(file: Path) -> None:
    lines = file.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    for headline, quoted, caret in zip(lines, lines[1:], lines[2:], strict=False):
        if caret.strip("| ") == "^":
            column = int(headline.split(" ")[0].split(":")[2])
            assert caret.index("^") - quoted.index("|") - 2 == column - 1

"""The examples in docs/ are validated, its commands run, its references are made from the program."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from airflow_jobkit.cli import main
from airflow_jobkit.cli.reference import reference
from airflow_jobkit.spec.json_schema import dag_file_schema, project_schema

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
CASES = ROOT / "tests" / "cases"
PROJECT = """
project: dwh
code: {version: "0.1.0"}
operators: {allow: [dwh.]}
environments: {local: {}}
"""

pytestmark = pytest.mark.usefixtures("no_environment")


def examples(page: str) -> dict[str, str]:
    """The YAML examples of a page that name their file."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    return {match[1]: text for text in blocks if (match := re.match(r"# (\S+)\n", text))}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a project file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "jobkit.yaml").write_text(PROJECT)
    return tmp_path


def test_the_examples_of_writing_dags_have_no_problems(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = examples("writing-dags.md")
    assert len(files) == 4
    for name, text in files.items():
        (project / name).write_text(text)
    assert main(["validate", "dags"]) == 0, capsys.readouterr().out


def test_the_conversions_of_converting_md_are_those_of_the_program(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (DOCS / "converting.md").read_text()
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    commands = [number for number, (_, text) in enumerate(blocks) if text.startswith("$ jobkit convert ")]
    assert len(commands) == 2
    for number in commands:
        (_, source), (_, command), (_, converted), (_, said) = blocks[number - 1 : number + 3]
        name = source.removeprefix("# ").partition("\n")[0]
        (project / name).write_text(source)
        code = main(shlex.split(command.removeprefix("$ jobkit ")))
        shown = capsys.readouterr()
        assert (shown.out, shown.err) == (converted, said)
        assert code == (0 if "all of it carried" in said else 1)


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_links_between_the_pages_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (DOCS / page).read_text())
    assert [link for link in links if not (DOCS / link).exists()] == []


def test_the_commands_that_editor_md_shows_write_what_it_says(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = re.findall(r"^\$ jobkit (.*)$", (DOCS / "editor.md").read_text(), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        assert main(shlex.split(command)) == 0
    assert "wrote .jobkit/dags.schema.json" in capsys.readouterr().out
    assert json.loads((project / ".jobkit" / "dags.schema.json").read_text()) == dag_file_schema()


def test_the_reference_is_that_of_the_program(golden: Callable[[Path, str], None]) -> None:
    golden(DOCS / "reference.md", reference())


def test_every_key_of_the_reference_has_a_meaning() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 120
    assert [row for row in rows if row.endswith("|  |")] == []


def validator(schema: dict[str, Any]) -> Any:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def as_json(path: Path) -> Any:
    """A YAML file as an editor's schema sees it: dates are text."""
    return json.loads(json.dumps(yaml.safe_load(path.read_text()), default=str))


GOOD = [
    *(path for path in sorted((CASES / "good").glob("*.yaml")) if ".render" not in path.name),
    *sorted((ROOT / "dags").glob("*.yaml")),
]


@pytest.mark.parametrize("file", GOOD, ids=lambda path: path.stem)
def test_good_files_fit_the_schema(file: Path) -> None:
    schema = project_schema() if file.name == "jobkit.yaml" else dag_file_schema()
    assert list(validator(schema).iter_errors(as_json(file))) == []


@pytest.mark.parametrize(
    "name",
    [
        *(
            "unknown-key-in-dag",
            "unknown-key-in-task",
            "unknown-key-in-engine-block",
            "both-job-and-operator",
        ),
        *("bad-trigger-rule", "bad-duration", "wrong-types", "misspelt-tasks", "unknown-engine"),
    ],
)
def test_bad_files_do_not_fit_the_schema(name: str) -> None:
    errors = list(validator(dag_file_schema()).iter_errors(as_json(CASES / "bad" / f"{name}.yaml")))
    assert errors


@pytest.mark.parametrize(
    ("defaults", "code", "said"),
    [
        pytest.param("tags: [ours]\ndefault_args: {retries: 2}\n", 0, "no problems: 1 DAG in ", id="good"),
        pytest.param(
            "default_args: {retires: 2}\n", 1, "dags/defaults.yaml:1:16 default_args.retires", id="bad"
        ),
    ],
)
def test_the_pre_commit_hook_validates_the_files_that_it_is_given(
    project: Path, capsys: pytest.CaptureFixture[str], defaults: str, code: int, said: str
) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (project / "dags" / "good.yaml").write_text("good: {tasks: {a: {spark_job: dwh.a}}}\n")
    (project / "dags" / "defaults.yaml").write_text(defaults)
    program, *arguments = shlex.split(hook["entry"])
    assert program == "jobkit"
    for given in (["dags/defaults.yaml"], [str(path) for path in Path("dags").glob("*.yaml")]):
        assert all(re.search(hook["files"], path) for path in given)
        assert main([*arguments, *given]) == code
        assert said in capsys.readouterr().out

"""The examples in docs/ are validated, its commands run, its references are made from the program."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path

import pytest
import yaml
from doc_blocks import JOB, PARTS, PROJECT, Block, Command, blocks, commands, indented_commands
from jsonschema import Draft202012Validator
from releases import publish_texts
from repositories import commit

from airflow_jobkit.cli import main
from airflow_jobkit.cli.parser import build_parser
from airflow_jobkit.cli.reference import reference
from airflow_jobkit.cli.reference_examples import EXAMPLES
from airflow_jobkit.cli.reference_words import WRITTEN, anchor
from airflow_jobkit.spec.file_functions import OF_TASKS
from airflow_jobkit.spec.json_schema import (
    all_definitions,
    dag_file_schema,
    defaults_schema,
    project_schema,
)
from airflow_jobkit.spec.task import CALLABLES

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"

pytestmark = pytest.mark.usefixtures("no_environment")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a project file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEAM", "data")
    write(tmp_path, {"dags/jobkit.yaml": PROJECT})
    return tmp_path


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_the_conversions_of_converting_md_are_those_of_the_program(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (DOCS / "converting.md").read_text()
    found = re.findall(r"^```(\w+)[^\n]*\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    commands = [number for number, (_, text) in enumerate(found) if text.startswith("$ jobkit convert ")]
    assert len(commands) == 2
    for number in commands:
        (_, source), (_, command), (_, converted), (_, said) = found[number - 1 : number + 3]
        name = source.removeprefix("# ").partition("\n")[0]
        (project / name).write_text(source)
        code = main(shlex.split(command.removeprefix("$ jobkit ")))
        shown = capsys.readouterr()
        assert (shown.out, shown.err) == (converted, said)
        assert code == (0 if "all of it carried" in said else 1)


def test_comparing_md_shows_what_jobkit_diff_prints(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (DOCS / "comparing.md").read_text()
    before, after = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (console,) = re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    command, _, shown = console.partition("\n")
    file = project / "dags" / "flights.yaml"
    file.write_text(before)
    commit(project)
    file.write_text(after)
    assert main(shlex.split(command.removeprefix("$ jobkit "))) == 1
    assert capsys.readouterr().out == shown


def states_of(page: Path) -> list[dict[str, str]]:
    """The YAML files that a page has; where one stands there a second time, all as they are then, too."""
    states: list[dict[str, str]] = [{}]
    for block in blocks(page):
        if block.language == "yaml" and block.part is None and block.file is not None:
            if block.file in states[-1]:
                states.append(dict(states[-1]))
            states[-1][block.file] = block.text
    return [state for state in states if state]


PAGES = sorted(DOCS.glob("*.md"))
FRAGMENTS = [
    pytest.param(block, id=f"{page.stem}:{block.line}")
    for page in [*PAGES, ROOT / "README.md"]
    for block in blocks(page)
    if block.language == "yaml" and block.part not in (None, "elsewhere")
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_yaml_block_names_its_file_or_what_it_is_a_part_of(page: Path) -> None:
    found = [block for block in blocks(page) if block.language == "yaml"]
    assert [one.line for one in found if one.file is None and one.part not in PARTS] == []


@pytest.mark.parametrize("page", [page for page in PAGES if states_of(page)], ids=lambda page: page.stem)
def test_the_files_of_a_page_have_no_problems(
    project: Path, capsys: pytest.CaptureFixture[str], page: Path
) -> None:
    for files in states_of(page):
        write(project, files)
        assert main(["validate", "dags"]) == 0, capsys.readouterr().out
        for name, text in files.items():
            assert_fits(name, text)


@pytest.mark.parametrize("block", FRAGMENTS)
def test_a_part_of_a_file_has_no_problems_where_it_belongs(
    project: Path, capsys: pytest.CaptureFixture[str], block: Block
) -> None:
    files = {"dags/beside.yaml": f"beside: {{tasks: {{a: {{{JOB}}}}}}}\n", **block.files()}
    write(project, files)
    assert main(["validate", "dags"]) == 0, capsys.readouterr().out
    for name, text in files.items():
        assert_fits(name, text)


def test_a_mistake_in_an_example_would_be_found(project: Path) -> None:
    for part in set(PARTS) - {"elsewhere"}:
        write(
            project,
            {"dags/jobkit.yaml": PROJECT, **Block("yaml", (f"in={part}",), "retires: 2\n", 1).files()},
        )
        assert main(["validate", "dags"]) == 1, part
        for file in (project / "dags").iterdir():
            file.unlink()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_page_can_be_typed(page: Path) -> None:
    for command in every_command(page):
        build_parser().parse_args(command.words)


CHEAP = ("schema", "validate", "render")


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any(block.language == "console" for block in blocks(page))],
    ids=lambda page: page.stem,
)
def test_the_commands_of_a_page_print_what_it_shows(
    project: Path, capsys: pytest.CaptureFixture[str], page: Path
) -> None:
    for files in states_of(page):
        write(project, files)
    for command in every_command(page):
        if command.words[0] in CHEAP and command.shown:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in command.variables.items():
                    patch.setenv(name, value)
                main(command.words)
            printed = iter(capsys.readouterr().out.splitlines())
            missing = [line for line in command.shown if line != "..." and line not in printed]
            assert missing == [], command.words


def test_the_commands_of_releases_md_print_what_it_shows(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for version in ("0.1.0", "0.2.0"):
        publish_texts(version, project / ".jobkit" / "code")
    shown = [command for command in every_command(DOCS / "releases.md") if command.shown]
    assert len(shown) == 6
    for command in shown:
        assert main(command.words) == 0
        printed = capsys.readouterr().out.replace(str(project), "/srv/flights")
        assert [_DIGEST.sub("", line) for line in printed.splitlines()] == [
            _DIGEST.sub("", line) for line in command.shown
        ], command.words


_DIGEST = re.compile(r"(?<=\(digest )[0-9a-f]{12}\b")


def every_command(page: Path) -> list[Command]:
    console = [one for block in blocks(page) if block.language == "console" for one in commands(block.text)]
    return [*console, *indented_commands(page)]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)", page.read_text())
    for link, part in links:
        target = page.parent / link if link else page
        assert target.exists(), link
        if part:
            headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert part.removeprefix("#") in map(anchor, headings), (link, part)


def test_the_index_has_every_page() -> None:
    listed = re.findall(r"^\| \[[^]]+\]\(([\w-]+\.md)\) \|", (DOCS / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == [page.name for page in PAGES if page.name != "README.md"]


def test_the_commands_that_editor_md_shows_write_every_schema(project: Path) -> None:
    for command in every_command(DOCS / "editor.md")[:3]:
        assert main(command.words) == 0
    for name, schema in SCHEMAS.items():
        assert json.loads((project / ".jobkit" / f"{name}.schema.json").read_text()) == schema()


def test_editor_md_gives_every_file_its_schema() -> None:
    (settings,) = [block for block in blocks(DOCS / "editor.md") if block.language == "json"]
    globs = json.loads(settings.text)["yaml.schemas"]
    assert [*globs] == [f".jobkit/{name}.schema.json" for name in ("project", "defaults", "dags")]
    every_other = [glob for name in ("project", "defaults") for glob in globs[f".jobkit/{name}.schema.json"]]
    assert [f"!{glob}" for glob in every_other] == globs[".jobkit/dags.schema.json"][2:]


def test_the_reference_is_that_of_the_program(golden: Callable[[Path, str], None]) -> None:
    golden(DOCS / "reference.md", reference())


def test_every_key_of_the_reference_has_a_type_and_a_meaning() -> None:
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 170
    assert [row for row in rows if "|  |" in row.partition("|  |")[2] or row.endswith("|  |")] == []
    assert [row for row in rows if row.split(" | ")[1].strip() in ("", "anything")] == []


def test_every_key_of_every_definition_is_in_the_reference() -> None:
    page = reference()
    listed = {*re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)}
    named = {name for name, body in all_definitions().items() if "title" not in body and name != "Value"}
    keys = {
        key
        for name in named
        for key, schema in all_definitions()[name].get("properties", {}).items()
        if "deprecationMessage" not in schema
    }
    # The functions of operators are arguments of theirs, by import path or by file and name.
    assert keys - listed <= {*CALLABLES, *chain.from_iterable(OF_TASKS.values())}


def test_every_kind_of_value_of_the_schemas_is_explained_in_the_reference() -> None:
    titles = {body["title"] for body in all_definitions().values() if "title" in body}
    assert titles - {"asset"} == WRITTEN.keys()


def test_every_section_of_the_reference_has_an_example() -> None:
    sections = reference().split("\n## ")[2:]
    assert [one.partition("\n")[0] for one in sections if "```yaml in=" not in one] == []
    assert len(sections) == len(EXAMPLES)


SCHEMAS = {"dags": dag_file_schema, "defaults": defaults_schema, "project": project_schema}


def assert_fits(name: str, text: str) -> None:
    """A file fits the schema that editors hold it to."""
    kind = {"jobkit.yaml": "project", "defaults.yaml": "defaults"}.get(Path(name).name, "dags")
    data = json.loads(json.dumps(yaml.safe_load(text), default=str))
    assert [error.message for error in Draft202012Validator(SCHEMAS[kind]()).iter_errors(data)] == []


@pytest.mark.parametrize(
    ("defaults", "code", "said"),
    [
        pytest.param("tags: [ours]\ndefault_args: {retries: 2}\n", 0, "no problems: 1 DAG in ", id="good"),
        pytest.param(
            "default_args: {retires: 2}\n", 1, "dags/defaults.yaml:1:16 default_args.retires", id="bad"
        ),
    ],
)
def test_the_pre_commit_hook_validates_the_folder_whichever_file_changed(
    project: Path, capsys: pytest.CaptureFixture[str], defaults: str, code: int, said: str
) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (project / "dags" / "good.yaml").write_text("good: {tasks: {a: {spark_job: dwh.a}}}\n")
    (project / "dags" / "defaults.yaml").write_text(defaults)
    (project / "dags" / "values.yaml").write_text("no: DAGs\n")
    (project / "dags" / ".airflowignore").write_text("values.yaml\n")
    program, *arguments = shlex.split(hook["entry"])
    assert (program, hook["pass_filenames"]) == ("jobkit", False)
    assert re.search(hook["files"], "dags/defaults.yaml")
    assert main(arguments) == code
    assert said in capsys.readouterr().out

"""`jobkit diff` tells what would change in the DAGs, between folders and between git revisions."""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256
from pathlib import Path
from textwrap import dedent

import pytest
from files import Write
from repositories import commit

from airflow_jobkit.cli import main
from airflow_jobkit.cli.differences import Change, changes, dag_changes

PROJECT = """\
project: dwh
code: {root: s3://code/prefix, version: 1.0.0}
glue: {iam_role_name: glue-job-role, worker_type: G.1X, number_of_workers: 2}
environments:
  dev: {engine: glue}
  prod: {engine: glue, glue: {number_of_workers: 10}}
"""
FLIGHTS = """\
flights:
  schedule: "0 6 * * *"
  start_date: 2026-01-01
  tasks:
    clean: {spark_job: dwh.clean}
    delays: {spark_job: dwh.delays, dependencies: [clean]}
"""


@pytest.fixture
def two(write: Write) -> Write:
    """The same project in `a/dags` and `b/dags`."""
    for folder in ("a", "b"):
        write(f"{folder}/dags/jobkit.yaml", PROJECT)
        write(f"{folder}/dags/flights.yaml", FLIGHTS)
    return write


@pytest.fixture
def repository(write: Write) -> Write:
    """A git repository with a commit of the project in `dags`."""
    write("dags/jobkit.yaml", PROJECT)
    write("dags/flights.yaml", FLIGHTS)
    commit()
    return write


def test_the_same_dags_in_two_folders_do_not_differ(two: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where the code and the data are at relative places, which start at the folders."""
    for folder in ("a", "b"):
        two(f"{folder}/dags/jobkit.yaml", "project: dwh\ncode: {version: 1.0.0}\nenvironments: {local: {}}\n")
    assert main(["diff", "a/dags", "b"]) == 0
    assert capsys.readouterr().out == (
        "no differences: 1 DAG the same; a/dags -> b, in the environment local\n"
    )


def test_tasks_edges_values_and_requests_are_told_with_their_environments(
    two: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    two("b/dags/jobkit.yaml", PROJECT.replace("worker_type: G.1X", "worker_type: G.2X"))
    two(
        "b/dags/flights.yaml",
        """\
        flights:
          schedule: "0 7 * * *"
          start_date: 2026-01-01
          tasks:
            clean: {spark_job: dwh.clean}
            late: {spark_job: dwh.late, dependencies: [clean], glue: {worker_type: G.1X}}
        """,
    )
    two("b/dags/new.yaml", "new: {tasks: {one: {spark_job: dwh.one}, two: {spark_job: dwh.two}}}\n")
    assert main(["diff", "a", "b"]) == 1
    assert capsys.readouterr().out == dedent(
        """\
        ~ DAG flights  b/dags/flights.yaml
          ~ schedule: 0 6 * * * -> 0 7 * * *
          ~ task clean
              ~ glue.worker_type: G.1X -> G.2X
              ~ requests.StartJobRun.WorkerType: G.1X -> G.2X
          - task delays: spark_job dwh.delays
          + task late: spark_job dwh.late
          - edge clean -> delays
          + edge clean -> late

        + DAG new  b/dags/new.yaml
            2 tasks: one, two

        1 DAG changed, 1 added, 0 removed, 0 the same; a -> b, in the environments dev, prod
        """
    )


def test_what_one_environment_has_alone_stands_apart(two: Write, capsys: pytest.CaptureFixture[str]) -> None:
    two("b/dags/jobkit.yaml", PROJECT.replace("number_of_workers: 10", "number_of_workers: 20"))
    assert main(["diff", "a", "b"]) == 1
    said = capsys.readouterr().out
    assert "  in prod:\n    ~ task clean\n        ~ glue.number_of_workers: 10 -> 20\n" in said
    assert "in dev" not in said
    assert main(["diff", "a", "b", "--env", "dev"]) == 0


def test_the_project_s_own_values_and_environments_are_compared(
    two: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    two("b/dags/jobkit.yaml", PROJECT + "  test: {}\ndatasets: {raw: {path: s3://raw}}\naws_conn_id: other\n")
    assert main(["diff", "a", "b"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[:4] == [
        "~ project  b/dags/jobkit.yaml",
        "  + environment test",
        "  ~ aws_conn_id: aws_default -> other",
        '  + datasets.raw: {"path": "s3://raw", "format": "parquet", "options": {}}',
    ]


def test_a_revision_is_compared_with_the_working_tree(
    repository: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", "HEAD"]) == 0
    repository("dags/flights.yaml", FLIGHTS.replace("0 6", "0 7"))
    capsys.readouterr()
    assert main(["diff", "HEAD"]) == 1
    assert (
        "~ DAG flights  dags/flights.yaml\n  ~ schedule: 0 6 * * * -> 0 7 * * *\n" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("start", "dags"),
    [
        pytest.param("dags", ".", id="inside the DAGs folder"),
        pytest.param("sub", "../dags", id="beside it"),
        pytest.param("/", None, id="outside the repository"),
    ],
)
def test_a_revision_is_found_from_wherever_it_is_asked_for(
    start: str,
    dags: str | None,
    repository: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    repository("sub/note.txt", "nothing")
    repository("dags/flights.yaml", FLIGHTS.replace("0 6", "0 7"))
    monkeypatch.chdir(tmp_path / start)
    assert main(["diff", "HEAD", "--dags", dags or str(tmp_path / "dags")]) == 1
    assert "  ~ schedule: 0 6 * * * -> 0 7 * * *\n" in capsys.readouterr().out


def test_without_git_folders_can_still_be_compared(
    repository: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["diff", "HEAD"]) == 2
    told = "jobkit: there is no `git` to look for a revision; install it, or name two DAGs folders\n"
    assert capsys.readouterr().err == told
    assert main(["diff", "dags", "dags"]) == 0


def test_two_revisions_are_compared_and_nothing_is_checked_out(
    repository: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    repository("dags/flights.yaml", FLIGHTS.replace("    delays:", "    delay:"))
    commit()
    repository("dags/flights.yaml", "not a DAG file")
    assert main(["diff", "HEAD~1", "main"]) == 1
    said = capsys.readouterr().out
    assert "~ DAG flights  main:dags/flights.yaml\n  - task delays: spark_job dwh.delays\n" in said
    assert Path("dags/flights.yaml").read_text() == "not a DAG file"


def test_a_bad_file_leaves_its_dags_out_and_the_others_are_compared(
    repository: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """A DAG that is missing for a mistake must not pass for one that was removed."""
    repository("dags/flights.yaml", FLIGHTS.replace("dependencies", "dependancies"))
    repository("dags/other.yaml", "other: {tasks: {one: {spark_job: dwh.one}}}\n")
    assert main(["diff", "HEAD"]) == 2
    said = capsys.readouterr()
    assert "dags/flights.yaml:6:37 flights.tasks.delays.dependancies: unknown key" in said.err
    assert "+ DAG other  dags/other.yaml\n" in said.out
    assert "not compared, for the mistakes above: flights\n" in said.out
    assert "0 removed" in said.out


def test_where_all_dags_have_mistakes_it_is_said_that_they_are_left_out(
    two: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("a", "b"):
        two(f"{folder}/dags/flights.yaml", FLIGHTS.replace("[clean]", "[clan]"))
    assert main(["diff", "a", "b"]) == 2
    assert capsys.readouterr().out.endswith("not compared: the DAGs with the mistakes above\n")


def test_problems_of_a_revision_name_it(repository: Write, capsys: pytest.CaptureFixture[str]) -> None:
    repository("dags/flights.yaml", FLIGHTS.replace("dependencies", "dependancies"))
    commit()
    repository("dags/flights.yaml", FLIGHTS)
    assert main(["diff", "HEAD", "dags"]) == 2
    assert "HEAD:dags/flights.yaml:6:37 " in capsys.readouterr().err


def test_a_project_that_cannot_be_read_leaves_everything_open(
    two: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    two("b/dags/jobkit.yaml", "projekt: dwh\n")
    assert main(["diff", "a", "b"]) == 2
    said = capsys.readouterr()
    assert "b/dags/jobkit.yaml:1:1 projekt: unknown key; did you mean project?" in said.err
    assert "removed" not in said.out.replace("0 removed", "")


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        pytest.param(
            ["nowhere"], "nowhere is neither a folder nor a git revision here", id="no such revision"
        ),
        pytest.param(
            ["--", "--all"], "--all is neither a folder nor a git revision", id="an option of git's"
        ),
        pytest.param(["sub"], "no jobkit.yaml in sub or in sub/dags", id="a folder without a project"),
        pytest.param(
            ["HEAD", "--dags", "sub"], "HEAD has no sub/jobkit.yaml", id="a revision without a project"
        ),
        pytest.param(
            ["HEAD", "--env", "prd"], "no environment 'prd'; did you mean prod?", id="an environment"
        ),
    ],
)
def test_a_side_that_is_none_ends_with_2_and_says_what_to_do(
    argv: list[str], told: str, repository: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    repository("sub/note.txt", "nothing")
    commit()
    assert main(["diff", *argv]) == 2
    assert told in capsys.readouterr().err


def test_json_holds_every_change_with_its_path(two: Write, capsys: pytest.CaptureFixture[str]) -> None:
    two("b/dags/flights.yaml", FLIGHTS.replace("0 6", "0 7"))
    assert main(["diff", "a", "b", "--format", "json"]) == 1
    said = json.loads(capsys.readouterr().out)
    (difference,) = said["differences"]
    assert (difference["dag_id"], difference["kind"]) == ("flights", "changed")
    assert difference["changes"] == [
        [
            ["dev", "prod"],
            [{"kind": "changed", "path": ["schedule"], "before": "0 6 * * *", "after": "0 7 * * *"}],
        ]
    ]


def test_long_texts_differ_by_their_lines(two: Write, capsys: pytest.CaptureFixture[str]) -> None:
    text = "  doc_md: |\n    The flights of a year, as they were flown.\n    Ask {} about it.\n"
    for folder, who in (("a", "Ann"), ("b", "Bob")):
        two(f"{folder}/dags/flights.yaml", FLIGHTS + text.format(who))
    assert main(["diff", "a", "b"]) == 1
    assert "  ~ doc_md:\n      - Ask Ann about it.\n      + Ask Bob about it.\n" in capsys.readouterr().out


def test_a_list_of_as_many_mappings_is_compared_item_by_item() -> None:
    before = {"steps": [{"a": 1}, {"b": 2}], "names": ["x"]}
    after = {"steps": [{"a": 1}, {"b": 3}], "names": ["x", "y"]}
    assert list(changes(before, after)) == [
        Change("changed", ("steps", 1, "b"), 2, 3),
        Change("changed", ("names",), ["x"], ["x", "y"]),
    ]


def test_a_number_and_a_truth_value_are_not_the_same() -> None:
    assert list(changes({"a": 1}, {"a": True})) == [Change("changed", ("a",), 1, True)]


def test_edges_of_groups_are_edges_too() -> None:
    before = {"task_groups": {"g": {"tooltip": "a"}}, "tasks": {"t": {}}}
    after = {"task_groups": {"g": {"tooltip": "a", "dependencies": ["t"]}}, "tasks": {"t": {}}}
    assert dag_changes(before, after) == [Change("added", ("edges", "t -> g"))]


def test_a_revision_finds_the_files_that_its_dags_name(write: Write) -> None:
    """Their names begin with that of the DAGs folder, whatever it is."""
    write("pipelines/jobkit.yaml", PROJECT)
    write("pipelines/notes.md", "Flights.")
    write("pipelines/flights.yaml", FLIGHTS + "  doc_md_file_path: pipelines/notes.md\n")
    commit()
    assert main(["diff", "HEAD", "--dags", "pipelines"]) == 0


BY_FILE = """\
flights:
  doc_md_file_path: dags/notes.md
  default_args: {on_failure_callback_file: dags/calls.py, on_failure_callback_name: tell}
  task_groups:
    group:
      default_args: {on_retry_callback_file: dags/calls.py, on_retry_callback_name: tell}
      tasks:
        inner: {operator: airflow.providers.standard.operators.empty.EmptyOperator}
  tasks:
    one: {decorator: airflow.sdk.task, python_callable_file: dags/f.py, python_callable_name: f}
    two:
      operator: airflow.providers.standard.operators.python.PythonOperator
      python_callable_file: dags/f.py
      python_callable_name: f
    three: {spark_job: dwh.three}
"""


@pytest.fixture
def by_file(two: Write) -> Write:
    """A DAG in both folders that names files."""
    for folder in ("a", "b"):
        two(f"{folder}/dags/flights.yaml", BY_FILE)
        two(f"{folder}/dags/notes.md", "# Flights\n")
        two(f"{folder}/dags/calls.py", "def tell(context): ...\n")
        two(f"{folder}/dags/f.py", "def f(): ...\n")
    return two


def of(text: str) -> str:
    """A text's checksum as it is shown."""
    return f"sha256 {sha256(text.encode()).hexdigest()[:12]}"


@pytest.mark.parametrize(
    ("file", "places"),
    [
        pytest.param(
            "f.py", ["  ~ task one", "      ", "  ~ task two", "      "], id="a function of two tasks"
        ),
        pytest.param("calls.py", ["  ", "  ~ group group", "      "], id="callbacks of default_args"),
        pytest.param("notes.md", ["  "], id="documentation"),
    ],
)
def test_a_file_that_has_changed_is_told_of_who_names_it(
    file: str, places: list[str], by_file: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", "a", "b"]) == 0
    text = Path(f"b/dags/{file}").read_text()
    by_file(f"b/dags/{file}", f"{text}# more\n")
    capsys.readouterr()
    assert main(["diff", "a", "b"]) == 1
    what = f"~ contents of dags/{file}: {of(text)} -> {of(f'{text}# more{chr(10)}')}"
    lines = [place if "~" in place else f"{place}{what}" for place in places]
    assert capsys.readouterr().out.splitlines()[:-2] == ["~ DAG flights  b/dags/flights.yaml", *lines]


def test_of_another_file_the_name_alone_is_told(by_file: Write, capsys: pytest.CaptureFixture[str]) -> None:
    by_file("b/dags/g.py", "def f(): return 1\n")
    by_file("b/dags/flights.yaml", BY_FILE.replace("dags/f.py, python", "dags/g.py, python"))
    assert main(["diff", "a", "b"]) == 1
    said = capsys.readouterr().out
    assert "  ~ task one\n      ~ python_callable_file: dags/f.py -> dags/g.py\n\n" in said


def test_line_ends_of_a_file_are_no_difference(by_file: Write) -> None:
    Path("b/dags/f.py").write_bytes(b"def f(): ...\r\n")
    assert main(["diff", "a", "b"]) == 0


def test_filters_of_a_repository_are_not_run(
    repository: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are programs, which may fetch files from elsewhere."""
    repository(".gitattributes", "*.yaml filter=noted\n")
    commit()
    run = ["git", "config", "filter.noted.smudge", f"touch {tmp_path}/ran; cat"]
    subprocess.run(run, cwd=tmp_path, check=True)
    subprocess.run([*run[:2], "filter.noted.required", "true"], cwd=tmp_path, check=True)
    assert main(["diff", "HEAD"]) == 0
    assert not (tmp_path / "ran").exists()


def test_a_revision_has_its_links_and_names_beyond_ascii(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    write("dags/jobkit.yaml", PROJECT)
    notes = write("dags/über uns/notes.md", "# Flights\n")
    write("dags/über uns/a b.yaml", FLIGHTS + "  doc_md_file_path: dags/linked.md\n")
    Path("dags/linked.md").symlink_to("über uns/notes.md")
    commit()
    assert main(["diff", "HEAD"]) == 0
    notes.write_text("# Our flights\n")
    assert main(["diff", "HEAD"]) == 1
    assert "  ~ contents of dags/linked.md: sha256 " in capsys.readouterr().out


def test_nothing_is_written_through_a_link_of_a_revision(
    repository: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tree that has a link and a folder of one name, which git itself does not make."""

    def git(*arguments: str, given: str = "") -> str:
        done = subprocess.run(["git", *arguments], input=given, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    outside = tmp_path / "outside"
    outside.mkdir()
    link = git("hash-object", "-w", "--stdin", given=str(outside))
    file = git("hash-object", "-w", "--stdin", given="written")
    inner = git("mktree", given=f"100644 blob {file}\tfile\n")
    listed = git("ls-tree", "HEAD:dags")
    given = f"{listed}\n120000 blob {link}\tsub\n040000 tree {inner}\tsub\n"
    tree = git("mktree", given=f"040000 tree {git('mktree', given=given)}\tdags\n")
    revision = git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit-tree", "-m", "hostile", tree)
    assert main(["diff", revision]) == 2
    assert f"jobkit: the files of {revision} cannot be written out: " in capsys.readouterr().err
    assert [*outside.iterdir()] == []


def test_a_repository_may_be_the_dags_folder(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("dags/jobkit.yaml", PROJECT)
    write("dags/flights.yaml", FLIGHTS)
    monkeypatch.chdir(tmp_path / "dags")
    commit()
    write("dags/flights.yaml", FLIGHTS.replace("0 6", "0 7"))
    assert main(["diff", "HEAD", "HEAD", "--dags", "."]) == 0
    assert main(["diff", "HEAD", "--dags", "."]) == 1

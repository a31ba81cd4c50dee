"""DAG files to DagSpecs: a bad DAG never takes a good one with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from airflow_jobkit.loading.dags import DagLoader, Loaded, load_dag, load_file, load_files
from airflow_jobkit.loading.listing import dag_files
from airflow_jobkit.loading.yaml_text import Document
from airflow_jobkit.problems import Problem
from airflow_jobkit.spec.settings import Settings

Write = Callable[[str, str], Path]

GOOD = "{}: {{tasks: {{clean: {{spark_job: dwh.a}}}}}}\n"


def ids(loaded: Loaded) -> list[str]:
    return [dag.spec.dag_id for dag in loaded.dags]


def headlines(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.headline() for problem in problems]


def test_a_mistake_of_our_own_at_one_file_leaves_the_others(
    write: Write, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(self: DagLoader, document: Document, path: Path) -> Loaded:
        if path.name == "a.yaml":
            raise LookupError("there is none")
        return load_document(self, document, path)

    load_document = DagLoader.load_document
    monkeypatch.setattr(DagLoader, "load_document", failing)
    write("a.yaml", GOOD.format("bad"))
    write("b.yaml", GOOD.format("good"))
    loaded = load_files(dag_files(Path("dags")), settings)
    assert ids(loaded) == ["good"]
    assert headlines(loaded.problems) == [
        (
            "dags/a.yaml:1:1 cannot be read: LookupError: there is none; "
            "report it to those who maintain airflow-jobkit, with the file"
        )
    ]


def test_defaults_that_link_out_of_the_folder_are_none_of_the_project(
    write: Write, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "outside.yaml").write_text("tags: [from outside]\n")
    Path("dags/defaults.yaml").symlink_to(tmp_path / "outside.yaml")
    write("a.yaml", GOOD.format("a"))
    loaded = load_files(dag_files(Path("dags")), settings)
    assert ids(loaded) == []
    (said,) = headlines(loaded.problems)
    assert said.startswith("dags/defaults.yaml:1:1 a link to ")
    assert "outside the DAGs folder; put a file in its place; no DAG of this folder or below" in said


def test_a_bad_dag_leaves_the_good_ones_of_its_file_and_of_others(write: Write, settings: Settings) -> None:
    write("a.yaml", "bad: {tasks: {}}\n" + GOOD.format("good"))
    write("b.yaml", "[")
    write("c.yaml", GOOD.format("other"))
    loaded = load_files(dag_files(Path("dags")), settings)
    assert ids(loaded) == ["good", "other"]
    assert [problem.file for problem in loaded.problems] == ["dags/a.yaml", "dags/b.yaml"]


def test_a_dag_knows_the_document_it_came_from(write: Write, settings: Settings) -> None:
    (dag,) = load_file(write("a.yaml", GOOD.format("flights")), settings).dags
    assert dag.document.file == "dags/a.yaml"
    assert "flights" in dag.document.data


def test_a_trap_anywhere_in_a_file_leaves_none_of_its_dags_trusted(write: Write, settings: Settings) -> None:
    loaded = load_file(write("a.yaml", GOOD.format("good") + GOOD.format("good")), settings)
    assert ids(loaded) == []
    assert [problem.code for problem in loaded.problems] == ["duplicate-key"]


def test_a_dag_id_in_two_files_stays_with_the_first_and_is_a_problem_of_the_second(
    write: Write, settings: Settings
) -> None:
    write("a.yaml", GOOD.format("flights"))
    write("b.yaml", GOOD.format("weather") + GOOD.format("flights"))
    loaded = load_files(dag_files(Path("dags")), settings)
    assert ids(loaded) == ["flights", "weather"]
    assert loaded.dags[0].document.file == "dags/a.yaml"
    assert headlines(loaded.problems) == [
        "dags/b.yaml:2:1 flights: dags/a.yaml has a DAG of this id already; rename one of them"
    ]


@pytest.mark.parametrize("dag_id", ["jobkit_problems", "jobkit_sweeper"])
def test_a_dag_with_the_id_of_one_of_jobkits_own_is_a_problem(
    write: Write, settings: Settings, dag_id: str
) -> None:
    loaded = load_file(write("a.yaml", GOOD.format("flights") + GOOD.format(dag_id)), settings)
    assert ids(loaded) == ["flights"]
    assert headlines(loaded.problems) == [
        f"dags/a.yaml:2:1 {dag_id}: jobkit has a DAG of this id itself; rename yours"
    ]


def test_problems_come_in_the_order_of_files_and_lines(write: Write, settings: Settings) -> None:
    write("b.yaml", "x: 1\ny: 2\n")
    write("a.yaml", "z: 3\n")
    loaded = load_files([Path("dags/b.yaml"), Path("dags/a.yaml")], settings)
    assert [(problem.file, problem.line) for problem in loaded.problems] == [
        ("dags/a.yaml", 1),
        ("dags/b.yaml", 1),
        ("dags/b.yaml", 2),
    ]


def test_a_file_that_is_gone_is_empty_and_says_so(settings: Settings) -> None:
    assert [problem.code for problem in load_file(Path("dags/gone.yaml"), settings).problems] == ["empty"]


@pytest.mark.parametrize(
    "defaults",
    [
        pytest.param('engine: "local', id="no YAML"),
        pytest.param("- engine: local", id="no mapping"),
        pytest.param("catchup: on", id="a trap"),
        pytest.param("catchup: true\ncatchup: false", id="a key twice"),
        pytest.param("description: ${env:NOT_ALLOWED}", id="a variable that cannot be had"),
    ],
)
class TestDefaultsThatCannotBeTold:
    """A DAG without the defaults that are meant for it might run with another engine, or at another time."""

    def test_leave_out_the_dags_below_them_and_no_other(
        self, write: Write, settings: Settings, defaults: str
    ) -> None:
        write("team/defaults.yaml", defaults)
        write("team/a.yaml", GOOD.format("beside"))
        write("team/deep/b.yaml", GOOD.format("below"))
        write("z.yaml", GOOD.format("elsewhere"))
        loaded = load_files(dag_files(Path("dags")), settings)
        assert ids(loaded) == ["elsewhere"]
        assert {problem.file for problem in loaded.problems} == {"dags/team/defaults.yaml"}
        waiting = "; no DAG of this folder or below is loaded until then"
        assert all(problem.remedy.endswith(waiting) for problem in loaded.problems)

    def test_are_what_the_task_of_such_a_dag_is_told(
        self, write: Write, settings: Settings, defaults: str
    ) -> None:
        write("team/defaults.yaml", defaults)
        write("team/deep/b.yaml", GOOD.format("below"))
        loaded = load_dag("below", Path("dags"), settings)
        assert loaded.dags == ()
        assert {problem.file for problem in loaded.problems} == {"dags/team/defaults.yaml"}


def test_defaults_of_a_file_that_are_no_mapping_leave_none_of_its_dags(
    write: Write, settings: Settings
) -> None:
    loaded = load_file(write("a.yaml", "default: local\n" + GOOD.format("flights")), settings)
    assert ids(loaded) == []
    assert headlines(loaded.problems) == [
        "dags/a.yaml:1:10 default: expected a mapping of keys; write `key: value` lines"
    ]


def test_empty_defaults_are_none(write: Write, settings: Settings) -> None:
    write("defaults.yaml", "# nothing yet\n")
    loaded = load_file(write("a.yaml", "default:\n" + GOOD.format("flights")), settings)
    assert ids(loaded) == ["flights"]
    assert loaded.problems == ()


class TestLoadDag:
    def test_gives_the_one_dag(self, write: Write, settings: Settings) -> None:
        write("a.yaml", GOOD.format("flights") + GOOD.format("weather"))
        loaded = load_dag("flights", Path("dags"), settings)
        assert ids(loaded) == ["flights"]
        assert loaded.problems == ()

    def test_does_not_parse_files_that_do_not_hold_the_id(self, write: Write, settings: Settings) -> None:
        write("a.yaml", "[ this file would be a problem")
        write("b.yaml", GOOD.format("flights"))
        assert load_dag("flights", Path("dags"), settings) == load_file(Path("dags/b.yaml"), settings)
        assert load_dag("nobody", Path("dags"), settings) == Loaded((), ())

    def test_gives_the_problems_of_the_file_that_has_become_bad(
        self, write: Write, settings: Settings
    ) -> None:
        write("a.yaml", "flights:\n  tasks: {clean: {spark_job: dwh.a, timeot: 1m}}\n")
        write("b.yaml", "[ this file is not asked")
        loaded = load_dag("flights", Path("dags"), settings)
        assert ids(loaded) == []
        assert headlines(loaded.problems) == [
            "dags/a.yaml:2:37 flights.tasks.clean.timeot: unknown key; did you mean timeout?"
        ]

    def test_a_bad_file_that_only_mentions_the_id_is_no_problem(
        self, write: Write, settings: Settings
    ) -> None:
        write("a.yaml", "weather: {description: after flights}\n")
        write("b.yaml", GOOD.format("flights"))
        loaded = load_dag("flights", Path("dags"), settings)
        assert ids(loaded) == ["flights"]
        assert loaded.problems == ()

    def test_another_bad_dag_of_the_file_is_no_problem(self, write: Write, settings: Settings) -> None:
        write("a.yaml", "weather: {tasks: {}}\n" + GOOD.format("flights"))
        assert ids(load_dag("flights", Path("dags"), settings)) == ["flights"]

    def test_what_is_no_file_neither_blocks_nor_fills_the_memory(
        self, write: Write, settings: Settings
    ) -> None:
        os.mkfifo("dags/a.yaml")
        os.mkfifo("dags/.airflowignore")
        Path("dags/b.yaml").symlink_to("/dev/zero")
        write("c.yaml", GOOD.format("flights"))
        assert ids(load_dag("flights", Path("dags"), settings)) == ["flights"]

    def test_a_name_that_begins_alike_is_another_dag(self, write: Write, settings: Settings) -> None:
        write("a.yaml", GOOD.format("flights_daily"))
        assert load_dag("flights", Path("dags"), settings) == Loaded((), ())

    @pytest.mark.parametrize("order", [("a.yaml", "b.yaml"), ("b.yaml", "a.yaml")])
    def test_of_two_files_the_same_one_wins_as_when_all_are_loaded(
        self, write: Write, settings: Settings, order: tuple[str, str]
    ) -> None:
        for name in order:
            write(name, GOOD.format("flights"))
        (one,) = load_dag("flights", Path("dags"), settings).dags
        (all_,) = load_files(dag_files(Path("dags")), settings).dags
        assert one.document.file == all_.document.file == "dags/a.yaml"

    @pytest.mark.parametrize(
        ("files", "wins"),
        [
            pytest.param(("a.yaml", "flights.yaml"), "dags/flights.yaml", id="the file of its name"),
            pytest.param(("flights.yaml", "a/flights.yaml"), "dags/flights.yaml", id="right in the folder"),
            pytest.param(("a.yaml", "x/flights.yaml"), "dags/a.yaml", id="else the first"),
        ],
    )
    def test_a_file_of_its_name_wins_and_the_other_is_the_problem(
        self, write: Write, settings: Settings, files: tuple[str, str], wins: str
    ) -> None:
        for name in files:
            write(name, GOOD.format("flights"))
        loaded = load_files(dag_files(Path("dags")), settings)
        assert [dag.document.file for dag in loaded.dags] == [wins]
        assert [(p.code, p.file != wins) for p in loaded.problems] == [("duplicate-dag", True)]
        (one,) = load_dag("flights", Path("dags"), settings).dags
        assert one.document.file == wins

    def test_a_file_of_its_name_that_is_ignored_is_not_taken(self, write: Write, settings: Settings) -> None:
        write("flights.yaml", GOOD.format("flights"))
        write(".airflowignore", "flights.yaml\n")
        assert load_dag("flights", Path("dags"), settings) == Loaded((), ())

    @pytest.mark.parametrize("dag_id", ["../other/flights", "jobkit", "defaults", ".hidden"])
    def test_an_id_that_is_no_dag_file_leads_nowhere(
        self, write: Write, settings: Settings, dag_id: str
    ) -> None:
        for name in ("../other/flights.yaml", "defaults.yaml", ".hidden.yaml"):
            write(name, GOOD.format("flights") + f"# {dag_id}\n")
        assert load_dag(dag_id, Path("dags"), settings) == Loaded((), ())

    @pytest.mark.parametrize(
        "key",
        [
            "'flights'",
            '"flights"',
            '"fl\\u0069ghts"',
            '"\\x66lights"',
            "!!str flights",
            "? flights\n",
            '? "fli\\\n  ghts"\n',
        ],
    )
    def test_finds_the_dag_however_its_id_is_written(
        self, write: Write, settings: Settings, key: str
    ) -> None:
        write("a.yaml", "weather: {description: 'after flights, or \\d flights'}\n")
        write("b.yaml", f"{key}: {{tasks: {{clean: {{spark_job: dwh.a}}}}}}\n")
        assert load_dag("flights", Path("dags"), settings) == load_file(Path("dags/b.yaml"), settings)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("{flights: {tasks: {clean: {spark_job: dwh.a}}}}\n", id="a flow mapping"),
            pytest.param('{weather: {}, "flights":{tasks: {clean: {spark_job: dwh.a}}}}\n', id="JSON"),
            pytest.param(
                "weather: &one {tasks: {clean: {spark_job: dwh.a}}}\nflights: {<<: *one}\n", id="merged keys"
            ),
            pytest.param(
                "default: &all {description: no DAG}\n<<: {flights: {tasks: {clean: {spark_job: dwh.a}}}}\n",
                id="merged into the file",
            ),
            pytest.param(
                "weather: {description: &id flights, tasks: {clean: {spark_job: dwh.a}}}\n"
                "*id : {tasks: {clean: {spark_job: dwh.a}}}\n",
                id="an alias",
            ),
        ],
    )
    def test_finds_the_dag_in_whatever_form_its_file_has(
        self, write: Write, settings: Settings, text: str
    ) -> None:
        path = write("a.yaml", text)
        (one,) = (dag for dag in load_file(path, settings).dags if dag.spec.dag_id == "flights")
        assert load_dag("flights", Path("dags"), settings) == Loaded((one,), ())

    def test_of_files_that_only_might_hold_the_id_just_the_dags_own_problems_come_back(
        self, write: Write, settings: Settings
    ) -> None:
        write("a.yaml", 'weather: {descriptoin: "\\t", tasks: {clean: {spark_job: dwh.a}}}\n')
        write("b.yaml", '"\\')
        assert load_dag("flights", Path("dags"), settings) == Loaded((), ())
        write("c.yaml", '"\\x66lights": {tasks: {clean: {spark_job: dwh.a, timeot: 1m}}}\n')
        assert headlines(load_dag("flights", Path("dags"), settings).problems) == [
            "dags/c.yaml:1:50 flights.tasks.clean.timeot: unknown key; did you mean timeout?"
        ]

"""Of some files of a folder, a DAG id that another file keeps is told; files without it are not parsed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from files import Write

from airflow_jobkit.loading.dags import DagLoader, Loaded
from airflow_jobkit.loading.duplicates import OtherFiles
from airflow_jobkit.loading.listing import dag_files
from airflow_jobkit.spec.settings import Settings

ONE = "{tasks: {clean: {spark_job: dwh.a}}}"


class NotingLoader(DagLoader):
    """Notes the files that it parses."""

    def __init__(self, settings: Settings, top: Path) -> None:
        super().__init__(settings, top)
        self.parsed: list[str] = []

    def load_file(self, path: Path) -> Loaded:
        self.parsed.append(path.name)
        return super().load_file(path)


@pytest.fixture
def loader(settings: Settings, folder: Path) -> NotingLoader:
    return NotingLoader(settings, folder)


def held(loader: NotingLoader, folder: Path, *chosen: Path) -> Loaded:
    """The chosen files held against the others; what is parsed for that alone is noted."""
    loaded = OtherFiles(folder, chosen).held_against(loader)
    for path in chosen:  # each is read by itself, whatever the others hold
        loader.parsed.remove(path.name)
    return loaded


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"flights: {ONE}", id="a key"),
        pytest.param(f"a: {ONE}\nflights : {ONE}", id="the second one, and a space"),
        pytest.param(f'{{"flights": {ONE}}}', id="in braces and quotes"),
        pytest.param(f"? flights\n: {ONE}", id="with a question mark"),
        pytest.param(f"!!str flights: {ONE}", id="with a tag"),
        pytest.param(f"  'flights': {ONE}", id="indented"),
    ],
)
def test_an_id_is_found_however_it_is_written(
    text: str, write: Write, loader: NotingLoader, folder: Path
) -> None:
    write("a.yaml", text)
    loaded = held(loader, folder, write("b.yaml", f"flights: {ONE}\nown: {ONE}\n"))
    assert [dag.spec.dag_id for dag in loaded.dags] == ["own"]
    assert [problem.headline() for problem in loaded.problems] == [
        "dags/b.yaml:1:1 flights: dags/a.yaml has a DAG of this id already; rename one of them"
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"flights_too: {ONE}", id="the beginning of another id"),
        pytest.param(f"my.flights: {ONE}", id="the end of one"),
        pytest.param(f"a: {{tags: [flights], description: flights, **more}}\nb: {ONE}", id="a value"),
    ],
)
def test_files_that_only_hold_its_bytes_are_not_parsed(
    text: str, write: Write, loader: NotingLoader, folder: Path
) -> None:
    write("a.yaml", text)
    loaded = held(loader, folder, write("b.yaml", f"flights: {ONE}\n"))
    assert (loader.parsed, len(loaded.dags), loaded.problems) == ([], 1, ())


def test_mistakes_of_the_other_files_are_not_told(write: Write, loader: NotingLoader, folder: Path) -> None:
    write("b.yaml", f"flights: {ONE}\nbad: 7\n")
    write("sub/defaults.yaml", "colour: blue\n")
    write("sub/c.yaml", f"flights: {ONE}\n")
    loaded = held(loader, folder, write("a.yaml", f"flights: {ONE}\n"))
    assert loader.parsed == ["a.yaml", "b.yaml", "c.yaml"]
    assert (len(loaded.dags), loaded.problems) == (1, ())


def test_a_file_of_the_name_keeps_it_from_those_that_come_before(
    write: Write, loader: NotingLoader, folder: Path
) -> None:
    write("flights.yaml", f"flights: {ONE}\n")
    chosen = [write(name, f"flights: {ONE}\n") for name in ("a.yaml", "b.yaml")]
    loaded = held(loader, folder, *chosen)
    assert loaded.dags == ()
    assert [one.file for one in loaded.problems] == ["dags/a.yaml", "dags/b.yaml"]
    assert loaded.problems == loader.load(dag_files(folder)).problems


def test_other_files_cost_no_more_than_their_length(write: Write, loader: NotingLoader, folder: Path) -> None:
    write("words.yaml", "a" * 1_000_000)
    write("spaces.yaml", "a" + " " * 1_000_000)
    write("quotes.yaml", "a'" * 300_000)
    chosen = write("b.yaml", f"flights: {ONE}\n")
    started = time.perf_counter()
    assert len(held(loader, folder, chosen).dags) == 1
    assert time.perf_counter() - started < 5


def test_a_file_that_the_folder_ignores_keeps_no_id_from_others(
    write: Write, loader: NotingLoader, folder: Path
) -> None:
    ignored, live = write("a.yaml", f"flights: {ONE}"), write("live.yaml", f"flights: {ONE}")
    write(".airflowignore", "a.yaml\n")
    for chosen in ([live], [ignored], [ignored, live]):
        loaded = held(loader, folder, *chosen)
        assert loaded.problems == ()
        assert [dag.document.file for dag in loaded.dags] == [f"dags/{path.name}" for path in chosen[::-1]]

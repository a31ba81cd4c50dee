"""Files of other dialects are rendered and compared like our own, whatever form of theirs they use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from dialects import corpus

from airflow_jobkit.cli import main
from airflow_jobkit.cli.render import as_plain, render_dag
from airflow_jobkit.loading.dags import DagLoader
from airflow_jobkit.loading.folder import load_project
from airflow_jobkit.loading.listing import dag_files

CORPORA = (corpus.CORPUS, corpus.CORPUS.parent / "mwaa_serverless")


@pytest.fixture(params=CORPORA, ids=lambda path: path.name.replace("_", " "))
def dags(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a corpus, with those of its files alone that load."""
    folder = corpus.copied(tmp_path, request.param)
    monkeypatch.chdir(tmp_path)
    for file in dag_files(folder):
        # A file of assets is no file of DAGs; others name it.
        if "\ndatasets:" not in file.read_text() and main(["validate", str(file)]):
            file.unlink()
    return folder


def test_every_file_that_loads_is_rendered(dags: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [file for file in dag_files(dags) if not file.name.startswith("_")]
    assert files
    for file in files:
        capsys.readouterr()
        assert main(["render", str(file)]) == 0
        as_yaml = yaml.safe_load(capsys.readouterr().out)
        assert main(["render", str(file), "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out) == as_yaml


def test_a_folder_does_not_differ_from_itself(dags: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["diff", str(dags), str(dags)]) == 0
    assert capsys.readouterr().out.startswith("no differences: ")


def test_a_function_by_file_is_rendered_as_the_file_has_it(dags: Path) -> None:
    if not (dags / "callbacks_of_files.yaml").exists():
        pytest.skip("another corpus")
    settings = load_project(dags, "local").settings
    assert settings is not None
    loaded = DagLoader(settings, dags).load([dags / "callbacks_of_files.yaml"])
    (dag,) = loaded.dags
    text = json.dumps(as_plain(render_dag(dag.spec, settings)))
    assert '_callback_file": "' in text
    assert '_callback_name": "' in text

"""`jobkit release` publishes to and lists a code root on S3 as it does in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from files import Write

from airflow_jobkit.cli import main
from airflow_jobkit.release import Manifest, ManifestFile

WHEEL = "wheels/dwh-0.1.0-py3-none-any.whl"


@pytest.fixture
def on_s3(project: Write, bucket: str) -> str:
    """A project whose code root is on S3, and a built release in `built/`."""
    root = f"s3://{bucket}/code-prefix"
    project(
        "dags/jobkit.yaml",
        f'project: dwh\ncode: {{root: "{root}", version: 0.1.0}}\nenvironments: {{local: {{}}}}\n',
    )
    project(f"built/{WHEEL}", "a wheel")
    manifest = Manifest(
        project="dwh",
        version="0.1.0",
        files=(ManifestFile.of(WHEEL, b"a wheel"),),
        jobs=(),
        envelope_versions=(1,),
        runtime_version="0.1.0",
    )
    Path("built/manifest.json").write_bytes(manifest.to_bytes())
    return root


def test_publish_puts_a_release_on_s3_and_list_shows_it(
    on_s3: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["release", "publish", "--from", "built"]) == 0
    assert capsys.readouterr().out.endswith(f"  at {on_s3}/releases/0.1.0\n")
    assert main(["release", "publish", "--from", "built"]) == 0
    assert "already published, the same bytes: dwh 0.1.0" in capsys.readouterr().out
    assert main(["release", "list"]) == 0
    assert capsys.readouterr().out == f"0.1.0  (default)  {on_s3}/releases/0.1.0\n"
    index = json.loads(Path("dags/.jobkit/releases.json").read_text())
    assert (index["code_root"], list(index["releases"])) == (on_s3, ["0.1.0"])


def test_a_bucket_that_is_not_there_is_said_in_one_line(
    project: Write, s3: object, capsys: pytest.CaptureFixture[str]
) -> None:
    project(
        "dags/jobkit.yaml",
        "project: dwh\ncode: {root: s3://not-there/code}\nenvironments: {local: {}}\n",
    )
    assert main(["release", "list"]) == 1
    said = capsys.readouterr().err
    assert "s3://not-there/code/releases: S3 says NoSuchBucket" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("action", ["publish", "list"])
def test_where_files_are_named_one_by_one_there_are_no_releases(
    action: str, project: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    project(
        "dags/jobkit.yaml",
        """\
        project: dwh
        code: {entry_point: "s3://b/{code_version}/entry.py"}
        runs: s3://b/runs
        environments: {local: {}}
        """,
    )
    assert main(["release", action]) == 1
    assert "the environment local names its files one by one" in capsys.readouterr().err
